export { checkTelemetry } from './check-telemetry.ts';
export type { CheckedCollector } from './check-telemetry.ts';
export type { Counter, Histogram, Meter, MeterOptions } from './meter.ts';
export type { Attributes, SpanRecord } from './otlp.ts';
export { telemetryErrors } from './settings.ts';
export { openTelemetry } from './telemetry.ts';
export type { EndedSpan, Telemetry, TelemetryOptions } from './telemetry.ts';
export { readTraceParent, writeTraceParent } from './trace-context.ts';
export type { TraceContext } from './trace-context.ts';
