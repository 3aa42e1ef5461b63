import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defineErrors } from '../kernel/index.ts';
import type { Cors } from './cors.ts';
import type { Telemetry } from '../telemetry/index.ts';
import { httpServer } from './http-server.ts';
import type { ApiKeys } from './keys.ts';
import { lateness } from './lateness.ts';
import type { Limits } from './limits.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { loadPredictor } from './load-predictor.ts';
import type { ModelState } from './model-slot.ts';
import type { PredictionSink, Predictor } from './predictor.ts';
import { requestTelemetry } from './request-telemetry.ts';
import type { Service, ServiceOptions } from './service.ts';
import { makeService } from './service.ts';

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
  /** Who may ask for what. Without keys anybody may ask for anything but a change of the model. */
  readonly keys?: ApiKeys;
  readonly cors?: Cors;
  /** Told of every request that was answered. */
  readonly onRequest?: ServiceOptions['onRequest'];
  /** Told how every trial of a model ended. */
  readonly onModelChange?: ServiceOptions['onModelChange'];
  /** Further things to GET: JSON by path. */
  readonly pages?: ServiceOptions['pages'];
  /** Gets spans and metrics of requests. Whoever opened it closes it, after the endpoint. */
  readonly telemetry?: Telemetry;
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
  /** Version of the model in use. */
  readonly modelVersion: string;
  /** Changes the model between two requests: no request fails or waits for it. Rejects with `MODEL_CHANGE_REFUSED`, and what loading throws. */
  swap(model: Predictor | string): Promise<ModelState>;
  /** The model in use, the one before, a trial. */
  readonly models: Service['models'];
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
  const { host = '127.0.0.1', port = 0, endpointName = 'intent', predictionLog, signal, keys, cors } = options;
  const { onRequest, onModelChange, pages, telemetry } = options;
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  signal?.throwIfAborted();
  const model = 'model' in options ? options.model : await loadPredictor(options.modelFolder);
  const load = lateness();
  let server: Server | undefined;
  const service = makeService({
    model,
    endpoint: endpointName,
    limits,
    clock: options.clock ?? Date.now,
    timer: () => performance.now(),
    newId: randomUUID,
    onError: options.onError ?? (() => undefined),
    behindMs: load.behindMs,
    loadModel: loadPredictor,
    gauges: () => ({ ...processGauges(), connections: connectionsOf(server) }),
    ...(telemetry === undefined ? {} : { observer: requestTelemetry(telemetry, endpointName) }),
    ...(predictionLog === undefined ? {} : { log: predictionLog }),
    ...(keys === undefined ? {} : { keys }),
    ...(cors === undefined ? {} : { cors }),
    ...(pages === undefined ? {} : { pages }),
    ...(onRequest === undefined ? {} : { onRequest }),
    ...(onModelChange === undefined ? {} : { onModelChange }),
  });
  server = httpServer(service, limits);
  await listen(server, host, port);
  let closing: Promise<void> | undefined;
  const open = server;
  const close = async (): Promise<void> => (closing ??= drain(open, limits.drainSeconds).finally(load.stop));
  const onAbort = (): void => void close();
  signal?.addEventListener('abort', onAbort, { once: true });
  server.once('close', () => signal?.removeEventListener('abort', onAbort));
  const { address, port: bound, family } = server.address() as AddressInfo; // A TCP server that listens has one.
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`;
  return {
    url,
    name: endpointName,
    get modelVersion() {
      return service.models.state.model;
    },
    models: service.models,
    swap: async (next) => service.models.swap(typeof next === 'string' ? await loadPredictor(next) : next),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Connections that are open: Node counts them itself, and hands the number to a callback that it calls at once. */
function connectionsOf(server: Server | undefined): number {
  let found = 0;
  server?.getConnections((_, count) => (found = count));
  return found;
}

function processGauges(): { residentBytes: number; cpuSeconds: number; startedAt: number } {
  const { user, system } = process.cpuUsage();
  return {
    residentBytes: process.memoryUsage.rss(),
    cpuSeconds: (user + system) / 1e6,
    startedAt: performance.timeOrigin / 1000,
  };
}

/** Connections that may wait to be taken: beyond them clients try again after a second, and wait for longer than they should. */
const BACKLOG = 4096;

async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException): void => {
      if (cause.code === 'EADDRINUSE') reject(serveErrors.PORT_TAKEN({ host, port }, { cause }));
      else reject(serveErrors.ADDRESS_UNUSABLE({ host, port, reason: cause.message }, { cause }));
    };
    server.once('error', fail);
    try {
      server.listen({ host, port, backlog: BACKLOG }, () => {
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
