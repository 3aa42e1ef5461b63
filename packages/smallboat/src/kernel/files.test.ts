import { mkdir, mkdtemp, readFile, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isMissing, namesIn, writeWhole } from './files.ts';

it('makes the folders on the way, replaces what was there and leaves nothing beside it', async () => {
  const root = await mkdtemp(join(tmpdir(), 'smallboat-'));
  const path = join(root, 'a/b/c.txt');
  await writeWhole(path, 'one');
  await writeWhole(path, new TextEncoder().encode('two'));
  expect(await readFile(path, 'utf8')).toBe('two');
  expect(await readdir(join(root, 'a/b'))).toEqual(['c.txt']);
});

it('leaves nothing behind when it fails', async () => {
  const root = await mkdtemp(join(tmpdir(), 'smallboat-'));
  await mkdir(join(root, 'taken'));
  await expect(writeWhole(join(root, 'taken'), 'x')).rejects.toThrow();
  expect(await readdir(root)).toEqual(['taken']);
});

it('knows a missing file from other errors', async () => {
  const missing: unknown = await readFile('/nowhere/at/all').catch((e: unknown) => e);
  expect(isMissing(missing)).toBe(true);
  expect(isMissing(new Error('ENOENT'))).toBe(false);
});

it('lists the names in a folder in order, and none of a folder that is not there', async () => {
  const root = await mkdtemp(join(tmpdir(), 'smallboat-'));
  for (const name of ['b', 'a', 'c']) await mkdir(join(root, name));
  expect(await namesIn(root)).toEqual(['a', 'b', 'c']);
  expect(await namesIn(join(root, 'nowhere'))).toEqual([]);
  await expect(namesIn(import.meta.filename)).rejects.toThrow('ENOTDIR');
});
