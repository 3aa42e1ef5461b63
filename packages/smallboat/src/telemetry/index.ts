export { flowTelemetry } from './flow-telemetry.ts';
export type { FlowTelemetry } from './flow-telemetry.ts';
export type { Counter, Histogram, Meter, MeterOptions } from './meter.ts';
export type { Attributes, SpanRecord } from './otlp.ts';
export { telemetryErrors } from './settings.ts';
export { openTelemetry } from './telemetry.ts';
export type { Telemetry, TelemetryOptions } from './telemetry.ts';
export { readTraceParent, writeTraceParent } from './trace-context.ts';
export type { TraceContext } from './trace-context.ts';
