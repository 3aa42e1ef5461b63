import type { Endpoint, ServeOptions } from './serve.ts';
import { serve } from './serve.ts';

/** An endpoint with a prediction log of its own: without a folder there is none. */
export type ServeWithLogOptions = ServeOptions & {
  /** Folder of the prediction log; made when the first prediction is written. */
  readonly logFolder?: string;
};

/** `serve` with a prediction log that is opened with the endpoint and closed after its last answer. */
export async function serveWithLog(options: ServeWithLogOptions): Promise<Endpoint> {
  const { logFolder, signal, ...settings } = options;
  if (logFolder === undefined) return serve(options);
  signal?.throwIfAborted();
  // Loaded when it is needed: an endpoint without a log starts sooner.
  const { predictionLog } = await import('../monitoring/index.ts');
  const log = predictionLog({ folder: logFolder });
  const endpoint = await serve({ ...settings, predictionLog: log }).catch(async (error: unknown) => {
    await log.close();
    throw error;
  });
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => (closing ??= endpoint.close().then(async () => log.close()));
  // A log that cannot be closed rejects `close`; the signal has nobody to tell.
  signal?.addEventListener('abort', () => void close().catch(() => undefined), { once: true });
  return {
    ...endpoint,
    get modelVersion() {
      return endpoint.modelVersion;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
