import { gunzipSync } from 'node:zlib';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchClient, DescribeJobsCommand, type JobDetail, ListJobsCommand } from '@aws-sdk/client-batch';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Moto, makeQueue, moto } from './compute/moto.ts';
import { fated, linear, trusted } from './compute/project/flows.ts';
import { aProject, ran, smallboat } from './compute/services.ts';
import { recordingIo } from '../packages/smallboat/src/cli/testing.ts';
import type { RemoteJob } from '../packages/smallboat/src/flow/compute/task/order.ts';
import { type Flow, runFlow } from '../packages/smallboat/src/flow/index.ts';

// The SDKs look into the environment of the process.
afterEach(() => void vi.unstubAllEnvs());

const KEY = 'open-sesame-1723';
const region = 'us-east-1';
/** The role of the machines. */
const role = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

describe('moto alone: AWS Batch, S3, CloudWatch Logs and Secrets Manager', () => {
  const project = aProject();
  let aws: Moto;
  let settings: Readonly<Record<string, string>>;
  beforeAll(async () => {
    aws = await moto({ jobs: role });
    await makeQueue(aws.url);
    await fetch(`${aws.url}/runs`, { method: 'PUT' });
    settings = { ...aws.env, METAFLOW_BATCH_JOB_QUEUE: 'main', GREETING: 'hi' };
    return () => aws[Symbol.asyncDispose]();
  });

  const optionsFor = (folder: string) => {
    for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
    return {
      module: project.module,
      store: {
        folder,
        user: 'ada',
        datastore: { kind: 's3', root: 's3://runs/metaflow', endpoint: aws.url, region },
      } as const,
      io: recordingIo(project.root, settings),
      params: { folder },
    };
  };
  const aFolder = (): string => mkdtempSync(join(tmpdir(), 'smallboat-runs-'));
  const onBatch = <F extends Flow>(flow: F): F => flow.with({ compute: 'batch' }) as F;
  const clientOptions = () => ({ region, endpoint: aws.url, credentials: { accessKeyId: 'x', secretAccessKey: 'x' } });

  /** What Batch keeps of its jobs that have ended. */
  async function jobsKept(): Promise<readonly JobDetail[]> {
    const batch = new BatchClient(clientOptions());
    const listed = await Promise.all(
      (['SUCCEEDED', 'FAILED'] as const).map((jobStatus) =>
        batch.send(new ListJobsCommand({ jobQueue: 'main', jobStatus })),
      ),
    );
    const ids = listed.flatMap(({ jobSummaryList = [] }) => jobSummaryList.map(({ jobId }) => jobId ?? ''));
    return (await batch.send(new DescribeJobsCommand({ jobs: ids }))).jobs ?? [];
  }

  /** All that Batch keeps of its jobs, and all bytes of the bucket, as text. */
  async function allThatIsKept(): Promise<string> {
    const jobs = await jobsKept();
    const s3 = new S3Client({ ...clientOptions(), forcePathStyle: true });
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'runs' }));
    const objects = await Promise.all(
      Contents.map(async ({ Key }) => {
        const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'runs', Key: Key ?? '' }));
        const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
        return `${Key ?? ''}\n${(bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString('latin1')}`;
      }),
    );
    return `${JSON.stringify(jobs)}\n${objects.join('\n')}`;
  }

  it('runs a flow from the package that it keeps, by the command and the environment that it keeps', async () => {
    const folder = aFolder();
    const options = optionsFor(folder);
    await using run = await runFlow(onBatch(linear), options);
    expect(await run.result()).toEqual({ text: 'worth 42', sum: 2 });
    expect(ran(folder).map(({ name }) => name)).toEqual(['load', 'report']);
    expect(ran(folder).map(({ where }) => where)).not.toContain('here');
    const shown = options.io.said.err.filter((line) => line.startsWith('load | '));
    expect([...shown].sort()).toEqual(['load | loading base=0', 'load | to stderr', 'load | written']);
  });

  it('can be run by hand from what a job was told, but for an attempt that has ended', async () => {
    const folder = aFolder();
    await using run = await runFlow(onBatch(linear), optionsFor(folder));
    const job = (await jobsKept()).find(
      ({ parameters }) => parameters?.['metaflow.run_id'] === run.run && parameters['metaflow.step_name'] === 'load',
    );
    const told = Object.fromEntries(
      (job?.container?.environment ?? []).map(({ name = '', value = '' }) => [name, value]),
    );
    const env = { ...role, AWS_ENDPOINT_URL: aws.url, ...told, AWS_BATCH_JOB_ID: 'by-hand' };
    const again = await smallboat(['task', '--json'], { cwd: folder, env }).ended;
    expect(again).toMatchObject({ code: 70, out: expect.stringContaining('has ended already') as string });
    const order = JSON.parse(told['SMALLBOAT_TASK'] ?? '') as { readonly job: RemoteJob };
    const next = { ...order, job: { ...order.job, job: { ...order.job.job, attempt: 1 } } };
    const { code, out } = await smallboat(['task', '--order', JSON.stringify(next), '--json'], { cwd: folder, env })
      .ended;
    expect(code).toBe(0);
    expect(out).toContain('loading base=0');
    expect(out.trimEnd().split('\n').at(-1)).toBe('{"exitCode":0}');
    expect(ran(folder)).toContainEqual({ name: 'load', where: 'by-hand' });
    const broken = JSON.stringify({ code: { url: 'file:///no/package', key: '0'.repeat(64) }, folder: 'app' });
    const failed = await smallboat(['task', '--order', broken], { cwd: folder, env }).ended;
    expect(failed).toMatchObject({
      code: 67,
      err: expect.stringContaining('the code package cannot be used') as string,
    });
  });

  it('tells a body that threw, with the line of its source', async () => {
    const folder = aFolder();
    const options = optionsFor(folder);
    const failed = await runFlow(onBatch(fated), { ...options, params: { folder, what: 'throw' } }).catch(
      (error: unknown) => error,
    );
    expect(failed).toMatchObject({
      code: 'STEP_FAILED',
      facts: {
        error: {
          kind: 'threw',
          message: 'by itself',
          stack: expect.stringMatching(/app\/flows\.ts:\d+/) as string,
        },
      },
    });
  });

  it('hands a secret to the body and to nobody else', async () => {
    const secrets = new SecretsManagerClient(clientOptions());
    await secrets.send(new CreateSecretCommand({ Name: 'shop', SecretString: JSON.stringify({ SHOP_KEY: KEY }) }));
    const options = optionsFor(aFolder());
    await using run = await runFlow(onBatch(trusted), options);
    expect(await run.result()).toEqual({ letters: KEY.length });
    expect(options.io.said.err.join('\n')).toContain('the key is');
    expect(options.io.said.err.join('\n')).not.toContain(KEY);
    const kept = await allThatIsKept();
    expect(kept).toContain('the key is');
    expect(kept).not.toContain(KEY);
  });

  it('lists and stops jobs on the command line, and the run says so', async () => {
    const folder = aFolder();
    const options = optionsFor(folder);
    const going = runFlow(onBatch(fated), { ...options, params: { folder, what: 'wait' } }).catch(
      (error: unknown) => error,
    );
    await vi.waitFor(() => expect(ran(folder)).toHaveLength(1), { timeout: 60_000, interval: 100 });
    const { out } = await smallboat(['jobs', 'batch', '--queue', 'main', '--user', 'ada', '--stop', '--json'], {
      cwd: project.root,
      env: aws.env,
    }).ended;
    expect(JSON.parse(out)).toMatchObject({
      isStopped: true,
      jobs: [{ state: 'RUNNING', labels: { flow: 'Fated', step: 'fate', user: 'ada', attempt: '0' } }],
    });
    expect(await going).toMatchObject({
      facts: {
        error: {
          kind: 'killed',
          message: expect.stringContaining('Stopped by smallboat jobs --stop.') as string,
        },
      },
    });
  });
});
