import { isTraced } from '../../kernel/index.ts';
import type { Attributes, Telemetry, TraceContext } from '../../telemetry/index.ts';

/** The parameter by which whoever starts an execution hands on where it is in a trace; no flow sees it. */
export const TRACE_PARAMETER = '$traceparent';

/** Where an execution is in a trace: kept beside its parameters, for its tasks are processes that know nothing of each other. */
export interface ExecutionTrace {
  /** Of the run, as W3C's header has it. */
  readonly run: string;
  /** The span that it is below: 16 hexadecimal digits. */
  readonly parent?: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** Parameters with the trace of whoever starts an execution, where TRACEPARENT names one. */
export function tracedParameters(
  parameters: Readonly<Record<string, unknown>>,
  { TRACEPARENT: parent = '' }: Env,
): Readonly<Record<string, unknown>> {
  return parent === '' ? parameters : { ...parameters, [TRACE_PARAMETER]: parent };
}

type Env = Readonly<Record<string, string | undefined>>;

async function opened(env: Env): Promise<Telemetry | undefined> {
  // Loaded where it is wanted: a task without it starts sooner.
  if (!isTraced(env)) return undefined;
  const { openTelemetry } = await import('../../telemetry/index.ts');
  const warn = (problem: string): void => void process.stderr.write(`[smallboat] ${problem}\n`);
  return openTelemetry({ env, serviceName: 'smallboat', warn });
}

/** Begins the trace of an execution below `given`. Undefined where nothing is sent and nobody hands one on. */
export async function beginTrace(given: string | undefined, env: Env): Promise<ExecutionTrace | undefined> {
  await using telemetry = await opened(env);
  if (!telemetry) return given === undefined ? undefined : { run: given, startedAt: Date.now() };
  const { readTraceParent, writeTraceParent } = await import('../../telemetry/index.ts');
  const parent = readTraceParent(given);
  const run = writeTraceParent(telemetry.begin(parent));
  return { run, startedAt: Date.now(), ...(parent ? { parent: parent.spanId } : {}) };
}

/** What is told of a span that has ended. */
interface Ended {
  readonly name: string;
  readonly startedAt: number;
  readonly attributes: Attributes;
  readonly failure?: string | undefined;
}

/** The span of an attempt, below that of the run. */
export async function traceAttempt(trace: ExecutionTrace | undefined, env: Env, ended: Ended): Promise<void> {
  await sending(trace, env, (telemetry, run) => {
    tell(telemetry, { ...ended, context: telemetry.begin(run), parent: run.spanId });
  });
}

/** The span of the run, when its last task has ended. */
export async function traceRun(
  trace: ExecutionTrace | undefined,
  env: Env,
  ended: Omit<Ended, 'startedAt'>,
): Promise<void> {
  await sending(trace, env, (telemetry, context) => {
    const { startedAt, parent } = trace ?? { startedAt: Date.now() };
    tell(telemetry, { ...ended, startedAt, context, parent });
  });
}

/** What is sent is sent when it resolves; what cannot be sent is said, and stops nothing. */
async function sending(
  trace: ExecutionTrace | undefined,
  env: Env,
  work: (telemetry: Telemetry, run: TraceContext) => void,
): Promise<void> {
  if (!trace) return;
  await using telemetry = await opened(env);
  if (!telemetry) return;
  const { readTraceParent } = await import('../../telemetry/index.ts');
  const run = readTraceParent(trace.run);
  if (run) work(telemetry, run);
}

function tell(
  telemetry: Telemetry,
  {
    context,
    parent,
    failure,
    ...ended
  }: Ended & { readonly context: TraceContext; readonly parent: string | undefined },
): void {
  telemetry.span(context, {
    ...ended,
    kind: 'internal',
    endedAt: Date.now(),
    ...(parent === undefined ? {} : { parentSpanId: parent }),
    ...(failure === undefined ? {} : { failure }),
  });
}
