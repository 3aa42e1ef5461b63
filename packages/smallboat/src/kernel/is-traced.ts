/** Whether OpenTelemetry's variables name a collector: asked before anything of it is loaded, for a program without it starts sooner. */
export function isTraced(env: Readonly<Record<string, string | undefined>>): boolean {
  return Object.keys(env).some((name) => /^OTEL_EXPORTER_OTLP_(?:\w+_)?ENDPOINT$/.test(name));
}
