import type { Dataset, FeatureName, GuardReport, PartName, Protocol } from 'smallboat/features';
import { DECISION_POINTS, fingerprintOf, guardFuture, readDataset } from 'smallboat/features';
import { step } from 'smallboat/flow';
import type { LeakSuspect } from 'smallboat/training';
import { leakSuspects } from 'smallboat/training';
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
  cache: false,
  run: async ({ checked, protocol, features }: DatasetInputs, { card, log, progress, signal }) => {
    await using warehouse = await openTables(checked, signal);
    const examples: Dataset = await readDataset(warehouse, {
      protocol,
      // The original project's sequences know actions only.
      features: protocol === 'seed' ? [] : features,
      signal,
      onProgress: progress,
    });
    const { statistics, splitAt } = examples;
    const leaks = leaksIn(await guardFuture(warehouse, examples, { signal }), leakSuspects(examples.train));
    log(leaks.sentence);
    card(
      { kind: 'callout', tone: leaks.found ? 'bad' : 'good', text: leaks.sentence },
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
    return { examples, dataHash: fingerprintOf(examples.train), statistics, leaks };
  },
});

/** Whether examples know what they should not. */
export interface Leaks {
  readonly found: boolean;
  readonly sentence: string;
}

/** What the two guards found, in a sentence. */
export function leaksIn({ examined, changed }: GuardReport, suspects: readonly LeakSuspect[]): Leaks {
  const [one] = changed;
  const [suspect] = suspects;
  if (one !== undefined) {
    return {
      found: true,
      sentence: `Leak: ${one.what} of session ${one.session}, ${one.decision} events after its first add, changes with what comes after. Find where it is made.`,
    };
  }
  if (suspect !== undefined) {
    return {
      found: true,
      sentence: `Leak suspected: ${suspect.what} alone tells buyers apart ${suspect.decision} events after the first add (ROC-AUC ${suspect.auc.toFixed(3)}). Find where it is made.`,
    };
  }
  return {
    found: false,
    sentence: `No leak found: ${examined} examples came out the same with another future, and no column alone knows the outcome.`,
  };
}
