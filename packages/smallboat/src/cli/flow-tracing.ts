import type { RunEvent } from '../flow/index.ts';
import type { Io } from '../kernel/index.ts';

/** Sends a run to OpenTelemetry's collector, where the environment names one. Dispose of it to send what is left. */
export interface FlowTracing extends AsyncDisposable {
  readonly tell: (event: RunEvent) => void;
}

/** Whether OpenTelemetry's variables name a collector. */
export function isTraced(env: Io['env']): boolean {
  return Object.keys(env).some((name) => /^OTEL_EXPORTER_OTLP_(?:\w+_)?ENDPOINT$/.test(name));
}

/**
 * Below the trace that TRACEPARENT names, if it does. In the processes of steps TRACEPARENT is the run: what they ask of others can be part of its
 * trace. Rejects with `OTEL_SETTING_INVALID`, `OTEL_PROTOCOL_UNSUPPORTED`.
 */
export async function flowTracing(io: Io): Promise<FlowTracing> {
  const silent = { tell: () => undefined, [Symbol.asyncDispose]: () => Promise.resolve() };
  // Loaded where it is wanted: a run without it starts sooner.
  if (!isTraced(io.env)) return silent;
  const { flowTelemetry, openTelemetry, readTraceParent, writeTraceParent } = await import('../telemetry/index.ts');
  const telemetry = openTelemetry({ env: io.env, serviceName: 'smallboat', warn: (problem) => io.err(problem) });
  if (!telemetry) return silent;
  const parent = readTraceParent(io.env['TRACEPARENT'], io.env['TRACESTATE']);
  const { context, tell } = flowTelemetry(telemetry, { parent });
  // Processes of steps have this process's environment.
  process.env['TRACEPARENT'] = writeTraceParent(context);
  return { tell, [Symbol.asyncDispose]: () => telemetry.close() };
}
