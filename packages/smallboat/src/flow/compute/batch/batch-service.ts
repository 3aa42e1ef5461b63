import type { BatchClient, JobDetail, KeyValuePair, SubmitJobCommandInput } from '@aws-sdk/client-batch';
import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { defineErrors, optionalPackage } from '../../../kernel/index.ts';
import type { Container, ContainerEnd, ContainerHost, ContainerService } from '../service.ts';
import type { ComputeSettings } from '../settings.ts';
import { type JobShape, allNodes, jobDefinition } from './job-definition.ts';
import { endOf } from './job-end.ts';
import { jobName, jobParameters, jobTags } from './job-names.ts';
import { MOST, jobPoller } from './job-poller.ts';
import { type Following, type LogEvent, logTail } from './log-tail.ts';
import { type Node, multiNode } from './multi-node.ts';
import { submitOnce } from './submit-job.ts';
import { unfinishedJobs } from './unfinished-jobs.ts';

export const batchErrors = defineErrors({
  BATCH_QUEUE_MISSING: (f: { variable: string }) =>
    `No queue of AWS Batch is named. Set ${f.variable}, or give the step one: batch: { queue: '…' }.`,
  GANG_NOT_THERE: (f: { step: string; count: number; queue: string; machines: string }) =>
    `Step '${f.step}' runs as ${f.count} tasks at once, which AWS Batch does on machines of EC2 that are not spot machines, and the queue ${f.queue} has ${f.machines}. Give the step another queue: batch: { queue: '…' }.`,
  BATCH_ROLE_MISSING: (f: { role: string; variable: string }) =>
    `AWS Batch needs the role ${f.role}. Set ${f.variable} to its ARN. 'smallboat policy' prints what it must be allowed.`,
});

/** Letters that a job's environment may have: ECS takes 8192 of overrides. */
const MOST_ENVIRONMENT = 8000;
/** The group that AWS Batch writes logs to where a job says nothing of it. */
const LOG_GROUP = '/aws/batch/job';

/**
 * AWS Batch. The credentials are those of AWS's own programs on this machine. One client asks for all jobs at once, and one for all logs.
 * Rejects with `PACKAGE_MISSING`.
 */
