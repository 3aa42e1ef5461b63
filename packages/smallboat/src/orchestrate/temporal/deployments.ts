import { randomUUID } from 'node:crypto';
import type { Client, ScheduleDescription, WorkflowHandle } from '@temporalio/client';
import { optionalPackage } from '../../kernel/index.ts';
import type { Flow } from '../../flow/index.ts';
import { cronOf } from '../cron.ts';
import { type Isolation, refuseGangs } from '../deployment.ts';
import { startableSchema } from '../parameter-schema.ts';
import type { Deployed } from '../production-token.ts';
import { programOf } from '../program.ts';
import { connectClient, temporalErrors } from './connect.ts';
import { type FlowInput, planOf } from './plan.ts';

export interface TemporalDeployment {
  readonly flow: Flow;
  readonly isolation: Isolation;
  readonly token: string;
  readonly owner: string;
  readonly tags: readonly string[];
  /** After so many seconds without a sign of life a worker is taken for lost, and another goes on. Default 30. */
  readonly heartbeatSeconds?: number;
  /**
   * Tasks of one workflow: long lists go on in workflows of their own. Default 4000, which is about a third of what a history of Temporal may hold.
   */
  readonly mostWork?: number;
}

export interface TemporalExecution {
  /** The workflow's id. */
  readonly name: string;
  /** `RUNNING`, `COMPLETED`, `FAILED`, `CANCELLED`, `TERMINATED`, … */
  readonly state: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt?: number;
}

/**
 * The flows of a namespace of Temporal. A deployment is a Schedule of its name: it says when the flow is run, what its workflow is started with,
 * and is there without a time of its own where the flow has no schedule. Its task queue has the same name.
 */
export interface Temporal extends AsyncDisposable {
  find(name: string): Promise<Deployed | undefined>;
  /** Makes the deployment, or puts it in place of the one before. Rejects with `ENGINE_CANNOT`, `SCHEDULE_INVALID`, `SCHEDULE_NEEDS_DEFAULTS`. */
  deploy(deployment: TemporalDeployment): Promise<void>;
  /** Starts an execution, and gives its name. Rejects with `TEMPORAL_NOT_DEPLOYED`, as those below. */
  start(name: string, parameters: Readonly<Record<string, unknown>>): Promise<string>;
  /** The newest first. */
  executions(name: string, states?: readonly string[]): AsyncIterable<TemporalExecution>;
  /**
   * Runs an execution that did not end well again, under its name: what has ended well is not done again. Rejects with
   * `TEMPORAL_EXECUTION_UNKNOWN`, `TEMPORAL_EXECUTION_RUNS`.
   */
  goOn(name: string, execution: string): Promise<void>;
  /** Stops an execution: bodies that run are told to end. Rejects with `TEMPORAL_EXECUTION_UNKNOWN`. */
  cancel(name: string, execution: string): Promise<void>;
  /** Waits until an execution ends. Gives its state, and what it failed with. */
  ended(execution: string): Promise<{ readonly state: string; readonly message?: string }>;
  /** Starts every deployment that waits for the event, and gives the names of the executions. */
  tell(event: string): Promise<readonly string[]>;
  /** Starts every deployment that waits for the good end of another. Done again for the same execution, it starts nothing more. */
  finished(name: string, execution: string): Promise<readonly string[]>;
  remove(name: string): Promise<void>;
}

const WORKFLOW = 'smallboat';

