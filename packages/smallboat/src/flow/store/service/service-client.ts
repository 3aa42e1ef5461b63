import { setTimeout as delay } from 'node:timers/promises';
import { defineErrors } from '../../../kernel/index.ts';
import { remoteErrors } from '../remote-errors.ts';
import type { ServiceSpec } from './service-spec.ts';

export const serviceErrors = defineErrors({
  SERVICE_FAILED: (f: { location: string; request: string; status: number; problem: string }) =>
    `The metadata service ${f.location} answered ${f.request} with ${f.status}: ${f.problem}. Is it Metaflow's service, and of version 2.5 or later? 'smallboat doctor' asks it.`,
});

/** An answer, whatever its status; the body is parsed JSON, or text where it is none. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly version: string | undefined;
}

export interface ServiceClient {
  /** The URL, without what it says of a user. */
  readonly location: string;
  /** Asks until there is an answer. Rejects with `STORE_UNREACHABLE`, `STORE_DENIED`. */
  ask(method: 'GET' | 'POST' | 'PATCH', path: string, body?: unknown, options?: AskOptions): Promise<Answer>;
  /** What an answer of an unexpected status is told as. */
  failed(request: string, answer: Answer): Error;
}

export interface AskOptions {
  /** Tries at most, where it is not as many as usual. */
  readonly attempts?: number;
}

/** Milliseconds after which a service that says nothing is taken for gone. */
const PATIENCE = 60_000;
/** Statuses that say that it may be well soon. */
const PASSING = new Set([429, 502, 503, 504]);

export interface ServiceClientOptions extends Pick<ServiceSpec, 'url' | 'headers' | 'attempts'> {
  /** Waits so many milliseconds between tries. */
  readonly pause?: (milliseconds: number) => Promise<void>;
}

/** Asks the service as Metaflow does: again after 1, 2, 4, 8 seconds where it does not answer. */
export function serviceClient({
  url,
  headers = {},
  attempts: usual = 5,
  pause = (milliseconds) => delay(milliseconds),
}: ServiceClientOptions): ServiceClient {
  const base = url.replace(/\/+$/, '');
  const location = base.replace(/\/\/[^/@]*@/, '//');

  async function once(method: string, path: string, body: unknown): Promise<Answer> {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(PATIENCE),
    });
    const version = response.headers.get('metadata_service_version') ?? undefined;
    return { status: response.status, body: parsed(await response.text()), version };
  }

  async function ask(
    method: string,
    path: string,
    body?: unknown,
    { attempts = usual }: AskOptions = {},
  ): Promise<Answer> {
    for (let tried = 1; ; tried += 1) {
      let problem: string;
      let cause: unknown;
      try {
        const answer = await once(method, path, body);
        if (answer.status === 401 || answer.status === 403) {
          throw remoteErrors.STORE_DENIED({ location, problem: `${answer.status} ${textOf(answer.body)}` });
        }
        if (!PASSING.has(answer.status)) return answer;
        problem = `it answers ${answer.status} ${textOf(answer.body)}`;
      } catch (error) {
        if (remoteErrors.STORE_DENIED.is(error)) throw error;
        problem = whyOf(error);
        cause = error;
      }
      if (tried >= attempts) throw remoteErrors.STORE_UNREACHABLE({ location, problem }, { cause });
      await pause(1000 * 2 ** (tried - 1));
    }
  }

  return {
    location,
    ask,
    failed: (request, { status, body }) =>
      serviceErrors.SERVICE_FAILED({ location, request, status, problem: textOf(body) }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

/** What an answer says is wrong. */
export function textOf(body: unknown): string {
  if (typeof body === 'object' && body !== null && 'message' in body && typeof body.message === 'string') {
    return body.message;
  }
  return (typeof body === 'string' ? body : JSON.stringify(body)).slice(0, 300);
}

/** What `fetch` says is "fetch failed"; why stands behind it. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause: unknown = error.cause;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}
