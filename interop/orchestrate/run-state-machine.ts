import { StateMachine } from 'aws-local-stepfunctions';
import { localContainer } from '../../packages/smallboat/src/flow/testing/local-container.ts';
import { type Deployment, stateMachineOf } from '../../packages/smallboat/src/orchestrate/index.ts';

export interface StateMachineRun {
  /** Of the execution. */
  readonly name: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** What the machines of the queue have beside what a job says. */
  readonly env: Readonly<Record<string, string>>;
  /** The text of an object of S3, by bucket and key. */
  readonly object: (path: string) => Promise<string | undefined>;
}

/** Runs a flow's state machine to its end. AWS Batch and S3 as this machine has them: each job is its own command, as a process in an empty folder. */
export async function runStateMachine(
  deployment: Deployment,
  { name, parameters, env, object }: StateMachineRun,
): Promise<void> {
  const { definition, jobDefinitions } = stateMachineOf(deployment, { queue: 'jobs', platform: 'EC2' });
  const states = taskStates(definition);
  const handle = async (input: unknown): Promise<unknown> => {
    const { Bucket, Key, JobDefinition, ContainerOverrides } = input as Input; // As our states write it.
    if (Key !== undefined) return { Body: await object(`${Bucket}/${Key}`) };
    const made = jobDefinitions.find(({ jobDefinitionName }) => jobDefinitionName === JobDefinition);
    const entries = ContainerOverrides.Environment.map(({ Name, Value }) => [Name, Value] as const);
    let log = '';
    const { ended } = localContainer({
      command: made?.containerProperties?.command ?? [],
      environment: { ...env, ...Object.fromEntries(entries) },
      onLog: (text) => void (log += text),
    });
    const { exitCode } = await ended;
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${log}`);
    return {};
  };
  const execution = new StateMachine(definition as never, { validationOptions: { noValidate: true } }).run(
    { Parameters: JSON.stringify(parameters) },
    {
      context: { Execution: { Name: name } },
      overrides: {
        taskResourceLocalHandlers: Object.fromEntries(states.map((state) => [state, handle as () => Promise<never>])),
        retryIntervalOverrides: Object.fromEntries(states.map((state) => [state, 10])),
      },
    },
  );
  await execution.result;
}

interface Input {
  readonly Bucket?: string;
  readonly Key?: string;
  readonly JobDefinition: string;
  readonly ContainerOverrides: { readonly Environment: readonly { Name: string; Value: string }[] };
}

/** Names of the states that are tasks, at any depth. */
function taskStates(definition: unknown): readonly string[] {
  if (typeof definition !== 'object' || definition === null) return [];
  return Object.entries(definition).flatMap(([name, value]) => {
    const isTask = typeof value === 'object' && value !== null && 'Type' in value && value.Type === 'Task';
    return isTask ? [name] : taskStates(value);
  });
}