/** Rejects with `PACKAGE_MISSING`, `TEMPORAL_UNREACHABLE`. */
export async function temporal(env: Readonly<Record<string, string | undefined>>): Promise<Temporal> {
  const sdk = await optionalPackage('@temporalio/client', 'smallboat temporal', () => import('@temporalio/client'));
  const client = await connectClient(env);
  const found = async (name: string): Promise<ScheduleDescription | undefined> => {
    try {
      return await client.schedule.getHandle(name).describe();
    } catch (error) {
      if (error instanceof sdk.ScheduleNotFoundError) return undefined;
      throw error;
    }
  };
  const inputOf = async (name: string): Promise<FlowInput> => {
    const input = asInput(await found(name));
    if (!input) throw temporalErrors.TEMPORAL_NOT_DEPLOYED({ name });
    return input;
  };
  const launch = async (input: FlowInput, workflowId: string, isAgain = false): Promise<void> => {
    await client.workflow.start(WORKFLOW, {
      taskQueue: input.deployment,
      workflowId,
      args: [input],
      memo: { flow: input.flow },
      workflowIdReusePolicy: isAgain ? 'ALLOW_DUPLICATE_FAILED_ONLY' : 'REJECT_DUPLICATE',
    });
  };
  const handleOf = async (name: string, execution: string) => {
    const handle = client.workflow.getHandle(execution);
    try {
      const said = await handle.describe();
      if (said.taskQueue === name && said.type === WORKFLOW) return { handle, said };
    } catch (error) {
      if (!(error instanceof sdk.WorkflowNotFoundError)) throw error;
    }
    throw temporalErrors.TEMPORAL_EXECUTION_UNKNOWN({ name, execution });
  };
  const startAll = async (
    isMeant: (input: FlowInput) => boolean,
    nameOf: (input: FlowInput) => string,
  ): Promise<readonly string[]> => {
    const started: string[] = [];
    for await (const { scheduleId, action } of client.schedule.list()) {
      if (action?.workflowType !== WORKFLOW) continue;
      const input = asInput(await found(scheduleId));
      if (!input || !isMeant(input)) continue;
      const workflowId = nameOf(input);
      try {
        await launch(input, workflowId);
        started.push(workflowId);
      } catch (error) {
        // It was told before.
        if (!(error instanceof sdk.WorkflowExecutionAlreadyStartedError)) throw error;
      }
    }
    return started;
  };
  return {
    async find(name) {
      const { said } = asInput(await found(name)) ?? {};
      return said ? { owner: said.owner, token: said.token } : undefined;
    },
    async deploy(deployment) {
      const { flow, isolation } = deployment;
      refuseGangs(flow, 'Temporal');
      await startableSchema(flow);
      const input = inputFor(deployment);
      const { schedule } = flow.options;
      const cron = schedule ? cronOf(flow.name, schedule) : undefined;
      const options = {
        spec: cron ? { cronExpressions: [cron.text], timezone: cron.timeZone } : {},
        action: {
          type: 'startWorkflow' as const,
          workflowType: WORKFLOW,
          workflowId: isolation.name,
          taskQueue: isolation.name,
          args: [input],
          memo: { flow: flow.name },
        },
        state: { note: `Flow ${flow.name}, deployed by ${deployment.owner}` },
      };
      if (await found(isolation.name)) await client.schedule.getHandle(isolation.name).update(() => options);
      else await client.schedule.create({ scheduleId: isolation.name, ...options });
    },
    async start(name, parameters) {
      const input = await inputOf(name);
      const workflowId = `${name}-${randomUUID().slice(0, 13)}`;
      await launch({ ...input, parameters }, workflowId);
      return workflowId;
    },
    async *executions(name, states = []) {
      await inputOf(name);
      const among = states.length > 0 ? ` AND (${states.map((one) => `ExecutionStatus = '${one}'`).join(' OR ')})` : '';
      const query = `TaskQueue = '${name}' AND WorkflowType = '${WORKFLOW}'${among}`;
      for await (const { workflowId, status, startTime, closeTime } of client.workflow.list({ query })) {
        const endedAt = closeTime?.getTime();
        yield {
          name: workflowId,
          state: status.name,
          startedAt: startTime.getTime(),
          ...(endedAt === undefined ? {} : { endedAt }),
        };
      }
    },
    async goOn(name, execution) {
      const { handle, said } = await handleOf(name, execution);
      const { name: state } = said.status;
      if (state === 'RUNNING' || state === 'COMPLETED') {
        throw temporalErrors.TEMPORAL_EXECUTION_RUNS({ execution, state: state.toLowerCase() });
      }
      const before = await firstInput(client, handle);
      // The graph and the limits as they are deployed now, the parameters as they were.
      await launch({ ...(await inputOf(name)), parameters: before?.parameters ?? {} }, execution, true);
    },
    async cancel(name, execution) {
      await (await handleOf(name, execution)).handle.cancel();
    },
    async ended(execution) {
      const handle = client.workflow.getHandle(execution);
      try {
        await handle.result();
        return { state: 'COMPLETED' };
      } catch (error) {
        if (!(error instanceof sdk.WorkflowFailedError)) throw error;
        const { name: state } = (await handle.describe()).status;
        return { state, message: error.cause?.message ?? error.message };
      }
    },
    tell: (event) =>
      startAll(
        ({ said }) => said.events.includes(event),
        ({ deployment }) => `${deployment}-${randomUUID().slice(0, 13)}`,
      ),
    finished: (name, execution) =>
      startAll(
        ({ said }) => said.onFinishOf.includes(name),
        ({ deployment }) => `${deployment}-after-${execution}`,
      ),
    async remove(name) {
      await inputOf(name);
      await client.schedule.getHandle(name).delete();
    },
    async [Symbol.asyncDispose]() {
      await client.connection.close();
    },
  };
}

/** What a deployment's workflows are started with. */
export function inputFor(deployment: TemporalDeployment): FlowInput {
  const { flow, isolation, token, owner, tags, heartbeatSeconds = 30, mostWork = 4000 } = deployment;
  const { name, project, branch = '' } = isolation;
  const { events = [], onFinishOf = [] } = flow.options.trigger ?? {};
  const around = name.slice(0, name.length - flow.name.length);
  return {
    flow: flow.name,
    deployment: name,
    plan: planOf(programOf(flow.dag())),
    parameters: {},
    tags,
    systemTags: [
      `production:${token}`,
      ...(project === undefined ? [] : [`project:${project}`, `project_branch:${branch}`]),
    ],
    heartbeatSeconds,
    mostWork,
    said: { madeBy: 'smallboat', owner, token, events, onFinishOf: onFinishOf.map((of) => `${around}${of}`) },
  };
}

/** What a schedule starts, where we made it. */
function asInput(schedule: ScheduleDescription | undefined): FlowInput | undefined {
  if (schedule?.action.workflowType !== WORKFLOW) return undefined;
  const [input] = (schedule.action.args ?? []) as readonly Partial<FlowInput>[]; // Ours, if it says so.
  return input?.said?.madeBy === 'smallboat' ? (input as FlowInput) : undefined;
}

/** What an execution was started with, from its history. */
async function firstInput(client: Client, handle: WorkflowHandle): Promise<FlowInput | undefined> {
  const { events } = await handle.fetchHistory();
  const payloads = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads;
  const [first] = payloads ?? [];
  if (!first) return undefined;
  return client.options.loadedDataConverter.payloadConverter.fromPayload<FlowInput>(first);
}
