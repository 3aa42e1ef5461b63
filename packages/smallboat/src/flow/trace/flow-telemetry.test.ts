import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';
import { flow, inMemoryRunStore, runFlow, step } from '../index.ts';
import { checkTelemetry, openTelemetry } from '../../telemetry/index.ts';
import { flowTelemetry } from './flow-telemetry.ts';

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code?: number; readonly message?: string };
  readonly events?: readonly { readonly name: string }[];
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
}

/** A collector that takes all, or answers as it is told. */
async function collector(answers: number[] = []) {
  const bodies: { path: string; body: string }[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const status = answers.shift() ?? 200;
      const bytes = Buffer.concat(parts);
      const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
      if (status === 200) bodies.push({ path: request.url ?? '', body });
      response.writeHead(status, { 'retry-after': '0' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const spans = (): readonly Span[] =>
    bodies
      .filter(({ path }) => path === '/v1/traces')
      .flatMap(({ body }) => JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] })
      .flatMap(({ resourceSpans }) => resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((s) => s.spans)));
  return { url, bodies, spans };
}

const opened = (url: string, more: Readonly<Record<string, string>> = {}, warn?: (problem: string) => void) => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: url, ...more };
  const telemetry = openTelemetry({ env, serviceName: 'test', ...(warn ? { warn } : {}) });
  if (!telemetry) throw new Error('It is off');
  return telemetry;
};
const record = { name: 'one', kind: 'internal', startedAt: 1.5, endedAt: 2, attributes: {} } as const;

it('is nothing where no collector is named', () => {
  expect(openTelemetry({ env: {}, serviceName: 'test' })).toBeUndefined();
});

it('sends a run as run, steps and tasks, with what went wrong on the way', async () => {
  const { url, spans, bodies } = await collector();
  const telemetry = opened(url);
  const load = step('load', { run: () => ({ n: 1 }) });
  const shaky = step('shaky', {
    retry: { times: 1, backoffSeconds: 0 },
    run: ({ n }: { n: number }, { attempt }) => {
      if (attempt === 0) throw new Error('not yet');
      return { m: n };
    },
  });
  const small = flow('Small', {}, () => shaky({ n: load({}).n }));
  const parent = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', isSampled: true };
  const { tell } = flowTelemetry(telemetry, { parent });
  await using run = await runFlow(small, { module: 'file:///flow.ts', store: inMemoryRunStore(), onEvent: tell });
  await telemetry.close();
  const all = new Map(spans().map((span) => [span.name, span]));
  expect([...all.keys()].sort()).toEqual(['load', 'run Small', 'shaky', 'step load', 'step shaky']);
  const [whole, aStep, task] = ['run Small', 'step shaky', 'shaky'].map((name) => all.get(name));
  expect(whole?.parentSpanId).toBe(parent.spanId);
  expect([aStep?.parentSpanId, task?.parentSpanId]).toEqual([whole?.spanId, aStep?.spanId]);
  expect(new Set(spans().map(({ traceId }) => traceId))).toEqual(new Set([parent.traceId]));
  expect(task?.events?.map(({ name }) => name)).toEqual(['attempt failed']);
  expect(whole?.attributes).toContainEqual({ key: 'smallboat.run', value: { stringValue: run.run } });
  expect(BigInt(whole?.endTimeUnixNano ?? 0) >= BigInt(task?.endTimeUnixNano ?? 0)).toBe(true);
  expect(bodies.filter(({ path }) => path === '/v1/metrics')).toHaveLength(1);
});

it('tells of a run that fails', async () => {
  const { url, spans } = await collector();
  const telemetry = opened(url, { OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' });
  const bad = step('bad', {
    run: (): object => {
      throw new Error('it broke');
    },
  });
  const { tell } = flowTelemetry(telemetry);
  const failing = flow('Failing', {}, () => bad({}));
  const options = { module: 'file:///flow.ts', store: inMemoryRunStore(), onEvent: tell };
  await expect(runFlow(failing, options)).rejects.toThrow('it broke');
  await telemetry.close();
  const broken = { code: 2, message: 'it broke' };
  expect(spans().map(({ status }) => status)).toEqual([broken, broken, broken]);
});

it('tries again what may be tried again, and says what is lost', async () => {
  const { url, spans } = await collector([503, 429]);
  const problems: string[] = [];
  const telemetry = opened(url, {}, (problem) => problems.push(problem));
  telemetry.span(telemetry.begin(), record);
  await telemetry.flush();
  expect(spans()).toMatchObject([{ name: 'one', startTimeUnixNano: '1500000', endTimeUnixNano: '2000000' }]);
  expect(problems).toEqual([]);
  const { url: closed } = await collector([400]);
  const refused = opened(closed, {}, (problem) => problems.push(problem));
  refused.span(refused.begin(), record);
  await refused.close();
  expect(problems).toEqual([expect.stringContaining('answered 400')]);
  await telemetry.close();
});

it('keeps a share of the traces, the same for all who take that share', async () => {
  const { url } = await collector();
  const settings = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.5' };
  await using one = opened(url, settings);
  await using other = opened(url, { ...settings, OTEL_TRACES_SAMPLER: 'traceidratio' });
  const begun = Array.from({ length: 1000 }, () => one.begin());
  const kept = begun.filter(({ isSampled }) => isSampled);
  // Six standard deviations of a fair coin.
  expect(Math.abs(kept.length - 500)).toBeLessThan(95);
  for (const context of begun) {
    expect(one.begin(context).isSampled).toBe(context.isSampled);
    expect(other.begin(context).isSampled).toBe(context.isSampled);
  }
});

it('keeps no more than its queue holds while the collector is slow', async () => {
  const problems: string[] = [];
  const settings = { OTEL_BSP_MAX_QUEUE_SIZE: '10', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '100' };
  const { url, spans } = await collector();
  const telemetry = opened(url, settings, (problem) => problems.push(problem));
  for (let i = 0; i < 20; i += 1) telemetry.span(telemetry.begin(), record);
  await telemetry.close();
  expect(spans()).toHaveLength(10);
  expect(problems).toEqual([expect.stringContaining('spans come faster')]);
});

it.each([
  [{}, 2, ['3', '5']],
  [{ OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta' }, 1, ['3', '2']],
])('counts on or from one export to the next: %j', async (env, temporality, values) => {
  const { url, bodies } = await collector();
  await using telemetry = opened(url, env);
  const counter = telemetry.meter.counter('made', { unit: '1', about: 'Things' });
  counter.add(3, { kind: 'a' });
  await telemetry.flush();
  counter.add(2, { kind: 'a' });
  await telemetry.flush();
  const found = bodies.map(({ body }) => JSON.stringify(JSON.parse(body)));
  expect(found.map((body) => /"asInt":"(\d+)"/.exec(body)?.[1])).toEqual(values);
  expect(found.every((body) => body.includes(`"aggregationTemporality":${temporality}`))).toBe(true);
});

it('asks collectors whether they take what is sent', async () => {
  const { url } = await collector([200, 404]);
  const checked = await checkTelemetry({ OTEL_EXPORTER_OTLP_ENDPOINT: url });
  expect(checked.map((one) => one.url)).toEqual([`${url}/v1/traces`, `${url}/v1/metrics`]);
  expect(checked.filter(({ problem }) => problem !== undefined)).toMatchObject([{ problem: 'it answered 404' }]);
  const [away] = await checkTelemetry({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:9/v1/traces' });
  expect(away?.problem).toMatch(/ECONNREFUSED|bad port/);
  expect(await checkTelemetry({})).toEqual([]);
});
