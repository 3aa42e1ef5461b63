import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  BatchClient,
  DescribeJobDefinitionsCommand,
  DescribeJobsCommand,
  ListJobsCommand,
} from '@aws-sdk/client-batch';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeQueue, moto } from './compute/moto.ts';
import { fan, fated, meeting } from './compute/project/flows.ts';
import { aProject } from './compute/services.ts';
import { pythonEnv } from './python.ts';
import { bootstrapCommand } from '../packages/smallboat/src/flow/compute/task/bootstrap-command.ts';
import { gangName, gangService } from '../packages/smallboat/src/flow/compute/kubernetes/gang-service.ts';
import { jobManifest } from '../packages/smallboat/src/flow/compute/kubernetes/manifest.ts';
import { computeSettings } from '../packages/smallboat/src/flow/compute/settings.ts';
import { runFlow } from '../packages/smallboat/src/flow/index.ts';
import { type Asked, batchStandIn } from '../packages/smallboat/src/flow/testing/batch-stand-in.ts';
import { kubernetesStandIn } from '../packages/smallboat/src/flow/testing/kubernetes-stand-in.ts';

// The SDKs look into the environment of the process.
afterEach(() => void vi.unstubAllEnvs());

const here = fileURLToPath(new URL('./compute/', import.meta.url));

/** Problems that AWS's and Kubernetes' own descriptions find in what was sent. */
async function problemsOf(sent: { batch?: readonly unknown[]; kubernetes?: readonly unknown[] }): Promise<unknown> {
  const child = spawn(join(pythonEnv('compute'), 'python'), [join(here, 'validate.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stdin.end(JSON.stringify(sent));
  await new Promise((resolve) => child.on('close', resolve));
  return JSON.parse(out);
}

/** Runs a flow of Metaflow's own; its jobs fail, since nothing runs them. */
async function metaflow(
  given: readonly string[],
  env: Readonly<Record<string, string>>,
  program = 'metaflow_jobs.py',
): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'smallboat-metaflow-'));
  writeFileSync(join(home, 'config.json'), '{}');
  const variables = {
    PATH: `${pythonEnv('compute')}:${process.env['PATH'] ?? ''}`,
    HOME: home,
    METAFLOW_HOME: home,
    METAFLOW_USER: 'ada',
    USERNAME: 'ada',
    METAFLOW_DEFAULT_DATASTORE: 's3',
    METAFLOW_DATASTORE_SYSROOT_S3: 's3://metaflow-test/root',
    METAFLOW_DEFAULT_METADATA: 'local',
    METAFLOW_S3_RETRY_COUNT: '1',
    ...env,
  };
  const run = promisify(execFile)('python', [join(here, program), 'run', ...given], {
    cwd: home,
    env: variables,
  });
  return run.then(
    ({ stdout, stderr }) => stdout + stderr,
    (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
  );
}

const needs = { cpu: 2, gpu: 1, memoryMiB: 8000, sharedMemoryMiB: 256 };
const asMetaflow = {
  compute: 'batch',
  image: 'shop/train:7',
  resources: needs,
  timeoutSeconds: 600,
  environment: { COLOUR: 'blue' },
} as const;
const settings = {
  METAFLOW_ECS_S3_ACCESS_IAM_ROLE: 'arn:aws:iam::123456789012:role/job',
  METAFLOW_BATCH_CONTAINER_IMAGE: 'shop/train:7',
  METAFLOW_BATCH_DEFAULT_TAGS: '{"team":"search"}',
  METAFLOW_BATCH_EMIT_TAGS: '1',
  METAFLOW_KUBERNETES_NAMESPACE: 'ml',
  METAFLOW_KUBERNETES_SERVICE_ACCOUNT: 'trainer',
  METAFLOW_KUBERNETES_NODE_SELECTOR: 'disk=ssd',
  METAFLOW_KUBERNETES_TOLERATIONS: '[{"key":"gpu","operator":"Exists","effect":"NoSchedule"}]',
  METAFLOW_KUBERNETES_LABELS: 'team=search',
  METAFLOW_KUBERNETES_ANNOTATIONS: 'note=hello',
  METAFLOW_KUBERNETES_SECRETS: 'db',
  METAFLOW_KUBERNETES_CONTAINER_IMAGE: 'shop/train:7',
  METAFLOW_KUBERNETES_IMAGE_PULL_POLICY: 'Always',
  METAFLOW_KUBERNETES_IMAGE_PULL_SECRETS: '["regcred"]',
  METAFLOW_KUBERNETES_PERSISTENT_VOLUME_CLAIMS: '{"models":"/mnt/models"}',
};

type Plain = Readonly<Record<string, unknown>>;
const at = (of: unknown, ...path: (string | number)[]): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<string | number, unknown> | undefined)?.[key], of);

