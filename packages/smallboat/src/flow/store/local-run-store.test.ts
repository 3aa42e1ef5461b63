import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { runStoreContract } from './contract.ts';
import { localRunStore } from './local-run-store.ts';
import type { ArtifactKey, RunStore, TaskPath } from './run-store.ts';
import { storeFileErrors } from './store-file.ts';

const made: string[] = [];
const aFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-store-'));
  made.push(folder);
  return folder;
};
afterEach(async () => {
  await Promise.all(made.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

/** All files under a folder, relative to it. */
const filesIn = async (folder: string): Promise<readonly string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name).slice(folder.length + 1));
};
const blobOf = async (folder: string, key: string): Promise<string> => {
  const file = (await filesIn(folder)).find((path) => path.endsWith(`/${key}`));
  return join(folder, file ?? 'no such blob');
};
const anEnd = async (store: RunStore, flow: string, value: unknown): Promise<{ task: TaskPath; key: ArtifactKey }> => {
  const task = await store.createTask(flow, await store.createRun(flow), 's');
  await store.beginAttempt(task, 0);
  const key = await store.save(flow, value);
  await store.endAttempt(task, 0, { artifacts: { x: key }, hasSucceeded: true });
  return { task, key };
};

runStoreContract({
  name: 'local',
  create: async () => {
    const folder = await aFolder();
    return {
      open: () => localRunStore({ folder }),
      corrupt: async (key) => {
        const path = await blobOf(folder, key);
        const bytes = await readFile(path);
        bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff;
        await writeFile(path, bytes);
      },
    };
  },
});

describe('blobs', () => {
  it('lie where Metaflow looks for them, with a sidecar that says how they are packed', async () => {
    const folder = await aFolder();
    const store = localRunStore({ folder });
    const { key } = await anEnd(store, 'f', 'text '.repeat(1000));
    const noise = await anEnd(store, 'f', Float64Array.from({ length: 20_000 }, Math.random));
    const sidecar = async (of: string): Promise<unknown> =>
      JSON.parse(await readFile(`${await blobOf(folder, of)}_meta`, 'utf8'));
    expect(await blobOf(folder, key)).toBe(join(folder, '.metaflow/f/data', key.slice(0, 2), key));
    expect(await sidecar(key)).toMatchObject({ cas_raw: false, cas_version: 1, type: "<class 'str'>" });
    expect(await sidecar(noise.key)).toMatchObject({ cas_raw: true, cas_version: 1, type: "<class 'numpy.ndarray'>" });
    expect((await stat(await blobOf(folder, key))).size).toBeLessThan(500);
  });

  it('are not written again when nothing changed, through any store', async () => {
    const folder = await aFolder();
    const value = Float32Array.from({ length: 100_000 }, Math.random);
    const { key } = await anEnd(localRunStore({ folder }), 'f', value);
    const before = await stat(await blobOf(folder, key));
    const { key: again } = await anEnd(localRunStore({ folder }), 'f', value);
    const after = await stat(await blobOf(folder, again));
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
  });

  it('get their sidecar back if it was lost', async () => {
    const folder = await aFolder();
    for (const value of ['short', 'long '.repeat(1000)]) {
      const { key } = await anEnd(localRunStore({ folder }), 'f', value);
      await rm(`${await blobOf(folder, key)}_meta`);
      await anEnd(localRunStore({ folder }), 'f', value);
      const sidecar: unknown = JSON.parse(await readFile(`${await blobOf(folder, key)}_meta`, 'utf8'));
      expect(sidecar).toMatchObject({ cas_raw: value === 'short', cas_version: 1 });
    }
  });

  it('that are old become young when they are saved again', async () => {
    const folder = await aFolder();
    const { key } = await anEnd(localRunStore({ folder }), 'f', 'value');
    const longAgo = (Date.now() - 8 * 864e5) / 1000;
    await utimes(await blobOf(folder, key), longAgo, longAgo);
    await localRunStore({ folder }).save('f', 'value');
    expect(Date.now() - (await stat(await blobOf(folder, key))).mtimeMs).toBeLessThan(60_000);
  });

  it('that are gone are written again', async () => {
    const folder = await aFolder();
    const store = localRunStore({ folder });
    const { key } = await anEnd(store, 'f', 'value');
    await rm(await blobOf(folder, key));
    await anEnd(store, 'f', 'value');
    expect(await store.load('f', key)).toBe('value');
  });
});

describe('the clock', () => {
  it('gives the times, and the run its id', async () => {
    let now = 1_700_000_000_000;
    const store = localRunStore({ folder: await aFolder(), clock: () => now, user: 'ada' });
    const run = await store.createRun('f');
    expect(run).toBe('1700000000000000');
    const task = await store.createTask('f', run, 's');
    now += 1000;
    await store.beginAttempt(task, 0);
    await store.beat('f', run);
    now += 500;
    await store.endAttempt(task, 0, { artifacts: {}, hasSucceeded: true });
    const facts = { createdAt: 1_700_000_000_000, user: 'ada' };
    expect(await store.runs('f')).toMatchObject([facts]);
    expect(await store.run('f', run)).toMatchObject({ ...facts, heartbeatAt: 1_700_000_001_000 });
    expect(await store.tasks('f', run)).toMatchObject([
      { createdAt: 1_700_000_000_000, ended: { startedAt: 1_700_000_001_000, endedAt: 1_700_000_001_500 } },
    ]);
  });
});

