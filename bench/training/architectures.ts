/**
 * Whether another architecture earns its place: a GRU, a temporal convolution and causal attention, all in PyTorch, on a shop's own data,
 * each with its best rate and dropout of four settings.
 *
 *     npm start -- --data DIR --home HOME
 *     node bench/training/architectures.ts HOME/warehouse.duckdb --validation 2016-10-01 --test 2016-10-11 [--seeds 3] [--epochs 8]
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { python } from '../../interop/python.ts';
import { DEFAULT_FEATURES, readDataset } from '../../packages/smallboat/src/features/index.ts';
import { writeTorchJob } from '../../packages/smallboat/src/training/index.ts';
import { openWarehouse } from '../../packages/smallboat/src/warehouse/index.ts';

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
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    validation: { type: 'string', default: '2016-10-01' },
    test: { type: 'string', default: '2016-10-11' },
    seeds: { type: 'string', default: '3' },
    epochs: { type: 'string', default: '8' },
  },
});
const [file = '.smallboat/warehouse.duckdb'] = positionals;
const split = { trainUntil: Date.parse(values.validation), validationUntil: Date.parse(values.test) };
await using warehouse = await openWarehouse(`duckdb:${file}`);
const { train, validation, test } = await readDataset(warehouse, { split, features: DEFAULT_FEATURES });
if (!test.context) throw new Error('The sessions of this warehouse have no context.');

const folder = await mkdtemp(join(tmpdir(), 'smallboat-bench-'));
const hyper = { cell: 'gru', units: 48, learningRate: 3e-3, batchSize: 128, epochs: 8, patience: 8, seed: 1 } as const;
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
for (const line of (await python('torch', [script, folder, values.seeds, values.epochs])).trim().split('\n')) {
  const said = JSON.parse(line) as Said; // Our own script prints it.
  const points = said.auc.map((auc) => auc.toFixed(3)).join(' ');
  console.log(
    `${said.name.padEnd(22)} ${said.weights} weights, rate ${said.rate}, dropout ${said.dropout}: ${points}, all ${said.aucAll.toFixed(3)}, seeds averaged ${said.aucOfMean.toFixed(3)}, log loss ${said.testLoss.toFixed(4)}`,
  );
}
await rm(folder, { recursive: true });
