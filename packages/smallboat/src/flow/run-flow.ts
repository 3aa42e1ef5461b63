import { type Io, defineErrors } from '../kernel/index.ts';
import type { Flow, ParamInputs, Params } from './compose/flow.ts';
import type { Step } from './compose/step.ts';
import { describeFailure } from './describe-failure.ts';
import type { RunEvent } from './engine/events.ts';
import type { TaskFailure } from './engine/halted.ts';
import type { WorkerProcess } from './engine/worker-process.ts';
import type { StoreSpec } from './store/open-run-store.ts';
import type { RunStore } from './store/run-store.ts';

export const runErrors = defineErrors({
  STEP_FAILED: (f: StepFailure) => describeFailure(f),
  RUN_INTERRUPTED: (f: { flow: string; run: string; done: number; steps: number; home: string }) =>
    `Run ${f.flow}/${f.run} was stopped after ${f.done} of ${f.steps} steps. Continue it with: smallboat resume --run ${f.run}${f.home}`,
  ENVIRONMENT_MISSING: (f: { flow: string; missing: string }) =>
    `Flow '${f.flow}' needs environment variables that are not set: ${f.missing}. Set them and try again.`,
  STEP_NOT_IN_FLOW: (f: { flow: string; step: string; known: string }) =>
    `Flow '${f.flow}' has no step '${f.step}' to start from. Its steps: ${f.known}.`,
  RUN_NOT_RESUMABLE: (f: { flow: string; run: string; why: string }) =>
    `Run ${f.flow}/${f.run} cannot be resumed: ${f.why}.`,
});

/** Facts of `STEP_FAILED`. */
export interface StepFailure extends Omit<TaskFailure, 'path'> {
  readonly flow: string;
  readonly run: string;
  /** ` --home DIR`, or nothing where the commands find the run by themselves. */
  readonly home: string;
  /** The step to resume from, where that is not the one that failed. */
  readonly from?: string;
  /** `intent/1795433364090388/train/4` */
  readonly pathspec: string;
}

export interface RunFlowOptions<P extends Params> {
  /** URL of the module that exports the flow (`import.meta.url` in that module): each worker process imports it. */
  readonly module: string | URL;
  readonly params?: ParamInputs<P>;
  /**
   * Where the run is kept. A folder: steps run in child processes. A store that is open already: steps run in this
   * process, one beside the other, as tests and debuggers want it.
   */
  readonly store: RunStore | StoreSpec;
  /** Shows progress; without it the run is silent. Its `env` is what `env('NAME')` reads. */
  readonly io?: Io;
  /** Tasks at once. Default: the number of cores. */
  readonly maxWorkers?: number;
  /** Stops the run, resumably: it rejects with `RUN_INTERRUPTED`. */
  readonly signal?: AbortSignal;
  readonly tags?: readonly string[];
  readonly onEvent?: (event: RunEvent) => void;
  /** Takes what the same code made of the same inputs before, in any run of the flow, in place of running it. Default false. */
  readonly cache?: boolean;
  /** Shows what steps print, where `io` shows progress. Default true. */
  readonly showsLogs?: boolean;
  /** How long a step that is out of time or asked to stop may take to end by itself, in seconds. Default 5. */
  readonly graceSeconds?: number;
  /** A worker process that was started before the flow was known. */
  readonly started?: WorkerProcess;
}

export interface ResumeFlowOptions<P extends Params> extends RunFlowOptions<P> {
  /** The run to continue; default the latest of the flow that did not end well. */
  readonly run?: string;
  /** Runs this step and all after it again, whether they had ended or not. */
  readonly from?: string;
}

/** A run that ended well. Artifacts are read when they are asked for. Dispose of it to close a store that it opened. */
export interface FlowRun<R> extends AsyncDisposable {
  readonly flow: string;
  readonly run: string;
  readonly store: RunStore;
  /** The flow's result. */
  result(): Promise<R>;
  /** What each task of a step returned: one, or one for each element where the step is inside `each`, in order. */
  read<O extends object, C extends object = never>(step: Step<never, O, C>): Promise<readonly (O | C)[]>;
}

/**
 * Runs a flow: every step as soon as what it reads is there, in processes that are used again.
 * Rejects with `STEP_FAILED`, `RUN_INTERRUPTED`, `ENVIRONMENT_MISSING`, `PARAM_INVALID`, `PARAM_UNKNOWN`, and with the
 * store's errors.
 */
export async function runFlow<P extends Params, R>(flow: Flow<P, R>, options: RunFlowOptions<P>): Promise<FlowRun<R>> {
  // Loaded when it is called: whoever only defines a flow, as each worker process does, need not wait for the scheduler.
  const { conductNew } = await import('./engine/conduct.ts');
  return conductNew(flow, options);
}

/**
 * Continues a run as a new one: what had ended well is taken over, without computing or copying it; the rest is run.
 * Rejects as `runFlow` does, and with `RUN_NOT_RESUMABLE`, `STEP_NOT_IN_FLOW`, `PARAMS_CHANGED`.
 */
export async function resumeFlow<P extends Params, R>(
  flow: Flow<P, R>,
  options: ResumeFlowOptions<P>,
): Promise<FlowRun<R>> {
  const { conductResumed } = await import('./engine/resume.ts');
  return conductResumed(flow, options);
}
