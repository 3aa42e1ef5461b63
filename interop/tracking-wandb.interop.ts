import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { localTracker, syncTracked, wandbLive, wandbOffline } from '../packages/smallboat/src/tracking/index.ts';
import { python, pythonEnv } from './python.ts';
import { startWandb } from './tracking/wandb-server.ts';

const { signal } = new AbortController();
const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'smallboat-'));
const ROWS = 5_000;

interface Read {
  readonly run: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;
  readonly history: readonly Readonly<Record<string, number | string>>[];
  readonly summary: Readonly<Record<string, unknown>>;
  readonly files: readonly string[];
  readonly exit: number | null;
  readonly numbers: readonly number[];
}

async function read(file: string): Promise<Read> {
  const script = fileURLToPath(new URL('tracking/read_wandb.py', import.meta.url));
  return JSON.parse(await python('wandb-reader', [script, file])) as Read;
}

/** Runs of a local log, sent to W&B's files in the batches that `track sync` makes. */
let wandb = '';
let folderOfLog = '';
const files: Record<string, string> = {};
beforeAll(async () => {
  wandb = join(await newFolder(), 'wandb');
  folderOfLog = await newFolder();
  const local = localTracker({ folder: folderOfLog, segmentBytes: 100_000 });
  await (await local.startRun({ id: 'search', experiment: 'intent' })).finish();
  const tracked = await local.startRun({
    id: 'lstm-48',
    experiment: 'intent/größe',
    name: 'lstm 48',
    parent: 'search',
    params: { units: 48, rate: 0.001, shuffled: true, note: 'x'.repeat(100_000) },
    tags: { stage: 'trial' },
    lineage: { dataSnapshot: 'abc' },
  });
  await tracked.logData({ name: 'sessions', digest: 'def', context: 'training', rows: 7 });
  const calls = Array.from({ length: ROWS }, (_, i) => {
    const when = { step: i, at: 1_700_000_000_000 + i };
    return [tracked.logMetrics({ loss: 1 / (i + 1) }, when), tracked.logMetrics({ auc: i / ROWS }, when)];
  }).flat();
  await Promise.all(calls);
  await tracked.logMetrics({ bad: Number.NaN, worse: -Infinity }, { step: 3 });
  await tracked.setTags({ stage: 'done' });
  await tracked.logArtifact({ name: 'plots/roc.html', bytes: new TextEncoder().encode('<h1>ROC</h1>') });
  await tracked.logArtifact({ name: 'config.yaml', bytes: new TextEncoder().encode('mine: 1') });
  await tracked.finish('failed');
  const again = await local.resumeRun('lstm-48');
  await again.logMetrics({ loss: 0.5 }, { step: ROWS });
  await again.finish();
  expect(await syncTracked(local, { destinations: [wandbOffline({ folder: wandb })], signal })).toMatchObject([
    { outcome: 'sent' },
    { outcome: 'sent' },
  ]);
  for (const folder of (await readdir(wandb)).sort()) {
    const id = /^offline-run-\d{8}_\d{6}-(.+)$/.exec(folder)?.[1] ?? '';
    files[id in files ? `${id} again` : id] = join(wandb, folder, `run-${id}.wandb`);
  }
});

