import { defineErrors } from '../kernel/index.ts';

export const telemetryErrors = defineErrors({
  OTEL_SETTING_INVALID: (f: { variable: string; value: string; expected: string }) =>
    `${f.variable} is '${f.value}', and should be ${f.expected}.`,
  OTEL_PROTOCOL_UNSUPPORTED: (f: { protocol: string }) =>
    `OTEL_EXPORTER_OTLP_PROTOCOL is '${f.protocol}'. Smallboat sends OTLP over HTTP: set it to http/json, and OTEL_EXPORTER_OTLP_ENDPOINT to the collector's HTTP port, 4318.`,
});

/** Where one kind of signal goes. */
export interface SignalPlace {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly isCompressed: boolean;
}

export interface TelemetrySettings {
  /** Absent where none are wanted. */
  readonly traces?: SignalPlace;
  readonly metrics?: SignalPlace;
  /** What the process is, in every export. */
  readonly resource: Readonly<Record<string, string>>;
  readonly sampler: Sampler;
  readonly batch: { readonly delayMs: number; readonly queue: number; readonly size: number };
  readonly metricIntervalMs: number;
  readonly isDelta: boolean;
}

/** Which traces are kept: a share of those that begin here; of those that come from elsewhere as their beginning says, or the same share. */
export interface Sampler {
  /** 0 to 1. */
  readonly ratio: number;
  readonly followsParent: boolean;
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * OpenTelemetry's own variables. Undefined where nothing is to be sent: no `OTEL_EXPORTER_OTLP_…ENDPOINT`, or `OTEL_SDK_DISABLED=true`. Throws
 * `OTEL_SETTING_INVALID`, `OTEL_PROTOCOL_UNSUPPORTED`.
 */
export function telemetrySettings(env: Env, serviceName: string): TelemetrySettings | undefined {
  if (said(env, 'OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return undefined;
  const traces = placeOf(env, 'TRACES');
  const metrics = placeOf(env, 'METRICS');
  if (!traces && !metrics) return undefined;
  const resource = {
    'service.name': serviceName,
    ...listOf(env, 'OTEL_RESOURCE_ATTRIBUTES'),
    ...named('service.name', said(env, 'OTEL_SERVICE_NAME')),
  };
  const preference = said(env, 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE')?.toLowerCase();
  return {
    ...(traces ? { traces } : {}),
    ...(metrics ? { metrics } : {}),
    resource,
    sampler: samplerOf(env),
    batch: {
      delayMs: wholeOf(env, 'OTEL_BSP_SCHEDULE_DELAY', 5000),
      queue: wholeOf(env, 'OTEL_BSP_MAX_QUEUE_SIZE', 2048),
      size: wholeOf(env, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512),
    },
    metricIntervalMs: wholeOf(env, 'OTEL_METRIC_EXPORT_INTERVAL', 60_000),
    isDelta: preference === 'delta' || preference === 'lowmemory',
  };
}

function placeOf(env: Env, signal: 'TRACES' | 'METRICS'): SignalPlace | undefined {
  const exporter = said(env, `OTEL_${signal}_EXPORTER`) ?? 'otlp';
  const own = said(env, `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`);
  const base = said(env, 'OTEL_EXPORTER_OTLP_ENDPOINT');
  // Others' exporters (console, prometheus) are not ours to be.
  if (!exporter.split(',').includes('otlp') || (own === undefined && base === undefined)) return undefined;
  const either = (name: string): string | undefined =>
    said(env, `OTEL_EXPORTER_OTLP_${signal}_${name}`) ?? said(env, `OTEL_EXPORTER_OTLP_${name}`);
  const protocol = either('PROTOCOL') ?? 'http/json';
  if (!protocol.startsWith('http/')) throw telemetryErrors.OTEL_PROTOCOL_UNSUPPORTED({ protocol });
  const url = own ?? `${base?.replace(/\/$/, '') ?? ''}/v1/${signal.toLowerCase()}`;
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    const variable = own === undefined ? 'OTEL_EXPORTER_OTLP_ENDPOINT' : `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`;
    throw telemetryErrors.OTEL_SETTING_INVALID({
      variable,
      value: own ?? base ?? '',
      expected: 'an address, as in http://127.0.0.1:4318',
    });
  }
  return {
    url,
    headers: { ...listOf(env, 'OTEL_EXPORTER_OTLP_HEADERS'), ...listOf(env, `OTEL_EXPORTER_OTLP_${signal}_HEADERS`) },
    timeoutMs: wholeOf(env, `OTEL_EXPORTER_OTLP_${signal}_TIMEOUT`, wholeOf(env, 'OTEL_EXPORTER_OTLP_TIMEOUT', 10_000)),
    isCompressed: either('COMPRESSION') === 'gzip',
  };
}

function samplerOf(env: Env): Sampler {
  const name = said(env, 'OTEL_TRACES_SAMPLER') ?? 'parentbased_always_on';
  const [, parent, kind] = /^(parentbased_)?(always_on|always_off|traceidratio)$/.exec(name) ?? [];
  if (kind === undefined) {
    const expected = 'always_on, always_off or traceidratio, each with or without parentbased_ before it';
    throw telemetryErrors.OTEL_SETTING_INVALID({ variable: 'OTEL_TRACES_SAMPLER', value: name, expected });
  }
  const value = said(env, 'OTEL_TRACES_SAMPLER_ARG') ?? '1';
  const ratio = kind === 'traceidratio' ? Number(value) : kind === 'always_on' ? 1 : 0;
  if (!(ratio >= 0 && ratio <= 1)) {
    throw telemetryErrors.OTEL_SETTING_INVALID({ variable: 'OTEL_TRACES_SAMPLER_ARG', value, expected: '0 to 1' });
  }
  return { ratio, followsParent: parent !== undefined };
}

/** `a=1,b=2`, values in percent encoding. */
function listOf(env: Env, variable: string): Readonly<Record<string, string>> {
  const pairs = (said(env, variable) ?? '').split(',').filter((pair) => pair.trim() !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) {
        throw telemetryErrors.OTEL_SETTING_INVALID({ variable, value: pair.slice(0, 20), expected: 'name=value,…' });
      }
      return [pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())];
    }),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that stands for itself.
    return text;
  }
}

function wholeOf(env: Env, variable: string, otherwise: number): number {
  const value = said(env, variable);
  if (value === undefined) return otherwise;
  const number = Number(value);
  if (Number.isInteger(number) && number > 0) return number;
  throw telemetryErrors.OTEL_SETTING_INVALID({ variable, value, expected: 'a whole number above 0' });
}

/** As OpenTelemetry has it, empty is not said. */
function said(env: Env, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

function named(name: string, value: string | undefined): Readonly<Record<string, string>> {
  return value === undefined ? {} : { [name]: value };
}
