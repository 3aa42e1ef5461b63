import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { generateDataset } from '../packages/smallboat/src/synthetic/index.ts';
import { remotePlace, type SharedPlace } from './metaflow-places.ts';
import { type MlflowServer, startMlflow } from './mlflow.ts';
import { python } from './python.ts';

/** The pipeline under the profile `remote`: runs in a bucket and the metadata service, trials and models in a tracking server. */

const start = join(import.meta.dirname, '../apps/intent/start.ts');
let folder = '';
let place: SharedPlace;
let mlflow: MlflowServer;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smallboat-remote-'));
  await generateDataset({ folder, rows: 60_000, seed: 1 });
  [place, mlflow] = await Promise.all([remotePlace(), startMlflow()]);
  env = {
    ...process.env,
    ...place.env,
    ...mlflow.env,
    MLFLOW_REGISTRY_URI: mlflow.uri,
    SMALLBOAT_PROFILE: 'remote',
    SMALLBOAT_HOME: join(folder, 'home'),
  };
});
afterAll(async () => {
  for (const server of [place, mlflow]) await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

it('goes from files to a monitored prediction with runs in S3 and the metadata service, trials and models in MLflow', async () => {
  const args = ['--data', folder, '--epochs', '6', '--units', '16', '--rates', '0.01', '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, [start, ...args], { env, maxBuffer: 1 << 26 });
  expect(JSON.parse(stdout)).toMatchObject({ rows: 60_000, tests: 38 });
  // Metaflow's client finds the run in the bucket, by the service.
  const seen = await place.ask(`
import json
from metaflow import Flow, namespace
namespace(None)
run = Flow('intent').latest_run
print(json.dumps({'done': run.successful, 'steps': sorted(s.id for s in run), 'rows': run['ingest'].task.data.snapshot['rows']}))`);
  expect(seen).toMatchObject({ done: true, steps: expect.arrayContaining(['ingest', 'train', 'monitor']) });
  // The trials are MLflow's runs.
  const script = `
import json, mlflow
runs = mlflow.search_runs(search_all_experiments=True)
print(json.dumps(sorted(set(runs['status']))), len(runs))`;
  expect(await python('mlflow', ['-c', script], { env: mlflow.env })).toMatch(/^\["FINISHED"\] [3-9]/);
});
