import { type Io, defineErrors } from '../kernel/index.ts';
import type { Flow } from './compose/flow.ts';
import type { Step } from './compose/step.ts';
import type { RunEvent } from './engine/events.ts';
import type { TaskError } from './engine/job.ts';
import type { StoreSpec } from './store/open-run-store.ts';
import type { ArtifactKeys, TaskPath } from './store/run-store.ts';

export const spinErrors = defineErrors({
  SPIN_INPUTS_UNKNOWN: (f: { task: string }) =>
    `${f.task} has not kept what its inputs were: it was killed before it ended, or made by an earlier version. Resume its run, or spin another task.`,
  SPIN_INPUT_UNKNOWN: (f: { step: string; input: string; known: string }) =>
    `Step '${f.step}' has no input '${f.input}'. It has: ${f.known}.`,
  SPIN_FAILED: (f: { task: string; error: TaskError }) => `${f.task} failed: ${f.error.stack ?? f.error.message}`,
});

export interface SpinOptions<I> {
  /** URL of the module that exports the flow. */
  readonly module: string | URL;
  /** Where the run is. */
  readonly store: StoreSpec;
  /** Where the new task is kept. Default: the folder `spin` in the store's. */
  readonly into?: StoreSpec;
  /** The run whose task is run again. Default: the latest that has one. */
  readonly run?: string;
  /** Place in the lists around the step. Default: the first. */
  readonly index?: readonly number[];
  /** Inputs that are to be others. */
  readonly inputs?: Partial<I>;
  readonly io?: Io;
  readonly showsLogs?: boolean;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: RunEvent) => void;
}

/** What a task made when it was run again. */
export interface Spun<O> {
  /** The task that it was before. */
  readonly before: TaskPath;
  /** The task that it is now, in the store of spins. */
  readonly path: TaskPath;
  readonly made: O;
  /** Names of artifacts that are not what they were. */
  readonly changed: readonly string[];
  readonly artifacts: ArtifactKeys;
}

/**
 * Runs one step of a past run again, alone, with the inputs that it had: to look for a fault, or to try a change of its code. The run stays
 * as it is; what comes of it is kept apart. Rejects with `SPIN_INPUTS_UNKNOWN`, `SPIN_INPUT_UNKNOWN`, `SPIN_FAILED`, and `RUN_NOT_FOUND`.
 */
export async function spin<I extends object, O extends object, C extends object = never>(
  flow: Flow,
  step: Step<I, O, C> | string,
  options: SpinOptions<I>,
): Promise<Spun<O>> {
  const { spinTask } = await import('./engine/spin-task.ts');
  const name = typeof step === 'string' ? step : step.stepName;
  return (await spinTask(flow, name, options)) as Spun<O>; // As the step's type says.
}