export async function batchService(settings: ComputeSettings): Promise<ContainerService> {
  const { batch: own, region } = settings;
  const needer = `compute: 'batch'`;
  const sdk = await optionalPackage('@aws-sdk/client-batch', needer, () => import('@aws-sdk/client-batch'));
  const logs = await optionalPackage(
    '@aws-sdk/client-cloudwatch-logs',
    needer,
    () => import('@aws-sdk/client-cloudwatch-logs'),
  );
  const where = region === undefined ? {} : { region };
  const client: BatchClient = new sdk.BatchClient({ ...where, maxAttempts: 8 });
  // A submission is repeated by `submitOnce`, which knows when that is safe.
  const submitter: BatchClient = new sdk.BatchClient({ ...where, maxAttempts: 1 });
  const logClient: CloudWatchLogsClient = new logs.CloudWatchLogsClient({ ...where, maxAttempts: 5 });

  const queues = new Map<string, Promise<string>>();
  const definitions = new Map<string, Promise<string>>();
  let trouble: string | undefined;

  const poller = jobPoller({
    describe: async (ids) => (await client.send(new sdk.DescribeJobsCommand({ jobs: ids.slice(0, MOST) }))).jobs ?? [],
  });
  const tail = logTail({
    onTrouble: (problem) => (trouble = problem),
    async fetch(logGroupName, streams, startTime) {
      const found: LogEvent[] = [];
      const pages = logs.paginateFilterLogEvents(
        { client: logClient },
        { logGroupName, logStreamNames: [...streams], startTime },
      );
      for await (const { events = [] } of pages) {
        for (const { eventId: id = '', logStreamName: stream = '', timestamp: at = 0, message: text = '' } of events) {
          found.push({ id, stream, at, text });
        }
      }
      return found;
    },
  });

  /** The kind of a queue's machines, in AWS's words. */
  const machinesOf = async (queue: string): Promise<string> => {
    const { jobQueues: [found] = [] } = await client.send(new sdk.DescribeJobQueuesCommand({ jobQueues: [queue] }));
    const environment = found?.computeEnvironmentOrder?.[0]?.computeEnvironment;
    if (environment === undefined) throw new Error(`there is no queue ${queue}`);
    const asked = new sdk.DescribeComputeEnvironmentsCommand({ computeEnvironments: [environment] });
    const { computeEnvironments: [made] = [] } = await client.send(asked);
    return made?.computeResources?.type ?? 'EC2';
  };
  const register = async (shape: JobShape): Promise<string> => {
    const definition = jobDefinition(shape);
    const { jobDefinitionName } = definition;
    const known = await client.send(new sdk.DescribeJobDefinitionsCommand({ jobDefinitionName, status: 'ACTIVE' }));
    const arn = known.jobDefinitions?.[0]?.jobDefinitionArn;
    return arn ?? (await client.send(new sdk.RegisterJobDefinitionCommand(definition))).jobDefinitionArn ?? '';
  };
  const definitionFor = async (container: Container, queue: string): Promise<string> => {
    const machines = await remembered(queues, queue, () => machinesOf(queue));
    const platform = machines.startsWith('FARGATE') ? 'FARGATE' : 'EC2';
    const { command, resources: needs, image = own.image, batch = {}, gang, labels } = container;
    const nodes = gang?.count ?? 1;
    if (nodes > 1 && machines !== 'EC2') {
      throw batchErrors.GANG_NOT_THERE({ step: labels.step, count: nodes, queue, machines });
    }
    const jobRole = batch.jobRole ?? own.jobRole;
    const executionRole = batch.executionRole ?? own.executionRole;
    if (platform === 'FARGATE' && executionRole === undefined) {
      throw batchErrors.BATCH_ROLE_MISSING({
        role: 'that starts jobs on Fargate',
        variable: 'METAFLOW_ECS_FARGATE_EXECUTION_ROLE',
      });
    }
    const roles = {
      ...(jobRole === undefined ? {} : { jobRole }),
      ...(executionRole === undefined ? {} : { executionRole }),
    };
    const shape: JobShape = { platform, image, command, needs, ...roles, ...(nodes > 1 ? { nodes } : {}) };
    return remembered(definitions, JSON.stringify(shape), () => register(shape));
  };

  const submit = async (container: Container, signal: AbortSignal | undefined): Promise<string> => {
    const { labels, environment, timeoutSeconds, batch = {}, gang } = container;
    const jobQueue = batch.queue ?? own.queue;
    if (jobQueue === undefined) throw batchErrors.BATCH_QUEUE_MISSING({ variable: 'METAFLOW_BATCH_JOB_QUEUE' });
    const ownRegion = await client.config.region();
    // The SDK for JavaScript asks for the one, and Python's and AWS's own programs for the other.
    const variables = environmentOf({ AWS_REGION: ownRegion, AWS_DEFAULT_REGION: ownRegion, ...environment });
    const tags = jobTags(labels, { ...own, own: batch.tags });
    const command = new sdk.SubmitJobCommand({
      jobName: jobName(labels),
      jobQueue,
      jobDefinition: await definitionFor(container, jobQueue),
      parameters: jobParameters(labels),
      ...overrides(variables, gang),
      // The shortest that AWS Batch takes is a minute.
      timeout: { attemptDurationSeconds: Math.max(60, Math.ceil(timeoutSeconds)) },
      propagateTags: true,
      ...(Object.keys(tags).length > 0 ? { tags } : {}),
    });
    return submitOnce({
      ...(signal ? { signal } : {}),
      submit: async () => (await submitter.send(command)).jobId ?? '',
      find: async () => {
        const filters = [{ name: 'JOB_NAME', values: [jobName(labels)] }];
        const listed = await client.send(new sdk.ListJobsCommand({ jobQueue, filters }));
        return listed.jobSummaryList?.[0]?.jobId;
      },
    });
  };

  const terminate = async (jobId: string, reason: string): Promise<void> => {
    await client.send(new sdk.TerminateJobCommand({ jobId, reason }));
  };

  const nodes = multiNode(poller);
  /** Submits the job of a container, or waits for the one of its gang. */
  const enter = async (container: Container, host: ContainerHost): Promise<Node> => {
    const { gang } = container;
    if (gang && gang.count > 1) return nodes.enter(gang, host, () => submit(container, host.signal));
    const id = await submit(container, host.signal);
    return { job: id, id, begun: Promise.resolve(undefined) };
  };

  /** Watches a job to its end, with its log. */
  const follow = async (id: string, { onLog, onState, signal }: ContainerHost): Promise<ContainerEnd> => {
    let following: Following | undefined;
    const onChange = (job: JobDetail): void => {
      onState(job.status ?? '');
      const stream = job.container?.logStreamName;
      if (following || stream === undefined) return;
      const group = job.container?.logConfiguration?.options?.['awslogs-group'] ?? LOG_GROUP;
      following = tail.follow({ group, stream }, (text) => onLog('stdout', text));
    };
    const job = await poller.watch(id, { onChange, signal: signal ?? new AbortController().signal });
    const end = endOf(job);
    // The store has all that the body printed; of a container that did not get so far, the log has the only words.
    await following?.end(job.status === 'SUCCEEDED' ? 0 : 5000);
    if (trouble !== undefined && following) {
      onLog('stderr', `the log of job ${id} cannot be read: ${trouble}\n`);
      trouble = undefined;
    }
    return end;
  };

  return {
    name: 'AWS Batch',
    size: settings.maxJobs,
    hasJobsOfGangs: true,
    async run(container, host) {
      const { signal } = host;
      let node: Node;
      try {
        host.onState('being submitted');
        node = await enter(container, host);
      } catch (error) {
        return signal?.aborted ? { kind: 'stopped' } : { kind: 'notRun', reason: problemOf(error) };
      }
      const { job, id } = node;
      try {
        const unbegun = await node.begun;
        return unbegun ? endOf(unbegun) : await follow(id, host);
      } catch (error) {
        if (!signal?.aborted) return { kind: 'machineLost', reason: problemOf(error), id };
        await terminate(job, 'The run was stopped.').catch(() => undefined);
        return { kind: 'stopped', id };
      }
    },
    unfinished: async () => {
      if (own.queue === undefined) throw batchErrors.BATCH_QUEUE_MISSING({ variable: 'METAFLOW_BATCH_JOB_QUEUE' });
      return unfinishedJobs({ client, sdk, queue: own.queue });
    },
    stop: (id) => terminate(id, 'Stopped by smallboat jobs --stop.'),
    [Symbol.asyncDispose]: () => {
      for (const one of [client, submitter, logClient]) one.destroy();
      return Promise.resolve();
    },
  };
}

