import type { JobShape } from '../../flow/compute/index.ts';
import { defineErrors, optionalPackage } from '../../kernel/index.ts';
import { eventBridgeCron } from '../cron.ts';
import type { Deployment } from '../deployment.ts';
import type { Deployed } from '../production-token.ts';
import { type Said, type StateMachine } from './state-machine.ts';

export const stepFunctionsErrors = defineErrors({
  NOT_DEPLOYED: (f: { name: string }) =>
    `There is no state machine '${f.name}' that Smallboat made. Make it: smallboat step-functions create flow.ts`,
  ENGINE_ROLE_MISSING: (f: { role: string; variable: string }) =>
    `Step Functions needs the role ${f.role}. Set ${f.variable} to its ARN.`,
  EXECUTION_UNKNOWN: (f: { name: string; execution: string }) =>
    `'${f.name}' has no execution '${f.execution}'. See them: smallboat step-functions list-runs flow.ts`,
});

export interface StepFunctionsOptions {
  readonly region?: string;
  /** ARN of the role that the state machine has: METAFLOW_SFN_IAM_ROLE. */
  readonly role?: string;
  /** ARN of the role that schedules and events start it with: METAFLOW_EVENTS_SFN_ACCESS_IAM_ROLE. */
  readonly eventsRole?: string;
}

export interface Execution {
  readonly name: string;
  readonly arn: string;
  /** `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT`, `ABORTED`. */
  readonly state: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt?: number;
}

/** Step Functions of one account. Names are those of deployments; others' state machines are left alone. */
export interface StepFunctions extends AsyncDisposable {
  /** The kind of machines behind a queue of AWS Batch. */
  platformOf(queue: string): Promise<JobShape['platform']>;
  find(name: string): Promise<(Deployed & { readonly arn: string }) | undefined>;
  /** Makes the deployment, or puts it in place of the one before: job definitions, state machine, schedule and triggers. */
  deploy(deployment: Deployment, machine: StateMachine): Promise<string>;
  /** Starts an execution. Rejects with `NOT_DEPLOYED`, as those below. */
  start(name: string, parameters: Readonly<Record<string, unknown>>): Promise<Execution>;
  /** The newest first. */
  executions(name: string, states?: readonly string[]): AsyncIterable<Execution>;
  /** Rejects with `EXECUTION_UNKNOWN`. */
  terminate(name: string, execution: string): Promise<void>;
  remove(name: string): Promise<void>;
}

