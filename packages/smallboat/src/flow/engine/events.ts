import type { TaskPath } from '../store/run-store.ts';
import type { LogStream, TaskError, TaskProgress } from './job.ts';

/** What a run tells of itself while it goes on. Times are milliseconds since 1970. */
export type RunEvent =
  | {
      readonly kind: 'runStarted';
      readonly flow: string;
      readonly run: string;
      readonly steps: readonly string[];
      readonly at: number;
    }
  /** The number of tasks of a step is known, or part of it where lists are nested: `count` more. */
  | { readonly kind: 'tasksKnown'; readonly step: string; readonly count: number }
  | {
      readonly kind: 'taskStarted';
      readonly step: string;
      readonly path: TaskPath;
      readonly task: string;
      readonly attempt: number;
      readonly at: number;
    }
  | { readonly kind: 'taskProgress'; readonly step: string; readonly path: TaskPath; readonly progress: TaskProgress }
  /** What a task printed, in pieces of any size. */
  | {
      readonly kind: 'taskLogged';
      readonly step: string;
      readonly path: TaskPath;
      readonly task: string;
      readonly stream: LogStream;
      readonly text: string;
    }
  /** A task has failed for good, and its step's `catch` is asked for what takes its place. */
  | {
      readonly kind: 'taskCaught';
      readonly step: string;
      readonly path: TaskPath;
      readonly task: string;
      readonly error: TaskError;
    }
  | {
      readonly kind: 'taskRetried';
      readonly step: string;
      readonly path: TaskPath;
      readonly task: string;
      readonly attempt: number;
      readonly afterSeconds: number;
      readonly error: TaskError;
    }
  | {
      readonly kind: 'taskEnded';
      readonly step: string;
      readonly path: TaskPath;
      readonly state: TaskEnd;
      readonly at: number;
      readonly error?: TaskError;
    }
  /** What the flow wanted called at the end of the run threw. */
  | { readonly kind: 'hookFailed'; readonly hook: 'onSuccess' | 'onFailure' | 'card'; readonly error: TaskError }
  | { readonly kind: 'runEnded'; readonly state: 'done' | 'failed' | 'interrupted'; readonly at: number };

/** `cloned`: taken over from the run that is resumed; `cached`: from any that did the same. */
export type TaskEnd = 'done' | 'cloned' | 'cached' | 'failed' | 'stopped';
