/**
 * Whether another architecture earns its place: a GRU, a temporal convolution and causal attention, all in PyTorch, on a shop's own data,
 * each with the best of four settings of rate and dropout. Some ten minutes on one core.
 *
 *     npm start -- --data DIR --home HOME
 *     node bench/training/architectures.ts HOME/warehouse.duckdb --validation 2016-10-01 --test 2016-10-11 [--seeds 3] [--epochs 8]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pythonEnv } from '../../interop/python.ts';
import { writeTorchJob } from '../../packages/smallboat/src/training/index.ts';
import { shopParts } from './shop-parts.ts';

interface Said {
  readonly name: string;
  readonly weights: number;
  readonly rate: number;
  readonly dropout: number;
  readonly testLoss: number;
  /** At each decision point, mean over the seeds. */
  readonly auc: readonly number[];
  readonly aucAll: number;
  readonly aucOfMean: number;
  readonly secondsAnEpoch: number;
}

const { dataset, seeds, epochs, said: asked } = await shopParts();
const { train, validation, test } = dataset;
if (!test.context) throw new Error('The sessions of this warehouse have no context.');
console.log(asked);

const folder = await mkdtemp(join(tmpdir(), 'smallboat-bench-'));
const hyper = {
  cell: 'gru',
  units: 48,
  learningRate: 3e-3,
  batchSize: 128,
  epochs,
  patience: epochs,
  seed: 1,
} as const;
await writeTorchJob(folder, { train, validation, hyper });
for (const [kind, bytes] of Object.entries({
  tokens: test.tokens,
  offsets: test.offsets,
  labels: test.labels,
  rows: test.context.rows,
  first: test.context.first,
  decision: test.decision,
})) {
  await writeFile(join(folder, `test.${kind}`), bytes ?? new Uint8Array(0));
}
const script = join(import.meta.dirname, 'architectures.py');
const python = spawn(join(pythonEnv('torch'), 'python'), [script, folder, String(seeds.length), String(epochs)], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const ended = once(python, 'close');
for await (const line of createInterface(python.stdout)) {
  const said = JSON.parse(line) as Said; // Our own script prints it.
  const points = said.auc.map((auc) => auc.toFixed(3)).join(' ');
  console.log(
    `${said.name.padEnd(22)} ${said.weights} weights, rate ${said.rate}, dropout ${said.dropout}: ${points}, all ${said.aucAll.toFixed(3)}, seeds averaged ${said.aucOfMean.toFixed(3)}, log loss ${said.testLoss.toFixed(4)}; ${said.secondsAnEpoch.toFixed(1)} s an epoch`,
  );
}
await rm(folder, { recursive: true });
const [code] = await ended;
if (code !== 0) process.exitCode = 1;
