import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isLine, standInLine } from './line.ts';

const file = async (): Promise<string> => join(await mkdtemp(join(tmpdir(), 'smallboat-')), 'w.duckdb');

it('lets in who came first, then the next, and leaves nothing behind', async () => {
  const path = await file();
  expect(await isLine(path)).toBe(false);
  const places = [await standInLine(path), await standInLine(path), await standInLine(path)];
  const first = (): Promise<boolean[]> => Promise.all(places.map((place) => place.isFirst()));
  expect(await first()).toEqual([true, false, false]);
  await places[1]?.[Symbol.asyncDispose]();
  expect(await first()).toEqual([true, false, false]);
  await places[0]?.[Symbol.asyncDispose]();
  expect(await first()).toEqual([false, false, true]);
  await places[2]?.[Symbol.asyncDispose]();
  expect(await isLine(path)).toBe(false);
  expect(await readdir(join(path, '..'))).toEqual([]);
});

it('passes over a process that died while it waited', async () => {
  const path = await file();
  const { pid } = spawnSync('true');
  await mkdir(`${path}.line`);
  await writeFile(join(`${path}.line`, `000000000000001-${pid}-000000000`), '');
  await using place = await standInLine(path);
  expect(await place.isFirst()).toBe(true);
});
