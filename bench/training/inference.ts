/**
 * Microseconds for one session, and sessions a second together, through LSTM(48): ours whole, ours event by event, and onnxruntime, in
 * Node and from Python, on the same model folder. Answers are compared. One thread each; Keras's and PyTorch's calls are timed by `lstm.ts`.
 *
 *     node bench/training/inference.ts [sessions = 20000]
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { onnxruntimeNode } from '../../interop/onnxruntime-node.ts';
import { pythonEnv } from '../../interop/python.ts';
import { TOKENS } from '../../packages/smallboat/src/features/index.ts';
import { initialWeights, loadModel, writeModel } from '../../packages/smallboat/src/training/index.ts';
import { syntheticSequences } from './synthetic-sequences.ts';

const count = Number(process.argv[2] ?? 20_000);
const { tokens, offsets } = syntheticSequences(count, 5);
const sessions = Array.from({ length: count }, (_, i) => tokens.slice(offsets[i], offsets[i + 1]));
const folder = join(await mkdtemp(join(tmpdir(), 'smallboat-bench-')), 'model');
const hyper = { units: 48, learningRate: 1e-3, batchSize: 128, epochs: 1, patience: 1, seed: 1 };
const lineage = { run: '', dataSnapshot: '', codeHash: '' };
const weights = initialWeights(48, 3);
await writeModel(folder, { name: 'bench', weights, hyper, vocabulary: TOKENS, metrics: {}, lineage });
const model = await loadModel(folder);

/** @returns microseconds in ascending order */
function timed(calls: readonly (() => unknown)[]): readonly number[] {
  return calls
    .map((call) => {
      const began = performance.now();
      call();
      return (performance.now() - began) * 1000;
    })
    .toSorted((a, b) => a - b);
}

const at = (times: readonly number[], share: number): string =>
  (times[Math.floor(share * times.length)] ?? Number.NaN).toFixed(1);
const row = (name: string, times: readonly number[], perSecond = Number.NaN): void =>
  console.log(
    `${name.padEnd(36)} p50 ${at(times, 0.5).padStart(7)} µs  p99 ${at(times, 0.99).padStart(8)} µs${Number.isNaN(perSecond) ? '' : `  together ${Math.round(perSecond).toLocaleString('en')} a second`}`,
  );

const one = sessions.map((session) => () => model.predict([session]));
timed(one);
const whole = timed(one);
const began = performance.now();
const answers = model.predict(sessions);
const together = count / ((performance.now() - began) / 1000);
console.log(
  `${count} sessions, mean length ${(tokens.length / count).toFixed(1)}, node ${process.version}, one thread`,
);
row('smallboat, a session', whole, together);

const NAMES = new Map<number, string>(Object.entries(TOKENS).map(([name, token]) => [token, name]));
const events = sessions.slice(0, 2000).flatMap((session) => {
  const live = model.live();
  return Array.from(session.subarray(1), (token) => (): number => live.add({ action: NAMES.get(token) ?? 'view' }));
});
row('smallboat, one event more', timed(events));

const inNode = await onnxruntimeNode(
  join(folder, 'model.onnx'),
  sessions.map((session) => ({ tokens: session })),
);
row(
  'onnxruntime in Node, a session',
  inNode.times.toSorted((a, b) => a - b),
);

const python = spawn(join(pythonEnv('torch'), 'python'), [join(import.meta.dirname, 'onnx_predict.py'), folder], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
python.stdin.end(JSON.stringify(sessions.map((session) => Array.from(session))));
const theirs = JSON.parse(await text(python.stdout)) as {
  readonly p50: number;
  readonly p99: number;
  readonly perSecond: number;
  readonly answers: readonly number[];
};
console.log(
  `${'onnxruntime from Python, a session'.padEnd(36)} p50 ${theirs.p50.toFixed(1).padStart(7)} µs  p99 ${theirs.p99.toFixed(1).padStart(8)} µs  together ${Math.round(theirs.perSecond).toLocaleString('en')} a second`,
);
const difference = [theirs.answers, inNode.answers]
  .flatMap((list) => list.map((p, i) => Math.abs(p - (answers[i] ?? Number.NaN))))
  .reduce((most, apart) => Math.max(most, apart), 0);
console.log(`largest difference between them: ${difference.toExponential(1)}`);
await rm(join(folder, '..'), { recursive: true });
