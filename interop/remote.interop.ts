import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { prefect } from '../packages/smallboat/src/orchestrate/index.ts';
import { aShopToLearnFrom } from './learnable-shop.ts';
import { python } from './python.ts';
import type { RemoteSystems } from './remote-systems.ts';
import { startRemoteSystems } from './remote-systems.ts';

/**
 * The pipeline under the profile `remote`, on all that `npm run remote:up` starts: PostgreSQL or Snowflake, runs in a bucket and the metadata service, trials
 * and models in MLflow, the endpoint in SageMaker's container. What it makes must be what the profile `local` makes of the same files.
 */

const app = join(import.meta.dirname, '../apps/intent');
const start = join(app, 'start.ts');
const smallboat = join(import.meta.dirname, '../packages/smallboat/bin/smallboat.js');
const FLAGS = ['--epochs', '40', '--patience', '40', '--units', '16', '--rates', '0.02'];

let folder = '';
let data = '';
let remote: RemoteSystems;
/** What the profile `local` made. */
let local: Made;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smallboat-remote-'));
  data = await aShopToLearnFrom(1500);
  remote = await startRemoteSystems();
  local = await startIn('local', 'local', {});
  expect(local.model).toEqual({ version: 1, registered: true });
});
afterAll(async () => {
  await remote?.[Symbol.asyncDispose]();
  for (const made of [folder, data]) await rm(made, { recursive: true, force: true });
});

type Env = Readonly<Record<string, string>>;

async function run(program: string, args: readonly string[], env: Env, cwd = folder): Promise<string> {
  const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 1 << 26 };
  return (await promisify(execFile)(process.execPath, [program, ...args], options)).stdout;
}

/** What must not depend on where a run was. */
interface Made {
  readonly rows: number;
  readonly tests: number;
  readonly expectations: number;
  readonly dataHash: string;
  readonly metrics: unknown;
  readonly model: { readonly version: number; readonly registered: boolean };
}

/** `npm start` with a home of its own. */
async function startIn(profile: 'local' | 'remote', home: string, env: Env): Promise<Made> {
  const facts = JSON.parse(
    await run(start, ['--profile', profile, '--data', data, ...FLAGS, '--json'], {
      ...env,
      SMALLBOAT_HOME: join(folder, home),
    }),
  ) as Made; // What --json prints.
  const { rows, tests, expectations, dataHash, metrics, model } = facts;
  const { version, registered } = model;
  return { rows, tests, expectations, dataHash, metrics, model: { version, registered } };
}

/** What Metaflow's client sees of the latest run, in the bucket, by the service. */
async function seenByMetaflow(env: Env): Promise<unknown> {
  const script = `
import json
from metaflow import Flow, namespace
namespace(None)
run = Flow('intent').latest_run
data = lambda step: run[step].task.data
print(json.dumps({'done': run.successful, 'steps': sorted(s.id for s in run), 'rows': data('ingest').snapshot['rows'],
  'dataHash': data('dataset').dataHash, 'deployed': data('deploy').served['deployed'], 'passed': data('select').chosen['passed']}))`;
  const own = { METAFLOW_HOME: join(folder, 'no-config'), METAFLOW_CLIENT_CACHE_PATH: join(folder, 'cache') };
  return JSON.parse(
    await python('metaflow-s3', ['-c', script], { cwd: folder, env: { ...env, ...own, USERNAME: 'ada' } }),
  );
}

const STEPS = 'baselines dataset deploy grid ingest monitor select train transform validate'.split(' ');

