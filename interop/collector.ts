import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as OTLP's JSON has it, as far as tests look. */
interface CollectedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}

/** A collector that keeps the spans that it is sent. */
export interface Collector extends AsyncDisposable {
  /** The variable by which ours find it. */
  readonly env: Readonly<Record<string, string>>;
  /** The spans of a trace so far. */
  spans(traceId: string): readonly CollectedSpan[];
  /** Traces so far. */
  traces(): ReadonlySet<string>;
}

/** Takes OTLP over HTTP, and says yes to all of it. */
export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.on('end', () => {
      if (request.url?.endsWith('/traces') === true) spans.push(...spansIn(JSON.parse(text)));
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_BSP_SCHEDULE_DELAY: '100' },
    spans: (traceId) => spans.filter((span) => span.traceId === traceId),
    traces: () => new Set(spans.map(({ traceId }) => traceId)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** All that is below a key `spans`, at any depth. */
function spansIn(value: unknown): readonly CollectedSpan[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(spansIn);
  return Object.entries(value).flatMap(
    ([name, one]) => (name === 'spans' ? (one as CollectedSpan[]) : spansIn(one)), // As opentelemetry-proto has them.
  );
}
