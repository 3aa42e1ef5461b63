import { setTimeout as delay } from 'node:timers/promises';
import { defineErrors } from '../../kernel/index.ts';

export const prefectErrors = defineErrors({
  PREFECT_UNREACHABLE: (f: { url: string; problem: string }) =>
    `The Prefect server at ${f.url} does not answer: ${f.problem}. Set PREFECT_API_URL to its address, as in http://127.0.0.1:4200/api.`,
  PREFECT_REFUSED: (f: { request: string; status: number; said: string }) =>
    `Prefect answered ${f.request} with ${f.status}: ${f.said}`,
});

export interface PrefectOptions {
  /** `http://127.0.0.1:4200/api`: PREFECT_API_URL. */
  readonly url: string;
  /** PREFECT_API_KEY, of Prefect Cloud. */
  readonly key?: string;
  /** `user:password`, of a server of one's own: PREFECT_API_AUTH_STRING. */
  readonly login?: string;
  readonly signal?: AbortSignal;
}

/** Prefect's REST API. What it answers is as Prefect has it; callers name what they read of it. */
export interface Prefect {
  /** Rejects with `PREFECT_UNREACHABLE`, `PREFECT_REFUSED`. */
  ask<T>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T>;
}

/** Tries of a request: some ten seconds of them. */
const TRIES = 6;
/** What a server says that has too much to do, or whose database is locked. */
const BUSY: readonly number[] = [408, 429, 502, 503];

export function prefect({ url, key, login, signal }: PrefectOptions): Prefect {
  const authorization =
    key === undefined
      ? login === undefined
        ? {}
        : { authorization: `Basic ${btoa(login)}` }
      : { authorization: `Bearer ${key}` };
  return {
    async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
      for (let tries = 1; ; tries += 1) {
        let answer: Response;
        try {
          answer = await fetch(`${url.replace(/\/$/, '')}${path}`, {
            method,
            headers: { 'content-type': 'application/json', ...authorization },
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
            ...(signal ? { signal } : {}),
          });
        } catch (cause) {
          if (signal?.aborted || tries === TRIES) {
            throw prefectErrors.PREFECT_UNREACHABLE({ url, problem: problemOf(cause) }, { cause });
          }
          await delay(100 * 2 ** tries);
          continue;
        }
        const text = await answer.text();
        if (answer.ok) return (text === '' ? undefined : JSON.parse(text)) as T; // As the caller reads it.
        if (!BUSY.includes(answer.status) || tries === TRIES) {
          throw prefectErrors.PREFECT_REFUSED({
            request: `${method} ${path}`,
            status: answer.status,
            said: text.slice(0, 1000),
          });
        }
        const wait = Number(answer.headers.get('retry-after') ?? 0);
        await delay(Math.max(wait * 1000, 100 * 2 ** tries));
      }
    },
  };
}

function problemOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
