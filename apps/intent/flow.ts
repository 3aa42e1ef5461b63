import { DEFAULT_FEATURES, FEATURE_NAMES } from 'smallboat/features';
import { each, flow } from 'smallboat/flow';
import * as z from 'zod';
import { baselines } from './steps/baselines.ts';
import { dataset } from './steps/dataset.ts';
import { deploy } from './steps/deploy.ts';
import { ingest } from './steps/ingest.ts';
import { monitor } from './steps/monitor.ts';
import { select } from './steps/select.ts';
import { grid, train } from './steps/train.ts';
import { transform } from './steps/transform.ts';
import { validate } from './steps/validate.ts';

/** Will a shopper who put something in the cart buy? From raw events to a deployed, monitored prediction. */
export const intent = flow(
  'intent',
  {
    data: z
      .string()
      .default('')
      .describe(
        'folder with browsing_train, search_train and sku_to_content (.csv, .csv.gz or .parquet); left out, a sample is generated',
      ),
    rows: z.coerce
      .number()
      .int()
      .min(1000)
      .max(100_000_000)
      .default(1_000_000)
      .describe('browsing rows of the generated sample'),
    seed: z.coerce.number().int().min(0).default(1).describe('seed of the sample and of the training'),
    protocol: z
      .enum(['decision-points', 'seed'])
      .default('decision-points')
      .describe('how sessions become examples; `seed` is that of the original project, with its leak'),
    features: z
      .array(z.enum(FEATURE_NAMES))
      .default([...DEFAULT_FEATURES])
      .describe('what events have beside their actions'),
    inputs: z
      .array(z.enum(['context', 'actions']))
      .min(1)
      .default(['context', 'actions'])
      .describe('what models are shown: those features, or actions alone'),
    cells: z
      .array(z.enum(['gru', 'lstm']))
      .min(1)
      .default(['gru'])
      .describe('kinds of recurrent layer to try'),
    rates: z.array(z.coerce.number().positive()).min(1).default([0.003]).describe('learning rates to try'),
    units: z.array(z.coerce.number().int().positive()).min(1).default([48]).describe('widths of the model to try'),
    epochs: z.coerce.number().int().positive().default(8).describe('passes over the training data at most'),
    patience: z.coerce
      .number()
      .int()
      .positive()
      .default(5)
      .describe('epochs without a better validation loss before training stops'),
    torch: z
      .string()
      .default('')
      .describe('a Python with torch and numpy to train in, on a GPU if there is one; left out, training is done here'),
    home: z.string().default('.smallboat').describe('folder for all that is written'),
    warehouse: z.string().default('').describe('URL of the warehouse; left out, a DuckDB file in the home folder'),
    memoryLimitMiB: z.coerce
      .number()
      .int()
      .min(0)
      .default(0)
      .describe(
        'memory the warehouse may take before it spills to disk; 0 for a quarter of the machine’s, at most 4096',
      ),
  },
  ({
    data,
    rows,
    seed,
    protocol,
    features,
    inputs,
    cells,
    rates,
    units,
    epochs,
    patience,
    torch,
    home,
    warehouse,
    memoryLimitMiB,
  }) => {
    const { raw, snapshot } = ingest({ data, rows, seed, home, warehouse, memoryLimitMiB });
    const { tables } = transform({ raw });
    const { checked } = validate({ tables });
    const { examples, leaks } = dataset({ checked, protocol, features });
    const { points } = grid({ examples, inputs, cells, rates, units, epochs, patience, seed });
    const trials = each(points, (point) => train({ examples, point, points, home, snapshot, torch }));
    const baseline = baselines({ examples });
    const { chosen } = select({ trials, baseline: baseline.scores, examples, leaks, snapshot, home });
    const { served } = deploy({ chosen, examples, checked, home });
    return monitor({ chosen, served, home });
  },
);
