import type { TaskPath } from '../store/run-store.ts';
import type { TaskError } from './job.ts';

/** A task that could not be done, after its last attempt. */
export interface TaskFailure {
  readonly step: string;
  readonly task: string;
  readonly path: TaskPath;
  readonly attempts: number;
  readonly error: TaskError;
}

/** Thrown through the tasks that wait, when one of them has failed or the run is stopped. */
export class Halted extends Error {
  readonly failure: TaskFailure | undefined;
  constructor(failure?: TaskFailure) {
    super(failure ? `Task ${failure.task} failed` : 'The run was stopped');
    this.failure = failure;
  }
}