describe('beside Metaflow', () => {
  const project = aProject();
  /** Our own submission of a step that asks for the same. */
  async function ours(compute: 'batch' | 'kubernetes', env: Readonly<Record<string, string>>): Promise<void> {
    const all = { ...settings, SMALLBOAT_SHARED_FOLDER: '1', ...env };
    for (const [name, value] of Object.entries(all)) vi.stubEnv(name, value);
    const folder = mkdtempSync(join(tmpdir(), 'smallboat-runs-'));
    const store = { folder, user: 'ada' };
    const flow = fated.with({ ...asMetaflow, compute });
    await runFlow(flow, { module: project.module, store, params: { folder } }).catch((error: unknown) => error);
  }

  it.each(['EC2', 'FARGATE'] as const)('submits the same to AWS Batch, on %s', async (platform) => {
    await using aws = await moto();
    await fetch(`${aws.url}/metaflow-test`, { method: 'PUT' });
    const taken = async (
      submit: (env: Readonly<Record<string, string>>) => Promise<unknown>,
    ): Promise<readonly Asked[]> => {
      await using batch = await batchStandIn({ platform, runs: false });
      await submit({
        ...batch.env,
        METAFLOW_BATCH_JOB_QUEUE: batch.queue,
        METAFLOW_ECS_FARGATE_EXECUTION_ROLE: 'arn:aws:iam::123456789012:role/start',
      });
      return batch.asked;
    };
    const theirs = await taken((env) =>
      metaflow(['--with', 'batch'], {
        ...settings,
        ...env,
        METAFLOW_S3_ENDPOINT_URL: aws.url,
        AWS_DEFAULT_REGION: 'us-east-1',
      }),
    );
    const own = await taken((env) => ours('batch', env));
    /** What the container gets in the end: the definition, and what the job says over it. */
    const effective = (asked: readonly Asked[]): Plain => {
      const definition = asked.find(({ action }) => action === 'registerjobdefinition')?.body;
      const job = asked.find(({ action }) => action === 'submitjob')?.body;
      const requirements = [
        ...(at(definition, 'containerProperties', 'resourceRequirements') as { type: string; value: string }[]),
        ...((at(job, 'containerOverrides', 'resourceRequirements') ?? []) as { type: string; value: string }[]),
      ];
      const parameters = at(job, 'parameters') as Record<string, string>;
      return {
        type: at(definition, 'type'),
        platformCapabilities: at(definition, 'platformCapabilities'),
        propagateTags: at(definition, 'propagateTags'),
        image: at(definition, 'containerProperties', 'image'),
        jobRole: at(definition, 'containerProperties', 'jobRoleArn'),
        executionRole: at(definition, 'containerProperties', 'executionRoleArn'),
        network: at(definition, 'containerProperties', 'networkConfiguration'),
        sharedMemory: at(definition, 'containerProperties', 'linuxParameters', 'sharedMemorySize'),
        needs: Object.fromEntries(requirements.map(({ type, value }) => [type, value])),
        queue: at(job, 'jobQueue'),
        user: parameters['metaflow.user'],
        attempt: parameters['metaflow.retry_count'],
        nameOfUser: String(at(job, 'jobName')).startsWith('ada-'),
        colour: (at(job, 'containerOverrides', 'environment') as { name: string; value: string }[]).find(
          ({ name }) => name === 'COLOUR',
        )?.value,
        region: (at(job, 'containerOverrides', 'environment') as { name: string; value: string }[]).find(
          ({ name }) => name === 'AWS_DEFAULT_REGION',
        )?.value,
        team: at(job, 'tags', 'team'),
        tagOfUser: at(job, 'tags', 'metaflow.user'),
      };
    };
    expect(effective(own)).toEqual(effective(theirs));
    // Ours is longer by what a task may take around its body; theirs is the body's limit.
    const limit = (asked: readonly Asked[]): unknown =>
      at(asked.find(({ action }) => action === 'submitjob')?.body, 'timeout', 'attemptDurationSeconds');
    expect([limit(theirs), limit(own)]).toEqual([600, 745]);
    const requests = own.filter(({ action }) => action !== 'FilterLogEvents');
    expect(await problemsOf({ batch: requests })).toEqual({ batch: [], kubernetes: [] });
  });

  it('submits a gang to AWS Batch as one job of several nodes, as Metaflow does', async () => {
    await using aws = await moto();
    await fetch(`${aws.url}/metaflow-test`, { method: 'PUT' });
    const taken = async (submit: (env: Readonly<Record<string, string>>) => Promise<unknown>) => {
      await using batch = await batchStandIn({ runs: false });
      const said = await submit({ ...batch.env, METAFLOW_BATCH_JOB_QUEUE: batch.queue });
      const bodyOf = (wanted: string): Plain =>
        batch.asked.findLast(({ action, body }) => action === wanted && JSON.stringify(body).includes('odeP'))?.body ??
        expect.fail(`${wanted} was not asked: ${JSON.stringify(said)}`);
      return { asked: batch.asked, made: bodyOf('registerjobdefinition'), job: bodyOf('submitjob') };
    };
    const theirs = await taken((env) =>
      metaflow(
        [],
        { ...settings, ...env, METAFLOW_S3_ENDPOINT_URL: aws.url, AWS_DEFAULT_REGION: 'us-east-1' },
        'metaflow_gang.py',
      ),
    );
    const own = await taken(async (env) => {
      for (const [name, value] of Object.entries({ ...settings, SMALLBOAT_SHARED_FOLDER: '1', ...env })) {
        vi.stubEnv(name, value);
      }
      const folder = mkdtempSync(join(tmpdir(), 'smallboat-runs-'));
      const flow = meeting.with(({ name }) => (name === 'meet' ? { ...asMetaflow } : {}));
      const run = runFlow(flow, { module: project.module, store: { folder, user: 'ada' }, params: { folder } });
      return run.catch((error: unknown) => error);
    });
    /** What each node gets in the end. */
    const nodes = ({ made, job }: { readonly made: Plain; readonly job: Plain }): Plain => {
      const { numNodes, mainNode, nodeRangeProperties } = made['nodeProperties'] as Plain;
      const ranges = nodeRangeProperties as { targetNodes: string; container: Plain }[];
      const over = at(job, 'nodeOverrides', 'nodePropertyOverrides') as {
        targetNodes: string;
        containerOverrides: Plain;
      }[];
      const all = Array.from({ length: Number(numNodes) }, (_, node) => {
        const isOf = ({ targetNodes }: { readonly targetNodes: string }): boolean => {
          const [from = 0, to = 0] = targetNodes.split(':').map(Number);
          return from <= node && node <= to;
        };
        const { container = {} } = ranges.find(isOf) ?? {};
        const { containerOverrides = {} } = over.find(isOf) ?? {};
        const requirements = [container, containerOverrides].flatMap(
          ({ resourceRequirements = [] }) => resourceRequirements as { type: string; value: string }[],
        );
        const variables = containerOverrides['environment'] as { name: string; value: string }[];
        return {
          image: container['image'],
          jobRole: container['jobRoleArn'],
          needs: Object.fromEntries(requirements.map(({ type, value }) => [type, value])),
          colour: variables.find(({ name }) => name === 'COLOUR')?.value,
        };
      });
      return { type: made['type'], numNodes, mainNode, all };
    };
    expect(nodes(own)).toEqual(nodes(theirs));
    const requests = own.asked.filter(({ action }) => action !== 'FilterLogEvents');
    expect(await problemsOf({ batch: requests })).toEqual({ batch: [], kubernetes: [] });
  });

  it('does not submit a gang to machines that do not run it', async () => {
    for (const platform of ['FARGATE', 'SPOT'] as const) {
      await using batch = await batchStandIn({ platform, runs: false });
      const env = { ...batch.env, METAFLOW_BATCH_JOB_QUEUE: batch.queue, SMALLBOAT_SHARED_FOLDER: '1' };
      for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
      const folder = mkdtempSync(join(tmpdir(), 'smallboat-runs-'));
      const flow = meeting.with(({ name }) => (name === 'meet' ? { compute: 'batch' } : {}));
      const running = runFlow(flow, { module: project.module, store: { folder }, params: { folder } });
      await expect(running).rejects.toThrow(
        new RegExp(`'meet' runs as 3 tasks at once.* the queue \\S+ has ${platform}\\.`),
      );
      expect(batch.jobs).toEqual([]);
    }
  });

  it('makes Jobs and a Service of a gang that Kubernetes takes', async () => {
    const gang = { name: gangName(['Flow', 'fit', 0]), count: 2, index: 0 };
    const labels = { user: 'ada', flow: 'Flow', run: '1', step: 'fit', task: '2', attempt: 0 };
    const container = { command: ['node'], environment: {}, resources: {}, timeoutSeconds: 60, labels, gang };
    const { kubernetes } = computeSettings(() => undefined);
    const job = jobManifest({ container, settings: kubernetes, session: 's' });
    const manifests = [job, gangService(gang, job, '0b0e0c0a-0000-4000-8000-000000000000')];
    expect(await problemsOf({ kubernetes: manifests })).toEqual({ batch: [], kubernetes: [] });
  });

  it('makes the same Job for Kubernetes', async () => {
    await using aws = await moto();
    await fetch(`${aws.url}/metaflow-test`, { method: 'PUT' });
    const taken = async (submit: (env: Readonly<Record<string, string>>) => Promise<unknown>): Promise<Plain> => {
      await using cluster = await kubernetesStandIn({ runs: false });
      const said = await submit(cluster.env);
      const [manifest] = cluster.manifests;
      if (!manifest) throw new Error(`nothing was submitted: ${String(said)} ${cluster.asked.join(' ')}`);
      return manifest;
    };
    const theirs = await taken((env) =>
      metaflow(['--with', 'kubernetes'], { ...aws.env, ...settings, ...env, METAFLOW_S3_ENDPOINT_URL: aws.url }),
    );
    const own = await taken((env) => ours('kubernetes', env));
    const same = (manifest: Plain): Plain => {
      const pod = at(manifest, 'spec', 'template', 'spec') as Plain;
      const task = at(pod, 'containers', 0) as Plain;
      const env = at(task, 'env') as { name: string; value?: string; valueFrom?: unknown }[];
      const {
        'app.kubernetes.io/name': _,
        'app.kubernetes.io/part-of': __,
        'smallboat/session': ___,
        ...labels
      } = at(manifest, 'metadata', 'labels') as Record<string, string>;
      const annotations = at(manifest, 'metadata', 'annotations') as Record<string, unknown>;
      return {
        apiVersion: manifest['apiVersion'],
        kind: manifest['kind'],
        namespace: at(manifest, 'metadata', 'namespace'),
        labels,
        annotations: Object.keys(annotations).sort(),
        note: annotations['note'],
        backoffLimit: at(manifest, 'spec', 'backoffLimit'),
        completions: at(manifest, 'spec', 'completions'),
        ttl: at(manifest, 'spec', 'ttlSecondsAfterFinished'),
        restartPolicy: pod['restartPolicy'],
        nodeSelector: pod['nodeSelector'],
        serviceAccountName: pod['serviceAccountName'],
        tolerations: pod['tolerations'],
        imagePullSecrets: pod['imagePullSecrets'],
        claims: (pod['volumes'] as Plain[]).filter((volume) => volume['persistentVolumeClaim']),
        sharedMemory: (pod['volumes'] as Plain[]).flatMap((volume) => (volume['emptyDir'] ? [volume['emptyDir']] : [])),
        mounts: (task['volumeMounts'] as Plain[]).map((mount) => String(mount['mountPath'])).sort(),
        image: task['image'],
        imagePullPolicy: task['imagePullPolicy'],
        envFrom: task['envFrom'],
        terminationMessagePolicy: task['terminationMessagePolicy'],
        colour: env.find(({ name }) => name === 'COLOUR')?.value,
        pod: env
          .filter(({ name, valueFrom }) => valueFrom !== undefined && name !== 'METAFLOW_KUBERNETES_NAMESPACE')
          .map(({ name, valueFrom }) => `${name} ${String(at(valueFrom, 'fieldRef', 'fieldPath'))}`)
          .sort(),
        cpu: Number(at(task, 'resources', 'requests', 'cpu')),
        gpu: at(task, 'resources', 'limits'),
      };
    };
    expect(same(own)).toEqual(same(theirs));
    // Metaflow writes megabytes where its documentation has MiB; ours are MiB.
    expect(at(theirs, 'spec', 'template', 'spec', 'containers', 0, 'resources', 'requests', 'memory')).toBe('8000.0M');
    expect(at(own, 'spec', 'template', 'spec', 'containers', 0, 'resources', 'requests', 'memory')).toBe('8000Mi');
    expect(await problemsOf({ kubernetes: [own] })).toEqual({ batch: [], kubernetes: [] });
  });
});

