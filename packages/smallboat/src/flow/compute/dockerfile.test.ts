import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { dockerfile } from './dockerfile.ts';

it('installs what the lock file says and copies nothing but manifests, those of workspaces too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'smallboat-image-'));
  writeFileSync(join(folder, 'package.json'), '{"workspaces":["packages/*"]}');
  writeFileSync(join(folder, '.env'), 'TOKEN=secret');
  await expect(dockerfile({ folder, base: 'node:24-slim' })).rejects.toMatchObject({ code: 'LOCK_FILE_MISSING' });
  writeFileSync(join(folder, 'package-lock.json'), '{}');
  for (const name of ['b', 'a']) {
    mkdirSync(join(folder, 'packages', name), { recursive: true });
    writeFileSync(join(folder, 'packages', name, 'package.json'), '{}');
  }
  const text = await dockerfile({ folder, base: 'node:24-slim' });
  expect(text.split('\n').filter((line) => /^(?:FROM|COPY|USER)/.test(line))).toEqual([
    'FROM node:24-slim',
    'COPY package.json package-lock.json ./',
    'COPY packages/a/package.json ./packages/a/',
    'COPY packages/b/package.json ./packages/b/',
    'USER node',
  ]);
  expect(text).toContain('npm ci --omit=dev');
});