describe('a file that a power cut left empty', () => {
  it('of a task is done without, and of an ended attempt is named', async () => {
    const folder = await aFolder();
    const store = localRunStore({ folder });
    const { task } = await anEnd(store, 'f', 1);
    const path = join(folder, '.metaflow', task.flow, task.run, task.step, task.task);
    await writeFile(join(path, '_meta/_self.json'), '');
    expect(await store.tasks('f', task.run)).toMatchObject([{ path: task, ended: { hasSucceeded: true } }]);
    await writeFile(join(path, '0.data.json'), '{"objects":');
    const error: unknown = await store.tasks('f', task.run).catch((e: unknown) => e);
    expect(storeFileErrors.STORE_FILE_DAMAGED.is(error) && error.facts.path).toBe(join(path, '0.data.json'));
  });
});

describe('a place that takes nothing', () => {
  it('is named, and nothing has ended', async () => {
    const folder = await aFolder();
    await writeFile(join(folder, '.metaflow'), 'a file where the folder should be');
    const error: unknown = await localRunStore({ folder })
      .createRun('f')
      .catch((e: unknown) => e);
    expect(storeFileErrors.STORE_WRITE_FAILED.is(error) && error.facts.path).toContain(join(folder, '.metaflow'));
    await expect(localRunStore({ folder }).save('f', 1)).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' });
  });

  it('leaves the attempt open where its end cannot be written, and closes it once it can', async () => {
    const folder = await aFolder();
    const store = localRunStore({ folder });
    const task = await store.createTask('f', await store.createRun('f'), 's');
    const key = await store.save('f', { a: 1 });
    const inTheWay = join(folder, '.metaflow/f', task.run, 's', task.task, '0.data.json');
    await mkdir(inTheWay);
    const end = (): Promise<void> => store.endAttempt(task, 0, { artifacts: { key }, hasSucceeded: true });
    await expect(end()).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' });
    expect((await store.tasks('f', task.run))[0]).not.toHaveProperty('ended');
    await rmdir(inTheWay);
    await end();
    expect((await localRunStore({ folder }).tasks('f', task.run))[0]?.ended?.artifacts).toEqual({ key });
  });
});

/** Starts the child program in the store of `folder`. */
const child = (folder: string, args: readonly string[], before = ''): ReturnType<typeof spawn> => {
  const program = fileURLToPath(new URL('writer.child.ts', import.meta.url));
  const command = `${before} exec "$0" "$@"`;
  return spawn('/bin/sh', ['-c', command, process.execPath, program, folder, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
};
const firstLine = async (process: ReturnType<typeof spawn>): Promise<string> => {
  let text = '';
  for await (const chunk of process.stdout ?? []) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0] ?? '';
};

describe('several processes', () => {
  it('write one run without getting into each other’s way', async () => {
    const folder = await aFolder();
    const run = await localRunStore({ folder }).createRun('f');
    const writers = [1, 2, 3].map((n) => child(folder, [run, '15', String(n)]));
    const codes = await Promise.all(writers.map(async (writer) => (await once(writer, 'exit'))[0] as unknown));
    expect(codes).toEqual([0, 0, 0]);
    const store = localRunStore({ folder });
    const tasks = await store.tasks('f', run);
    expect(tasks).toHaveLength(45);
    expect(new Set(tasks.map(({ path }) => path.task)).size).toBe(45);
    for (const { ended } of tasks) {
      expect(ended?.hasSucceeded).toBe(true);
      expect(await store.load('f', ended?.artifacts['shared'] ?? ('' as ArtifactKey))).toMatch(/^shared by all/);
    }
  });

  it('that are killed at any moment leave attempts with all of their artifacts, or open', async () => {
    const folder = await aFolder();
    const run = await localRunStore({ folder }).createRun('f');
    for (let life = 0; life < 6; life += 1) {
      const writer = child(folder, [run, '100000', `${life}`]);
      await firstLine(writer);
      // Some tens of files later, at a moment that no two runs of this test share.
      await new Promise((resolve) => void setTimeout(resolve, Math.random() * 60));
      writer.kill('SIGKILL');
      await once(writer, 'exit');
    }
    const store = localRunStore({ folder });
    const tasks = await store.tasks('f', run);
    const ended = tasks.flatMap((task) => (task.ended ? [task.ended] : []));
    expect(ended.length).toBeGreaterThan(0);
    for (const { artifacts, hasSucceeded } of ended) {
      expect(hasSucceeded).toBe(true);
      expect(Object.keys(artifacts).sort()).toEqual(['noise', 'number', 'shared']);
      const [noise, number] = await Promise.all(
        ['noise', 'number'].map((name) => store.load('f', artifacts[name] ?? ('' as ArtifactKey))),
      );
      expect((noise as Float64Array)[0]).toBe(number);
    }
    // The place is as good as new.
    await anEnd(store, 'f', 'after');
    const torn = (await filesIn(join(folder, '.metaflow/f'))).filter((file) => file.includes('.part'));
    for (const file of torn) expect(file).not.toMatch(/DONE\.lock$|data\.json$/);
  });

  it('that run out of space say where, and leave nothing half-written', async () => {
    const folder = await aFolder();
    await mkdir(join(folder, '.metaflow'), { recursive: true });
    const run = await localRunStore({ folder }).createRun('f');
    // No file may grow beyond 64 KiB: to the writer a full disk, but for the number of the error.
    const writer = child(folder, [run, '1', '0', '1000000'], 'ulimit -f 128; trap "" XFSZ;');
    expect(await firstLine(writer)).toMatch(/^STORE_WRITE_FAILED .*\.metaflow\/f\/data\/[0-9a-f]{2}\/[0-9a-f]{40}$/);
    const store = localRunStore({ folder });
    expect((await store.tasks('f', run))[0]).not.toHaveProperty('ended');
    expect((await filesIn(join(folder, '.metaflow'))).filter((file) => file.includes('.part'))).toEqual([]);
  });
});
