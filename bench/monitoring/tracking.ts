import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Tracker,
  localTracker,
  openTracker,
  sendingTracker,
  wandbOffline,
} from '../../packages/smallboat/src/tracking/index.ts';

/**
 * Metric points a second into the local tracker: awaited one by one, in lines of ten, and as a burst; then one by one while they
 * are sent on to a file of W&B's, in the thread that logs and in a thread of its own, and what the end of the run waits for that.
 * Run: `npx node bench/monitoring/tracking.ts`
 */
const POINTS = 200_000;
const folder = await mkdtemp(join(tmpdir(), 'smallboat-bench-'));
const tracker = localTracker({ folder });

async function measure(what: string, log: () => Promise<void>): Promise<void> {
  const began = performance.now();
  await log();
  const seconds = (performance.now() - began) / 1000;
  console.log(`${what}: ${POINTS} points in ${seconds.toFixed(2)} s, ${Math.round(POINTS / seconds)} points/s`);
}

const run = await tracker.startRun({ experiment: 'bench' });
await measure('one point a call, each awaited', async () => {
  for (let i = 0; i < POINTS; i++) await run.logMetrics({ loss: 1 / (i + 1) });
});
await measure('ten points a call, each awaited', async () => {
  for (let i = 0; i < POINTS / 10; i++) {
    const [a, b] = [1 / (i + 1), i];
    await run.logMetrics({ a, b, c: a, d: b, e: a, f: b, g: a, h: b, i: a, j: b });
  }
});
await measure('one point a call, awaited together', async () => {
  const calls: Promise<void>[] = [];
  for (let i = 0; i < POINTS; i++) calls.push(run.logMetrics({ burst: i }));
  await Promise.all(calls);
});
await run.finish();
const began = performance.now();
const info = await tracker.run(run.id);
const points = Object.values(info.metrics).reduce((sum, m) => sum + m.points, 0);
console.log(`reading it back: ${points} points in ${((performance.now() - began) / 1000).toFixed(2)} s`);
for (const [how, open] of [
  ['in its thread', inThread],
  ['in a thread of its own', inOwnThread],
] as const) {
  const sent = await (await open(join(folder, how))).startRun({ experiment: 'bench' });
  await measure(`one point a call, each awaited, sent on meanwhile ${how}`, async () => {
    for (let i = 0; i < POINTS; i++) await sent.logMetrics({ loss: 1 / (i + 1) });
  });
  const ended = performance.now();
  await sent.finish();
  console.log(`its end waited ${((performance.now() - ended) / 1000).toFixed(2)} s for the rest to be sent`);
}
await rm(folder, { recursive: true });

async function inThread(at: string): Promise<Tracker> {
  const destinations = [wandbOffline({ folder: join(at, 'wandb') })];
  const local = localTracker({ folder: join(at, 'tracking') });
  return Promise.resolve(sendingTracker(local, { destinations, tell: console.error, flushSeconds: 600 }));
}

/** As a program opens it. */
async function inOwnThread(at: string): Promise<Tracker> {
  const env = { WANDB_MODE: 'offline', WANDB_DIR: at };
  return openTracker({ folder: join(at, 'tracking'), env, tell: console.error, flushSeconds: 600 });
}
