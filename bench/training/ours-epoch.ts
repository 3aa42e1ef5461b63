/** Our side of `lstm.ts`, in a process of its own: `ours-epoch.ts <sequences> <epochs> <window> <threads>`. Prints JSON. */
import { scoreLstm, trainLstm, writeModel, loadModel } from '../../packages/smallboat/src/training/index.ts';
import { TOKENS } from '../../packages/smallboat/src/features/index.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { syntheticSequences } from './synthetic-sequences.ts';

const [count = 200_000, epochs = 3, window = 16, threads] = process.argv.slice(2).map(Number);
const train = syntheticSequences(count, 1);
// A validation part of one session, so that the time is that of training alone.
const validation = syntheticSequences(1, 2);
const hyper = { units: 48, learningRate: 1e-3, batchSize: 128, epochs, patience: epochs, seed: 1 };
const { history, weights } = await trainLstm({
  train,
  validation,
  hyper,
  window,
  ...(threads === undefined ? {} : { threads }),
});

const folder = await mkdtemp(join(tmpdir(), 'smallboat-bench-'));
const lineage = { run: '', dataSnapshot: '', codeHash: '' };
await writeModel(folder, { name: 'bench', weights, hyper, vocabulary: TOKENS, metrics: {}, lineage });
const model = await loadModel(folder);
await rm(folder, { recursive: true });
const sequences = Array.from({ length: 2000 }, (_, i) => train.tokens.subarray(train.offsets[i], train.offsets[i + 1]));
for (const sequence of sequences) model.predict([sequence]);
const times = sequences
  .map((sequence) => {
    const started = performance.now();
    model.predict([sequence]);
    return (performance.now() - started) * 1000;
  })
  .sort((a, b) => a - b);
const started = performance.now();
scoreLstm(weights, train);
const batchSeconds = (performance.now() - started) / 1000;
console.log(
  JSON.stringify({
    seconds: history.map((epoch) => epoch.seconds),
    sequences: count,
    predictMicroseconds: times[1000],
    predictP99Microseconds: times[1980],
    scoredPerSecond: count / batchSeconds,
  }),
);
