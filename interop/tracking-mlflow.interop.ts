import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  localTracker,
  mlflowDestination,
  promote,
  sendingTracker,
  syncTracked,
} from '../packages/smallboat/src/tracking/index.ts';
import { mlflowRegistry } from '../packages/smallboat/src/tracking/index.ts';
import { modelFolderForTests, registryContract } from '../packages/smallboat/src/tracking/registry-contract.ts';
import type { MlflowServer } from './mlflow.ts';
import { startMlflow } from './mlflow.ts';
import { python } from './python.ts';

let server: MlflowServer;
beforeAll(async () => {
  server = await startMlflow();
});
afterAll(async () => server[Symbol.asyncDispose]());

const { signal } = new AbortController();
const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'smallboat-'));

interface Found {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly start: number;
  readonly end: number | null;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** Step, time, and the value as Python writes it. */
  readonly metrics: Readonly<Record<string, readonly (readonly [number, number, string])[]>>;
  readonly artifacts: Readonly<Record<string, string>>;
  readonly data: readonly object[];
  readonly models: readonly object[];
}

/** The runs of experiments as MLflow's Python client reads them, the first one first. It takes long to start: once for all. */
async function readBack<N extends string>(
  ...experiments: readonly N[]
): Promise<Readonly<Record<N, readonly Found[]>>> {
  const script = fileURLToPath(new URL('tracking/read_mlflow.py', import.meta.url));
  const text = await python('mlflow', [script, ...experiments], { env: server.env });
  return JSON.parse(text.trim().split('\n').at(-1) ?? '') as Record<N, readonly Found[]>;
}

it('shows MLflow all of a run, once, even if it is sent twice: metrics by step, artifacts, data, models, the parent', async () => {
  const local = localTracker({ folder: await newFolder() });
  const told: string[] = [];
  const tracker = sendingTracker(local, {
    destinations: [mlflowDestination({ uri: server.uri })],
    tell: (problem) => told.push(problem),
    flushSeconds: 60,
  });
  const experiment = "intent's grid";
  const parent = await tracker.startRun({ experiment, name: 'search' });
  const run = await tracker.startRun({
    experiment,
    name: 'lstm-48',
    parent: parent.id,
    params: { units: 48, rate: 0.001, shuffled: true, 'odd(name)': 'é' },
    tags: { stage: 'trial' },
    lineage: { flowRun: 'intent/7', dataSnapshot: 'abc', codeHash: 'a'.repeat(40), inputs: { vocabulary: '12' } },
  });
  for (let i = 0; i < 2500; i++)
    await run.logMetrics({ loss: 1 / (i + 1), auc: i / 2500 }, { step: i, at: 1_700_000_000_000 + i });
  await run.logMetrics({ bad: Number.NaN });
  await run.setTags({ stage: 'done', note: 'x'.repeat(9000) });
  await run.logArtifact({ name: 'plots/roc curve.html', bytes: new TextEncoder().encode('<h1>ROC</h1>') });
  await run.logArtifact({ name: 'model/model.onnx', bytes: new TextEncoder().encode('onnx') });
  await run.logArtifact({ name: 'model/manifest.json', bytes: new TextEncoder().encode('{}') });
  const columns = { session_id: 'VARCHAR', events: 'INTEGER', at: 'TIMESTAMP' };
  await run.logData({
    name: 'cart_sessions',
    digest: 'f'.repeat(64),
    context: 'training',
    source: 's3://bucket/sessions',
    rows: 1000,
    columns,
  });
  await run.logData({ name: 'cart_sessions', digest: 'e'.repeat(64), context: 'test' });
  await run.logModel({ name: 'intent', digest: 'd'.repeat(64), version: 3, artifacts: 'model' });
  await run.finish();
  await parent.finish('stopped');
  expect(told).toEqual([]);

  // As after a crash, when nothing is known of what was sent: what comes twice changes nothing.
  for (const { id } of [parent, run]) {
    await rm(join((await local.folderOf(id)) ?? '', 'sent'), { recursive: true });
  }
  const again = await syncTracked(local, { destinations: [mlflowDestination({ uri: server.uri })], signal });
  expect(again).toMatchObject([
    { outcome: 'sent', refused: [] },
    { outcome: 'sent', refused: [] },
  ]);

  // A run that is resumed goes on in MLflow, too.
  for (const attempt of [0, 1]) {
    const task = await tracker.startRun({ id: 'task-1', experiment: 'resumed' });
    await task.logMetrics({ loss: attempt });
    await task.finish(attempt === 0 ? 'failed' : 'finished');
  }
  expect(told).toEqual([]);

  const { [experiment]: grid, resumed } = await readBack(experiment, 'resumed');
  expect(resumed).toMatchObject([{ status: 'FINISHED' }]);
  expect(resumed?.[0]?.metrics['loss']?.map(([step, , value]) => [step, value])).toEqual([
    [0, '0.0'],
    [1, '1.0'],
  ]);
  const [search, trial, ...others] = grid ?? [];
  expect(others).toEqual([]);
  const info = await tracker.run(run.id);
  expect(search).toMatchObject({ name: 'search', status: 'KILLED', tags: { 'smallboat.run': parent.id } });
  expect(trial).toMatchObject({
    name: 'lstm-48',
    status: 'FINISHED',
    start: info.startedAt,
    end: info.endedAt,
    params: { units: '48', rate: '0.001', shuffled: 'true', odd_name_: 'é' },
    tags: {
      stage: 'done',
      note: 'x'.repeat(8000),
      'mlflow.parentRunId': search?.id,
      'mlflow.source.name': 'intent/7',
      'mlflow.source.git.commit': 'a'.repeat(40),
      'smallboat.dataSnapshot': 'abc',
      'smallboat.input.vocabulary': '12',
    },
    artifacts: { 'plots/roc curve.html': '<h1>ROC</h1>', 'model/model.onnx': 'onnx', 'model/manifest.json': '{}' },
  });
  for (const metric of ['loss', 'auc']) {
    const points = await tracker.metricHistory(run.id, metric);
    const theirs = trial?.metrics[metric]?.toSorted((a, b) => a[0] - b[0]);
    expect(theirs?.map(([step, at, value]) => ({ step, at, value: Number(value) }))).toEqual(points);
  }
  expect(trial?.metrics['bad']?.map(([, , value]) => value)).toEqual(['nan']);
  expect(trial?.data).toMatchObject([
    {
      name: 'cart_sessions',
      digest: 'f'.repeat(36),
      context: 'training',
      source: 's3://bucket/sessions',
      profile: { num_rows: 1000 },
      schema: {
        mlflow_colspec: [
          { name: 'session_id', type: 'string' },
          { name: 'events', type: 'integer' },
          { name: 'at', type: 'datetime' },
        ],
      },
    },
    { name: 'cart_sessions', digest: 'e'.repeat(36), context: 'test' },
  ]);
  expect(trial?.models).toMatchObject([
    { name: 'intent', tags: { 'smallboat.version': '3' }, files: ['MLmodel', 'manifest.json', 'model.onnx'] },
  ]);
});

