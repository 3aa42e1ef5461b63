import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { serverProcess, freePort } from './server.ts';
import { hasGo, startOtlpReceiver } from './otlp-receiver.ts';
import { pythonEnv } from './python.ts';
import { smallboat } from './orchestrate/project.ts';
import { writeTestModel } from '../packages/smallboat/src/serving/testing/test-model.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const program = join(here, '../packages/smallboat/bin/smallboat.js');
const parent = { trace: '4bf92f3577b34da6a3ce929d0e0e4736', span: '00f067aa0ba902b7' };

const flowFile = `import { each, flow, step } from ${JSON.stringify(join(here, '../packages/smallboat/src/flow/index.ts'))};
const list = step('list', { run: () => ({ xs: [1, 2, 3], parent: process.env['TRACEPARENT'] }) });
const square = step('square', { retry: { times: 1, backoffSeconds: 0 }, run: ({ x }, { attempt }) => {
  if (x === 2 && attempt === 0) throw new Error('not yet');
  return { y: x * x };
} });
export const squares = flow('Squares', {}, () => each(list({}).xs, (x) => square({ x })));
`;

/** A run and some requests, as a user makes them, sent to a collector. Gives what the flow's step saw as its trace. */
async function use(url: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-otlp-'));
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_SERVICE_NAME: 'boat',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    OTEL_BSP_SCHEDULE_DELAY: '100',
    OTEL_METRIC_EXPORT_INTERVAL: '200',
  };
  await writeFile(join(folder, 'flow.ts'), flowFile);
  const TRACEPARENT = `00-${parent.trace}-${parent.span}-01`;
  const ran = await smallboat(['run', 'flow.ts', '--json'], { cwd: folder, env: { ...env, TRACEPARENT } });
  expect(ran.code, ran.err).toBe(0);
  const { run } = JSON.parse(ran.out) as { run: string };
  const dumped = await smallboat(['dump', `Squares/${run}/list`, '--json'], { cwd: folder, env: {} });
  expect(dumped.code, dumped.err).toBe(0);
  const model = await writeTestModel(join(folder, 'model'));
  const port = await freePort();
  const args = [program, 'serve', '--folder', model, '--port', String(port), '--name', 'intent', '--no-log'];
  const answers = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/ping`).then(
      ({ ok }) => ok,
      () => false,
    );
  await using _ = await serverProcess(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    ready: answers,
  });
  const traced = { headers: { traceparent: TRACEPARENT, tracestate: 'vendor=1' } };
  expect((await fetch(`http://127.0.0.1:${port}/predict?session=view,add`, traced)).status).toBe(200);
  expect((await fetch(`http://127.0.0.1:${port}/predict?session=dance`)).status).toBe(400);
  return dumped.out;
}

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly kind?: number;
}

/** What is below a key of that name, at any depth. */
function below(value: unknown, key: string): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((one) => below(one, key));
  return Object.entries(value).flatMap(([name, one]) => (name === key ? [one] : below(one, key)));
}

describe('what is sent to a collector', () => {
  it.skipIf(!hasGo())("is taken by the OpenTelemetry Collector's own receiver", async () => {
    await using receiver = await startOtlpReceiver();
    const seen = await use(receiver.url);
    await vi.waitFor(() => expect(JSON.stringify(receiver.taken())).toContain('smallboat.predictions'), 20_000);
    const taken = receiver.taken();
    const spans = below(taken, 'spans').flat() as readonly Span[];
    const named = (name: string): Span | undefined => spans.find((span) => span.name === name);
    const run = named('run Squares');
    expect(run).toMatchObject({ traceId: parent.trace, parentSpanId: parent.span });
    expect(seen).toContain(`00-${parent.trace}-${run?.spanId ?? ''}-01`);
    expect(named('step square')?.parentSpanId).toBe(run?.spanId);
    expect(named('square[1]')?.parentSpanId).toBe(named('step square')?.spanId);
    const request = spans.find(({ name, traceId }) => name === 'GET /predict' && traceId === parent.trace);
    expect(request).toMatchObject({ parentSpanId: parent.span, traceState: 'vendor=1', kind: 2 });
    expect(named('predict')).toMatchObject({ traceId: parent.trace, parentSpanId: request?.spanId });
    const metrics = below(taken, 'metrics').flat() as readonly { readonly name: string }[];
    expect(new Set(metrics.map(({ name }) => name))).toEqual(
      new Set([
        'smallboat.task.duration',
        'smallboat.run.duration',
        'http.server.request.duration',
        'smallboat.predictions',
      ]),
    );
    expect(JSON.stringify(taken)).toContain('"deployment.environment.name"');
    expect(JSON.stringify(taken)).not.toContain('view,add');
  });

  it('fits the official schema, with no field that it does not know', async () => {
    const bodies: { path: string; body: string }[] = [];
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        bodies.push({ path: request.url ?? '', body: Buffer.concat(parts).toString() });
        response.end('{}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.close();
    const check = spawn(join(pythonEnv('otlp'), 'python'), [join(here, 'otlp_check.py')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let said = '';
    check.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    check.stdin.end(JSON.stringify(bodies));
    const [code] = (await once(check, 'close')) as [number];
    expect(code).toBe(0);
    const { spans, points } = JSON.parse(said) as { spans: number; points: number };
    // A run, two steps, four tasks; requests, one of them with a prediction, and the pings before.
    expect(spans).toBeGreaterThanOrEqual(10);
    expect(points).toBeGreaterThanOrEqual(5);
  });
});
