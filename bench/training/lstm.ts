/**
 * Seconds an epoch of LSTM(48) → Dense(1) on synthetic sequences (mean length 12, median 7, 99th percentile 80, longest
 * 200), batch 128, ours, PyTorch's, Keras's and tfjs's in one run, each in a process of its own that reads the same files. Ours is the package as
 * npm gets it, built for the purpose. Memory is that of the whole process; of ours also what it has beside the examples while it trains.
 *
 *     node bench/training/lstm.ts [sequences = 200000] [epochs = 3] [sequences for Keras padded = 20000, 0 for none] [--ours: the first row alone] [--to-loss]
 *
 * With `--to-loss` 20,000 other sequences are held out, and it says how long each took to the loss that PyTorch ended with. Ours then scores them
 * within its seconds, the others outside of theirs; PyTorch and Keras have 30 batches of warming up ahead.
 */
import { stripTypeScriptTypes } from 'node:module';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pythonEnv } from '../../interop/python.ts';
import { buildPackage } from '../../scripts/build-package.ts';
import { mebibytes, measure, peakBetween } from '../measure.ts';
import { syntheticSequences } from './synthetic-sequences.ts';

interface Figures {
  readonly seconds: readonly number[];
  readonly sequences: number;
  /** Log loss of what is held out, after each epoch; none without `--to-loss`. */
  readonly losses?: readonly number[];
  readonly predictMicroseconds: number;
  readonly predictP99Microseconds?: number;
  readonly scoredPerSecond?: number;
  /** Of ours: bytes of the examples, and when the training began and ended, ms since 1970. */
  readonly dataBytes?: number;
  readonly began?: number;
  readonly ended?: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { ours: { type: 'boolean', default: false }, 'to-loss': { type: 'boolean', default: false } },
});
const [count = 200_000, epochs = 3, paddedCount = 20_000] = positionals.map(Number);
const here = (name: string): string => join(import.meta.dirname, name);
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
const folder = await mkdtemp(join(tmpdir(), 'smallboat-bench-'));
for (const [part, made] of [
  ['train', syntheticSequences(count, 1)],
  ...(values['to-loss'] ? [['valid', syntheticSequences(20_000, 2)] as const] : []),
] as const) {
  for (const kind of ['tokens', 'offsets', 'labels'] as const)
    await writeFile(join(folder, `${part}.${kind}`), made[kind]);
}

/** A user's folder: the package installed, and our program as JavaScript. @returns the program. */
async function installed(): Promise<string> {
  const built = await buildPackage(join(folder, 'package'));
  await symlink(join(import.meta.dirname, '../../node_modules'), join(built, 'node_modules'));
  await mkdir(join(folder, 'node_modules'));
  await symlink(built, join(folder, 'node_modules/smallboat'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  const program = join(folder, 'ours-epoch.js');
  await writeFile(program, stripTypeScriptTypes(await readFile(here('ours-epoch.ts'), 'utf8')));
  return program;
}

function peers(): readonly (readonly [string, string, readonly string[]])[] {
  const keras = join(pythonEnv('keras'), 'python');
  const torch = join(pythonEnv('torch'), 'python');
  return [
    ['PyTorch, bucketed by length', torch, [here('torch_epoch.py'), folder, `${epochs}`, `${count}`, `${cores}`]],
    ['PyTorch, the same on one thread', torch, [here('torch_epoch.py'), folder, `${epochs}`, `${count}`, '1']],
    ['tfjs, bucketed by length', process.execPath, [here('tfjs-epoch.ts'), folder, '1', `${Math.min(count, 2000)}`]],
    ['Keras, bucketed by length', keras, [here('keras_epoch.py'), folder, 'bucketed', `${epochs}`, `${count}`]],
    ...(paddedCount === 0
      ? []
      : [['Keras, padded to 200', keras, [here('keras_epoch.py'), folder, 'padded', '1', `${paddedCount}`]] as const]),
  ];
}

const cores = availableParallelism();
const program = await installed();
const mine = (...args: readonly string[]) => [process.execPath, [program, folder, `${epochs}`, ...args]] as const;
const sorted = ['smallboat', ...mine('16')] as const;
const engines: readonly (readonly [string, string, readonly string[]])[] = values.ours
  ? [sorted]
  : [
      sorted,
      ['smallboat, batches not sorted', ...mine('1')],
      ['smallboat, one thread', ...mine('16', '1')],
      ...peers(),
    ];
console.log(`node ${process.version}, ${cores} cores, ${count} sequences, median of ${epochs} epochs`);
console.log('engine                           s/epoch    ratio  peak MiB  one session, µs (p50)');
let ours = NaN;
const courses: { readonly name: string; readonly losses: readonly number[]; readonly seconds: readonly number[] }[] =
  [];
for (const [name, command, args] of engines) {
  const { stdout, stderr, exitCode, peakBytes, samples } = await measure(command, args);
  if (exitCode !== 0) throw new Error(`${name} failed: ${stderr}`);
  const figures = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Figures; // the last line of our own scripts
  if (figures.losses && figures.losses.length > 0)
    courses.push({ name, losses: figures.losses, seconds: figures.seconds });
  const perEpoch = (median(figures.seconds) * count) / figures.sequences;
  if (Number.isNaN(ours)) ours = perEpoch;
  const scaled = figures.sequences < count ? `  (${figures.sequences} sequences, scaled up)` : '';
  const batch = figures.scoredPerSecond
    ? `  p99 ${figures.predictP99Microseconds?.toFixed(1)}, batch ${Math.round(figures.scoredPerSecond)}/s`
    : '';
  const beside =
    figures.began === undefined || figures.ended === undefined
      ? ''
      : `  beside its data ${mebibytes(peakBetween(samples, figures.began, figures.ended) - (figures.dataBytes ?? 0))} MiB while training`;
  console.log(
    `${name.padEnd(32)} ${perEpoch.toFixed(2).padStart(7)} ${(perEpoch / ours).toFixed(1).padStart(8)} ${mebibytes(peakBytes).padStart(9)} ${figures.predictMicroseconds.toFixed(1).padStart(10)}${batch}${scaled}${beside}`,
  );
}
const target = courses.find(({ name }) => name.startsWith('PyTorch'))?.losses.at(-1);
for (const { name, losses, seconds } of target === undefined ? [] : courses) {
  const epoch = losses.findIndex((loss) => loss <= (target ?? 0));
  const took = seconds.slice(0, epoch + 1).reduce((a, b) => a + b, 0);
  const reached = epoch < 0 ? `not in ${losses.length} epochs` : `${took.toFixed(2)} s, ${epoch + 1} epochs`;
  console.log(
    `to the loss ${target?.toFixed(4)}: ${name.padEnd(32)} ${reached} (ended with ${losses.at(-1)?.toFixed(4)})`,
  );
}
await rm(folder, { recursive: true });
