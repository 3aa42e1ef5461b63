import type { StoreSpec } from '../store/open-run-store.ts';
import type { Job, LogStream, Outcome, TaskProgress } from './job.ts';

/** What a worker must know before its first job. The module's URL it has from its first argument, to import it at once. */
export interface WorkerSetup {
  /** Name of the flow among those that the module exports. */
  readonly flow: string;
  readonly store: StoreSpec;
  /** Tell the parent what bodies print, beside storing it. */
  readonly tellsLogs: boolean;
}

export type ToWorker =
  | { readonly kind: 'setup'; readonly setup: WorkerSetup }
  | { readonly kind: 'run'; readonly job: Job }
  | { readonly kind: 'stop'; readonly reason: string };

export type FromWorker =
  /** The module is loaded and the attempt begins: from here on its time counts. */
  | { readonly kind: 'begun' }
  | { readonly kind: 'progress'; readonly progress: TaskProgress }
  | { readonly kind: 'log'; readonly stream: LogStream; readonly text: string }
  | { readonly kind: 'done'; readonly outcome: Outcome };
