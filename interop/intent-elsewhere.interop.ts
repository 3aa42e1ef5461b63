import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { intent } from '../apps/intent/flow.ts';
import { openRunStore, readRun } from '../packages/smallboat/src/flow/index.ts';
import { metaflowStore } from '../packages/smallboat/src/flow/metaflow/metaflow-store.ts';
import { readMetaflowConfig } from '../packages/smallboat/src/flow/metaflow/metaflow-config.ts';
import { runOf } from '../packages/smallboat/src/flow/orchestrated/index.ts';
import { prepareDeployment } from '../packages/smallboat/src/orchestrate/index.ts';
import { batchStandIn } from '../packages/smallboat/src/flow/testing/batch-stand-in.ts';
import { metadataService } from '../packages/smallboat/src/flow/testing/metadata-service.ts';
import { runStateMachine } from './orchestrate/run-state-machine.ts';
import { aShopToLearnFrom } from './learnable-shop.ts';
import { type PostgresServer, startPostgres } from './postgres.ts';
import { type AwsStandIn, startAwsStandIn } from './serving/aws-stand-in.ts';

/**
 * The whole pipeline on AWS Batch: every step is a process that begins in an empty folder with an empty home, knows nothing of this machine's environment, and has
 * its code from the bucket, its password from Secrets Manager. What it makes must be what the profile `local` makes of the same files.
 */

const start = join(import.meta.dirname, '../apps/intent/start.ts');
const smallboat = join(import.meta.dirname, '../packages/smallboat/bin/smallboat.js');
const FLAGS = ['--epochs', '40', '--patience', '40', '--units', '16', '--rates', '0.02', '--inputs', 'context'];
const KEYS = { AWS_ACCESS_KEY_ID: 'nobody', AWS_SECRET_ACCESS_KEY: 'nothing' };

const credentials = { accessKeyId: KEYS.AWS_ACCESS_KEY_ID, secretAccessKey: KEYS.AWS_SECRET_ACCESS_KEY };

let folder = '';
let data = '';
let postgres: PostgresServer;
let aws: AwsStandIn;
let metadata: Awaited<ReturnType<typeof metadataService>>;
let service: Awaited<ReturnType<typeof batchStandIn>>;
let env: Readonly<Record<string, string>> = {};
/** What the profile `local` made. */
let here: Facts;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smallboat-elsewhere-'));
  data = await aShopToLearnFrom(1500);
  [postgres, aws, metadata] = await Promise.all([
    startPostgres(),
    startAwsStandIn(),
    metadataService({ apiKey: 'sesame' }),
  ]);
  service = await batchStandIn({ secondMilliseconds: 200, machine: KEYS });
  await postgres.psql('postgres', 'CREATE DATABASE shop');
  const at = { endpoint: aws.moto, region: 'us-east-1', credentials };
  const s3 = new S3Client({ ...at, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'boats' }));
  for (const name of await readdir(data)) {
    const Body = await readFile(join(data, name));
    await s3.send(new PutObjectCommand({ Bucket: 'boats', Key: `raw/${name}`, Body }));
  }
  const keeper = new SecretsManagerClient(at);
  const SecretString = JSON.stringify({ ...postgres.env, METAFLOW_SERVICE_AUTH_KEY: 'sesame' });
  await keeper.send(new CreateSecretCommand({ Name: 'shop/remote', SecretString }));
  env = {
    ...service.env,
    ...KEYS,
    ...postgres.env,
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_ENDPOINT_URL_S3: aws.moto,
    WAREHOUSE_URL: `${postgres.url}/shop`,
    METAFLOW_DEFAULT_DATASTORE: 's3',
    METAFLOW_DATASTORE_SYSROOT_S3: 's3://boats/metaflow',
    METAFLOW_S3_ENDPOINT_URL: aws.moto,
    METAFLOW_DEFAULT_METADATA: 'service',
    METAFLOW_SERVICE_URL: metadata.url,
    METAFLOW_SERVICE_AUTH_KEY: 'sesame',
    METAFLOW_BATCH_JOB_QUEUE: service.queue,
    SMALLBOAT_NODE_MODULES: join(import.meta.dirname, '../node_modules'),
    SMALLBOAT_MODELS: 's3://boats/models',
    SMALLBOAT_DEPLOY: 'sagemaker',
    SMALLBOAT_DEPLOY_ROLE: aws.role,
    SMALLBOAT_DEPLOY_IMAGE: '123456789012.dkr.ecr.us-east-1.amazonaws.com/endpoint:1',
    SMALLBOAT_DEPLOY_BUCKET: 's3://models/intent',
  };
});
afterAll(async () => {
  for (const server of [service, metadata, aws, postgres]) await server?.[Symbol.asyncDispose]();
  for (const made of [folder, data]) await rm(made, { recursive: true, force: true });
});

async function run(program: string, args: readonly string[], own: Readonly<Record<string, string>>): Promise<string> {
  const options = { cwd: folder, env: { ...process.env, ...own }, maxBuffer: 1 << 26 };
  return (await promisify(execFile)(process.execPath, [program, ...args], options)).stdout;
}

/** What must not depend on where steps run. */
interface Facts {
  readonly rows: number;
  readonly tests: number;
  readonly expectations: number;
  readonly dataHash: string;
  readonly metrics: unknown;
  readonly model: { readonly version: number; readonly registered: boolean; readonly folder: string };
  readonly endpoint: { readonly prediction: number; readonly asked: number; readonly deployed: unknown };
  readonly monitoring: { readonly sentence: string; readonly page: string };
}

