import { messageOf } from '../kernel/index.ts';
import { openTelemetry } from '../telemetry/index.ts';
import type { Limits } from './limits.ts';
import { serveWithLog } from './serve-with-log.ts';

/** What an endpoint's process is told to do; plain data. */
export interface EndpointJob {
  readonly modelFolder: string;
  readonly host?: string;
  readonly port?: number;
  readonly endpointName?: string;
  readonly logFolder?: string;
  readonly limits?: Partial<Limits>;
}

/** What the process says to the one that started it, once. */
export type EndpointMessage =
  | { readonly kind: 'ready'; readonly url: string; readonly modelVersion: string }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/** The endpoint's process: started by `startEndpoint` with its job as JSON. */
async function main(): Promise<void> {
  // Plain data that `startEndpoint` wrote for this very file.
  const job = JSON.parse(process.argv[2] ?? '{}') as EndpointJob;
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  process.once('SIGINT', () => stop.abort());
  // The channel closes when the parent ends, be it by kill -9: nobody is left to stop this process then.
  process.once('disconnect', () => stop.abort());
  try {
    await using telemetry = openTelemetry({
      env: process.env,
      serviceName: job.endpointName ?? 'intent',
      warn: (problem) => void process.stderr.write(`${problem}\n`),
    });
    const endpoint = await serveWithLog({
      ...job,
      ...(telemetry === undefined ? {} : { telemetry }),
      onError: (error, id) =>
        process.stderr.write(`${id} ${error instanceof Error ? (error.stack ?? '') : String(error)}\n`),
    });
    tell({ kind: 'ready', url: endpoint.url, modelVersion: endpoint.modelVersion });
    if (!stop.signal.aborted) await new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
    await endpoint.close();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNEXPECTED';
    tell({ kind: 'failed', code, message: messageOf(error) });
    process.exitCode = 1;
  }
  if (process.connected) process.disconnect();
}

function tell(message: EndpointMessage): void {
  if (process.connected) process.send?.(message);
}

await main();
