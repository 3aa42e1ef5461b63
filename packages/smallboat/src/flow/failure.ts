/** Why a task could not be done: how its last attempt ended. */
export type FailureKind =
  /** The body threw. */
  | 'threw'
  /** Its time was up. */
  | 'timedOut'
  /** Its memory was: the heap, or the step's `resources.memoryMiB`. */
  | 'outOfMemory'
  /** Its process was killed from outside, or ended by itself. */
  | 'killed'
  /** The machine that it ran on went away. */
  | 'machineLost';

/** What `catch` is told of a task that failed for good. */
export interface Failure {
  readonly kind: FailureKind;
  readonly message: string;
  /** The code of an error that was raised on purpose. */
  readonly code?: string;
  /** Attempts that were made. */
  readonly attempts: number;
}