const same = ({ rows, tests, expectations, dataHash, metrics, model, endpoint, monitoring }: Facts): object => {
  const { version, registered } = model;
  const { prediction, asked } = endpoint;
  const { sentence } = monitoring;
  return { rows, tests, expectations, dataHash, metrics, version, registered, prediction, asked, sentence };
};

it('makes on AWS Batch, step by step, what it makes here', async () => {
  const home = (name: string): string => join(folder, name);
  const pipeline = async (name: string, args: readonly string[], own: Readonly<Record<string, string>>) =>
    JSON.parse(await run(start, [...args, ...FLAGS, '--json'], { ...own, SMALLBOAT_HOME: home(name) })) as Facts;
  here = await pipeline('here', ['--data', data], {});
  const batch = ['--with', 'batch:cpu=2,memory=6000', '--with', 'secrets:sources=["aws-secrets-manager.shop/remote"]'];
  const there = await pipeline('there', ['--profile', 'remote', '--data', 's3://boats/raw', ...batch], env);

  const steps = service.jobs.map(({ parameters }) => parameters['metaflow.step_name']);
  const all = 'ingest transform validate dataset grid train baselines select deploy monitor'.split(' ');
  expect(steps).toHaveLength(all.length);
  expect(new Set(steps)).toEqual(new Set(all));
  expect(same(there)).toEqual(same(here));
  expect(there.model).toMatchObject({ version: 1, registered: true });
  expect(there.endpoint.deployed).toMatchObject({
    location: 'sagemaker in us-east-1',
    modelVersion: expect.any(String),
  });

  // What is for people lies where it lies when steps run here.
  const found = await readdir(home('there'), { recursive: true });
  for (const path of ['dbt-target/run_results.json', 'data-docs/index.html', 'monitoring/report.html']) {
    expect(found).toContain(path);
  }
  const tracked = async (name: string, own: Readonly<Record<string, string>>): Promise<readonly string[]> => {
    const text = await run(smallboat, ['experiments', '--home', home(name), '--json'], own);
    return (JSON.parse(text) as readonly { readonly name: string }[]).map(({ name: of }) => of).toSorted();
  };
  expect(await tracked('there', env)).toEqual(await tracked('here', {}));
  expect((await tracked('here', {})).length).toBeGreaterThan(1);

  // The champion lies in the bucket, and is the one of here: the same weights, code and data.
  const [model] = JSON.parse(
    await run(smallboat, ['models', 'list', '--name', 'intent', '--home', home('nobody'), '--json'], env),
  ) as {
    readonly files: readonly { readonly path: string; readonly sha256: string }[];
  }[];
  const [own] = JSON.parse(
    await run(smallboat, ['models', 'list', '--name', 'intent', '--home', home('here'), '--json'], {}),
  ) as (typeof model)[];
  const weights = (of: typeof model) => of?.files.filter(({ path }) => /\.(?:safetensors|onnx)$/.test(path));
  expect(weights(model)).toEqual(weights(own));
});

it('makes the same on Step Functions, each piece a container with nothing but its order', async () => {
  const config = readMetaflowConfig({ env, cwd: folder });
  const storeSpec = metaflowStore(config, { env, cwd: folder, home: join(folder, 'nobody') });
  if (!storeSpec) throw new Error('Metaflow’s configuration says no store');
  Object.assign(process.env, KEYS);
  const specs = ['secrets:sources=["aws-secrets-manager.shop/remote"]'];
  const deployment = await prepareDeployment({
    flow: intent,
    module: pathToFileURL(join(import.meta.dirname, '../apps/intent/flow.ts')).href,
    storeSpec,
    with: specs,
    tags: [],
    isolation: { name: 'intent' },
    token: 'production-token-0-test',
    owner: 'ada',
    runsAs: 'SFN',
    env,
    cwd: folder,
  });
  const { WAREHOUSE_URL: warehouse = '' } = env;
  const training = { epochs: 40, patience: 40, units: [16], rates: [0.02], inputs: ['context'] };
  const s3 = new S3Client({ endpoint: aws.moto, region: 'us-east-1', forcePathStyle: true, credentials });
  await runStateMachine(deployment, {
    name: 'whole',
    parameters: { data: 's3://boats/raw', warehouse, ...training },
    env: { ...KEYS, AWS_REGION: 'us-east-1' },
    object: async (path) => {
      const [, Bucket, Key] = /^([^/]+)\/(.+)$/.exec(path) ?? [];
      return (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString();
    },
  });
  await using store = await openRunStore(storeSpec);
  const run = (await runOf(store, 'intent', 'whole')) ?? '';
  const { steps } = await readRun(store, { flow: 'intent', run });
  const made = async (step: string, artifact: string): Promise<unknown> => {
    const key = steps.find(({ name }) => name === step)?.tasks[0]?.artifacts[artifact];
    return key && store.load('intent', key);
  };
  expect(await made('dataset', 'dataHash')).toBe(here.dataHash);
  expect(await made('select', 'chosen')).toMatchObject({ version: 2, passed: true });
  const { prediction, asked } = here.endpoint;
  expect(await made('deploy', 'served')).toMatchObject({ prediction, asked, deployed: { name: 'intent' } });
  expect(await made('monitor', 'sentence')).toBe(here.monitoring.sentence);
});
