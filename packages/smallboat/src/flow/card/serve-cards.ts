import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defineErrors, sha256 } from '../../kernel/index.ts';
import type { RunStore } from '../store/run-store.ts';
import { type ServedPage, pageAt } from './server-pages.ts';

export const cardServerErrors = defineErrors({
  CARD_PORT_UNUSABLE: (f: { port: number; reason: string }) =>
    `Cards cannot be shown at port ${f.port}: ${f.reason}. Take another with --port, 0 for any free one.`,
});

export interface ServeCardsOptions {
  readonly store: RunStore;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Milliseconds between two looks at a run that goes on. Default 1000. */
  readonly refreshEvery?: number;
  /** Told of what went wrong with a page. */
  readonly onError?: (error: unknown) => void;
}

/** A server that shows the cards of a store. */
export interface CardServer extends AsyncDisposable {
  /** `http://127.0.0.1:4000`, without a slash at the end. */
  readonly url: string;
}

/** Only this machine can reach it. */
const HOST = '127.0.0.1';

/**
 * Shows the cards of a store on this machine, those of runs that go on as they are now. A page of another site can neither read nor frame it: a request
 * has to name this server as its host, and come from it or from nobody. Rejects with `CARD_PORT_UNUSABLE`.
 */
export async function serveCards({
  store,
  port = 0,
  refreshEvery = 1000,
  onError,
}: ServeCardsOptions): Promise<CardServer> {
  const pages = cachedPages((path) => pageAt(store, path, refreshEvery), refreshEvery);
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5000 }, (request, response) => {
    void answer(request, response, { port: (server.address() as AddressInfo).port, pages }).catch((error: unknown) => {
      onError?.(error);
      if (!response.headersSent)
        send(response, 500, 'This page could not be made. The command that serves it says why.');
    });
  });
  server.maxConnections = 64;
  await listen(server, port);
  const { port: bound } = server.address() as AddressInfo; // A TCP server that listens has one.
  return {
    url: `http://${HOST}:${bound}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (error) =>
    reject(cardServerErrors.CARD_PORT_UNUSABLE({ port, reason: error.message }, { cause: error })),
  );
  server.listen(port, HOST, resolve);
  await promise;
}

interface Answering {
  readonly port: number;
  readonly pages: (path: string) => Promise<ServedPage | undefined>;
}

async function answer(request: IncomingMessage, response: ServerResponse, { port, pages }: Answering): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return send(response, 405, 'Only GET and HEAD are answered.');
  }
  if (!isOwn(request, port)) return send(response, 403, 'This address is for this machine only.');
  const path = pathOf(request.url ?? '/');
  const page = path === undefined ? undefined : await pages(path);
  if (!page) return send(response, 404, 'There is nothing here. The list of runs is at /.');
  const tag = `"${sha256(page.html).slice(0, 24)}"`;
  response.setHeader('ETag', tag);
  response.setHeader('X-Run-Over', page.isOver ? 'yes' : 'no');
  if (request.headers['if-none-match'] === tag) return send(response, 304, '');
  return send(response, 200, page.html, 'text/html; charset=utf-8');
}

/** Whether a request was meant for this server, by a page of its own or by nobody's. A name that leads here without being ours is another site's. */
function isOwn({ headers }: IncomingMessage, port: number): boolean {
  const hosts = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port}`);
  const { host, origin } = headers;
  if (host === undefined || !hosts.includes(host.toLowerCase())) return false;
  if (origin !== undefined && !hosts.some((own) => origin === `http://${own}`)) return false;
  // Following a link from elsewhere is fine; fetching, framing and embedding are not.
  const isElsewhere = ['cross-site', 'same-site'].includes(headers['sec-fetch-site'] ?? '');
  return !isElsewhere || headers['sec-fetch-dest'] === 'document';
}

/** The path of a request; undefined where its escapes are broken. */
function pathOf(url: string): string | undefined {
  try {
    return decodeURIComponent(url.split(/[?#]/)[0] ?? '/');
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function send(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, {
    ...(status === 304 ? {} : { 'Content-Type': type }),
    'Cache-Control': 'no-store',
    // The page has a policy of its own, which says the rest.
    'Content-Security-Policy': `frame-ancestors 'none'`,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
  });
  response.end(response.req.method === 'HEAD' || status === 304 ? undefined : text);
}

/** Pages that are made once for all who ask at about the same time; one that takes long is made more rarely. */
function cachedPages(make: Answering['pages'], every: number): Answering['pages'] {
  const made = new Map<string, { readonly page: Promise<ServedPage | undefined>; until: number }>();
  return (path) => {
    const now = performance.now();
    const known = made.get(path);
    if (known && now < known.until) return known.page;
    for (const [old, { until }] of made) if (until < now) made.delete(old);
    const page = make(path);
    const entry = { page, until: Number.POSITIVE_INFINITY };
    made.set(path, entry);
    const ended = (): void => {
      const took = performance.now() - now;
      entry.until = now + took + Math.max(every / 2, 5 * took);
    };
    page.then(ended, () => made.delete(path));
    return page;
  };
}
