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

const parts = { aws: 'AKIA', github: 'ghp_', npm: 'npm_', key: 'RSA PRIVATE' };

// Put together here, so that no scanner takes this file for what it looks for.
it.each([
  ['a private key', `const key = \`-----BEGIN ${parts.key} KEY-----\`;`],
  ['an AWS access key', `id: "${parts.aws}IOSFODNN7TESTING"`],
  ['a GitHub token', `${parts.github}${'a'.repeat(36)}`],
  ['a token of npm', `${parts.npm}${'b'.repeat(36)}`],
  ['a password', 'user: ada\n  password: hunter2\n'],
])('notices %s', (what, text) => {
  expect(secretIn(`// one\n${text}`)?.what).toBe(what);
});

it('tells the line, and lets examples and variables be', () => {
  expect(secretIn(`one\ntwo\n${parts.aws}IOSFODNN7TESTING`)).toEqual({ what: 'an AWS access key', line: 3 });
  expect(secretIn(['AKIA', 'IOSFODNN7EXAMPLE'].join(''))).toBeUndefined();
  expect(secretIn(`password: "{{ env_var('PGPASSWORD') }}"`)).toBeUndefined();
  expect(secretIn('password: ${PGPASSWORD}')).toBeUndefined();
});
