import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readFolder, writeFolder } from './folder-files.ts';

let folder = '';
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'smallboat-files-'))));
afterEach(() => rm(folder, { recursive: true }));

it('takes a folder to another place, file by file, without its locks', async () => {
  await mkdir(join(folder, 'from/parts'), { recursive: true });
  await writeFile(join(folder, 'from/a.json'), '{}');
  await writeFile(join(folder, 'from/parts/b.bin'), Uint8Array.of(0, 255, 10));
  await writeFile(join(folder, 'from/x.lock'), '1');
  const files = await readFolder(join(folder, 'from'));
  expect(files).toEqual({ 'a.json': new TextEncoder().encode('{}'), 'parts/b.bin': Uint8Array.of(0, 255, 10) });
  await writeFolder(join(folder, 'to'), files);
  expect(await readFolder(join(folder, 'to'))).toEqual(files);
});

it('finds nothing in a folder that is not there', async () => {
  expect(await readFolder(join(folder, 'nowhere'))).toEqual({});
});

it.each(['../out.txt', '/tmp/smallboat-out.txt'])('writes nothing out of its folder: %s', async (name) => {
  await expect(writeFolder(join(folder, 'to'), { [name]: Uint8Array.of(1) })).rejects.toThrow('leads out');
  expect(await readdir(join(folder, 'to'))).toEqual([]);
});
