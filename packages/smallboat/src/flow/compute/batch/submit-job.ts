import { setTimeout as delay } from 'node:timers/promises';

export interface SubmitOptions {
  /** Asks the service to take the job; gives the job's id. */
  readonly submit: () => Promise<string>;
  /** Looks whether the service has a job of this name already; gives its id. */
  readonly find: () => Promise<string | undefined>;
  readonly signal?: AbortSignal;
  /** Waits; a test hands in its own. */
  readonly wait?: (milliseconds: number) => Promise<void>;
}

/** Tries of a submission: some five minutes of them. */
const TRIES = 12;

/**
 * Submits a job so that there is one in the end. A service that has too much to do is asked again later. Where it is not known whether a
 * question arrived (the connection broke, or the service failed), it is first looked whether the job is there: two containers of one attempt
 * would write over each other.
 */
export async function submitOnce({ submit, find, signal, wait = pause }: SubmitOptions): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await submit();
    } catch (error) {
      const kind = kindOf(error);
      if (kind === 'refused' || tries === TRIES || signal?.aborted) throw error;
      // 1, 2, 4, … and at most 32 s, up to half of it more, so that many do not come back at once.
      await wait(Math.min(32_000, 500 * 2 ** tries) * (1 + Math.random() / 2));
      const known = kind === 'unknown' ? await find() : undefined;
      if (known !== undefined) return known;
    }
  }
}

const THROTTLED = /Throttl|TooManyRequests|RequestLimitExceeded|SlowDown/i;

/** What an error of an SDK tells of the question: not taken for now, perhaps taken, or refused for good. */
export function kindOf(error: unknown): 'throttled' | 'unknown' | 'refused' {
  if (!(error instanceof Error)) return 'refused';
  const { httpStatusCode: status } = ('$metadata' in error ? error.$metadata : {}) as {
    readonly httpStatusCode?: number;
  };
  if (THROTTLED.test(error.name) || status === 429) return 'throttled';
  if (status !== undefined && status < 500) return 'refused';
  const isLocal = /CredentialsProvider|ConfigError|Region is missing/i.test(`${error.name} ${error.message}`);
  return isLocal ? 'refused' : 'unknown';
}

async function pause(milliseconds: number): Promise<void> {
  await delay(milliseconds);
}
