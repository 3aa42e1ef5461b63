import { VERSION } from '../kernel/index.ts';
import { type Meter, makeMeter } from './meter.ts';
import { type SpanRecord, metricsBody, tracesBody } from './otlp.ts';
import { sendOtlp } from './sender.ts';
import { type TelemetrySettings, telemetrySettings } from './settings.ts';
import { type TraceContext, newSpanId, newTraceId } from './trace-context.ts';

export interface TelemetryOptions {
  /** Where OpenTelemetry's variables are. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the process is, where `OTEL_SERVICE_NAME` does not say so. */
  readonly serviceName: string;
  /** Told once in a while what could not be sent. Default: nobody. */
  readonly warn?: (problem: string) => void;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
}

/** What is known of a span beside its place in a trace. */
export type EndedSpan = Omit<SpanRecord, 'traceId' | 'spanId' | 'traceState'>;

/** Sends spans and metrics to OpenTelemetry's collector, in batches and beside the work: nothing waits for it, and what it cannot send is dropped. */
export interface Telemetry extends AsyncDisposable {
  readonly meter: Meter;
  /** Where a new span is: below `parent`, or at the beginning of a trace. Whether it is kept is decided here. */
  begin(parent?: TraceContext): TraceContext;
  /** Takes the span of a context, when it has ended; nothing happens where that is not sampled. */
  span(context: TraceContext, ended: EndedSpan): void;
  /** Sends what there is. Never rejects. */
  flush(): Promise<void>;
  /** Sends what there is, for so long as one request may take, and no more after that. */
  close(): Promise<void>;
}

/**
 * By hand and not by `@opentelemetry/sdk-*`: these are 15 packages, whose loading alone takes longer than our endpoint needs to start, for what is a
 * queue and two bodies of JSON here. Undefined where the variables say that nothing is sent; then nothing is measured either. Throws
 * `OTEL_SETTING_INVALID`, `OTEL_PROTOCOL_UNSUPPORTED`.
 */
export function openTelemetry(options: TelemetryOptions): Telemetry | undefined {
  const settings = telemetrySettings(options.env, options.serviceName);
  return settings ? sending(settings, options) : undefined;
}

/** Between two warnings, in milliseconds. */
const QUIET = 60_000;

function sending(settings: TelemetrySettings, { warn, clock = Date.now }: TelemetryOptions): Telemetry {
  const { traces, metrics, sampler, batch } = settings;
  const meter = makeMeter();
  const stop = new AbortController();
  const resource = {
    ...settings.resource,
    'telemetry.sdk.name': 'smallboat',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': VERSION,
  };
  let queue: SpanRecord[] = [];
  let dropped = 0;
  let since = clock();
  let warnedAt = -Infinity;
  let chain: Promise<void> = Promise.resolve();

  const complain = (problem: string): void => {
    if (clock() - warnedAt < QUIET) return;
    warnedAt = clock();
    warn?.(`OpenTelemetry: ${problem}${dropped === 0 ? '' : ` (${dropped} spans were dropped)`}`);
  };
  const sendSpans = (): void => {
    if (!traces || queue.length === 0) return;
    const spans = queue;
    queue = [];
    chain = chain.then(async () => {
      for (let i = 0; i < spans.length; i += batch.size) {
        const body = tracesBody(spans.slice(i, i + batch.size), resource, VERSION);
        await sendOtlp(traces, body, { signal: stop.signal, warn: complain });
      }
    });
  };
  const sendMetrics = (): void => {
    if (!metrics) return;
    const records = meter.records();
    if (records.length === 0) return;
    const now = clock();
    const { isDelta } = settings;
    const body = metricsBody(records, { startedAt: since, endedAt: now, isDelta }, { resource, version: VERSION });
    if (isDelta) {
      meter.reset();
      since = now;
    }
    chain = chain.then(() => sendOtlp(metrics, body, { signal: stop.signal, warn: complain }));
  };
  const timers = [setInterval(sendSpans, batch.delayMs), setInterval(sendMetrics, settings.metricIntervalMs)];
  for (const timer of timers) timer.unref();

  const flush = async (): Promise<void> => {
    sendSpans();
    sendMetrics();
    await chain;
  };
  const close = async (): Promise<void> => {
    for (const timer of timers) clearInterval(timer);
    const limit = setTimeout(() => stop.abort(), (traces ?? metrics)?.timeoutMs ?? 0);
    await flush();
    clearTimeout(limit);
  };
  return {
    meter,
    begin(parent) {
      const traceId = parent?.traceId ?? newTraceId();
      const isSampled = parent && sampler.followsParent ? parent.isSampled : isAmong(traceId, sampler.ratio);
      return {
        traceId,
        spanId: newSpanId(),
        isSampled,
        ...(parent?.state === undefined ? {} : { state: parent.state }),
      };
    },
    span({ traceId, spanId, isSampled, state }, ended) {
      if (!traces || !isSampled) return;
      if (queue.length >= batch.queue) {
        dropped += 1;
        complain('spans come faster than they are taken');
        return;
      }
      queue.push({ ...ended, traceId, spanId, ...(state === undefined ? {} : { traceState: state }) });
      if (queue.length === batch.size) sendSpans();
    },
    flush,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Whether a trace is among the share that is kept: by its id, so that all who take the same share keep the same. */
function isAmong(traceId: string, ratio: number): boolean {
  if (ratio >= 1) return true;
  return Number.parseInt(traceId.slice(18), 16) / 2 ** 56 < ratio;
}
