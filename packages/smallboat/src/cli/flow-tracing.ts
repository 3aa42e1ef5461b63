import type { RunEvent } from '../flow/index.ts';
import type { Io } from '../kernel/index.ts';
import { isTraced } from '../kernel/index.ts';

/** Sends a run to OpenTelemetry's collector, where the environment names one. Dispose of it to send what is left. */
export interface FlowTracing extends AsyncDisposable {
  readonly tell: (event: RunEvent) => void;
  /** Where the run is in its trace, as W3C's header has it; absent where nothing is sent and nobody hands one on. */
  readonly traceParent?: string;
}

/**
 * Below the trace that TRACEPARENT names, if it does. In the processes of steps TRACEPARENT is the run: what they ask of others can be part of its
 * trace. Rejects with `OTEL_SETTING_INVALID`, `OTEL_PROTOCOL_UNSUPPORTED`.
 */
export async function flowTracing(io: Io): Promise<FlowTracing> {
  const tracing = await runTracing(io);
  // Processes of steps have this process's environment.
  if (tracing.traceParent !== undefined) process.env['TRACEPARENT'] = tracing.traceParent;
  return tracing;
}

/** The same for one of several runs of a process, whose steps are told of the trace in another way. */
export async function runTracing({ env, err }: Pick<Io, 'env' | 'err'>): Promise<FlowTracing> {
  const { TRACEPARENT: given = '' } = env;
  const silent = { tell: () => undefined, [Symbol.asyncDispose]: () => Promise.resolve() };
  const passed = { ...silent, ...(given === '' ? {} : { traceParent: given }) };
  // Loaded where it is wanted: a run without it starts sooner.
  if (!isTraced(env)) return passed;
  const { flowTelemetry } = await import('../flow/trace/index.ts');
  const { openTelemetry, readTraceParent, writeTraceParent } = await import('../telemetry/index.ts');
  const telemetry = openTelemetry({ env, serviceName: 'smallboat', warn: (problem) => err(problem) });
  if (!telemetry) return passed;
  const parent = readTraceParent(given, env['TRACESTATE']);
  const { context, tell } = flowTelemetry(telemetry, { parent });
  return { tell, traceParent: writeTraceParent(context), [Symbol.asyncDispose]: () => telemetry.close() };
}
