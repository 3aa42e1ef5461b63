/**
 * What the endpoint does under steady load, while its model is changed, when too much is asked, and when nonsense is sent; client and server on one machine:
 *
 *     node bench/serving/reliability.ts [--rate 500] [--seconds 60] [--swaps 1000] [--nonsense 100000] [--peer]
 *
 * With --peer the steady load also goes to FastAPI on uvicorn with onnxruntime (bench/peers/serve.py), the same ONNX file.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pythonEnv } from '../../interop/python.ts';
import { localTarget } from '../../packages/smallboat/src/serving/deploy/index.ts';
import { TOKENS } from '../../packages/smallboat/src/features/index.ts';
import { initialWeights, writeModel } from '../../packages/smallboat/src/training/index.ts';
import type { OpenLoopResult } from './open-loop.ts';
import { openLoop } from './open-loop.ts';

const SESSION = 'view,view,detail,view,detail,add,view,detail,add,remove';
const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '60' },
    swaps: { type: 'string', default: '1000' },
    nonsense: { type: 'string', default: '100000' },
    peer: { type: 'boolean', default: false },
  },
});
const rate = Number(values.rate);
const seconds = Number(values.seconds);

const shown = ({ sent, statuses, p50, p99, p999 }: OpenLoopResult): string =>
  `${sent} sent, by status ${JSON.stringify(statuses)}, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, p99.9 ${p999.toFixed(2)} ms`;

async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

async function model(folder: string, version: string, seed: number): Promise<string> {
  await writeModel(folder, {
    name: 'intent',
    version,
    weights: initialWeights(48, seed),
    hyper: { units: 48, learningRate: 0.001, batchSize: 128, epochs: 1, patience: 1, seed },
    vocabulary: TOKENS,
    metrics: {},
    lineage: { run: 'bench', dataSnapshot: 'none', codeHash: 'none' },
  });
  return folder;
}

/** Requests that are wrong in many ways, from a seed. */
function nonsense(count: number): readonly { readonly path: string; readonly body?: string; readonly type: string }[] {
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  const pick = <T>(list: readonly [T, ...T[]]): T => list[random(list.length)] ?? list[0];
  const text = (): string =>
    Array.from({ length: random(40) }, () => String.fromCodePoint(33 + random(0x2fff))).join('');
  const value = (depth: number): unknown =>
    depth > 3
      ? null
      : pick<() => unknown>([
          () => random(9),
          text,
          () => null,
          () => [value(depth + 1), value(depth + 1)],
          () => ({ [text()]: value(depth + 1) }),
          () => ['add', 'buy'],
          () => -1.5e300,
        ])();
  return Array.from({ length: count }, () => {
    const path = pick([
      '/predict?session=',
      '/invocations',
      '/feedback',
      '/',
      '/admin/model',
      '/__proto__',
      '/predict?',
      '/metrics?',
    ]);
    if (random(3) === 0) return { path: path + encodeURIComponent(text()), type: 'text/plain' };
    const body = pick<() => string>([
      text,
      () => JSON.stringify(value(0)),
      () => JSON.stringify({ instances: value(0) }),
      () => JSON.stringify({ instances: [value(1), value(1)] }),
      () => JSON.stringify({ feedback: [{ id: value(2), label: value(2) }] }),
      () => '['.repeat(random(20_000)),
    ])();
    return { path, body, type: pick(['application/json', 'text/csv', 'application/jsonlines', 'text/plain', '']) };
  });
}

