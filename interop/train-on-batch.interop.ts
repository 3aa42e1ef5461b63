import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { batchStandIn } from '../packages/smallboat/src/flow/testing/batch-stand-in.ts';
import { generateDataset } from '../packages/smallboat/src/synthetic/index.ts';
import { type SharedPlace, remotePlace } from './metaflow-places.ts';

/** The pipeline with its training on AWS Batch: the job runs from the code package, as its container would. */

const program = join(import.meta.dirname, '../packages/smallboat/bin/smallboat.js');
const app = join(import.meta.dirname, '../apps/intent');
let folder = '';
let place: SharedPlace;
let service: Awaited<ReturnType<typeof batchStandIn>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smallboat-batch-'));
  await generateDataset({ folder, rows: 60_000, seed: 1 });
  place = await remotePlace();
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = place.env;
  service = await batchStandIn({ secondMilliseconds: 200, machine: { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } });
});
afterAll(async () => {
  for (const server of [place, service]) await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

it('trains on AWS Batch what it trains here, and goes on here', async () => {
  const env = { ...process.env, ...place.env, ...service.env, METAFLOW_BATCH_JOB_QUEUE: service.queue };
  const smallboat = async (home: string, ...args: readonly string[]): Promise<string> => {
    const own = { ...env, SMALLBOAT_RUNS: 'metaflow', SMALLBOAT_HOME: join(folder, home) };
    const options = { cwd: folder, env: own, maxBuffer: 1 << 26 };
    return (await promisify(execFile)(process.execPath, [program, ...args], options)).stdout;
  };
  const flow = join(app, 'flow.ts');
  const flags = [
    '--data',
    folder,
    '--epochs',
    '3',
    '--units',
    '16',
    '--rates',
    '0.01',
    '--inputs',
    'context',
    '--json',
  ];
  const runOf = (said: string): string => (JSON.parse(said) as { readonly run: string }).run;
  const there = runOf(await smallboat('there', 'run', flow, ...flags, '--with', 'train=batch:cpu=2,memory=2000'));
  const steps = service.jobs.map(({ parameters }) => parameters['metaflow.step_name']);
  expect(steps).toEqual(['train']);
  const here = runOf(await smallboat('here', 'run', flow, ...flags));

  // Metaflow's client reads what the job wrote: the same weights, to the last digit.
  const trials = await place.ask(`
import json
from metaflow import Flow, namespace
namespace(None)
flow = Flow('intent')
trials = [list(flow[run]['train'])[0].data.trial for run in ('${there}', '${here}')]
print(json.dumps([[{name: [float(w) for w in t['weights'][name]][:50] for name in ('kernel', 'recurrentKernel', 'bias', 'denseKernel')}, [h['validationLoss'] for h in t['history']]] for t in trials]))`);
  const [job, local] = trials as readonly [unknown, unknown];
  expect(job).toEqual(local);
  expect(JSON.stringify(job).length).toBeGreaterThan(500);

  // The log of a training stays on the machine that trained; what it says is in the artifacts.
  await rm(join(folder, 'there', 'tracking'), { recursive: true });
  await smallboat('there', 'resume', flow, '--run', there, '--from', 'select');
  const experiments = await smallboat('there', 'experiments', '--json');
  expect(experiments).toContain('gru-16 lr=0.01');
});
