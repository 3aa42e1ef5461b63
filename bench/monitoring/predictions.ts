import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examplesOf } from '../../packages/smallboat/src/features/index.ts';
import {
  driftReport,
  makeReference,
  predictionLog,
  shoppersOf,
} from '../../packages/smallboat/src/monitoring/index.ts';
import { encodeSession } from '../../packages/smallboat/src/features/index.ts';

/**
 * Logging predictions (what a request waits for, and how many a second reach the disk) and making a drift report of them.
 * Run: `npx node bench/monitoring/predictions.ts [predictions]`
 */
const N = Number(process.argv[2] ?? 1_000_000);
const folder = await mkdtemp(join(tmpdir(), 'smallboat-bench-'));
let state = 1;
const random = (): number => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
const examples = examplesOf(
  Array.from({ length: 20_000 }, () => ({
    tokens: [0, ...Array.from({ length: Math.floor(random() * 14) }, () => (random() < 0.5 ? 5 : 6)), 2],
    label: random() < 0.3 ? 1 : 0,
  })),
);
const reference = makeReference({ examples, scores: Float64Array.from({ length: 20_000 }, random) });
const sessions = shoppersOf(reference, 'none', 1);
const played = Array.from({ length: 10_000 }, () => encodeSession(sessions.next().value ?? []));
const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;

const log = predictionLog({ folder, maxQueued: N });
let slowest = 0;
let inCalls = 0;
const began = performance.now();
for (let i = 0; i < N; i++) {
  const call = performance.now();
  const tokens = played[i % played.length] ?? [];
  log.append({ id: `prediction-${i}`, at: i, endpoint: 'intent', modelVersion: '1', tokens, prediction: random() });
  const took = performance.now() - call;
  inCalls += took;
  slowest = Math.max(slowest, took);
  // As between requests: lets the writes go on.
  if (i % 1_000 === 999) await new Promise((done) => setImmediate(done));
}
await log.close();
const writing = (performance.now() - began) / 1_000;
console.log(
  `${N} predictions logged in ${writing.toFixed(2)} s, ${Math.round(N / writing)}/s, ${JSON.stringify(log.stats)}`,
);
console.log(`a call to append: mean ${((inCalls / N) * 1_000).toFixed(2)} µs, slowest ${slowest.toFixed(2)} ms`);

const before = process.memoryUsage().rss;
const start = performance.now();
const report = await driftReport({ reference, folder, now: N + 1 });
const seconds = (performance.now() - start) / 1_000;
console.log(
  `report over ${report.predictions}: ${seconds.toFixed(2)} s; memory ${mib(before)} before, ${mib(process.memoryUsage().rss)} after; ${report.status}`,
);
await rm(folder, { recursive: true });
