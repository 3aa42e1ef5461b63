/**
 * Seconds an epoch of LSTM(48) → Dense(1) on synthetic sequences (mean length 12, median 7, 99th percentile 80, longest
 * 200), batch 128, ours, PyTorch's and Keras's in one run, each in a process of its own.
 *
 *     node bench/training/lstm.ts [sequences = 200000] [epochs = 3] [sequences for Keras padded = 20000, 0 for none]
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonEnv } from '../../interop/python.ts';
import { measure } from '../measure.ts';
import { syntheticSequences } from './synthetic-sequences.ts';

interface Figures {
  readonly seconds: readonly number[];
  readonly sequences: number;
  readonly predictMicroseconds: number;
  readonly predictP99Microseconds?: number;
  readonly scoredPerSecond?: number;
}

const [count = 200_000, epochs = 3, paddedCount = 20_000] = process.argv.slice(2).map(Number);
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
const folder = await mkdtemp(join(tmpdir(), 'smallboat-bench-'));
const { tokens, offsets, labels } = syntheticSequences(count, 1);
await writeFile(join(folder, 'train.tokens'), tokens);
await writeFile(join(folder, 'train.offsets'), offsets);
await writeFile(join(folder, 'train.labels'), labels);

const keras = join(pythonEnv('keras'), 'python');
const torch = join(pythonEnv('torch'), 'python');
const cores = availableParallelism();
const engines: readonly (readonly [string, string, readonly string[]])[] = [
  ['smallboat', process.execPath, [here('ours-epoch.ts'), `${count}`, `${epochs}`, '16']],
  ['smallboat, batches not sorted', process.execPath, [here('ours-epoch.ts'), `${count}`, `${epochs}`, '1']],
  ['PyTorch, bucketed by length', torch, [here('torch_epoch.py'), folder, `${epochs}`, `${count}`, `${cores}`]],
  ['PyTorch, the same on one thread', torch, [here('torch_epoch.py'), folder, `${epochs}`, `${count}`, '1']],
  ['smallboat, one thread', process.execPath, [here('ours-epoch.ts'), `${count}`, `${epochs}`, '16', '1']],
  ['Keras, bucketed by length', keras, [here('keras_epoch.py'), folder, 'bucketed', `${epochs}`, `${count}`]],
  ...(paddedCount === 0
    ? []
    : [['Keras, padded to 200', keras, [here('keras_epoch.py'), folder, 'padded', '1', `${paddedCount}`]] as const]),
];
console.log(`node ${process.version}, ${cores} cores, ${count} sequences, median of ${epochs} epochs`);
console.log('engine                           s/epoch    ratio  peak MiB  one session, µs (p50)');
let ours = NaN;
for (const [name, command, args] of engines) {
  const { stdout, stderr, exitCode, peakBytes } = await measure(command, args);
  if (exitCode !== 0) throw new Error(`${name} failed: ${stderr}`);
  const figures = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Figures; // the last line of our own scripts
  const perEpoch = (median(figures.seconds) * count) / figures.sequences;
  if (Number.isNaN(ours)) ours = perEpoch;
  const scaled = figures.sequences < count ? `  (${figures.sequences} sequences, scaled up)` : '';
  const batch = figures.scoredPerSecond
    ? `  p99 ${figures.predictP99Microseconds?.toFixed(1)}, batch ${Math.round(figures.scoredPerSecond)}/s`
    : '';
  console.log(
    `${name.padEnd(32)} ${perEpoch.toFixed(2).padStart(7)} ${(perEpoch / ours).toFixed(1).padStart(8)} ${(peakBytes / 2 ** 20).toFixed(0).padStart(9)} ${figures.predictMicroseconds.toFixed(1).padStart(10)}${batch}${scaled}`,
  );
}
await rm(folder, { recursive: true });
