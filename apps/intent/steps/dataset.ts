import type { Dataset, FeatureName, PartName, Protocol } from 'smallboat/features';
import { DECISION_POINTS, fingerprintOf, readDataset } from 'smallboat/features';
import { step } from 'smallboat/flow';
import type { Tables } from './tables.ts';
import { openTables } from './tables.ts';

const PARTS: readonly PartName[] = ['train', 'validation', 'test'];
const percent = (share: number): number => Number((share * 100).toFixed(1));
const day = (ms: number): string => (Number.isFinite(ms) ? new Date(ms).toISOString().slice(0, 10) : 'the end');

export interface DatasetInputs {
  readonly checked: Tables;
  readonly protocol: Protocol;
  readonly features: readonly FeatureName[];
}

/** Sessions with an add to token sequences with labels, in three parts by time. */
export const dataset = step('dataset', {
  run: async ({ checked, protocol, features }: DatasetInputs, { card, progress, signal }) => {
    await using warehouse = await openTables(checked, signal);
    const examples: Dataset = await readDataset(warehouse, {
      protocol,
      // The original project's sequences know actions only.
      features: protocol === 'seed' ? [] : features,
      signal,
      onProgress: progress,
    });
    const { statistics, splitAt } = examples;
    card(
      {
        kind: 'text',
        text: `Protocol ${protocol}. First add before ${day(splitAt.trainUntil)}: training; before ${day(splitAt.validationUntil)}: validation; later: test. Beside the action of each event: ${examples.features?.names.join(', ') ?? 'nothing'}.`,
      },
      {
        kind: 'table',
        caption: 'Examples, by events after the first add',
        columns: ['Part', 'Cart sessions', 'Examples', ...DECISION_POINTS.map((n) => `+${n}`)],
        rows: PARTS.map((part) => {
          const { sessions, examples: count, decisions } = statistics[part];
          return [part, sessions, count, ...decisions.map((d) => d.examples)];
        }),
      },
      {
        kind: 'table',
        caption: 'Share of them that buys afterwards, in percent',
        columns: ['Part', 'All', ...DECISION_POINTS.map((n) => `+${n}`)],
        rows: PARTS.map((part) => {
          const { positiveRate, decisions } = statistics[part];
          return [part, percent(positiveRate), ...decisions.map((d) => percent(d.positiveRate))];
        }),
      },
    );
    return { examples, dataHash: fingerprintOf(examples.train), statistics };
  },
});