/** Rejects with `PACKAGE_MISSING`. */
export async function stepFunctions({ region, role, eventsRole }: StepFunctionsOptions): Promise<StepFunctions> {
  const needer = 'smallboat step-functions';
  const [sfn, batch, scheduler, events] = await Promise.all([
    optionalPackage('@aws-sdk/client-sfn', needer, () => import('@aws-sdk/client-sfn')),
    optionalPackage('@aws-sdk/client-batch', needer, () => import('@aws-sdk/client-batch')),
    optionalPackage('@aws-sdk/client-scheduler', needer, () => import('@aws-sdk/client-scheduler')),
    optionalPackage('@aws-sdk/client-eventbridge', needer, () => import('@aws-sdk/client-eventbridge')),
  ]);
  const where = { ...(region === undefined ? {} : { region }), maxAttempts: 5 };
  const client = new sfn.SFNClient(where);
  const jobs = new batch.BatchClient(where);
  const schedules = new scheduler.SchedulerClient(where);
  const bus = new events.EventBridgeClient(where);

  const find: StepFunctions['find'] = async (name) => {
    for await (const { stateMachines = [] } of sfn.paginateListStateMachines({ client }, {})) {
      const found = stateMachines.find((one) => one.name === machineName(name));
      if (!found) continue;
      const arn = found.stateMachineArn ?? '';
      const { definition = '' } = await client.send(new sfn.DescribeStateMachineCommand({ stateMachineArn: arn }));
      const said = saidIn(definition);
      return said ? { arn, token: said.token, owner: said.owner } : undefined;
    }
    return undefined;
  };
  const found = async (name: string): Promise<string> => {
    const machine = await find(name);
    if (!machine) throw stepFunctionsErrors.NOT_DEPLOYED({ name });
    return machine.arn;
  };
  const eventsRoleFor = (): string => {
    const variable = 'METAFLOW_EVENTS_SFN_ACCESS_IAM_ROLE';
    if (eventsRole === undefined) {
      throw stepFunctionsErrors.ENGINE_ROLE_MISSING({ role: 'that schedules and events start it with', variable });
    }
    return eventsRole;
  };

  const register = async (definition: StateMachine['jobDefinitions'][number]): Promise<void> => {
    const { jobDefinitionName } = definition;
    const known = await jobs.send(new batch.DescribeJobDefinitionsCommand({ jobDefinitionName, status: 'ACTIVE' }));
    if (!known.jobDefinitions?.length) await jobs.send(new batch.RegisterJobDefinitionCommand(definition));
  };

  const setSchedule = async ({ name, flow, schedule }: Deployment, arn: string): Promise<void> => {
    const Name = scheduleName(name);
    const isThere = await isFound(() => schedules.send(new scheduler.GetScheduleCommand({ Name })));
    if (!schedule) {
      if (isThere) await schedules.send(new scheduler.DeleteScheduleCommand({ Name }));
      return;
    }
    const said = {
      Name,
      ScheduleExpression: eventBridgeCron(flow.name, schedule),
      ScheduleExpressionTimezone: schedule.timeZone,
      FlexibleTimeWindow: { Mode: 'OFF' as const },
      Target: { Arn: arn, RoleArn: eventsRoleFor(), Input: '{}' },
    };
    await schedules.send(
      isThere ? new scheduler.UpdateScheduleCommand(said) : new scheduler.CreateScheduleCommand(said),
    );
  };

  const removeRule = async (Name: string): Promise<void> => {
    if (!(await isFound(() => bus.send(new events.DescribeRuleCommand({ Name }))))) return;
    await bus.send(new events.RemoveTargetsCommand({ Rule: Name, Ids: ['state-machine'] }));
    await bus.send(new events.DeleteRuleCommand({ Name }));
  };

  const setTriggers = async (deployment: Deployment, arn: string): Promise<void> => {
    const { name, flow } = deployment;
    const { events: named = [], onFinishOf = [] } = flow.options.trigger ?? {};
    const around = name.slice(0, name.length - flow.name.length);
    const arnOf = (of: string): string => arn.replace(/[^:]*$/, machineName(`${around}${of}`));
    const rules = {
      event: named.length > 0 ? { 'detail-type': named } : undefined,
      finish:
        onFinishOf.length > 0
          ? {
              source: ['aws.states'],
              'detail-type': ['Step Functions Execution Status Change'],
              detail: { status: ['SUCCEEDED'], stateMachineArn: onFinishOf.map(arnOf) },
            }
          : undefined,
    };
    for (const [kind, pattern] of Object.entries(rules)) {
      const Name = `${machineName(name)}-${kind}`;
      if (!pattern) {
        await removeRule(Name);
        continue;
      }
      const RoleArn = eventsRoleFor();
      await bus.send(new events.PutRuleCommand({ Name, EventPattern: JSON.stringify(pattern) }));
      const target = { Id: 'state-machine', Arn: arn, RoleArn, Input: '{}' };
      await bus.send(new events.PutTargetsCommand({ Rule: Name, Targets: [target] }));
    }
  };

  async function* executions(name: string, states: readonly string[] = []): AsyncGenerator<Execution> {
    const stateMachineArn = await found(name);
    for await (const { executions: page = [] } of sfn.paginateListExecutions({ client }, { stateMachineArn })) {
      for (const { name: own = '', executionArn: arn = '', status: state = '', startDate, stopDate } of page) {
        if (states.length > 0 && !states.includes(state)) continue;
        const ended = stopDate ? { endedAt: stopDate.getTime() } : {};
        yield { name: own, arn, state, startedAt: startDate?.getTime() ?? 0, ...ended };
      }
    }
  }

  return {
    find,
    async platformOf(queue) {
      const { jobQueues: [first] = [] } = await jobs.send(new batch.DescribeJobQueuesCommand({ jobQueues: [queue] }));
      const environment = first?.computeEnvironmentOrder?.[0]?.computeEnvironment;
      if (environment === undefined) throw new Error(`AWS Batch has no queue ${queue}.`);
      const asked = new batch.DescribeComputeEnvironmentsCommand({ computeEnvironments: [environment] });
      const { computeEnvironments: [made] = [] } = await jobs.send(asked);
      return made?.computeResources?.type?.startsWith('FARGATE') ? 'FARGATE' : 'EC2';
    },
    async deploy(deployment, { definition, jobDefinitions }) {
      const variable = 'METAFLOW_SFN_IAM_ROLE';
      if (role === undefined) throw stepFunctionsErrors.ENGINE_ROLE_MISSING({ role: 'that it runs with', variable });
      await Promise.all(jobDefinitions.map(register));
      const before = await find(deployment.name);
      const said = { definition: JSON.stringify(definition), roleArn: role };
      const name = machineName(deployment.name);
      const arn = before
        ? before.arn
        : ((await client.send(new sfn.CreateStateMachineCommand({ ...said, name }))).stateMachineArn ?? '');
      if (before) await client.send(new sfn.UpdateStateMachineCommand({ ...said, stateMachineArn: arn }));
      await setSchedule(deployment, arn);
      await setTriggers(deployment, arn);
      return arn;
    },
    async start(name, parameters) {
      const input = JSON.stringify({ Parameters: JSON.stringify(parameters) });
      const asked = new sfn.StartExecutionCommand({ stateMachineArn: await found(name), input });
      const { executionArn: arn = '', startDate } = await client.send(asked);
      return { name: lastOf(arn), arn, state: 'RUNNING', startedAt: startDate?.getTime() ?? 0 };
    },
    executions,
    async terminate(name, execution) {
      for await (const one of executions(name)) {
        if (one.name !== execution) continue;
        await client.send(
          new sfn.StopExecutionCommand({ executionArn: one.arn, cause: 'Stopped by smallboat step-functions.' }),
        );
        return;
      }
      throw stepFunctionsErrors.EXECUTION_UNKNOWN({ name, execution });
    },
    async remove(name) {
      const stateMachineArn = await found(name);
      const Name = scheduleName(name);
      // First what would start it.
      const isScheduled = await isFound(() => schedules.send(new scheduler.GetScheduleCommand({ Name })));
      if (isScheduled) await schedules.send(new scheduler.DeleteScheduleCommand({ Name }));
      for (const kind of ['event', 'finish']) await removeRule(`${machineName(name)}-${kind}`);
      await client.send(new sfn.DeleteStateMachineCommand({ stateMachineArn }));
    },
    [Symbol.asyncDispose]: () => {
      for (const one of [client, jobs, schedules, bus]) one.destroy();
      return Promise.resolve();
    },
  };
}

/** Names of state machines have 80 letters at most, none that means something elsewhere. */
export function machineName(name: string): string {
  return name.replace(/[^\w.-]/g, '_').slice(0, 80);
}

function scheduleName(name: string): string {
  return machineName(name).slice(0, 64);
}

/** What Smallboat wrote into a state machine; undefined for one that others made. */
function saidIn(definition: string): Said | undefined {
  try {
    const { Comment } = JSON.parse(definition) as { readonly Comment?: string };
    const said = JSON.parse(Comment ?? '{}') as Partial<Said>; // Whatever was written there.
    return said.madeBy === 'smallboat' ? (said as Said) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function isFound(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return false;
    throw error;
  }
}

function lastOf(arn: string): string {
  return arn.split(':').at(-1) ?? '';
}