let registries = 0;
registryContract({
  name: 'MLflow',
  create: async () => {
    registries += 1;
    return mlflowRegistry({
      uri: server.uri,
      cacheFolder: await newFolder(),
      prefix: `t${registries}.`,
      experiment: `models ${registries}`,
    });
  },
});

it("registers what MLflow's client finds by alias, and reads what another machine registered", async () => {
  const local = localTracker({ folder: await newFolder() });
  const run = await local.startRun({ experiment: 'registered' });
  await run.finish();
  await syncTracked(local, { destinations: [mlflowDestination({ uri: server.uri })], signal });
  const options = { uri: server.uri, prefix: 'shown.' };
  const registry = mlflowRegistry({ ...options, cacheFolder: await newFolder() });
  const modelFolder = await modelFolderForTests('the weights');
  await registry.register({
    name: 'intent',
    modelFolder,
    trackedRun: run.id,
    gate: { passed: true, reason: 'Passed.' },
    tags: { team: 'reco' },
  });
  await promote(registry, 'intent', 1);

  const elsewhere = mlflowRegistry({ ...options, cacheFolder: await newFolder() });
  const champion = await elsewhere.version('intent', 'champion');
  expect(await readFile(join(champion.folder, 'parts/weights.bin'), 'utf8')).toBe('the weights');
  await writeFile(join(champion.folder, 'parts/weights.bin'), 'changed');
  await elsewhere.version('intent', 'champion');
  expect(await readFile(join(champion.folder, 'parts/weights.bin'), 'utf8')).toBe('the weights');

  const script = fileURLToPath(new URL('tracking/read_registry.py', import.meta.url));
  const theirs: unknown = JSON.parse(await python('mlflow', [script, 'shown.intent', 'champion'], { env: server.env }));
  expect(theirs).toMatchObject({
    version: '1',
    status: 'READY',
    run: { 'smallboat.run': run.id },
    tags: { team: 'reco' },
    files: { 'manifest.json': '{}', 'parts/weights.bin': 'the weights' },
  });
});

it('keeps what it registers in a folder in which another server has left a version of that number', async () => {
  const cacheFolder = await newFolder();
  for (const [prefix, weights] of [
    ['first.', 'those of one'],
    ['second.', 'those of another'],
  ] as const) {
    const registry = mlflowRegistry({ uri: server.uri, prefix, cacheFolder });
    const modelFolder = await modelFolderForTests(weights);
    const { version, folder } = await registry.register({ name: 'intent', modelFolder });
    expect(version).toBe(1);
    expect(await readFile(join(folder, 'parts/weights.bin'), 'utf8')).toBe(weights);
  }
});
