import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { targetContract } from '../packages/smallboat/src/serving/deploy/contract.ts';
import { lambdaTarget } from '../packages/smallboat/src/serving/deploy/lambda-target.ts';
import { sagemakerTarget } from '../packages/smallboat/src/serving/deploy/sagemaker-target.ts';
import type { Release } from '../packages/smallboat/src/serving/deploy/target.ts';
import { writeTestModel } from '../packages/smallboat/src/serving/testing/test-model.ts';
import type { AwsStandIn } from './serving/aws-stand-in.ts';
import { startAwsStandIn } from './serving/aws-stand-in.ts';

/** Deployments by AWS's SDK against moto's server; what moto does not run, our stand-in before it does. */

let aws: AwsStandIn;

beforeAll(async () => {
  aws = await startAwsStandIn();
  vi.stubEnv('AWS_ENDPOINT_URL', aws.endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'nobody');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'nothing');
  vi.stubEnv('AWS_REGION', 'us-east-1');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await aws[Symbol.asyncDispose]();
});

const sagemaker = (): ReturnType<typeof sagemakerTarget> =>
  sagemakerTarget({
    role: aws.role,
    image: '123456789012.dkr.ecr.us-east-1.amazonaws.com/endpoint:1',
    bucket: 's3://models/intent',
    usesPathStyle: true,
    alarms: ['contract-errors'],
    pollSeconds: 0.05,
  });

targetContract({ name: 'SageMaker', create: sagemaker, model: writeTestModel });
targetContract({
  name: 'Lambda',
  create: () => lambdaTarget({ role: aws.role, pollSeconds: 0.05 }),
  model: writeTestModel,
});

describe('a trial on Lambda', () => {
  it.each([
    ['takes over', { requests: 10 }, 'm-2'],
    ['is undone', { requests: 1000, maxMeanShift: 1e-9 }, 'm-1'],
  ])('%s', async (_, rule, version) => {
    await using target = await lambdaTarget({ role: aws.role, pollSeconds: 0.05 });
    const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
    const release = async (name: string, seed: number): Promise<Release> => ({
      name: 'trial',
      modelFolder: await writeTestModel(join(folder, name), name, seed),
      modelVersion: name,
    });
    const say = (): void => undefined;
    try {
      await target.deploy(await release('m-1', 1), { say });
      const changed = target
        .deploy(await release('m-2', 2), { say, canary: { share: 0.5, seconds: 60, ...rule } })
        .then(
          () => 'changed',
          (error: unknown) => String(error),
        );
      const over = changed.then(() => true);
      // Clients go on calling until the trial is over.
      const next = async (): Promise<boolean> => target.predict('trial', ['view', 'add']).then(() => false);
      while (!(await Promise.race([over, next()])));
      expect(await changed).toContain(version === 'm-2' ? 'changed' : 'mean prediction');
      expect(await target.status('trial')).toMatchObject({ state: 'up', modelVersion: version });
    } finally {
      await target.destroy('trial');
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('what the contract left', () => {
  it('changed SageMaker blue/green, with the alarm that undoes it', () => {
    expect(aws.updates.length).toBeGreaterThan(0);
    expect(aws.updates[0]).toMatchObject({
      EndpointName: 'contract',
      DeploymentConfig: {
        BlueGreenUpdatePolicy: { TrafficRoutingConfiguration: { Type: 'ALL_AT_ONCE' } },
        AutoRollbackConfiguration: { Alarms: [{ AlarmName: 'contract-errors' }] },
      },
    });
  });

  it('is nothing: no model, no configuration, no archive', async () => {
    const { SageMakerClient, ListModelsCommand, ListEndpointConfigsCommand } =
      await import('@aws-sdk/client-sagemaker');
    const { S3Client, ListObjectsV2Command } = await import('@aws-sdk/client-s3');
    const client = new SageMakerClient({});
    expect((await client.send(new ListModelsCommand({}))).Models).toEqual([]);
    expect((await client.send(new ListEndpointConfigsCommand({}))).EndpointConfigs).toEqual([]);
    const s3 = new S3Client({ forcePathStyle: true });
    expect((await s3.send(new ListObjectsV2Command({ Bucket: 'models' }))).KeyCount).toBe(0);
  });
});