it('goes from files to an endpoint in SageMaker on PostgreSQL, by `npm start`, as the profile local does', async () => {
  expect(await startIn('remote', 'postgres', remote.env)).toEqual(local);
  const deployed = expect.objectContaining({ location: 'sagemaker in us-east-1', name: 'intent' });
  const seen = await seenByMetaflow(remote.env);
  expect(seen).toEqual({
    done: true,
    steps: expect.arrayContaining(STEPS),
    rows: local.rows,
    dataHash: local.dataHash,
    deployed,
    passed: true,
  });
  // A run does not wait for a slow server: what it has not taken by then is sent later.
  await run(smallboat, ['track', 'sync', '--home', join(folder, 'postgres')], remote.env);
  // The trials are MLflow's runs, and the champion is its model.
  const script = `
import json, mlflow
runs = mlflow.search_runs(search_all_experiments=True)
champion = mlflow.MlflowClient().get_model_version_by_alias('intent', 'champion')
print(json.dumps([sorted(set(runs['status'])), len(runs), champion.version]))`;
  const [statuses, runs, version] = JSON.parse(await python('mlflow', ['-c', script], { env: remote.env })) as [
    string[],
    number,
    string,
  ];
  expect([statuses, runs >= 3, version]).toEqual([['FINISHED'], true, '1']);
  // The endpoint is asked as any client of SageMaker asks it.
  const status = JSON.parse(
    await run(smallboat, ['deploy', 'status', '--to', 'sagemaker', '--json'], remote.env),
  ) as object;
  expect(status).toMatchObject({ name: 'intent', state: 'up' });
});

it('does the same on Snowflake, by `smallboat run apps/intent --profile remote`', async () => {
  const env = {
    ...remote.env,
    ...remote.snowflake,
    SMALLBOAT_HOME: join(folder, 'snowflake'),
  };
  const said = await run(smallboat, ['run', app, '--profile', 'remote', '--data', data, ...FLAGS, '--json'], env);
  expect(JSON.parse(said)).toMatchObject({ flow: 'intent', state: 'done' });
  const seen = await seenByMetaflow(env);
  expect(seen).toMatchObject({
    done: true,
    steps: expect.arrayContaining(STEPS),
    rows: local.rows,
    dataHash: local.dataHash,
    passed: true,
  });
  const metrics = await python(
    'mlflow',
    [
      '-c',
      `
import mlflow
print(mlflow.MlflowClient().get_model_version_by_alias('intent', 'champion').version)`,
    ],
    { env },
  );
  expect(metrics.trim()).toBe('2');
});

it('runs from Prefect, on the tables that are loaded', async () => {
  const env = { ...remote.env, SMALLBOAT_RUNS: 'metaflow', SMALLBOAT_HOME: join(folder, 'prefect') };
  await run(smallboat, ['prefect', 'create', app, '--pool', 'boats'], env);
  const given = ['--data', data, '--warehouse', remote.env['WAREHOUSE_URL'] ?? '', ...FLAGS, '--json'];
  const { id } = JSON.parse(await run(smallboat, ['prefect', 'trigger', app, ...given], env)) as { id: string };
  const api = prefect({ url: remote.env['PREFECT_API_URL'] ?? '' });
  const stop = new AbortController();
  const working = promisify(execFile)(process.execPath, [smallboat, 'prefect', 'worker', '--pool', 'boats'], {
    cwd: folder,
    env: { ...process.env, ...env },
    signal: stop.signal,
    killSignal: 'SIGTERM',
  }).catch((error: unknown) => error);
  const read = () => api.ask<{ state_type: string }>('GET', `/flow_runs/${id}`);
  try {
    await expect
      .poll(async () => (await read()).state_type, { timeout: 200_000, interval: 500 })
      .toMatch(/COMPLETED|FAILED|CRASHED/);
  } finally {
    stop.abort();
    await working;
  }
  expect(await read()).toMatchObject({ state_type: 'COMPLETED' });
  const tasks = await api.ask<{ name: string; state_type: string }[]>('POST', '/task_runs/filter', {
    flow_runs: { id: { any_: [id] } },
  });
  expect(new Set(tasks.map(({ state_type: type }) => type))).toEqual(new Set(['COMPLETED']));
  expect(await seenByMetaflow(remote.env)).toMatchObject({ done: true, dataHash: local.dataHash });
});
