import { parseArgs } from 'node:util';
import type { Dataset } from '../../packages/smallboat/src/features/index.ts';
import { DEFAULT_FEATURES, readDataset } from '../../packages/smallboat/src/features/index.ts';
import { openWarehouse } from '../../packages/smallboat/src/warehouse/index.ts';

/** A shop's own sessions, and how often models are trained on them. */
export interface ShopParts {
  readonly dataset: Dataset;
  /** Seeds 1, 2, … as many as were asked for. */
  readonly seeds: readonly number[];
  readonly epochs: number;
  /** What was asked for, for the first line of what is printed. */
  readonly said: string;
}

/**
 * The parts of the warehouse that the command line names, which `npm start -- --data DIR --home HOME` has filled:
 * `HOME/warehouse.duckdb [--validation DAY] [--test DAY] [--seeds 3] [--epochs 8]`. Training is on what lies before the day of validation.
 */
export async function shopParts(): Promise<ShopParts> {
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
  const dataset = await readDataset(warehouse, { split, features: DEFAULT_FEATURES });
  const examples = Object.entries(dataset.statistics).map(([part, { examples: count }]) => `${part} ${count}`);
  const epochs = Number(values.epochs);
  return {
    dataset,
    seeds: Array.from({ length: Number(values.seeds) }, (_, i) => i + 1),
    epochs,
    said: `training before ${values.validation}, test from ${values.test}; examples: ${examples.join(', ')}; ${values.seeds} seeds, at most ${epochs} epochs`,
  };
}
