import type { TaskView } from '../read-run.ts';

export interface Span {
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
}

/** From the beginning of the first to the end of the last; undefined of no task. One that runs ends with its last sign of life. */
export function spanOf(tasks: readonly TaskView[]): Span | undefined {
  if (tasks.length === 0) return undefined;
  let [start, end] = [Number.POSITIVE_INFINITY, 0];
  for (const task of tasks) {
    start = Math.min(start, task.startedAt);
    end = Math.max(end, task.endedAt ?? task.startedAt);
  }
  return { start, end };
}

/** Attempts of its body: what its `catch` gave is no attempt. */
export function triesOf({ attempts, isCaught }: Pick<TaskView, 'attempts' | 'isCaught'>): number {
  return Math.max(1, attempts - (isCaught ? 1 : 0));
}

/** Milliseconds that a task took, its attempts before among them; undefined while it runs. */
export function tookOf({ createdAt, startedAt, endedAt, attempts }: TaskView): number | undefined {
  return endedAt === undefined ? undefined : endedAt - (attempts > 1 ? createdAt : startedAt);
}

/** The value that a share of the sorted ones lies below, from 0 to 1. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
