import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { appRoot, places } from './place.ts';

let root = '';
const put = (path: string, content: object | string = ''): string => {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
};

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'smallboat-place-'));
  put('shop/package.json', { name: 'shop', version: '1.0.0' });
  put('shop/node_modules/zod/package.json', { name: 'zod', version: '4.0.0' });
  put('shop/node_modules/zod/esm/package.json', { type: 'module' });
  put('shop/node_modules/old/node_modules/zod/package.json', { name: 'zod', version: '3.0.0' });
  put('shop/node_modules/twin/node_modules/zod/package.json', { name: 'zod', version: '4.0.0' });
  put('shared/package.json', { name: '@shop/shared', version: '0.1.0' });
});

describe('a file’s place in a code package', () => {
  it('is below app for the flow’s own', () => {
    expect(places(join(root, 'shop')).of(join(root, 'shop/flows/train.ts'))).toBe('app/flows/train.ts');
  });

  it('is below its package for others, wherever they are installed', () => {
    const shop = places(join(root, 'shop'));
    const of = (file: string): string => shop.of(file);
    expect(of(join(root, 'shop/node_modules/zod/esm/index.js'))).toBe('npm/zod@4.0.0/esm/index.js');
    expect(of(join(root, 'shop/node_modules/old/node_modules/zod/index.js'))).toBe('npm/zod@3.0.0/index.js');
    expect(of(join(root, 'shared/src/x.ts'))).toBe('npm/@shop/shared@0.1.0/src/x.ts');
  });

  it('is another for each copy of one version', () => {
    const shop = places(join(root, 'shop'));
    const of = (file: string): string => shop.of(file);
    expect(of(join(root, 'shop/node_modules/zod/a.js'))).toBe('npm/zod@4.0.0/a.js');
    expect(of(join(root, 'shop/node_modules/twin/node_modules/zod/a.js'))).toBe('npm/zod@4.0.0+2/a.js');
    expect(of(join(root, 'shop/node_modules/zod/b.js'))).toBe('npm/zod@4.0.0/b.js');
  });

  it('tells how far up a file lies that belongs to no package', () => {
    const folder = mkdtempSync(join(tmpdir(), 'smallboat-place-'));
    expect(places(join(folder, 'a/b')).of(join(folder, 'lib/x.ts'))).toBe('up2/lib/x.ts');
  });
});

it('takes the nearest folder with a package.json for the flow’s own', () => {
  expect(appRoot(join(root, 'shop/flows/deep/train.ts'))).toBe(join(root, 'shop'));
});
