import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { nativePackages } from './native-package.ts';

const root = mkdtempSync(join(tmpdir(), 'smallboat-native-'));
const install = (name: string, manifest: object = {}, ...files: string[]): string => {
  const folder = join(root, 'node_modules', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, ...manifest }));
  for (const file of files) writeFileSync(join(folder, file), '');
  return folder;
};

it('knows machine code by what packages say and hold, and by what they depend on', () => {
  const isNative = nativePackages();
  install('@db/linux-x64', { os: ['linux'], cpu: ['x64'] });
  expect(
    isNative(install('@db/bindings', { optionalDependencies: { '@db/linux-x64': '1', '@db/darwin-arm64': '1' } })),
  ).toBe(true);
  expect(isNative(install('@db/api', { dependencies: { '@db/bindings': '1' } }))).toBe(true);
  expect(isNative(install('built', {}, 'binding.gyp'))).toBe(true);
  expect(isNative(install('shipped', {}, 'addon.node'))).toBe(true);
});

it('takes others for plain, also those that depend on each other', () => {
  const isNative = nativePackages();
  install('b', { dependencies: { a: '1' } });
  expect(isNative(install('a', { dependencies: { b: '1', missing: '1' } }))).toBe(false);
});
