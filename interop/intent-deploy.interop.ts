import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Collector, startCollector } from './collector.ts';
import { aShopToLearnFrom } from './learnable-shop.ts';
import { type AwsStandIn, startAwsStandIn } from './serving/aws-stand-in.ts';

/**
 * The pipeline with SMALLBOAT_DEPLOY: to this machine, to Lambda and to SageMaker, the clouds by moto and our stand-in before it. Each endpoint is then asked as its
 * clients ask it, looked at and taken down by `smallboat deploy`. The run is traced, and its smoke prediction is part of that trace.
 */

const start = join(import.meta.dirname, '../apps/intent/start.ts');
const smallboat = join(import.meta.dirname, '../packages/smallboat/bin/smallboat.js');
const flow = join(import.meta.dirname, '../apps/intent/flow.ts');
const FLAGS = ['--epochs', '40', '--patience', '40', '--units', '16', '--rates', '0.02', '--inputs', 'actions'];
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const KEYS = { AWS_ACCESS_KEY_ID: 'nobody', AWS_SECRET_ACCESS_KEY: 'nothing', AWS_REGION: 'us-east-1' };

let folder = '';
let data = '';
let run = '';
let aws: AwsStandIn;
let collector: Collector;

interface Said {
  readonly run: string;
  readonly endpoint: {
    readonly deployed: { readonly name: string; readonly url: string; readonly modelVersion: string };
  };
}

async function call(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  const own = { ...process.env, ...env, SMALLBOAT_HOME: join(folder, 'home') };
  return (
    await promisify(execFile)(process.execPath, [program, ...args], { cwd: folder, env: own, maxBuffer: 1 << 26 })
  ).stdout;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smallboat-deploys-'));
  [data, aws, collector] = await Promise.all([aShopToLearnFrom(1500), startAwsStandIn(), startCollector()]);
});
afterAll(async () => {
  await aws?.[Symbol.asyncDispose]();
  await collector?.[Symbol.asyncDispose]();
  for (const made of [folder, data]) await rm(made, { recursive: true, force: true });
});

const deploy = (to: string, action: string, env = {}): Promise<string> =>
  call(smallboat, ['deploy', action, '--to', to, '--json'], env);

/** The probability of one session, as the model in the registry gives it. */
let expected = Number.NaN;

it('leaves an endpoint on this machine, which its smoke prediction reaches within the trace of the run', async () => {
  const env = {
    SMALLBOAT_DEPLOY: 'local',
    ...collector.env,
    TRACEPARENT: `00-${TRACE}-00f067aa0ba902b7-01`,
  };
  const said = JSON.parse(await call(start, ['--data', data, ...FLAGS, '--json'], env)) as Said;
  run = said.run;
  const { url, modelVersion } = said.endpoint.deployed;
  try {
    const answer = await fetch(`${url}/predict?session=view,detail,add`);
    expected = ((await answer.json()) as { readonly prediction: number }).prediction;
    expect(expected).toBeGreaterThan(0);
    expect(JSON.parse(await deploy('local', 'status'))).toMatchObject({ state: 'up', modelVersion });
    // The endpoint that was tried, one span a question, and nothing of it in a trace of its own.
    expect(collector.traces()).toEqual(new Set([TRACE]));
    const questions = collector.spans(TRACE).filter(({ name }) => name === 'GET /predict');
    expect(questions.length).toBeGreaterThan(20);
  } finally {
    await deploy('local', 'destroy');
  }
  await expect(fetch(`${url}/ping`)).rejects.toThrow();
});

it.each(['lambda', 'sagemaker'] as const)('deploys to %s, where clients get the model’s own answers', async (to) => {
  const at = { ...KEYS, AWS_ENDPOINT_URL: aws.endpoint, AWS_ENDPOINT_URL_S3: aws.moto };
  const env = {
    ...at,
    SMALLBOAT_DEPLOY: to,
    SMALLBOAT_DEPLOY_ROLE: aws.role,
    SMALLBOAT_DEPLOY_IMAGE: '123456789012.dkr.ecr.us-east-1.amazonaws.com/endpoint:1',
    SMALLBOAT_DEPLOY_BUCKET: 's3://models/intent',
  };
  await call(smallboat, ['resume', flow, '--run', run, '--from', 'deploy', '--json'], env);
  const credentials = { accessKeyId: 'nobody', secretAccessKey: 'nothing' };
  const client = { endpoint: aws.endpoint, region: 'us-east-1', credentials };
  const ask = {
    lambda: async () => {
      const Payload = Buffer.from(JSON.stringify({ session: 'view,detail,add' }));
      const asked = new InvokeCommand({ FunctionName: 'intent', Qualifier: 'live', Payload });
      return new TextDecoder().decode((await new LambdaClient(client).send(asked)).Payload);
    },
    sagemaker: async () => {
      const Body = JSON.stringify({ instances: [['view', 'detail', 'add']] });
      const asked = new InvokeEndpointCommand({ EndpointName: 'intent', ContentType: 'application/json', Body });
      return new TextDecoder().decode((await new SageMakerRuntimeClient(client).send(asked)).Body);
    },
  };
  const [, prediction] = /"prediction(?:s)?":\[*([\d.e-]+)/.exec(await ask[to]()) ?? [];
  expect(Number(prediction)).toBeCloseTo(expected, 6);
  expect(JSON.parse(await deploy(to, 'status', at))).toMatchObject({ name: 'intent', state: 'up' });
  await deploy(to, 'destroy', at);
  expect(JSON.parse(await deploy(to, 'status', at))).toMatchObject({ state: 'absent' });
});
