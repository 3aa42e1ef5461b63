/** An entrance of its own: runs as traces, loaded where OpenTelemetry's variables name a collector. */
export { flowTelemetry } from './flow-telemetry.ts';
