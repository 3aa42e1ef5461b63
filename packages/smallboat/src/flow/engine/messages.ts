import type { Job, Outcome, TaskProgress } from './job.ts';

/** What a worker process is told when it starts, as JSON in its first argument. */
export interface WorkerSetup {
  /** URL of the module that exports the flow. */
  readonly module: string;
  readonly flow: string;
  /** Folder of the run store. */
  readonly storeFolder: string;
}

export type ToWorker = { readonly kind: 'run'; readonly job: Job } | { readonly kind: 'stop'; readonly reason: string };

export type FromWorker =
  | { readonly kind: 'progress'; readonly progress: TaskProgress }
  | { readonly kind: 'done'; readonly outcome: Outcome };
