import { defineErrors } from '../../kernel/index.ts';
import type { StoredParams } from '../engine/conduct.ts';
import type { Done } from '../engine/resolver.ts';
import type { RunStore, TaskPath } from '../store/run-store.ts';
import type { ExecutionTrace } from './execution-trace.ts';

export const executionErrors = defineErrors({
  EXECUTION_NOT_BEGUN: (f: { flow: string; execution: string }) =>
    `The execution '${f.execution}' of flow '${f.flow}' has no run yet: its first task, which makes the run, has not ended. Run that first.`,
  EXECUTION_OUT_OF_ORDER: (f: { task: string; execution: string }) =>
    `${f.task} has not ended in execution '${f.execution}', and what it makes is needed now. Run it first: the engine runs it before.`,
});

/**
 * What is known of one execution by an engine: kept in the run's checkpoints, under the names of tasks, so that a process finds what it needs
 * without reading the whole run.
 */
export interface Execution {
  readonly run: string;
  parameters(): Promise<StoredParams>;
  /** Where it is in a trace; undefined where it is in none. */
  trace(): Promise<ExecutionTrace | undefined>;
  /** The task of that name (`train[3]`), where an attempt of it has begun. */
  task(name: string): Promise<TaskPath | undefined>;
  /** What the task of that name made; undefined where it has not ended well. */
  done(name: string): Promise<Done | undefined>;
  keepTask(name: string, path: TaskPath): Promise<void>;
  keepDone(name: string, done: Done): Promise<void>;
  /** Attempts of the task of that name that failed by themselves, where that is counted. */
  failures(name: string): Promise<number>;
  keepFailures(name: string, count: number): Promise<void>;
}

const RUN = 'parameters of execution';
const TRACE = 'trace of execution';

/** Notes that an execution has a run, with its parameters. */
export async function keepExecution(
  store: RunStore,
  of: {
    readonly flow: string;
    readonly execution: string;
    readonly run: string;
    readonly parameters: StoredParams;
    readonly trace?: ExecutionTrace | undefined;
  },
): Promise<void> {
  const { flow, execution, run, parameters, trace } = of;
  // A checkpoint of the run keeps it as long as the run is kept.
  await store.saveCheckpoint({ flow, run }, RUN, await store.save(flow, parameters));
  if (trace) await store.saveCheckpoint({ flow, run }, TRACE, await store.save(flow, trace));
  const key = await store.save(flow, run);
  await store.saveCheckpoint({ flow, run }, 'run of execution', key);
  await store.remember(flow, nameOf(execution), key);
}

/** The run of an execution; undefined where it has none yet. */
export async function runOf(store: RunStore, flow: string, execution: string): Promise<string | undefined> {
  const key = await store.remembered(flow, nameOf(execution));
  return key === undefined ? undefined : String(await store.load(flow, key));
}

/** Rejects with `EXECUTION_NOT_BEGUN`. */
export async function openExecution(store: RunStore, flow: string, execution: string): Promise<Execution> {
  const run = await runOf(store, flow, execution);
  if (run === undefined) throw executionErrors.EXECUTION_NOT_BEGUN({ flow, execution });
  const at = { flow, run };
  const read = async (name: string): Promise<unknown> => {
    const key = await store.checkpoint(at, name);
    return key === undefined ? undefined : store.load(flow, key);
  };
  const keep = async (name: string, value: unknown): Promise<void> =>
    store.saveCheckpoint(at, name, await store.save(flow, value));
  return {
    run,
    // Written by us, as these shapes.
    parameters: async () => (await read(RUN)) as StoredParams,
    trace: async () => (await read(TRACE)) as ExecutionTrace | undefined,
    task: async (name) => (await read(`task ${name}`)) as TaskPath | undefined,
    done: async (name) => (await read(`done ${name}`)) as Done | undefined,
    keepTask: (name, path) => keep(`task ${name}`, path),
    keepDone: (name, done) => keep(`done ${name}`, done),
    failures: async (name) => Number((await read(`failures ${name}`)) ?? 0),
    keepFailures: (name, count) => keep(`failures ${name}`, count),
  };
}

function nameOf(execution: string): string {
  return `execution ${execution}`;
}
