/**
 * Whether training over several machines, by `each` with averaged weights, reaches what one machine reaches, and sooner. LSTM(48) on
 * synthetic sequences, one round an epoch; seconds are processor time of the slowest machine, so that they can share this one.
 *
 *     node bench/training/averaged.ts [sequences = 200000] [epochs = 10] [seeds = 3] [machines = 1,2,4,8]
 */
import { inMemoryRunStore, runFlow } from 'smallboat/flow';
import type { Round } from './averaged-flow.ts';
import { averaged } from './averaged-flow.ts';

const [count = 200_000, epochs = 10, seeds = 3] = process.argv.slice(2, 5).map(Number);
const machineCounts = (process.argv[5] ?? '1,2,4,8').split(',').map(Number);
const module = new URL('averaged-flow.ts', import.meta.url);
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

async function rounds(machines: number, seed: number): Promise<readonly Round[]> {
  await using run = await runFlow(averaged, {
    module,
    store: inMemoryRunStore(),
    params: { count, machines, epochs, seed },
    maxWorkers: 1,
  });
  return (await run.result()).rounds;
}

console.log(`node ${process.version}, ${count} sequences, ${epochs} epochs, mean of ${seeds} seeds`);
console.log(
  'machines  AUC by epoch … at the end   log loss  s/epoch  epochs to the log loss of one machine at the end',
);
let goal = Number.NaN;
for (const machines of machineCounts) {
  const runs: (readonly Round[])[] = [];
  for (let seed = 1; seed <= seeds; seed++) runs.push(await rounds(machines, seed));
  const at = (epoch: number, of: keyof Round): number => mean(runs.map((run) => run[epoch]?.[of] ?? Number.NaN));
  const losses = Array.from({ length: epochs }, (_, epoch) => at(epoch, 'logLoss'));
  if (Number.isNaN(goal)) goal = losses.at(-1) ?? Number.NaN;
  const needed = losses.findIndex((loss) => loss <= goal) + 1;
  const aucs = Array.from({ length: epochs }, (_, epoch) => at(epoch, 'auc').toFixed(4));
  const seconds = mean(runs.flatMap((run) => run.map((round) => round.seconds)));
  console.log(
    `${String(machines).padStart(8)}  ${aucs.join(' ')}  ${(losses.at(-1) ?? Number.NaN).toFixed(5)}  ${seconds.toFixed(2)}  ${needed === 0 ? 'not reached' : needed}`,
  );
}
