import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readFile, readdir, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { trackerContract } from './contract.ts';
import { localTracker } from './local.ts';
import { secretsOf } from './secrets.ts';

const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'smallboat-'));

trackerContract({ name: 'local', create: async () => localTracker({ folder: await newFolder() }) });
trackerContract({
  name: 'local in segments of a few lines',
  create: async () => localTracker({ folder: await newFolder(), segmentBytes: 200 }),
});

/** A process that tracks, and does with itself what `end` says. */
async function inAnotherProcess(folder: string, end: string): Promise<string> {
  const script = `
    import { localTracker } from ${JSON.stringify(fileURLToPath(new URL('local.ts', import.meta.url)))};
    const run = await localTracker({ folder: process.argv[1] }).startRun({ experiment: 'intent' });
    process.stdout.write(run.id);
    for (let i = 0; i < 100; i++) await run.logMetrics({ loss: i });
    ${end}`;
  const program = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, folder]);
  return program.then(
    ({ stdout }) => stdout,
    (error: unknown) => (error as { stdout: string }).stdout,
  );
}

it('loses nothing that was logged when the process is killed, and calls the run lost', async () => {
  const folder = await newFolder();
  const id = await inAnotherProcess(folder, `process.kill(process.pid, 'SIGKILL');`);
  const tracker = localTracker({ folder });
  expect(await tracker.run(id)).toMatchObject({
    status: 'lost',
    problems: [],
    metrics: { loss: { points: 100, last: 99 } },
  });
});

it('keeps the runs of several processes apart', async () => {
  const folder = await newFolder();
  const ids = await Promise.all([1, 2, 3].map(() => inAnotherProcess(folder, 'await run.finish();')));
  const runs = await localTracker({ folder }).runs('intent');
  expect(runs.map((r) => r.id).sort()).toEqual(ids.sort());
  expect(runs.every((r) => r.status === 'finished' && r.metrics['loss']?.points === 100)).toBe(true);
});

async function damaged(
  change: (path: string) => Promise<void>,
): Promise<{ points: number; problems: readonly string[] }> {
  const folder = await newFolder();
  const tracker = localTracker({ folder });
  const run = await tracker.startRun({ experiment: 'intent' });
  for (let i = 0; i < 5; i++) await run.logMetrics({ loss: i });
  await run.finish();
  await change(join(folder, 'intent', run.id, 'log-000001.jsonl'));
  const { metrics, problems } = await tracker.run(run.id);
  return { points: metrics['loss']?.points ?? 0, problems };
}

it('leaves out a last line that was cut off, and says so', async () => {
  const { points, problems } = await damaged((path) => appendFile(path, '{"t":"m","at":1,"s":5,"v":{"lo'));
  expect(points).toBe(5);
  expect(problems).toEqual(['log-000001.jsonl: the last line was cut off after 30 bytes and is left out']);
});

it('reads whatever a log cut anywhere still holds', async () => {
  const { problems: none } = await damaged(async (path) =>
    truncate(path, (await readFile(path)).lastIndexOf('\n', -2) + 1),
  );
  expect(none).toEqual([]);
  const { points } = await damaged(async (path) => {
    const bytes = await readFile(path);
    await truncate(path, bytes.indexOf('"loss":3') + 2);
  });
  expect(points).toBe(3);
});

it('leaves out a line in the middle that is damaged, and says which', async () => {
  const { points, problems } = await damaged(async (path) => {
    await writeFile(path, (await readFile(path, 'utf8')).replace('"v":{"loss":2}', '"v":{"loss":true}'));
  });
  expect(points).toBe(4);
  expect(problems[0]).toMatch(/^log-000001\.jsonl: line 4 cannot be read and is left out/);
});

it('does not list a run that died before its first line', async () => {
  const folder = await newFolder();
  const tracker = localTracker({ folder });
  const run = await tracker.startRun({ experiment: 'intent' });
  await truncate(join(folder, 'intent', run.id, 'log-000001.jsonl'), 20);
  expect(await tracker.runs('intent')).toEqual([]);
});

