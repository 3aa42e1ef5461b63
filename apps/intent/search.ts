import { DEFAULT_FEATURES, FEATURE_NAMES } from 'smallboat/features';
import { each, flow } from 'smallboat/flow';
import * as z from 'zod';
import { dataset } from './steps/dataset.ts';
import { draw, keep, refit, rung, tables } from './steps/search.ts';

/**
 * Hyperparameters: a grid, points by lot, or successive halving, over the warehouse that `npm start` filled. Each trial is a task, goes on in
 * the next rung where it stopped, and is tracked; the best is refitted.
 *
 *     npx smallboat run apps/intent/search.ts --method halving --trials 18
 */
export const intentSearch = flow(
  'intentSearch',
  {
    method: z.enum(['grid', 'random', 'halving']).default('halving').describe('how points are chosen'),
    trials: z.coerce.number().int().min(1).default(18).describe('points that are drawn; a grid has its own'),
    epochs: z.coerce.number().int().positive().default(9).describe('passes of the last rung'),
    patience: z.coerce
      .number()
      .int()
      .positive()
      .default(4)
      .describe('epochs without a better validation loss before a trial stops'),
    seed: z.coerce.number().int().min(0).default(1).describe('seed of the points and of the training'),
    features: z
      .array(z.enum(FEATURE_NAMES))
      .default([...DEFAULT_FEATURES])
      .describe('what events have beside their actions'),
    home: z.string().default('.smallboat').describe('folder of the pipeline'),
    warehouse: z.string().default('').describe('URL of the warehouse; left out, the DuckDB file in the home folder'),
    memoryLimitMiB: z.coerce
      .number()
      .int()
      .min(0)
      .default(0)
      .describe('memory the warehouse may take; 0 for its own choice'),
  },
  ({ method, trials, epochs, patience, seed, features, home, warehouse, memoryLimitMiB }) => {
    const { checked } = tables({ home, warehouse, memoryLimitMiB });
    const { examples } = dataset({ checked, protocol: 'decision-points', features });
    const { contenders, untilEpochs } = draw({ examples, method, trials, epochs, patience, seed });
    const first = each(contenders, (contender) => rung({ examples, contender, untilEpochs, rung: 0, home }));
    const { kept } = keep({ rung: first, method });
    const second = each(kept, (contender) => rung.as('rung_2')({ examples, contender, untilEpochs, rung: 1, home }));
    const better = keep.as('keep_2')({ rung: second, method });
    const third = each(better.kept, (contender) =>
      rung.as('rung_3')({ examples, contender, untilEpochs, rung: 2, home }),
    );
    return refit({ examples, first, last: third });
  },
);
