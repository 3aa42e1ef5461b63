import { setTimeout as delay } from 'node:timers/promises';
import type { JobDetail } from '@aws-sdk/client-batch';

export interface JobPollerOptions {
  /** Asks for up to `MOST` jobs at once; those that are not known are left out of the answer. */
  readonly describe: (ids: readonly string[]) => Promise<readonly JobDetail[]>;
  /** Waits, shorter where the signal aborts; a test hands in its own. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

export interface WatchOptions {
  /** Told of every state that the job comes to. */
  readonly onChange: (job: JobDetail) => void;
  readonly signal: AbortSignal;
}

export interface JobPoller {
  /** Resolves with a job when it has ended. Rejects where the service no longer knows the job, and when `signal` aborts. */
  watch(id: string, options: WatchOptions): Promise<JobDetail>;
}

/** Jobs that one call of DescribeJobs may name. */
export const MOST = 100;
/** Milliseconds between two questions: while something changes, and at most while nothing does. */
const SHORTEST = 500;
const LONGEST = 10_000;
/** A job may be unknown for a while after it was submitted. So many answers without it, one after the other, and it is lost. */
const MISSES = 20;

interface Watched {
  readonly onChange: (job: JobDetail) => void;
  readonly resolve: (job: JobDetail) => void;
  readonly reject: (error: Error) => void;
  status?: string | undefined;
  misses: number;
}

/**
 * Asks for all jobs that are watched together, a hundred a question, instead of one by one: twice a second while something changes, and ever
 * more seldom, down to every ten seconds, while nothing does.
 */
export function jobPoller({ describe, wait = pause }: JobPollerOptions): JobPoller {
  const watched = new Map<string, Watched>();
  let hurry = new AbortController();
  let isRunning = false;

  const look = async (): Promise<boolean> => {
    let hasChanged = false;
    const ids = [...watched.keys()];
    for (let from = 0; from < ids.length; from += MOST) {
      const asked = ids.slice(from, from + MOST);
      const jobs = new Map((await describe(asked)).map((job) => [job.jobId ?? '', job]));
      for (const id of asked) hasChanged = note(id, jobs.get(id)) || hasChanged;
    }
    return hasChanged;
  };
  const note = (id: string, job: JobDetail | undefined): boolean => {
    const one = watched.get(id);
    if (!one) return false;
    if (!job) {
      one.misses += 1;
      if (one.misses < MISSES) return false;
      watched.delete(id);
      one.reject(new Error(`the job ${id} is not known any more`));
      return true;
    }
    one.misses = 0;
    const isOver = job.status === 'SUCCEEDED' || job.status === 'FAILED';
    if (job.status === one.status && !isOver) return false;
    one.status = job.status;
    one.onChange(job);
    if (isOver) {
      watched.delete(id);
      one.resolve(job);
    }
    return true;
  };
  const run = async (): Promise<void> => {
    isRunning = true;
    for (let every = SHORTEST; watched.size > 0;) {
      // A service that cannot be asked for a while is asked again: its jobs go on.
      const hasChanged = await look().catch(() => false);
      every = hasChanged ? SHORTEST : Math.min(LONGEST, every * 1.3);
      if (watched.size === 0) break;
      await wait(every, hurry.signal);
      if (!hurry.signal.aborted) continue;
      hurry = new AbortController();
      every = SHORTEST;
    }
    isRunning = false;
  };

  return {
    watch(id, { onChange, signal }) {
      const { promise, resolve, reject } = Promise.withResolvers<JobDetail>();
      const onAbort = (): void => {
        watched.delete(id);
        reject(new Error('no longer watched'));
      };
      if (signal.aborted) onAbort();
      else {
        watched.set(id, { onChange, resolve, reject, misses: 0 });
        signal.addEventListener('abort', onAbort, { once: true });
        // A new job is looked at soon, however long the others have been quiet.
        if (isRunning) hurry.abort();
        else void run();
      }
      return promise.finally(() => signal.removeEventListener('abort', onAbort));
    },
  };
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => undefined);
}
