import { expect, it } from 'vitest';
import { telemetryErrors, telemetrySettings } from './settings.ts';

const read = (env: Readonly<Record<string, string>>) => telemetrySettings(env, 'intent');
const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' };

it.each([
  [{}],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
  [{ ...endpoint, OTEL_SDK_DISABLED: 'true' }],
  [{ ...endpoint, OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' }],
])('sends nothing with %j', (env) => {
  expect(read(env)).toBeUndefined();
});

it('adds the path of a signal to the common endpoint, and takes its own as it is', () => {
  const settings = read({ ...endpoint, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://other:9000/otlp' });
  expect(settings?.traces?.url).toBe('http://collector:4318/v1/traces');
  expect(settings?.metrics?.url).toBe('http://other:9000/otlp');
});

it('reads headers, attributes and the name of the service', () => {
  const settings = read({
    ...endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc, x-team = shop',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=prod,service.name=other',
    OTEL_SERVICE_NAME: 'boat',
  });
  expect(settings?.traces?.headers).toEqual({ authorization: 'Bearer abc', 'x-team': 'shop' });
  expect(settings?.resource).toEqual({ 'service.name': 'boat', 'deployment.environment.name': 'prod' });
});

it('keeps all traces by default, and follows those who ask', () => {
  expect(read(endpoint)?.sampler).toEqual({ ratio: 1, followsParent: true });
  const env = { ...endpoint, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' };
  expect(read(env)?.sampler).toEqual({ ratio: 0.25, followsParent: false });
});

it.each([
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, telemetryErrors.OTEL_SETTING_INVALID],
  [{ ...endpoint, OTEL_TRACES_SAMPLER: 'most' }, telemetryErrors.OTEL_SETTING_INVALID],
  [
    { ...endpoint, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' },
    telemetryErrors.OTEL_SETTING_INVALID,
  ],
  [{ ...endpoint, OTEL_BSP_SCHEDULE_DELAY: 'soon' }, telemetryErrors.OTEL_SETTING_INVALID],
  [{ ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, telemetryErrors.OTEL_PROTOCOL_UNSUPPORTED],
])('refuses %j', (env, kind) => {
  expect(() => read(env)).toThrow(expect.objectContaining({ code: kind.code }));
});
