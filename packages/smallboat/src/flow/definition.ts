import type { ReportComponent } from '../report/index.ts';

/** What a step needs from the machine that runs it. Local runs ignore it. */
export interface Resources {
  /** Virtual CPUs. */
  readonly cpu?: number;
  /** GPUs. */
  readonly gpu?: number;
  /** Memory, in MiB. */
  readonly memoryMiB?: number;
}

/** How often, and how patiently, a failed step is tried again. */
export interface Retry {
  /** Attempts after the first: a whole number, at least 0. */
  readonly times: number;
  /** Wait before the first retry, in seconds; it doubles each time. Default 1. */
  readonly backoffSeconds?: number;
}

/** A value read from the environment of the machine that starts the run; it is never stored. */
export interface EnvRef {
  readonly env: string;
}

/** A value for `environment` that stays out of the code: `environment: { WANDB_API_KEY: env('WANDB_API_KEY') }`. */
export function env(name: string): EnvRef {
  return { env: name };
}

/** What may be said of a step beside its body. */
export interface StepOptions {
  readonly resources?: Resources;
  readonly retry?: Retry;
  /** Environment variables that the body sees, on top of those of the process. */
  readonly environment?: Readonly<Record<string, string | EnvRef>>;
  /** Wall-clock limit of one attempt, in seconds. */
  readonly timeoutSeconds?: number;
}

/** Handed to every step body beside its inputs. */
export interface StepContext {
  /** The run's id, as `smallboat runs` lists it. */
  readonly runId: string;
  /** The step's name, with its place in the lists around it: `train[3]`. */
  readonly step: string;
  /** From 0; above 0 on a retry. */
  readonly attempt: number;
  /** Aborts when the attempt runs out of time or the run is stopped. */
  readonly signal: AbortSignal;
  /** Writes one line to the task's log, with facts after it: `trained f1=0.81`. */
  readonly log: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
  /** Says how far the body has come, from 0 to 1, and a few words. Calling it often costs little. */
  readonly progress: (fraction: number, message?: string) => void;
  /** Puts components on the run's card, after those that are there already. */
  readonly card: (...components: readonly ReportComponent[]) => void;
}

/** Where an input of a step comes from. */
export type Source =
  | { readonly kind: 'param'; readonly name: string }
  | { readonly kind: 'output'; readonly step: string; readonly key?: string }
  | { readonly kind: 'item'; readonly foreach: string }
  | { readonly kind: 'gather'; readonly foreach: string; readonly step: string }
  | { readonly kind: 'const'; readonly value: unknown };

/** One step of a flow, wired. */
export interface StepNode {
  readonly name: string;
  /** The foreach regions that the step is inside, outermost first. */
  readonly scope: readonly string[];
  /** Names of the steps that must have finished before this one starts. */
  readonly after: readonly string[];
  readonly inputs: Readonly<Record<string, Source>>;
  /** What is waited for although nothing of it is read. */
  readonly waitFor: readonly Source[];
  readonly options: StepOptions;
  readonly run: (inputs: never, context: StepContext) => unknown;
}

/** A region that is run once for each element of a list. */
export interface ForeachNode {
  readonly id: string;
  readonly over: Source;
  readonly scope: readonly string[];
}

/** A flow as data: known as soon as the module is imported, before any body has run. Steps are in a topological order. */
export interface Dag {
  readonly flow: string;
  readonly steps: readonly StepNode[];
  readonly foreach: readonly ForeachNode[];
}

/** A promise or a plain value: step bodies may give either. */
export type MaybePromise<T> = T | Promise<T>;

/** One line a step: `train[grid.points] <- gate, grid  gpu=1 retry=2`. */
export function describeDag(dag: Dag): string {
  return dag.steps
    .map(({ name, scope, after, options }) => {
      const where = scope.length > 0 ? `[${scope.join('/')}]` : '';
      const gpu = options.resources?.gpu;
      const notes = [gpu ? ` gpu=${gpu}` : '', options.retry ? ` retry=${options.retry.times}` : ''].join('');
      return `${name}${where} <- ${after.join(', ') || '(start)'}${notes}`;
    })
    .join('\n');
}
