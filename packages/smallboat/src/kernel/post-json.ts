/** How long an answer is waited for, in milliseconds. */
const PATIENCE = 10_000;
/** Pauses before the second and the third try, in milliseconds. */
const PAUSES = [500, 2_000] as const;

export interface PostOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly fetch?: typeof globalThis.fetch;
  /** Waits; default a timer. */
  readonly pause?: (ms: number) => Promise<void>;
  readonly signal?: AbortSignal;
}

/** How a delivery ended. The address may hold a secret: `host` is all that may be told of it. */
export type Posted =
  | { readonly kind: 'told'; readonly host: string }
  | { readonly kind: 'refused'; readonly host: string; readonly status: number }
  | { readonly kind: 'unreachable'; readonly host: string; readonly problem: string };

/** Sends JSON, up to three times where the other side does not answer or is not ready (429, 5xx). Rejects where `signal` ends it. */
export async function postJson(url: string, body: object, options: PostOptions = {}): Promise<Posted> {
  const { fetch = globalThis.fetch, pause = wait, headers = {}, signal } = options;
  if (!URL.canParse(url)) return { kind: 'unreachable', host: 'its address', problem: 'it is no URL' };
  const { host } = new URL(url);
  const request = {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted();
    const posted = await once(fetch, url, request);
    const ms = PAUSES[attempt];
    const mayWork = posted.kind === 'unreachable' || (posted.kind === 'refused' && isNotReady(posted.status));
    if (!mayWork || ms === undefined) return { ...posted, host };
    await pause(ms);
  }
}

type Answered =
  | { readonly kind: 'told' }
  | { readonly kind: 'refused'; readonly status: number }
  | { readonly kind: 'unreachable'; readonly problem: string };

async function once(fetch: typeof globalThis.fetch, url: string, request: RequestInit): Promise<Answered> {
  try {
    const answer = await fetch(url, { ...request, signal: AbortSignal.timeout(PATIENCE) });
    await answer.arrayBuffer();
    return answer.ok ? { kind: 'told' } : { kind: 'refused', status: answer.status };
  } catch (error) {
    const { cause } = error instanceof Error ? error : {};
    const inner = cause instanceof Error ? cause : error;
    return { kind: 'unreachable', problem: inner instanceof Error ? inner.message || inner.name : 'no answer' };
  }
}

function isNotReady(status: number): boolean {
  return status >= 500 || status === 429;
}

async function wait(ms: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