const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
const target = localTarget({ folder: join(folder, 'deployments') });
try {
  const release = { name: 'bench', modelFolder: await model(join(folder, 'a'), 'a', 1), modelVersion: 'a' };
  const { url = '' } = await target.deploy(release, { say: () => undefined });
  const state = JSON.parse(await readFile(join(folder, 'deployments/bench/state.json'), 'utf8')) as {
    readonly pid: number;
    readonly adminKey: string;
  };
  console.log(`${availableParallelism()} cores, Node ${process.version}, open loop, GET /predict?session=${SESSION}`);
  await openLoop(`${url}/predict?session=${SESSION}`, { rate, seconds: 3 });

  const before = await residentMiB(state.pid);
  console.log(
    `steady, ${rate}/s for ${seconds} s: ${shown(await openLoop(`${url}/predict?session=${SESSION}`, { rate, seconds }))}`,
  );
  console.log(`memory: ${before.toFixed(0)} MiB before, ${(await residentMiB(state.pid)).toFixed(0)} MiB after`);

  if (values.peer) {
    const script = fileURLToPath(new URL('../peers/serve.py', import.meta.url));
    const peer = spawn(join(pythonEnv('serving'), 'python'), [script, join(folder, 'a', 'model.onnx')], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(peer.stdout, 'data')) as [Buffer];
    const at = line.toString().trim();
    while (
      !(await fetch(`${at}/ping`).then(
        (r) => r.ok,
        () => false,
      ))
    )
      await new Promise((resolve) => setTimeout(resolve, 100));
    await openLoop(`${at}/predict?session=${SESSION}`, { rate, seconds: 3 });
    console.log(
      `FastAPI, the same: ${shown(await openLoop(`${at}/predict?session=${SESSION}`, { rate, seconds: Math.min(seconds, 20) }))}`,
    );
    peer.kill();
  }

  const second = await model(join(folder, 'b'), 'b', 2);
  const swaps = Number(values.swaps);
  const change = async (to: string): Promise<boolean> =>
    fetch(`${url}/admin/model`, {
      method: 'POST',
      headers: { 'x-api-key': state.adminKey, 'content-type': 'application/json' },
      body: JSON.stringify({ folder: to }),
    }).then((response) => response.ok);
  const swapping = new AbortController();
  let requests = 0;
  const failed: Record<number, number> = {};
  const traffic = (async () => {
    while (!swapping.signal.aborted) {
      const { sent, statuses } = await openLoop(`${url}/predict?session=${SESSION}`, { rate: 200, seconds: 1 });
      requests += sent;
      for (const [status, count] of Object.entries(statuses))
        if (status !== '200') failed[Number(status)] = (failed[Number(status)] ?? 0) + count;
    }
  })();
  let swapped = 0;
  for (let i = 0; i < swaps; i++) if (await change(i % 2 === 0 ? second : release.modelFolder)) swapped++;
  swapping.abort();
  await traffic;
  console.log(`${swapped} of ${swaps} swaps under ${requests} requests at 200/s: not 200: ${JSON.stringify(failed)}`);

  // Sessions that share no beginning: each is computed for itself, and the server is what there is too little of.
  const many = JSON.stringify({
    instances: Array.from({ length: 1000 }, (_, i) =>
      Array.from(
        { length: 60 },
        (_, j) => ['view', 'detail', 'add', 'remove'][(Math.imul(i + 7, 2_654_435_761) >>> (j % 29)) & 3],
      ),
    ),
  });
  const overload = await openLoop(`${url}/invocations`, { rate: 60, seconds: 10, body: many });
  const began = performance.now();
  while ((await fetch(`${url}/predict?session=${SESSION}`)).status !== 200);
  console.log(
    `overload, 60 × 1000 sessions/s for 10 s: ${shown(overload)}; answers again after ${(performance.now() - began).toFixed(0)} ms`,
  );

  const statuses: Record<number, number> = {};
  const wrong = nonsense(Number(values.nonsense));
  let next = 0;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let one = wrong[next++]; one !== undefined; one = wrong[next++]) {
        const { path, body, type } = one;
        const init =
          body === undefined ? {} : { method: 'POST', body, headers: type === '' ? {} : { 'content-type': type } };
        const { status } = await fetch(url + path, init).then(async (response) => {
          await response.arrayBuffer();
          return response;
        });
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
    }),
  );
  const ours = Object.entries(statuses).filter(([status]) => Number(status) >= 500);
  console.log(`${wrong.length} malformed inputs, by status ${JSON.stringify(statuses)}; 5xx: ${ours.length}`);
} finally {
  await target.destroy('bench');
  await rm(folder, { recursive: true, force: true });
}
