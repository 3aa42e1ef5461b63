import { availableParallelism } from 'node:os';
import type { Telemetry } from '../../telemetry/index.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { lineSink } from '../line-sink.ts';
import type { Endpoint } from '../serve.ts';
import { serve } from '../serve.ts';
import type { ContainerSettings } from './container-settings.ts';

/** SageMaker kills 30 s after SIGTERM: what is under way gets 20 of them. */
const DRAIN_SECONDS = 20;

export interface ServeContainerOptions extends ContainerSettings {
  /** A line of the container's log. */
  readonly write: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Default `0.0.0.0`: SageMaker asks from outside of the container. */
  readonly host?: string;
  readonly telemetry?: Telemetry;
}

/**
 * The endpoint as SageMaker wants a container to be: `GET /ping`, `POST /invocations` in JSON, JSON Lines and CSV, `GET /execution-parameters` for batch
 * transform. It listens once the model is loaded, so that a ping is answered by an endpoint that can answer more.
 */
export async function serveContainer(options: ServeContainerOptions): Promise<Endpoint> {
  const { modelFolder, port, endpointName, bodyBytes, instances, logsToOutput, write, signal, telemetry } = options;
  return serve({
    modelFolder,
    host: options.host ?? '0.0.0.0',
    port,
    endpointName,
    limits: {
      bodyBytes,
      instances,
      drainSeconds: DRAIN_SECONDS,
      requestSeconds: 60,
      // SageMaker tries again by itself: it is told early, and before it counts the container as ill.
      behindMs: Math.max(DEFAULT_LIMITS.behindMs, 1000),
    },
    pages: {
      '/execution-parameters': {
        MaxConcurrentTransforms: availableParallelism(),
        BatchStrategy: 'MULTI_RECORD',
        MaxPayloadInMB: Math.max(1, bodyBytes >> 20),
      },
    },
    onError: (error, id) => write(`${id} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
    ...(logsToOutput ? { predictionLog: lineSink(write) } : {}),
    ...(signal === undefined ? {} : { signal }),
    ...(telemetry === undefined ? {} : { telemetry }),
  });
}
