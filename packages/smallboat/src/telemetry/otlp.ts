/** OTLP's JSON, as opentelemetry-proto 1 has it: 64-bit numbers are text, ids hexadecimal. */

export type AttributeValue = string | number | boolean;
export type Attributes = Readonly<Record<string, AttributeValue>>;

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

export function keyValues(attributes: Attributes): readonly KeyValue[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: AttributeValue): Readonly<Record<string, unknown>> {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

/** Milliseconds since 1970, with a fraction, as nanoseconds. */
export function nanos(milliseconds: number): string {
  const whole = Math.floor(milliseconds);
  return `${whole}${String(Math.floor((milliseconds - whole) * 1e6)).padStart(6, '0')}`;
}

/** Numbers that OTLP has for kinds of spans. */
export const SPAN_KIND = { internal: 1, server: 2, client: 3 } as const;

/** A span that has ended. Times are milliseconds since 1970. */
export interface SpanRecord {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  readonly kind: keyof typeof SPAN_KIND;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: Attributes;
  readonly events?: readonly { readonly name: string; readonly at: number; readonly attributes: Attributes }[];
  /** What went wrong, where something did. */
  readonly failure?: string;
}

const SCOPE_NAME = 'smallboat';

/** Body of a POST to `/v1/traces`. */
export function tracesBody(spans: readonly SpanRecord[], resource: Attributes, version: string): string {
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: keyValues(resource) },
        scopeSpans: [{ scope: { name: SCOPE_NAME, version }, spans: spans.map(spanOf) }],
      },
    ],
  });
}

function spanOf(span: SpanRecord): object {
  const { traceId, spanId, parentSpanId, traceState, name, kind, startedAt, endedAt, attributes, events, failure } =
    span;
  return {
    traceId,
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    ...(traceState === undefined ? {} : { traceState }),
    name,
    kind: SPAN_KIND[kind],
    startTimeUnixNano: nanos(startedAt),
    endTimeUnixNano: nanos(endedAt),
    attributes: keyValues(attributes),
    ...(events === undefined || events.length === 0
      ? {}
      : {
          events: events.map((event) => ({
            timeUnixNano: nanos(event.at),
            name: event.name,
            attributes: keyValues(event.attributes),
          })),
        }),
    status: failure === undefined ? {} : { code: 2, message: failure },
  };
}

/** A number that only rises, by attributes. */
export interface SumRecord {
  readonly kind: 'sum';
  readonly name: string;
  readonly unit: string;
  readonly about: string;
  readonly points: readonly { readonly attributes: Attributes; readonly value: number }[];
}

export interface HistogramRecord {
  readonly kind: 'histogram';
  readonly name: string;
  readonly unit: string;
  readonly about: string;
  /** Upper bounds of all buckets but the last. */
  readonly bounds: readonly number[];
  readonly points: readonly { readonly attributes: Attributes; readonly counts: Float64Array; readonly sum: number }[];
}

export interface MetricsSpan {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly isDelta: boolean;
}

/** Body of a POST to `/v1/metrics`. */
export function metricsBody(
  records: readonly (SumRecord | HistogramRecord)[],
  { startedAt, endedAt, isDelta }: MetricsSpan,
  made: { readonly resource: Attributes; readonly version: string },
): string {
  const aggregationTemporality = isDelta ? 1 : 2;
  const times = { startTimeUnixNano: nanos(startedAt), timeUnixNano: nanos(endedAt) };
  const metrics = records.map((record) => {
    const { name, unit, about: description } = record;
    if (record.kind === 'sum') {
      const dataPoints = record.points.map(({ attributes, value }) => ({
        attributes: keyValues(attributes),
        ...times,
        asInt: String(value),
      }));
      return { name, unit, description, sum: { dataPoints, aggregationTemporality, isMonotonic: true } };
    }
    const dataPoints = record.points.map(({ attributes, counts, sum }) => ({
      attributes: keyValues(attributes),
      ...times,
      count: String(counts.reduce((total, count) => total + count, 0)),
      sum,
      bucketCounts: Array.from(counts, String),
      explicitBounds: record.bounds,
    }));
    return { name, unit, description, histogram: { dataPoints, aggregationTemporality } };
  });
  const scope = { name: SCOPE_NAME, version: made.version };
  return JSON.stringify({
    resourceMetrics: [{ resource: { attributes: keyValues(made.resource) }, scopeMetrics: [{ scope, metrics }] }],
  });
}