/** What a job changes of its definition: in every node, where there are several. */
function overrides(
  environment: KeyValuePair[],
  gang: Container['gang'],
): Pick<SubmitJobCommandInput, 'containerOverrides' | 'nodeOverrides'> {
  const containerOverrides = { environment };
  if (gang === undefined || gang.count === 1) return { containerOverrides };
  return { nodeOverrides: { nodePropertyOverrides: [{ targetNodes: allNodes(gang.count), containerOverrides }] } };
}

/** What a call gave for a key before; what failed is tried again. */
function remembered<T>(known: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const before = known.get(key);
  if (before) return before;
  const made = make();
  known.set(key, made);
  made.catch(() => known.delete(key));
  return made;
}

function environmentOf(environment: Readonly<Record<string, string>>): KeyValuePair[] {
  const variables = Object.entries(environment).map(([name, value]) => ({ name, value }));
  const length = JSON.stringify(variables).length;
  if (length <= MOST_ENVIRONMENT) return variables;
  const [largest] = variables.sort((a, b) => b.value.length - a.value.length);
  throw new Error(
    `its environment has ${length} letters, and a job may have ${MOST_ENVIRONMENT}; the longest variable is ${largest?.name ?? ''}`,
  );
}

function problemOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'Error' || error.name === 'SmallboatError' ? error.message : `${error.name}: ${error.message}`;
}
