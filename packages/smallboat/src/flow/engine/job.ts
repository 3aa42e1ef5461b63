import type { CacheRecord } from '../cache/cache-record.ts';
import type { Failure, FailureKind } from '../failure.ts';
import type { Secret } from '../secrets.ts';
import {
  type ArtifactKey,
  type ArtifactKeys,
  type TaskPath,
  type TaskPlace,
  runStoreErrors,
} from '../store/run-store.ts';

/**
 * Where a task finds one of its inputs. It names content by key, so that the values themselves go from the store to
 * the process that needs them and nowhere else.
 */
export type InputSpec =
  /** The value is in the flow's module. */
  | { readonly kind: 'const' }
  /** Nobody made it: a case that was not taken, an artifact that a step left out. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'artifact'; readonly key: ArtifactKey }
  /** All that a step returned. */
  | { readonly kind: 'object'; readonly artifacts: ArtifactKeys }
  | { readonly kind: 'list'; readonly items: readonly InputSpec[] }
  | { readonly kind: 'element'; readonly of: InputSpec; readonly index: number }
  /** What the flow's module starts a repeat with. */
  | { readonly kind: 'initial'; readonly repeat: string; readonly key: string }
  /** An element of a list that the flow's module holds. */
  | { readonly kind: 'constElement'; readonly each: string; readonly index: number };

/** One attempt of one task, as data. */
export interface Job {
  readonly path: TaskPath;
  readonly attempt: number;
  readonly step: string;
  /** Place in the lists and iterations around the step, outermost first. */
  readonly index: readonly number[];
  /** The same in the store's words. */
  readonly place?: TaskPlace;
  readonly inputs: Readonly<Record<string, InputSpec>>;
  /** Environment variables for the body; never stored. */
  readonly environment: Readonly<Record<string, string>>;
  /** Secrets for the body, by where they are kept. */
  readonly secrets?: readonly Secret[];
  /** Artifacts whose length the scheduler wants to know: lists that are fanned out over. */
  readonly measure: readonly string[];
  /** Give the artifacts of the step's `catch`, instead of running its body. */
  readonly failure?: Failure;
  /** Runs that may have a checkpoint of this task, the latest first: those that this one goes back to. */
  readonly origins?: readonly string[];
  readonly tags: readonly string[];
  /** One of several that run at the same time. The main one's address is told where it is known beforehand. */
  readonly gang?: { readonly count: number; readonly index: number; readonly mainAddress?: string };
  /** What the result depends on, to be kept with it. */
  readonly cache?: CacheRecord;
}

/** An error as data: it has been through a process boundary. */
export interface TaskError {
  readonly kind: FailureKind;
  /** Set for errors that were raised on purpose. */
  readonly code?: string;
  readonly message: string;
  readonly stack?: string;
  /** Content key of the artifact that is damaged or gone, where that is what went wrong. */
  readonly artifact?: ArtifactKey;
}

/** How an attempt ended. */
export type Outcome =
  | {
      readonly kind: 'succeeded';
      /** What the step returned, without what the engine keeps beside it. */
      readonly artifacts: ArtifactKeys;
      /** The same with what the engine keeps beside it. */
      readonly stored: ArtifactKeys;
      /** Names of artifacts that it returned as undefined. */
      readonly absent: readonly string[];
      readonly lengths: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'failed'; readonly error: TaskError }
  /** The process was lost before it could end the attempt in the store. */
  | { readonly kind: 'lost'; readonly loss: Loss }
  | { readonly kind: 'timedOut' }
  | { readonly kind: 'stopped' };

/** How a task's process was lost. */
export interface Loss {
  readonly kind: 'killed' | 'outOfMemory' | 'machineLost';
  /** In words, to go on from "Its process": `was killed by SIGKILL`. */
  readonly how: string;
  /** The last that it said. */
  readonly tail: string;
}

/** What a running task says of itself. */
export interface TaskProgress {
  readonly fraction: number;
  readonly message?: string;
}

export interface JobOptions {
  /** Wall-clock limit in seconds. */
  readonly timeoutSeconds?: number;
  /** What the process may take, in MiB. */
  readonly memoryMiB?: number;
  /** The run is being stopped. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TaskProgress) => void;
  readonly onLog?: (stream: LogStream, text: string) => void;
}

export type LogStream = 'stdout' | 'stderr';

/** What runs attempts: processes, this process, or a service that runs containers. */
export interface Workers extends AsyncDisposable {
  /** Attempts that can run at once. */
  readonly size: number;
  /** Attempts that take nothing of this machine, and how many of them may run beside the others. */
  readonly elsewhere?: { readonly size: number; has(job: Pick<Job, 'step' | 'failure'>): boolean };
  /**
   * Runs one attempt and ends it in the store, unless the outcome is `lost`, `timedOut` or `stopped`: then the caller
   * ends it. Never rejects for what the step did.
   */
  run(job: Job, options?: JobOptions): Promise<Outcome>;
}

/** `train[3]`, `pair[0][2]`: a step and its place in the lists around it. */
export function taskName(step: string, index: readonly number[]): string {
  return step + index.map((i) => `[${i}]`).join('');
}

/** What is worth telling of anything thrown. */
export function toTaskError(thrown: unknown): TaskError {
  if (!(thrown instanceof Error))
    return { kind: 'threw', message: typeof thrown === 'string' ? thrown : JSON.stringify(thrown) };
  const cause = thrown.cause === undefined ? '' : `\n  because: ${toTaskError(thrown.cause).message}`;
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
  return {
    kind: 'threw',
    ...(code === undefined ? {} : { code }),
    message: thrown.message + cause,
    ...(thrown.stack === undefined ? {} : { stack: thrown.stack }),
    ...(isBadArtifact(thrown) ? { artifact: thrown.facts.key as ArtifactKey } : {}), // The key that the store was asked for.
  };
}

function isBadArtifact(error: unknown): error is { readonly facts: { readonly key: string } } {
  return runStoreErrors.ARTIFACT_CORRUPT.is(error) || runStoreErrors.ARTIFACT_NOT_FOUND.is(error);
}
