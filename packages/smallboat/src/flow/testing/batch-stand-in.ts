import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type LocalContainer, localContainer } from './local-container.ts';

/** A job as DescribeJobs tells it, as far as anybody reads it. */
export interface StandInJob {
  readonly jobId: string;
  readonly jobName: string;
  readonly jobQueue: string;
  readonly jobDefinition: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly timeout?: { readonly attemptDurationSeconds: number };
  /** Of a node of a multi-node job. */
  readonly nodeDetails?: { readonly nodeIndex: number; readonly isMainNode: boolean };
  /** Of a multi-node job. */
  readonly nodeProperties?: { readonly numNodes: number };
  readonly nodeCount?: number;
  status: 'SUBMITTED' | 'PENDING' | 'RUNNABLE' | 'STARTING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED';
  statusReason?: string;
  startedAt?: number;
  stoppedAt?: number;
  readonly container: { logStreamName?: string; exitCode?: number; reason?: string } & Readonly<
    Record<string, unknown>
  >;
}

/** One question that was asked. */
export interface Asked {
  readonly action: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface BatchStandInOptions {
  /** The machines of the queue. */
  readonly platform?: 'EC2' | 'SPOT' | 'FARGATE';
  /** Milliseconds that a job spends in each state before it runs. */
  readonly stateMilliseconds?: number;
  /** Milliseconds from SIGTERM to SIGKILL; AWS gives 30000. */
  readonly graceMilliseconds?: number;
  /** How long a second of a job's time limit is, in milliseconds. */
  readonly secondMilliseconds?: number;
  /** False: jobs are taken, and fail at once. For those whose commands cannot run here. Default true. */
  readonly runs?: boolean;
  /** Environment variables that the machine gives every container: where its metadata is, say. */
  readonly machine?: Readonly<Record<string, string>>;
}

export interface BatchStandIn extends AsyncDisposable {
  readonly url: string;
  readonly queue: string;
  readonly asked: readonly Asked[];
  readonly jobs: readonly StandInJob[];
  /** What the SDK needs to come here. */
  readonly env: Readonly<Record<string, string>>;
  /** The next questions of an action are answered with an error, or taken and not answered. */
  fail(action: string, how: 'throttled' | 'broken' | 'lost', times: number): void;
  /** Takes the machine of a job away: its container is gone without a word. */
  loseHost(jobId: string): void;
  /** Resolves with the first job that is so. */
  waitFor(is: (job: StandInJob) => boolean): Promise<StandInJob>;
}

const QUEUE = 'standin-queue';
const ACCOUNT = 'arn:aws:batch:us-east-1:123456789012';

/**
 * AWS Batch and the logs of its jobs, as a server of this machine: jobs are taken as AWS takes them, and their commands run as processes in
 * empty folders. For tests of whole flows, since moto calls jobs succeeded without running them.
 */
export async function batchStandIn(options: BatchStandInOptions = {}): Promise<BatchStandIn> {
  const { platform = 'EC2', stateMilliseconds = 5, graceMilliseconds = 30_000, secondMilliseconds = 1000 } = options;
  const asked: Asked[] = [];
  const jobs: StandInJob[] = [];
  const definitions = new Map<string, Readonly<Record<string, unknown>>>();
  const containers = new Map<string, LocalContainer>();
  const reasons = new Map<string, string>();
  const logs: { stream: string; at: number; text: string; id: string }[] = [];
  const faults = new Map<string, { how: string; times: number }>();

  const actions: Readonly<Record<string, (body: Body) => unknown>> = {
    describejobqueues: ({ jobQueues }) => ({
      jobQueues: list(jobQueues).includes(QUEUE)
        ? [
            {
              jobQueueName: QUEUE,
              state: 'ENABLED',
              status: 'VALID',
              computeEnvironmentOrder: [{ order: 1, computeEnvironment: 'standin' }],
            },
          ]
        : [],
    }),
    describecomputeenvironments: () => ({
      computeEnvironments: [{ computeEnvironmentName: 'standin', computeResources: { type: platform } }],
    }),
    describejobdefinitions: ({ jobDefinitionName }) => {
      const found = [...definitions].filter(([arn]) => arn.includes(`/${String(jobDefinitionName)}:`));
      return { jobDefinitions: found.map(([jobDefinitionArn, made]) => ({ ...made, jobDefinitionArn })) };
    },
    registerjobdefinition: (body) => {
      const { jobDefinitionName: name, type } = body;
      if (typeof name !== 'string' || !/^[\w-]{1,128}$/.test(name)) refuse('jobDefinitionName');
      if (type !== (body['nodeProperties'] ? 'multinode' : 'container')) refuse('type');
      if (type === 'multinode' && platform !== 'EC2') refuse(`multi-node jobs do not run on ${platform}`);
      propertiesOf(body);
      if (JSON.stringify(body).length > 24_576) refuse('job definition is larger than 24 KiB');
      const jobDefinitionArn = `${ACCOUNT}:job-definition/${name}:1`;
      definitions.set(jobDefinitionArn, body);
      return { jobDefinitionName: name, jobDefinitionArn, revision: 1 };
    },
    submitjob: submit,
    describejobs: ({ jobs: ids }) => {
      if (list(ids).length > 100) refuse('more than 100 jobs');
      return { jobs: jobs.filter(({ jobId }) => list(ids).includes(jobId)) };
    },
    listjobs: ({ filters }) => {
      const [{ values = [] } = {}] = (filters ?? []) as { values?: string[] }[]; // As the SDK writes it.
      const named = jobs.filter(({ jobName, nodeDetails }) => values.includes(jobName) && !nodeDetails);
      return { jobSummaryList: named };
    },
    terminatejob: ({ jobId, reason }) => {
      stop(String(jobId), String(reason));
      return {};
    },
    FilterLogEvents: ({ logStreamNames, startTime = 0 }) => {
      if (list(logStreamNames).length > 100) refuse('more than 100 streams');
      const events = logs.filter(({ stream, at }) => list(logStreamNames).includes(stream) && at >= Number(startTime));
      return {
        events: events.map(({ stream, at, text, id }) => ({
          eventId: id,
          logStreamName: stream,
          timestamp: at,
          message: text,
        })),
      };
    },
  };

  function submit(body: Body): unknown {
    const { jobName, jobQueue, jobDefinition, parameters = {}, tags = {}, timeout } = body;
    const definition = definitions.get(String(jobDefinition)) ?? refuse(`no job definition ${String(jobDefinition)}`);
    if (jobQueue !== QUEUE) refuse(`no queue ${String(jobQueue)}`);
    if (typeof jobName !== 'string' || !/^[a-zA-Z0-9][\w-]{0,127}$/.test(jobName)) refuse('jobName');
    const { properties, numNodes, targets } = propertiesOf(definition);
    const containerOverrides = overridesOf(body, targets);
    if (JSON.stringify(containerOverrides).length > 8192) refuse('Container Overrides length must be at most 8192');
    const limit = timeout as StandInJob['timeout']; // As the SDK writes it.
    if (limit && limit.attemptDurationSeconds < 60) refuse('attemptDurationSeconds must be at least 60');
    const { environment = [] } = containerOverrides as { environment?: { name: string; value: string }[] };
    const job: StandInJob = {
      jobId: crypto.randomUUID(),
      jobName,
      jobQueue: `${ACCOUNT}:job-queue/${QUEUE}`,
      jobDefinition: String(jobDefinition),
      parameters: parameters as Record<string, string>,
      tags: tags as Record<string, string>,
      createdAt: Date.now(),
      status: 'SUBMITTED',
      container: { ...properties, environment },
      ...(limit ? { timeout: limit } : {}),
    };
    if (numNodes !== undefined) {
      const whole = { ...job, container: {}, nodeProperties: { numNodes } };
      jobs.push(whole);
      void liveTogether(whole, job);
    } else {
      jobs.push(job);
      void live(job);
    }
    return { jobName, jobId: job.jobId, jobArn: `${ACCOUNT}:job/${job.jobId}` };
  }

  /** The life of a multi-node job: it has nodes once it starts, and is over when the main one is. */
  async function liveTogether(whole: StandInJob, like: StandInJob): Promise<void> {
    const { jobId, nodeProperties: { numNodes } = { numNodes: 0 } } = whole;
    for (const status of ['RUNNABLE', 'STARTING'] as const) {
      await delay(stateMilliseconds);
      if (reasons.has(jobId)) return end(whole, {});
      whole.status = status;
    }
    const nodes = Array.from({ length: numNodes }, (_, nodeIndex): StandInJob => {
      const nodeDetails = { nodeIndex, isMainNode: nodeIndex === 0 };
      return {
        ...like,
        jobId: `${jobId}#${nodeIndex}`,
        container: { ...like.container },
        nodeDetails,
        nodeCount: numNodes,
      };
    });
    jobs.push(...nodes);
    whole.startedAt = Date.now();
    whole.status = 'RUNNING';
    const [main, ...others] = nodes.map((node) => live(node));
    await main;
    for (const { jobId: id } of nodes) stop(id, 'The main node of its job has ended');
    await Promise.all(others);
    const { container: { exitCode } = {}, statusReason } = nodes[0] ?? {};
    end(whole, {
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(statusReason === undefined ? {} : { statusReason }),
    });
  }

  /** The life of a job. */
  async function live(job: StandInJob): Promise<void> {
    for (const status of ['RUNNABLE', 'STARTING', 'RUNNING'] as const) {
      await delay(stateMilliseconds);
      if (options.runs === false) reasons.set(job.jobId, 'Nothing is run here');
      if (reasons.has(job.jobId)) return end(job, {});
      if (status === 'RUNNING' && String(job.container['image']).startsWith('missing/')) {
        return end(job, {
          statusReason: 'Task failed to start',
          reason: 'CannotPullContainerError: pull access denied',
        });
      }
      if (status !== 'RUNNING') job.status = status;
    }
    const stream = `${job.jobName}/default/${job.jobId}`;
    const needs = job.container['resourceRequirements'] as { type: string; value: string }[]; // As it was registered.
    const container = localContainer({
      command: job.container['command'] as string[],
      memoryMiB: Number(needs.find(({ type }) => type === 'MEMORY')?.value ?? 4096),
      environment: {
        ...options.machine,
        ...Object.fromEntries(
          (job.container['environment'] as { name: string; value: string }[]).map(({ name, value }) => [name, value]),
        ),
        AWS_BATCH_JOB_ID: job.jobId,
        AWS_BATCH_JOB_ATTEMPT: '1',
        AWS_BATCH_JQ_NAME: QUEUE,
        AWS_BATCH_CE_NAME: 'standin',
        ...nodeVariables(job),
      },
      onLog: (text) => {
        for (const line of text.replace(/\n$/, '').split('\n')) {
          logs.push({ stream, at: Date.now(), text: line, id: String(logs.length).padStart(56, '0') });
        }
      },
    });
    containers.set(job.jobId, container);
    job.container.logStreamName = stream;
    job.startedAt = Date.now();
    job.status = 'RUNNING';
    const { attemptDurationSeconds = 0 } = job.timeout ?? {};
    const clock = setTimeout(
      () => stop(job.jobId, 'Job attempt duration exceeded timeout'),
      attemptDurationSeconds * secondMilliseconds,
    );
    const { exitCode, isOutOfMemory } = await container.ended;
    clearTimeout(clock);
    const isLost = reasons.get(job.jobId)?.startsWith('Host EC2') === true;
    end(job, {
      ...(isLost ? {} : { exitCode }),
      ...(isOutOfMemory ? { reason: 'OutOfMemoryError: Container killed due to memory usage' } : {}),
    });
  }
  function end(job: StandInJob, how: { exitCode?: number; reason?: string; statusReason?: string }): void {
    const { exitCode, reason } = how;
    if (exitCode !== undefined) job.container.exitCode = exitCode;
    if (reason !== undefined) job.container.reason = reason;
    job.statusReason = reasons.get(job.jobId) ?? how.statusReason ?? 'Essential container in task exited';
    job.stoppedAt = Date.now();
    job.status = exitCode === 0 ? 'SUCCEEDED' : 'FAILED';
  }
  function stop(jobId: string, reason: string): void {
    const job = jobs.find((one) => one.jobId === jobId) ?? refuse(`no job ${jobId}`);
    if (job.status === 'SUCCEEDED' || job.status === 'FAILED') return;
    for (const { jobId: id } of jobs) if (id.startsWith(`${jobId}#`)) stop(id, reason);
    if (!reasons.has(jobId)) reasons.set(jobId, reason);
    containers.get(jobId)?.stop(graceMilliseconds);
  }

  const server = createServer((request, response) => void answer(request, response));
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const action = String(request.headers['x-amz-target'] ?? request.url).replace(/^.*[./]/, '');
    let text = '';
    for await (const piece of request.setEncoding('utf8') as AsyncIterable<string>) text += piece;
    const body = JSON.parse(text || '{}') as Body;
    asked.push({ action, body });
    const say = (status: number, said: unknown): void => {
      const type = status < 400 ? {} : { 'x-amzn-errortype': (said as { type: string }).type };
      response.writeHead(status, { 'content-type': 'application/json', ...type }).end(JSON.stringify(said));
    };
    const fault = faults.get(action);
    if (fault && fault.times > 0) {
      fault.times -= 1;
      if (fault.how === 'throttled')
        return say(429, { type: 'TooManyRequestsException', message: 'Too Many Requests' });
      if (fault.how === 'broken') return say(500, { type: 'ServerException', message: 'try again' });
      actions[action]?.(body);
      request.socket.destroy();
      return;
    }
    try {
      const act = actions[action] ?? refuse(`no action ${action}`);
      say(200, act(body));
    } catch (error) {
      say(400, { type: 'ClientException', message: error instanceof Error ? error.message : String(error) });
    }
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    queue: QUEUE,
    asked,
    jobs,
    env: {
      AWS_ENDPOINT_URL_BATCH: url,
      AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    },
    fail: (action, how, times) => void faults.set(action, { how, times }),
    loseHost: (jobId) => {
      reasons.set(jobId, 'Host EC2 (instance i-0123456789abcdef0) terminated.');
      containers.get(jobId)?.kill();
    },
    async waitFor(is) {
      for (;;) {
        const found = jobs.find(is);
        if (found) return found;
        await delay(10);
      }
    },
    async [Symbol.asyncDispose]() {
      for (const container of containers.values()) container.kill();
      await Promise.all([...containers.values()].map(({ ended }) => ended));
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Body = Readonly<Record<string, unknown>>;

/** What a definition says of its containers, and of how many nodes where it is of several. */
function propertiesOf({ containerProperties, nodeProperties }: Body): {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly numNodes?: number;
  readonly targets?: readonly string[];
} {
  if (nodeProperties === undefined)
    return { properties: (containerProperties ?? refuse('containerProperties')) as Body };
  const { numNodes, mainNode, nodeRangeProperties } = nodeProperties as {
    numNodes: number;
    mainNode: number;
    nodeRangeProperties: { targetNodes: string; container: Body }[];
  }; // As the SDK writes it.
  const targets = nodeRangeProperties.map(({ targetNodes }) => targetNodes);
  if (mainNode !== 0 || targets.flatMap(nodesIn).join() !== nodesIn(`0:${numNodes - 1}`).join()) refuse('targetNodes');
  const [{ container } = refuse('nodeRangeProperties')] = nodeRangeProperties;
  return { properties: container, numNodes, targets };
}

/** What a job says of its containers; where its definition has nodes, of the main one. */
function overridesOf(
  { containerOverrides = {}, nodeOverrides }: Body,
  targets: readonly string[] | undefined,
): unknown {
  if (targets === undefined) return nodeOverrides === undefined ? containerOverrides : refuse('nodeOverrides');
  const { nodePropertyOverrides = [] } = nodeOverrides as {
    nodePropertyOverrides?: { targetNodes: string; containerOverrides: unknown }[];
  }; // As the SDK writes it.
  if (nodePropertyOverrides.some(({ targetNodes }) => !targets.includes(targetNodes))) refuse('targetNodes');
  return nodePropertyOverrides[0]?.containerOverrides;
}

/** The numbers of a range: `1:3` is 1, 2 and 3. */
function nodesIn(range: string): number[] {
  const [from = 0, to = 0] = range.split(':').map(Number);
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** What AWS Batch tells a node of its place. The main one is not told its own address. */
function nodeVariables({ nodeDetails, nodeCount }: StandInJob): Readonly<Record<string, string>> {
  if (!nodeDetails) return {};
  const { nodeIndex, isMainNode } = nodeDetails;
  return {
    AWS_BATCH_JOB_NUM_NODES: String(nodeCount),
    AWS_BATCH_JOB_MAIN_NODE_INDEX: '0',
    AWS_BATCH_JOB_NODE_INDEX: String(nodeIndex),
    ...(isMainNode ? {} : { AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS: '127.0.0.1' }),
  };
}

function list(given: unknown): readonly string[] {
  return Array.isArray(given) ? given.map(String) : [];
}

function refuse(problem: string): never {
  throw new Error(problem);
}