it('writes a burst in few writes and many segments in order', async () => {
  const folder = await newFolder();
  const tracker = localTracker({ folder, segmentBytes: 1_000 });
  const run = await tracker.startRun({ experiment: 'intent' });
  for (let i = 0; i < 50; i++) await run.logMetrics({ loss: i });
  await run.finish();
  expect((await readdir(join(folder, 'intent', run.id))).length).toBeGreaterThan(2);
  expect((await tracker.metricHistory(run.id, 'loss')).map((p) => p.value)).toEqual(
    Array.from({ length: 50 }, (_, i) => i),
  );
});

it('takes its time from the clock it is given', async () => {
  const tracker = localTracker({ folder: await newFolder(), clock: () => Date.UTC(2020, 1, 3) });
  const run = await tracker.startRun({ experiment: 'intent' });
  await run.finish();
  expect(run.id).toMatch(/^20200203T000000-/);
  expect(await tracker.run(run.id)).toMatchObject({ startedAt: Date.UTC(2020, 1, 3), endedAt: Date.UTC(2020, 1, 3) });
});

it('goes on with the run of a process that was killed in the middle of a line', async () => {
  const folder = await newFolder();
  const id = await inAnotherProcess(folder, `process.kill(process.pid, 'SIGKILL');`);
  await appendFile(join(folder, 'intent', id, 'log-000001.jsonl'), '{"t":"m","at":1,"s":100,"v":{"lo');
  const tracker = localTracker({ folder });
  const run = await tracker.resumeRun(id);
  await run.logMetrics({ loss: 100 });
  await run.finish();
  const { status, metrics } = await tracker.run(id);
  expect({ status, loss: metrics['loss'] }).toMatchObject({ status: 'finished', loss: { points: 101, lastStep: 100 } });
});

it('lets one of two that go on with a run at once do so', async () => {
  const tracker = localTracker({ folder: await newFolder() });
  await (await tracker.startRun({ id: 'one', experiment: 'intent' })).finish();
  const both = await Promise.allSettled([tracker.resumeRun('one'), tracker.resumeRun('one')]);
  expect(both.map((r) => r.status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(both.find((r) => r.status === 'rejected')).toMatchObject({ reason: { code: 'TRACKED_RUN_BUSY' } });
});

it('writes no secret anywhere, and refuses a file with one', async () => {
  const folder = await newFolder();
  const secret = 'canary-7f3a';
  const secrets = secretsOf({
    WANDB_API_KEY: secret,
    DATABASE_URL: `postgres://me:pass${secret}@host/db`,
    PWD: '/home/me',
  });
  expect(Object.keys(secrets)).toEqual(['WANDB_API_KEY', 'DATABASE_URL']);
  const tracker = localTracker({ folder, secrets });
  await using run = await tracker.startRun({
    experiment: 'intent',
    name: `by ${secret}`,
    params: { key: secret },
    tags: { [secret]: `pass${secret}` },
    lineage: { inputs: { events: `s3://${secret}/events` } },
  });
  await run.logData({ name: 'events', digest: 'abc', source: `https://u:${secret}@host` });
  const error: unknown = await run
    .logArtifact({ name: 'notes.txt', bytes: Buffer.from(`key=${secret}`) })
    .catch((e: unknown) => e);
  expect(error).toMatchObject({ code: 'TRACKED_SECRET', facts: { variable: 'WANDB_API_KEY' } });
  await run.finish();
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((f) => f.isFile());
  const texts = await Promise.all(files.map((f) => readFile(join(f.parentPath, f.name), 'utf8')));
  expect(texts.filter((text) => text.includes(secret))).toEqual([]);
  expect((await tracker.run(run.id)).params).toEqual({ key: '***' });
});
