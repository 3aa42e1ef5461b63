import { mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bundleOnce } from './bundle-once.ts';

/** A module that was written some time ago, and what is bundled of it. */
function aModule() {
  const root = mkdtempSync(join(tmpdir(), 'smallboat-once-'));
  const path = join(root, 'main.js');
  const write = (text: string, hoursAgo: number): void => {
    writeFileSync(path, text);
    const at = new Date(Date.now() - hoursAgo * 3_600_000);
    utimesSync(path, at, at);
  };
  write('export const x = 1;', 2);
  return { write, options: { entries: { main: path }, root } };
}

it('bundles the same sources once', async () => {
  const { options } = aModule();
  expect(await bundleOnce(options)).toBe(await bundleOnce(options));
});

it('bundles again what has changed, and what else was asked for', async () => {
  const { options, write } = aModule();
  const first = await bundleOnce(options);
  write('export const x = 2;', 1);
  const second = await bundleOnce(options);
  expect(Buffer.from(second.files.get('run/main.js') ?? '').toString()).toContain('2');
  expect(second).not.toBe(first);
  expect(await bundleOnce({ ...options, external: ['x'] })).not.toBe(second);
});

it('tries again what could not be bundled', async () => {
  const { options, write } = aModule();
  write('import "./nowhere.js";', 3);
  await expect(bundleOnce(options)).rejects.toMatchObject({ code: 'BUNDLE_FAILED' });
  write('export const x = 3;', 3);
  expect((await bundleOnce(options)).files.has('run/main.js')).toBe(true);
});
