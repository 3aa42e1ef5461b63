import { execFile } from 'node:child_process';
import { appendFile, chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { PredictionRecord } from './prediction-log.ts';
import { predictionLog } from './prediction-log.ts';
import type { LogEntry, ReadLogOptions } from './read-log.ts';
import { readLog } from './read-log.ts';

const newFolder = async (): Promise<string> => join(await mkdtemp(join(tmpdir(), 'smallboat-')), 'predictions');

const record = (n: number): PredictionRecord => ({
  id: `p${n}`,
  at: n,
  endpoint: 'intent',
  modelVersion: '3',
  tokens: Uint8Array.of(0, 6, 5, 2),
  prediction: n / 1_000,
});

async function read(options: ReadLogOptions): Promise<{ entries: LogEntry[]; problems: string[] }> {
  const problems: string[] = [];
  const entries: LogEntry[] = [];
  for await (const entry of readLog({ ...options, onProblem: (p) => problems.push(p) })) entries.push(entry);
  return { entries, problems };
}

const ids = (entries: readonly LogEntry[]): string[] => entries.map((e) => (e.kind === 'dropped' ? 'dropped' : e.id));

it('gives back predictions and feedback as they were logged', async () => {
  const folder = await newFolder();
  await using log = predictionLog({ folder });
  log.append(record(1));
  log.feedback({ id: 'p1', at: 50, label: 1 });
  await log.flush();
  const { entries, problems } = await read({ folder });
  expect(problems).toEqual([]);
  expect(entries).toEqual([
    { kind: 'prediction', ...record(1), tokens: [0, 6, 5, 2] },
    { kind: 'feedback', id: 'p1', at: 50, label: 1 },
  ]);
  expect(log.stats).toEqual({ written: 2, dropped: 0 });
});

it('holds nothing before the first record', async () => {
  const folder = await newFolder();
  await using log = predictionLog({ folder });
  await log.flush();
  expect(await read({ folder })).toEqual({ entries: [], problems: [] });
});

it('reads a window: its beginning in, its end out', async () => {
  const folder = await newFolder();
  const log = predictionLog({ folder, segmentBytes: 300 });
  for (let n = 0; n < 40; n++) {
    log.append(record(n));
    await log.flush();
  }
  await log.close();
  expect((await readdir(folder)).length).toBeGreaterThan(5);
  const { entries } = await read({ folder, from: 10, to: 20 });
  expect(ids(entries).sort()).toEqual(Array.from({ length: 10 }, (_, i) => `p${i + 10}`));
});

it('does not open the segments that lie outside the window', async () => {
  const folder = await newFolder();
  const log = predictionLog({ folder });
  log.append(record(5));
  await log.close();
  const [name = ''] = await readdir(folder);
  await chmod(join(folder, name), 0o000);
  await rm(join(folder, name));
  await mkdir(join(folder, name)); // Reading it would fail.
  expect((await read({ folder, from: 6 })).entries).toEqual([]);
  await expect(read({ folder })).rejects.toThrow('EISDIR');
});

it('begins a new segment when the old one is of age', async () => {
  const folder = await newFolder();
  let now = 0;
  const log = predictionLog({ folder, clock: () => now, segmentMs: 1_000 });
  for (now of [0, 500, 1_000, 1_500]) {
    log.append(record(now));
    await log.flush();
  }
  await log.close();
  expect((await readdir(folder)).map((name) => name.slice(0, -42)).sort()).toEqual(['span-0-500-', 'span-1000-1500-']);
});

it('leaves out a last line that was cut off, and says so', async () => {
  const folder = await newFolder();
  const log = predictionLog({ folder });
  log.append(record(1));
  await log.close();
  const [name = ''] = await readdir(folder);
  await appendFile(join(folder, name), '{"t":"p","at":2,"id":"p2');
  const { entries, problems } = await read({ folder });
  expect(ids(entries)).toEqual(['p1']);
  expect(problems).toEqual([
    `${name}: the last line is incomplete (24 bytes) and is left out: its process was killed, or still writes it`,
  ]);
});

it.each([
  ['{"t":"p","at":1}', 'no id'],
  ['{"t":"p","at":1,"id":"x","e":"e","m":"m","p":0.5,"s":[0,999]}', 'no sequence of tokens'],
  ['{"t":"p","at":1,"id":"x","e":"e","m":"m","p":null,"s":[0]}', 'no prediction'],
  ['7', 'not an object'],
  ['{"t":', 'JSON'],
])('leaves out the damaged line %s', async (line, why) => {
  const folder = await newFolder();
  const log = predictionLog({ folder });
  log.append(record(1));
  await log.close();
  const [name = ''] = await readdir(folder);
  await appendFile(join(folder, name), `${line}\n`);
  const { entries, problems } = await read({ folder });
  expect(entries.length).toBe(1);
  expect(problems[0]).toContain(why);
});

it('drops what the queue cannot hold, counts it and says so in the log', async () => {
  const folder = await newFolder();
  await using log = predictionLog({ folder, maxQueued: 10, flushRecords: 1_000 });
  for (let n = 0; n < 25; n++) log.append(record(n));
  await log.flush();
  const { entries } = await read({ folder });
  expect(entries.filter((e) => e.kind === 'prediction').length).toBe(10);
  expect(entries.at(-1)).toMatchObject({ kind: 'dropped', count: 15 });
  expect(log.stats).toEqual({ written: 10, dropped: 15 });
});

it('keeps what it could not write, and writes it when the disk is back', async () => {
  const folder = await newFolder();
  await writeFile(folder, 'in the way');
  await using log = predictionLog({ folder });
  log.append(record(1));
  await expect(log.flush()).rejects.toThrow('EEXIST');
  expect(log.stats.problem).toContain('EEXIST');
  await rm(folder);
  log.append(record(2));
  await log.flush();
  expect(ids((await read({ folder })).entries)).toEqual(['p1', 'p2']);
  expect(log.stats).toEqual({ written: 2, dropped: 0 });
});

it('writes without being asked when many records wait', async () => {
  const folder = await newFolder();
  await using log = predictionLog({ folder, flushRecords: 10, flushMs: 1_000_000 });
  for (let n = 0; n < 10; n++) log.append(record(n));
  await expect.poll(() => log.stats.written).toBe(10);
});

it('can be read while a segment is closed and renamed under the reader', async () => {
  const folder = await newFolder();
  const log = predictionLog({ folder });
  log.append(record(1));
  await log.flush();
  const entries = readLog({ folder });
  const other = predictionLog({ folder });
  other.append(record(2));
  await other.flush();
  const first = await entries.next();
  await Promise.all([log.close(), other.close()]);
  const rest = await entries.next();
  await entries.return(undefined);
  const found = [first, rest].flatMap((r) => (r.done === true ? [] : [r.value]));
  expect(ids(found).sort()).toEqual(['p1', 'p2']);
});

it('keeps the records of several processes, also of one that is killed after a flush', async () => {
  const folder = await newFolder();
  const script = (name: string, end: string): string => `
    import { predictionLog } from ${JSON.stringify(fileURLToPath(new URL('prediction-log.ts', import.meta.url)))};
    const log = predictionLog({ folder: ${JSON.stringify(folder)} });
    for (let n = 0; n < 500; n++) log.append({ id: '${name}' + n, at: n, endpoint: 'e', modelVersion: '1', tokens: [0, 2], prediction: 0.5 });
    await log.flush();
    ${end}`;
  const run = (code: string): Promise<unknown> =>
    promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]).catch((e: unknown) => e);
  await Promise.all([
    run(script('a', 'await log.close()')),
    run(script('b', `process.kill(process.pid, 'SIGKILL')`)),
    run(script('c', '')),
  ]);
  const { entries, problems } = await read({ folder });
  expect(problems).toEqual([]);
  expect(new Set(ids(entries)).size).toBe(1_500);
});

it('gives back any records, whatever their text', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          id: fc.string({ unit: 'binary' }),
          at: fc.integer({ min: 0, max: 1e15 }),
          endpoint: fc.string(),
          modelVersion: fc.string(),
          tokens: fc.array(fc.nat(6)),
          prediction: fc.double({ min: 0, max: 1, noNaN: true }).map((p) => p + 0), // JSON has no -0.
        }),
        { minLength: 1, maxLength: 30 },
      ),
      async (records) => {
        const folder = await newFolder();
        const log = predictionLog({ folder, segmentBytes: 500 });
        for (const one of records) log.append(one);
        await log.close();
        expect((await read({ folder })).entries).toEqual(records.map((one) => ({ kind: 'prediction', ...one })));
      },
    ),
    { numRuns: 30 },
  );
});
