import { type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http';
import { Agent, type RequestOptions, request as tlsRequest } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { defineErrors } from '../../../kernel/index.ts';
import type { Cluster } from './cluster.ts';

export const kubernetesErrors = defineErrors({
  KUBERNETES_REFUSED: (f: { method: string; path: string; status: number; problem: string }) =>
    `Kubernetes refused ${f.method} ${f.path} (${f.status}): ${f.problem}`,
});

export interface CallOptions {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** The REST API of a cluster: the few calls that jobs need. */
export interface KubernetesApi {
  /** Sends a question and gives the answer's JSON. Asked again while the server is too busy. Rejects with `KUBERNETES_REFUSED`. */
  call(method: 'GET' | 'POST' | 'DELETE', path: string, options?: CallOptions): Promise<unknown>;
  /** The lines of an answer that goes on: a log, or a watch. */
  lines(path: string, options?: CallOptions): AsyncGenerator<string>;
  close(): void;
}

/** Tries of a question that the server does not answer for now. */
const TRIES = 6;

/**
 * Talks to a cluster with what Node has. The official client (@kubernetes/client-node) is 60 MB, takes 0.6 s to load, and would be used for
 * five of its thousands of calls.
 */
export function kubernetesApi(cluster: Cluster): KubernetesApi {
  const isTls = cluster.server.protocol === 'https:';
  const agent = new Agent({ keepAlive: true, maxSockets: 50 });

  const open = async (
    method: string,
    path: string,
    { query = {}, body, signal }: CallOptions,
  ): Promise<IncomingMessage> => {
    const { authorization, cert, key } = await cluster.credentials();
    const url = new URL(cluster.server.pathname.replace(/\/$/, '') + path, cluster.server);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const text = body === undefined ? undefined : JSON.stringify(body);
    const options: RequestOptions = {
      method,
      ...(signal ? { signal } : {}),
      ...(isTls ? { agent, rejectUnauthorized: !cluster.isUnchecked } : {}),
      ...(cluster.ca === undefined ? {} : { ca: cluster.ca }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
      headers: {
        accept: 'application/json',
        'user-agent': 'smallboat',
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        ...(authorization === undefined ? {} : { authorization }),
      },
    };
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const sent: ClientRequest = isTls ? tlsRequest(url, options, resolve) : plainRequest(url, options, resolve);
    sent.on('error', reject);
    sent.end(text);
    const answer = await promise;
    const { statusCode: status = 0 } = answer;
    if (status < 300) return answer;
    throw kubernetesErrors.KUBERNETES_REFUSED({ method, path, status, problem: messageIn(await whole(answer)) });
  };

  return {
    async call(method, path, options = {}) {
      for (let tries = 1; ; tries += 1) {
        try {
          return JSON.parse(await whole(await open(method, path, options))) as unknown;
        } catch (error) {
          if (tries === TRIES || options.signal?.aborted || !isForNow(error)) throw error;
          await delay(Math.min(10_000, 250 * 2 ** tries) * (1 + Math.random() / 2));
        }
      }
    },
    async *lines(path, options = {}) {
      let rest = '';
      for await (const piece of (await open('GET', path, options)).setEncoding('utf8') as AsyncIterable<string>) {
        const lines = (rest + piece).split('\n');
        rest = lines.pop() ?? '';
        yield* lines;
      }
      if (rest !== '') yield rest;
    },
    close: () => agent.destroy(),
  };
}

/** Whether the same question may be answered later. What was asked to be made may have been made: the answer then is 409. */
function isForNow(error: unknown): boolean {
  if (kubernetesErrors.KUBERNETES_REFUSED.is(error)) return error.facts.status === 429 || error.facts.status >= 500;
  return (
    error instanceof Error && 'code' in error && /^E(?:CONN|PIPE|TIMEDOUT|AI_AGAIN|HOST|NET)/.test(String(error.code))
  );
}

async function whole(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of answer.setEncoding('utf8') as AsyncIterable<string>) text += piece;
  return text;
}

/** The server answers with an object `Status`; what stands before it may answer with anything. */
function messageIn(text: string): string {
  try {
    const status = JSON.parse(text) as { readonly message?: unknown };
    return typeof status.message === 'string' ? status.message : text.slice(0, 300);
  } catch (error) {
    if (error instanceof SyntaxError) return text.slice(0, 300);
    throw error;
  }
}
