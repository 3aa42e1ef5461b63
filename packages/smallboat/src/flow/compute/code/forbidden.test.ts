import { expect, it } from 'vitest';
import { isForbiddenFile, isForbiddenFolder, secretIn } from './forbidden.ts';

it.each([
  '.env',
  'config/.env.production',
  'prod.env',
  '.npmrc',
  'id_ed25519',
  'certs/server.pem',
  'a/credentials',
  'terraform.tfstate',
])('does not pack %s', (path) => {
  expect(isForbiddenFile(path)).toBe(true);
});

it.each(['.env.example', 'environment.ts', 'keys.ts', 'sql/credentials.sql', 'monkey.sql', '.gitignore'])(
  'packs %s',
  (path) => {
    expect(isForbiddenFile(path)).toBe(false);
  },
);

it.each(['/home/ada/.aws', '.git', 'x/.smallboat', 'node_modules'])('packs nothing of %s', (path) => {
  expect(isForbiddenFolder(path)).toBe(true);
});

// Put together here, so that no scanner takes this file for what it looks for.
it.each([
  ['a private key', `const key = \`-----BEGIN ${'RSA PRIVATE'} KEY-----\`;`],
  ['an AWS access key', `id: "${'AKIA'}IOSFODNN7TESTING"`],
  ['a GitHub token', `${'ghp_'}${'a'.repeat(36)}`],
  ['a token of npm', `${'npm_'}${'b'.repeat(36)}`],
  ['a password', 'user: ada\n  password: hunter2\n'],
])('notices %s', (what, text) => {
  expect(secretIn(`// one\n${text}`)?.what).toBe(what);
});

it('tells the line, and lets examples and variables be', () => {
  expect(secretIn(`one\ntwo\n${'AKIA'}IOSFODNN7TESTING`)).toEqual({ what: 'an AWS access key', line: 3 });
  expect(secretIn(`${'AKIA'}IOSFODNN7EXAMPLE`)).toBeUndefined();
  expect(secretIn(`password: "{{ env_var('PGPASSWORD') }}"`)).toBeUndefined();
  expect(secretIn('password: ${PGPASSWORD}')).toBeUndefined();
});
