import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { bodyQueue } from './body-queue.ts';
import type { EndpointResponse } from './exchange.ts';
import { inTurns } from './in-turns.ts';
import type { Limits } from './limits.ts';
import type { Service, ServiceRequest } from './service.ts';

/** From so many milliseconds on a body is long work. */
const LONG_MS = 3;

/** An HTTP server around a service. It listens on nothing yet. */
export function httpServer(service: Pick<Service, 'answer'>, limits: Limits): Server {
  const queue = bodyQueue(limits);
  const turns = inTurns();
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const receivedAt = performance.now();
    const finish = (body: Uint8Array, isCrowdedOut = false): void => {
      const isTooLarge = body.length > limits.bodyBytes;
      const result = service.answer({ ...serviceRequest(request, body, receivedAt), isCrowdedOut });
      if (!(result instanceof Promise)) send(response, result, !server.listening || isTooLarge || isCrowdedOut);
      else void result.then((later) => send(response, later, !server.listening || isTooLarge || isCrowdedOut));
    };
    if (request.method === 'GET' || request.method === 'HEAD') finish(NOTHING);
    else {
      const bytes = Math.min(Number(request.headers['content-length'] ?? 0) || 0, limits.bodyBytes);
      if (queue.isFull(bytes)) {
        // Told before it is read: reading what is refused anyhow is what an overloaded endpoint has no time for.
        discard(request);
        finish(NOTHING, true);
        return;
      }
      const leave = queue.enter(bytes);
      // A client that goes away in the middle of its body never finishes it.
      response.once('close', () => leave());
      readBody(request, limits.bodyBytes, (body) => {
        const work = (): void => {
          const start = performance.now();
          finish(body);
          leave({ milliseconds: performance.now() - start, bytes: body.length });
        };
        if (queue.expectedMs(body.length) < LONG_MS) work();
        else turns.add(work, { isWanted: () => !response.destroyed, drop: leave });
      });
    }
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

/** A request as a service takes it. Where a header that may come once came several times, Node has kept the first. */
function serviceRequest(
  { method = '', url = '', headers }: IncomingMessage,
  body: Uint8Array,
  receivedAt: number,
): ServiceRequest {
  const { 'content-type': contentType, accept } = headers;
  return {
    method,
    url,
    body,
    receivedAt,
    headers: headers as ServiceRequest['headers'], // Lists are made of `set-cookie` alone, which no request has a use for.
    ...(contentType === undefined ? {} : { contentType }),
    ...(accept === undefined ? {} : { accept }),
  };
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