it("is read by W&B's own reader, point by point", async () => {
  const first = await read(files['lstm-48'] ?? '');
  expect(first.run).toMatchObject({
    id: 'lstm-48',
    project: 'intent-größe',
    name: 'lstm 48',
    group: 'search',
    resumed: false,
  });
  expect(first.config).toEqual({
    smallboat: { run: 'lstm-48', dataSnapshot: 'abc' },
    units: 48,
    rate: 0.001,
    shuffled: true,
    note: 'x'.repeat(100_000),
    tags: { stage: 'done' },
    data: { 'sessions training': { name: 'sessions', digest: 'def', context: 'training', rows: 7 } },
  });
  expect(first.numbers).toEqual(first.numbers.map((_, i) => i + 1));
  for (const [metric, of] of [
    ['loss', (i: number) => 1 / (i + 1)],
    ['auc', (i: number) => i / ROWS],
  ] as const) {
    const points = first.history.filter((row) => metric in row).map((row) => [row['step'], row[metric]]);
    expect(points).toEqual(Array.from({ length: ROWS }, (_, i) => [i, of(i)]));
  }
  const steps = first.history.map((row) => Number(row['_step']));
  expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
  // What belongs to a step is one row, but where a batch ends.
  expect(first.history.length).toBeLessThan(ROWS + 20);
  expect(first.history.at(-1)).toMatchObject({ bad: 'NaN', worse: '-Infinity', step: 3 });
  expect(first.summary).toMatchObject({ loss: 1 / ROWS, bad: 'NaN' });
  expect(first.files).toEqual(['plots/roc.html', 'artifacts/config.yaml']);
  expect(first.exit).toBe(1);
  expect(await readFile(join(files['lstm-48'] ?? '', '../files/plots/roc.html'), 'utf8')).toBe('<h1>ROC</h1>');

  const second = await read(files['lstm-48 again'] ?? '');
  expect(second.run).toMatchObject({ id: 'lstm-48', resumed: true });
  expect(second.history).toMatchObject([{ loss: 0.5, step: ROWS }]);
  expect(Number(second.history[0]?.['_step'])).toBeGreaterThan(Number(steps.at(-1)));
  expect(second.exit).toBe(0);
});

const run = promisify(execFile);
const quiet = { WANDB_ERROR_REPORTING: 'false', WANDB_API_KEY: 'x'.repeat(40) };

it('is inspected by wandb leet', async () => {
  const folder = join(files['lstm-48'] ?? '', '..');
  const { history } = await read(files['lstm-48'] ?? '');
  const leet = [join(pythonEnv('wandb'), 'wandb'), ['leet', 'inspect', '--json', folder]] as const;
  const { stdout } = await run(...leet, { env: { ...process.env, ...quiet }, maxBuffer: 1 << 28 });
  const lines = stdout.trim().split('\n');
  expect(lines.filter((line) => line.includes('"history"')).length).toBe(history.length);
});

it('is uploaded whole by wandb sync', async () => {
  await using server = await startWandb();
  const folder = join(files['lstm-48'] ?? '', '..');
  const env = { ...process.env, ...quiet, WANDB_BASE_URL: server.url };
  await run(join(pythonEnv('wandb'), 'wandb'), ['sync', folder], { env, cwd: wandb });
  const { history, config } = await read(files['lstm-48'] ?? '');
  const uploaded = server.runs['intent-größe/lstm-48'];
  expect(uploaded).toMatchObject({ displayName: 'lstm 48', exitCode: 1 });
  expect(uploaded?.history).toEqual(history);
  expect(uploaded?.files).toMatchObject({ 'plots/roc.html': '<h1>ROC</h1>', 'artifacts/config.yaml': 'mine: 1' });
  expect(uploaded?.files['config.yaml']).toContain(`units:\n    value: ${String(config['units'])}`);
});

it('comes to the same, sent live, as what wandb sync uploads', async () => {
  await using server = await startWandb();
  const local = localTracker({ folder: folderOfLog });
  const live = wandbLive({ apiKey: 'x'.repeat(40), url: server.url });
  const done = { outcome: 'sent', refused: [] };
  expect(await syncTracked(local, { destinations: [live], signal, run: 'lstm-48' })).toMatchObject([done, done]);
  const sent = server.runs['intent-größe/lstm-48'];
  const { history, config } = await read(files['lstm-48'] ?? '');
  // Live, what came after the run was resumed is of the same run.
  const again = await read(files['lstm-48 again'] ?? '');
  expect(sent?.history).toEqual([...history, ...again.history]);
  expect(sent?.config).toEqual(Object.fromEntries(Object.entries(config).map(([key, value]) => [key, { value }])));
  expect(sent).toMatchObject({ displayName: 'lstm 48', exitCode: 0 });
  expect(sent?.files).toEqual({ 'plots/roc.html': '<h1>ROC</h1>', 'artifacts/config.yaml': 'mine: 1' });
});