describe('against moto', () => {
  const project = aProject();
  let aws: Awaited<ReturnType<typeof moto>>;
  beforeAll(async () => {
    aws = await moto();
    return () => aws[Symbol.asyncDispose]();
  });

  it('registers a shape once, submits a job a task with its names, and believes the store about how it ended', async () => {
    for (const [name, value] of Object.entries({
      ...aws.env,
      SMALLBOAT_SHARED_FOLDER: '1',
      METAFLOW_BATCH_JOB_QUEUE: 'main',
    }))
      vi.stubEnv(name, value);
    const client = new BatchClient({ region: 'us-east-1' });
    await makeQueue(aws.url);
    const folder = mkdtempSync(join(tmpdir(), 'smallboat-runs-'));
    const flow = fan.with({ compute: 'batch', resources: { cpu: 2, memoryMiB: 1000 } });
    const options = { module: project.module, store: { folder, user: 'ada' }, params: { folder } };
    // moto says that a job has succeeded without running it: nothing ended its attempt in the store.
    for (let times = 0; times < 2; times += 1) {
      await expect(runFlow(flow, options)).rejects.toMatchObject({
        facts: {
          error: {
            kind: 'killed',
            message: expect.stringContaining('without ending its attempt in the store') as string,
          },
        },
      });
    }
    const { jobDefinitions = [] } = await client.send(new DescribeJobDefinitionsCommand({ status: 'ACTIVE' }));
    expect(jobDefinitions).toHaveLength(1);
    expect(jobDefinitions[0]).toMatchObject({
      jobDefinitionName: expect.stringMatching(/^smallboat_/) as string,
      containerProperties: { command: await bootstrapCommand() },
    });
    const { jobSummaryList = [] } = await client.send(
      new ListJobsCommand({ jobQueue: 'main', jobStatus: 'SUCCEEDED' }),
    );
    const { jobs = [] } = await client.send(
      new DescribeJobsCommand({ jobs: jobSummaryList.map(({ jobId }) => jobId ?? '') }),
    );
    expect(jobs.map(({ jobName }) => jobName)).toEqual([
      expect.stringMatching(/^ada-Fan-\d+-list-2-0$/) as string,
      expect.stringMatching(/^ada-Fan-\d+-list-2-0$/) as string,
    ]);
  });
});
