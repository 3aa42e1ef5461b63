import { mkdtemp, readdir, stat, writeFile, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { localRunStore } from './local-run-store.ts';
import { runStoreErrors, type ArtifactKey } from './run-store.ts';

const aFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'smallboat-large-'));
const fileOf = (folder: string, key: string): string => join(folder, '.metaflow/f/data', key.slice(0, 2), key);
/** Two megabytes that do not shrink. */
const noise = (): Float64Array => Float64Array.from({ length: 1 << 18 }, Math.random);

async function versionOf(path: string): Promise<string> {
  const { ino, mtimeMs, size } = await stat(path);
  return [ino, mtimeMs, size].join(' ');
}

it('is handed on without being written again', async () => {
  const folder = await aFolder();
  await using store = localRunStore({ folder });
  const key = await store.save('f', noise());
  const before = await versionOf(fileOf(folder, key));
  const value = await store.load('f', key);
  expect(await store.save('f', value)).toBe(key);
  expect(await versionOf(fileOf(folder, key))).toBe(before);
  expect(await readdir(join(folder, '.metaflow/f/data'))).toEqual([key.slice(0, 2)]);
});

it('that was changed in place has another key, and the first stays', async () => {
  const folder = await aFolder();
  await using store = localRunStore({ folder });
  const made = noise();
  const first = made[1000] ?? Number.NaN;
  const key = await store.save('f', made);
  made[1000] = -1;
  const second = await store.save('f', made);
  const loaded = (await store.load('f', key)) as Float64Array;
  expect([loaded[1000], second === key]).toEqual([first, false]);
  loaded[1000] = -1;
  expect(await store.save('f', loaded)).toBe(second);
  expect(((await store.load('f', key)) as Float64Array)[1000]).toBe(first);
});

it('that is a view of other memory is stored by its own content', async () => {
  await using store = localRunStore({ folder: await aFolder() });
  const whole = noise();
  const key = await store.save('f', whole);
  const loaded = (await store.load('f', key)) as Float64Array;
  const half = await store.save('f', loaded.subarray(1 << 17));
  expect(await store.load('f', half)).toEqual(whole.slice(1 << 17));
});

it('that is damaged after it was read is noticed by the process that read it', async () => {
  const folder = await aFolder();
  await using store = localRunStore({ folder });
  const made = noise();
  const key = await store.save('f', made);
  const value = await store.load('f', key);
  const bytes = await readFile(fileOf(folder, key));
  bytes[1 << 20] = (bytes[1 << 20] ?? 0) ^ 1;
  await writeFile(fileOf(folder, key), bytes);
  const error: unknown = await store.load('f', key).catch((e: unknown) => e);
  expect(runStoreErrors.ARTIFACT_CORRUPT.is(error)).toBe(true);
  expect(await store.save('f', value)).toBe(key);
  expect(await store.load('f', key)).toEqual(made);
});

it('of an unknown key is not found', async () => {
  await using store = localRunStore({ folder: await aFolder() });
  const key = 'a'.repeat(40) as ArtifactKey;
  await expect(store.load('f', key)).rejects.toThrow(/There is no artifact/);
});
