import { destinationErrors } from './destination.ts';

export interface CallOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | Blob | FormData;
  readonly signal?: AbortSignal | undefined;
  /** Default 60. */
  readonly timeoutSeconds?: number;
}

/**
 * One HTTP call to a tracking system; gives the answer if it is a success. What went wrong is told apart by whether it can
 * mend itself: `DESTINATION_UNREACHABLE` (no answer, 408, 425, 429, 5xx), `DESTINATION_DENIED` (401, 403),
 * `DESTINATION_REFUSED` (any other status). The message holds the server's words, never headers.
 */
export async function call(location: string, url: string, options: CallOptions = {}): Promise<Response> {
  const { method = 'GET', headers = {}, body, signal, timeoutSeconds = 60 } = options;
  const limit = AbortSignal.timeout(timeoutSeconds * 1000);
  const init = {
    method,
    headers,
    ...(body === undefined ? {} : { body: body instanceof Uint8Array ? Buffer.from(body) : body }),
    signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
  };
  const path = new URL(url).pathname;
  const answer = await fetch(url, init).catch((cause: unknown) => {
    if (signal?.aborted === true) throw cause;
    const reason = limit.aborted ? `no answer within ${timeoutSeconds} s` : reasonOf(cause);
    throw destinationErrors.DESTINATION_UNREACHABLE({ location, problem: `${method} ${path}: ${reason}` }, { cause });
  });
  if (answer.ok) return answer;
  const text = (await answer.text().catch(() => '')).replaceAll(/\s+/g, ' ').slice(0, 300);
  const problem = `${method} ${path} answered ${answer.status}${text === '' ? '' : ` ${text}`}`;
  if (answer.status === 401 || answer.status === 403) throw destinationErrors.DESTINATION_DENIED({ location, problem });
  if (answer.status >= 500 || [408, 425, 429].includes(answer.status)) {
    const after = Number(answer.headers.get('retry-after') ?? Number.NaN);
    const wait = Number.isFinite(after) ? { retryAfterSeconds: Math.min(after, 300) } : {};
    throw destinationErrors.DESTINATION_UNREACHABLE({ location, problem, ...wait });
  }
  throw destinationErrors.DESTINATION_REFUSED({ location, problem, status: answer.status });
}

/** A POST of JSON; gives the JSON of the answer, `{}` if it is empty. */
export async function postJson(
  location: string,
  url: string,
  { body, headers, ...options }: Omit<CallOptions, 'body'> & { readonly body: unknown },
): Promise<unknown> {
  const answer = await call(location, url, {
    method: 'POST',
    ...options,
    headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return parsed(location, await answer.text());
}

/** Throws `DESTINATION_UNREACHABLE` if it is no JSON: something else answers there, for now. */
export function parsed(location: string, text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch (cause) {
    const problem = `the answer is not JSON: ${text.slice(0, 80)}`;
    throw destinationErrors.DESTINATION_UNREACHABLE({ location, problem }, { cause });
  }
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const inner = cause.cause;
  return inner instanceof Error && inner.message !== '' ? inner.message : cause.message;
}

/** An address without user, password, query and end slash, to name it in messages. */
export function withoutSecrets(address: string): string {
  const url = new URL(address);
  return `${url.protocol}//${url.host}${url.pathname}`.replace(/\/+$/, '');
}
