import { type ArtifactKey, type ArtifactKeys, type TaskPath, runStoreErrors } from '../store/run-store.ts';

/**
 * Where a task finds one of its inputs. It names content by key, so that the values themselves go from the store to
 * the process that needs them and nowhere else.
 */
export type InputSpec =
  /** The value is in the flow's module. */
  | { readonly kind: 'const' }
  | { readonly kind: 'artifact'; readonly key: ArtifactKey }
  /** All that a step returned. */
  | { readonly kind: 'object'; readonly artifacts: ArtifactKeys }
  | { readonly kind: 'list'; readonly items: readonly InputSpec[] }
  | { readonly kind: 'element'; readonly of: InputSpec; readonly index: number }
  /** An element of a list that the flow's module holds. */
  | { readonly kind: 'constElement'; readonly foreach: string; readonly index: number };

/** One attempt of one task, as data. */
export interface Job {
  readonly path: TaskPath;
  readonly attempt: number;
  readonly step: string;
  /** Place in the lists around the step, outermost first. */
  readonly index: readonly number[];
  readonly inputs: Readonly<Record<string, InputSpec>>;
  /** Environment variables for the body; never stored. */
  readonly environment: Readonly<Record<string, string>>;
  /** Artifacts whose length the scheduler wants to know: lists that are fanned out over. `*` is a result that is a list of its own. */
  readonly measure: readonly string[];
}

/** An error as data: it has been through a process boundary. */
export interface TaskError {
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
      readonly lengths: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'failed'; readonly error: TaskError }
  /** The process was lost before it could end the attempt in the store. `tail`: the last it said. */
  | { readonly kind: 'lost'; readonly how: string; readonly tail: string }
  | { readonly kind: 'timedOut' }
  | { readonly kind: 'stopped' };

/** What a running task says of itself. */
export interface TaskProgress {
  readonly fraction: number;
  readonly message?: string;
}

export interface JobOptions {
  /** Wall-clock limit in seconds. */
  readonly timeoutSeconds?: number;
  /** The run is being stopped. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TaskProgress) => void;
}

/** What runs attempts: processes, or this process. */
export interface Workers extends AsyncDisposable {
  /** Attempts that can run at once. */
  readonly size: number;
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
  if (!(thrown instanceof Error)) return { message: typeof thrown === 'string' ? thrown : JSON.stringify(thrown) };
  const cause = thrown.cause === undefined ? '' : `\n  because: ${toTaskError(thrown.cause).message}`;
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
  return {
    ...(code === undefined ? {} : { code }),
    message: thrown.message + cause,
    ...(thrown.stack === undefined ? {} : { stack: thrown.stack }),
    ...(isBadArtifact(thrown) ? { artifact: thrown.facts.key as ArtifactKey } : {}), // The key that the store was asked for.
  };
}

function isBadArtifact(error: unknown): error is { readonly facts: { readonly key: string } } {
  return runStoreErrors.ARTIFACT_CORRUPT.is(error) || runStoreErrors.ARTIFACT_NOT_FOUND.is(error);
}
