import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packTar } from 'modern-tar';
import { expect, it } from 'vitest';
import { unpackModel } from './unpack-model.ts';

type Entry = Parameters<typeof packTar>[0][number];
const file = (name: string, body = 'x'): Entry => ({ header: { name, size: body.length, type: 'file' }, body });
const archive = async (...entries: readonly Entry[]): Promise<Uint8Array> => gzipSync(await packTar([...entries]));

async function into(): Promise<{ folder: string; parent: string }> {
  const parent = await mkdtemp(join(tmpdir(), 'smallboat-'));
  return { folder: join(parent, 'model'), parent };
}

it('unpacks files and folders', async () => {
  const { folder } = await into();
  const folders: Entry = { header: { name: './code/', size: 0, type: 'directory' } };
  const made = await unpackModel(await archive(folders, file('./manifest.json', '{}'), file('code/a.txt')), folder);
  expect(made).toEqual(['code/a.txt', 'manifest.json']);
  expect(await readFile(join(folder, 'manifest.json'), 'utf8')).toBe('{}');
});

const link = (type: 'symlink' | 'link', name: string, linkname: string): Entry => ({
  header: { name, size: 0, type, linkname },
});
const device: Entry = { header: { name: 'null', size: 0, type: 'character-device' } };

it.each([
  ['../outside', [file('../outside')]],
  ['a path out of it in the middle', [file('a/../../outside')]],
  ['an absolute path', [file('/tmp/outside')]],
  ['a path of Windows', [file('C:\\outside'), file('a')]],
  ['a symbolic link', [link('symlink', 'weights', '/etc/passwd')]],
  ['a file behind a symbolic link', [link('symlink', 'a', '/tmp'), file('a/b')]],
  ['a hard link', [link('link', 'weights', '../../etc/passwd')]],
  ['a device', [device]],
  ['one path twice', [file('a'), file('./a')]],
])('refuses %s, and leaves nothing', async (_, entries) => {
  const { folder, parent } = await into();
  await expect(unpackModel(await archive(...entries), folder)).rejects.toMatchObject({ code: 'ARCHIVE_UNSAFE' });
  expect(await readdir(parent)).toEqual([]);
});

it('refuses what unpacks to more than is allowed, without unpacking it', async () => {
  const { folder } = await into();
  const bomb = gzipSync(Buffer.alloc(50 << 20));
  await expect(unpackModel(bomb, folder, { bytes: 1 << 20, entries: 10 })).rejects.toMatchObject({
    code: 'ARCHIVE_TOO_LARGE',
  });
  const many = await archive(...Array.from({ length: 11 }, (_, i) => file(`f${i}`)));
  await expect(unpackModel(many, folder, { entries: 10 })).rejects.toMatchObject({ code: 'ARCHIVE_TOO_LARGE' });
  expect(existsSync(folder)).toBe(false);
});

it('refuses what is no archive, and one that is cut off', async () => {
  const { folder } = await into();
  const whole = await archive(file('manifest.json', 'x'.repeat(5000)));
  for (const bytes of [
    Buffer.from('no'),
    whole.subarray(0, whole.length - 20),
    gzipSync('no tar at all, but longer than nothing'),
  ]) {
    await expect(unpackModel(bytes, folder)).rejects.toMatchObject({ code: 'ARCHIVE_UNREADABLE' });
  }
  expect(existsSync(folder)).toBe(false);
});
