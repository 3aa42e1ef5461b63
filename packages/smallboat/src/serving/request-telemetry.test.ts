import { expect, it } from 'vitest';
import { type EndedSpan, type Telemetry, type TraceContext, openTelemetry } from '../telemetry/index.ts';
import { requestTelemetry } from './request-telemetry.ts';
import { serve } from './serve.ts';

const model = { version: 'm-1', rule: {}, predict: (all: readonly object[]) => Float32Array.from(all, () => 0.5) };
const parent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7';

/** Keeps what it is given; the port is nobody's. */
function keeping(): { readonly telemetry: Telemetry; readonly spans: (EndedSpan & TraceContext)[] } {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_METRICS_EXPORTER: 'none' };
  const opened = openTelemetry({ env, serviceName: 'intent' });
  if (!opened) throw new Error('It is off');
  const spans: (EndedSpan & TraceContext)[] = [];
  return { telemetry: { ...opened, span: (context, ended) => void spans.push({ ...context, ...ended }) }, spans };
}

it('makes a request and its prediction spans below the one that asked', async () => {
  const { telemetry, spans } = keeping();
  await using endpoint = await serve({ model, telemetry });
  await fetch(`${endpoint.url}/predict?session=view,add`, { headers: { traceparent: `${parent}-01` } });
  const [predict, request] = spans;
  expect(request).toMatchObject({ name: 'GET /predict', kind: 'server', parentSpanId: '00f067aa0ba902b7' });
  expect(predict).toMatchObject({ name: 'predict', parentSpanId: request?.spanId, traceId: request?.traceId });
  expect(predict?.attributes).toEqual({ 'smallboat.model': 'm-1', 'smallboat.sessions': 1 });
  expect((request?.startedAt ?? 0) <= (predict?.startedAt ?? 0)).toBe(true);
  expect(Math.abs(Date.now() - (request?.endedAt ?? 0))).toBeLessThan(60_000);
});

it('keeps no span of a trace that is not wanted, and tells nothing of the shopper', async () => {
  const { telemetry, spans } = keeping();
  await using endpoint = await serve({ model, telemetry });
  await fetch(`${endpoint.url}/predict?session=view,add`, { headers: { traceparent: `${parent}-00` } });
  expect(spans).toEqual([]);
  await fetch(`${endpoint.url}/predict?session=view,add&sessionId=ada`);
  expect(JSON.stringify(spans)).not.toMatch(/view|ada/);
});

it('finds the one that asked in what SageMaker hands on', async () => {
  const { telemetry, spans } = keeping();
  await using endpoint = await serve({ model, telemetry });
  const headers = { 'x-amzn-sagemaker-custom-attributes': `c000b4f9,traceparent=${parent}-01` };
  await fetch(`${endpoint.url}/predict?session=view,add`, { headers });
  expect(spans.at(-1)).toMatchObject({ parentSpanId: '00f067aa0ba902b7', traceId: parent.slice(3, 35) });
});

it('says which answers are faults of ours', () => {
  const { telemetry, spans } = keeping();
  const watch = (status: number): void => {
    const request = { method: 'GET', url: '/predict', headers: {}, body: new Uint8Array() };
    const times = { startedAt: 0, endedAt: 1 };
    requestTelemetry(telemetry, 'intent')
      .begin(request)
      .ended({ id: 'one', method: 'GET', path: '/predict', status, model: 'm-1', ...times });
  };
  for (const status of [200, 404, 503]) watch(status);
  expect(spans.map(({ failure }) => failure)).toEqual([undefined, undefined, 'answered 503']);
});
