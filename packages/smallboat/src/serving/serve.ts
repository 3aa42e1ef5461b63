import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { defineErrors } from '../kernel/index.ts';
import type { EndpointResponse, Handler } from './handler.ts';
import { makeHandler } from './handler.ts';
import type { Limits } from './limits.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { loadPredictor } from './load-predictor.ts';
import type { PredictionSink, Predictor } from './predictor.ts';

export interface ServeSettings {
  /** Address to listen on. Default 127.0.0.1: this machine only. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Name in answers and in the log. Default `intent`. */
  readonly endpointName?: string;
  /** Gets every prediction. Whoever opened it closes it, after the endpoint. */
  readonly predictionLog?: PredictionSink;
  readonly limits?: Partial<Limits>;
  /** Milliseconds since 1970. Default the machine's clock. */
  readonly clock?: () => number;
  /** Told of every fault of ours, with the id that the client got. Default: the cause goes nowhere. */
  readonly onError?: (error: unknown, id: string) => void;
  /** Closes the endpoint when it fires. */
  readonly signal?: AbortSignal;
}

/** The model itself, or the folder that it lies in. */
export type ServeOptions = ServeSettings & ({ readonly model: Predictor } | { readonly modelFolder: string });

/** An endpoint that is up. */
export interface Endpoint extends AsyncDisposable {
  /** `http://127.0.0.1:8080`, without a slash at the end. */
  readonly url: string;
  readonly name: string;
  readonly modelVersion: string;
  /** Takes no more connections, answers what is under way (for `drainSeconds` at most), and resolves when all are closed. */
  close(): Promise<void>;
}

export const serveErrors = defineErrors({
  PORT_TAKEN: (f: { host: string; port: number }) =>
    `Port ${f.port} of ${f.host} is in use. Stop what listens there, or take another port (0 for any free one).`,
  ADDRESS_UNUSABLE: (f: { host: string; port: number; reason: string }) =>
    `Cannot listen on ${f.host}:${f.port}: ${f.reason}. Take an address of this machine and a port from 1024 to 65535.`,
});

/**
 * Starts the endpoint. When it resolves, requests are answered.
 *
 * @throws PORT_TAKEN, ADDRESS_UNUSABLE, and what loading a model throws.
 */
export async function serve(options: ServeOptions): Promise<Endpoint> {
  const { host = '127.0.0.1', port = 0, endpointName = 'intent', predictionLog, signal } = options;
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  signal?.throwIfAborted();
  const model = 'model' in options ? options.model : await loadPredictor(options.modelFolder);
  const handler = makeHandler({
    model,
    endpoint: endpointName,
    limits,
    ...(predictionLog === undefined ? {} : { log: predictionLog }),
    clock: options.clock ?? Date.now,
    timer: () => performance.now(),
    newId: randomUUID,
    onError: options.onError ?? (() => undefined),
  });
  const server = httpServer(handler, limits);
  await listen(server, host, port);
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => (closing ??= drain(server, limits.drainSeconds));
  const onAbort = (): void => void close();
  signal?.addEventListener('abort', onAbort, { once: true });
  server.once('close', () => signal?.removeEventListener('abort', onAbort));
  const { address, port: bound, family } = server.address() as AddressInfo; // A TCP server that listens has one.
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`;
  return { url, name: endpointName, modelVersion: model.version, close, [Symbol.asyncDispose]: close };
}

function httpServer(handler: Handler, limits: Limits): Server {
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const finish = (body: Uint8Array): void => {
      const { method = '', url = '', headers } = request;
      const contentType = headers['content-type'];
      const result = handler({ method, url, body, ...(contentType === undefined ? {} : { contentType }) });
      send(response, result, !server.listening || body.length > limits.bodyBytes);
    };
    if (request.method === 'GET' || request.method === 'HEAD') finish(NOTHING);
    else readBody(request, limits.bodyBytes, finish);
  };
  const server = createServer(
    {
      requestTimeout: limits.requestSeconds * 1000,
      headersTimeout: limits.requestSeconds * 1000,
      connectionsCheckingInterval: Math.min(1000, limits.requestSeconds * 250),
      keepAliveTimeout: 30_000,
      maxHeaderSize: limits.headerBytes,
    },
    answer,
  );
  server.maxConnections = limits.connections;
  // A client that asks first is told no before it sends a body that is too large.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (!(Number(request.headers['content-length']) > limits.bodyBytes)) response.writeContinue();
    answer(request, response);
  });
  server.on('clientError', refuseConnection);
  return server;
}

const NOTHING = new Uint8Array();

/** Collects the body, and one byte more than `limit` at most: the handler sees by the length that it was too large. */
function readBody(request: IncomingMessage, limit: number, done: (body: Uint8Array) => void): void {
  if (Number(request.headers['content-length']) > limit) {
    discard(request);
    done(new Uint8Array(limit + 1));
    return;
  }
  const parts: Buffer[] = [];
  let length = 0;
  const onData = (part: Buffer): void => {
    parts.push(part);
    length += part.length;
    if (length > limit) end();
  };
  const end = (): void => {
    request.off('data', onData).off('end', end);
    if (length > limit) discard(request);
    done(Buffer.concat(parts).subarray(0, limit + 1));
  };
  request.on('data', onData).on('end', end);
}

/** Lets the rest of a refused body run into the void, so that the client gets to read its answer; but not for ever. */
function discard(request: IncomingMessage): void {
  let left = 64 << 20;
  request.on('data', (part: Buffer) => {
    left -= part.length;
    if (left < 0) request.destroy();
  });
  request.resume();
}

function send(response: ServerResponse, { status, headers, body }: EndpointResponse, isLast: boolean): void {
  response.writeHead(status, {
    ...headers,
    ...(status === 204 ? {} : { 'content-length': Buffer.byteLength(body) }),
    ...(isLast ? { connection: 'close' } : {}),
  });
  response.end(body);
}

/** What is no HTTP, or came too slowly, gets an answer as well, if anyone still listens. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, code, reason] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'HEADERS_TOO_LARGE', 'The headers are too large. Send fewer.']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'REQUEST_TIMEOUT', 'The request did not arrive in time. Send it at once.']
        : ['400 Bad Request', 'BAD_REQUEST', 'This is no HTTP request. Send one as RFC 9112 has it.'];
  const body = JSON.stringify({ error: code, reason });
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException): void => {
      if (cause.code === 'EADDRINUSE') reject(serveErrors.PORT_TAKEN({ host, port }, { cause }));
      else reject(serveErrors.ADDRESS_UNUSABLE({ host, port, reason: cause.message }, { cause }));
    };
    server.once('error', fail);
    try {
      server.listen({ host, port }, () => {
        server.off('error', fail);
        resolve();
      });
    } catch (error) {
      // A port that is no port is thrown, not emitted.
      fail(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

async function drain(server: Server, seconds: number): Promise<void> {
  const force = setTimeout(() => server.closeAllConnections(), seconds * 1000);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(force);
}
