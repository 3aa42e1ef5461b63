import type { BatchClient, JobDetail, KeyValuePair } from '@aws-sdk/client-batch';
import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { defineErrors, optionalPackage } from '../../../kernel/index.ts';
import type { Container, ContainerEnd, ContainerHost, ContainerService } from '../service.ts';
import type { ComputeSettings } from '../settings.ts';
import { type JobShape, type Platform, jobDefinition } from './job-definition.ts';
import { endOf } from './job-end.ts';
import { jobName, jobParameters, jobTags } from './job-names.ts';
import { MOST, jobPoller } from './job-poller.ts';
import { type Following, type LogEvent, logTail } from './log-tail.ts';
import { submitOnce } from './submit-job.ts';
import { unfinishedJobs } from './unfinished-jobs.ts';

export const batchErrors = defineErrors({
  BATCH_QUEUE_MISSING: (f: { variable: string }) =>
    `No queue of AWS Batch is named. Set ${f.variable}, or give the step one: batch: { queue: '…' }.`,
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

  const platforms = new Map<string, Promise<Platform>>();
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

  const platformOf = async (queue: string): Promise<Platform> => {
    const { jobQueues: [found] = [] } = await client.send(new sdk.DescribeJobQueuesCommand({ jobQueues: [queue] }));
    const environment = found?.computeEnvironmentOrder?.[0]?.computeEnvironment;
    if (environment === undefined) throw new Error(`there is no queue ${queue}`);
    const asked = new sdk.DescribeComputeEnvironmentsCommand({ computeEnvironments: [environment] });
    const { computeEnvironments: [made] = [] } = await client.send(asked);
    return made?.computeResources?.type?.startsWith('FARGATE') ? 'FARGATE' : 'EC2';
  };
  const register = async (shape: JobShape): Promise<string> => {
    const definition = jobDefinition(shape);
    const { jobDefinitionName } = definition;
    const known = await client.send(new sdk.DescribeJobDefinitionsCommand({ jobDefinitionName, status: 'ACTIVE' }));
    const arn = known.jobDefinitions?.[0]?.jobDefinitionArn;
    return arn ?? (await client.send(new sdk.RegisterJobDefinitionCommand(definition))).jobDefinitionArn ?? '';
  };
  const definitionFor = async (container: Container, queue: string): Promise<string> => {
    const platform = await remembered(platforms, queue, () => platformOf(queue));
    const { command, resources: needs, image = own.image, batch = {} } = container;
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
    const shape: JobShape = { platform, image, command, needs, ...roles };
    return remembered(definitions, JSON.stringify(shape), () => register(shape));
  };

  const submit = async (container: Container, signal: AbortSignal | undefined): Promise<string> => {
    const { labels, environment, timeoutSeconds, batch = {} } = container;
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
      containerOverrides: { environment: variables },
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
    async run(container, host) {
      const { signal } = host;
      let id: string;
      try {
        host.onState('being submitted');
        id = await submit(container, signal);
      } catch (error) {
        return { kind: 'notRun', reason: problemOf(error) };
      }
      try {
        return await follow(id, host);
      } catch (error) {
        if (!signal?.aborted) return { kind: 'machineLost', reason: problemOf(error), id };
        await terminate(id, 'The run was stopped.').catch(() => undefined);
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
