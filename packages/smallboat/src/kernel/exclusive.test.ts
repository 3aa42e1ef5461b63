import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { beforeEach, expect, it } from 'vitest';
import { exclusive, exclusiveErrors } from './exclusive.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smallboat-lock-'));
});

it('lets one in at a time, and names it', async () => {
  const path = join(folder, 'deep/run.lock');
  {
    await using _ = await exclusive(path, 'The pipeline');
    const error: unknown = await exclusive(path, 'The pipeline').catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'ALREADY_RUNNING', facts: { what: 'The pipeline', pid: process.pid } });
  }
  await using _ = await exclusive(path, 'The pipeline');
  expect(await readdir(join(folder, 'deep'))).toEqual(['run.lock']);
});

it('takes over from a process that is gone', async () => {
  const path = join(folder, 'run.lock');
  const { pid } = spawnSync('true');
  await writeFile(path, JSON.stringify({ pid, since: '2026-01-01T00:00:00.000Z' }));
  await using _ = await exclusive(path, 'The pipeline');
  expect(await readdir(folder)).toEqual(['run.lock']);
});

it('takes over from an earlier process that had its number, as in a container', async () => {
  const path = join(folder, 'run.lock');
  await writeFile(path, JSON.stringify({ pid: process.pid, since: '2026-01-01T00:00:00.000Z' }));
  await using _ = await exclusive(path, 'The pipeline');
  await expect(exclusive(path, 'The pipeline')).rejects.toMatchObject({ code: 'ALREADY_RUNNING' });
});

it.each(['file', 'file/deeper'])('says so where there can be no folder: %s', async (taken) => {
  await writeFile(join(folder, 'file'), '');
  await expect(exclusive(join(folder, taken, 'run.lock'), 'The pipeline')).rejects.toMatchObject({
    code: 'FOLDER_NOT_WRITABLE',
    facts: { folder: join(folder, taken) },
  });
});

it('lets one of many in that come at once', async () => {
  const path = join(folder, 'run.lock');
  const came = await Promise.allSettled(Array.from({ length: 20 }, () => exclusive(path, 'The pipeline')));
  expect(came.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

it('never lets two in, however often it changes hands', async () => {
  const path = join(folder, 'run.lock');
  let inside = 0;
  let most = 0;
  const visit = async (): Promise<number> => {
    for (let tries = 1; ; tries += 1) {
      try {
        await using _ = await exclusive(path, 'A visit');
        most = Math.max(most, (inside += 1));
        await setImmediate();
        inside -= 1;
        return tries;
      } catch (error) {
        if (!exclusiveErrors.ALREADY_RUNNING.is(error)) throw error;
        await setImmediate();
      }
    }
  };
  await Promise.all(Array.from({ length: 100 }, visit));
  expect(most).toBe(1);
});
