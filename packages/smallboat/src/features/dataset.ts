import { createHash } from 'node:crypto';
import { defineErrors } from '../kernel/index.ts';
import type { Examples } from './examples.ts';
import type { FeatureSet } from './feature-set.ts';
import { DECISION_POINTS, exampleCount, sliceExamples } from './examples.ts';
import type { Protocol, SequenceRule } from './sequence.ts';
import type { CollectedSessions } from './session-examples.ts';
import type { Split, SplitOptions } from './split.ts';
import { countBefore, splitAt } from './split.ts';
import { MAX_EVENTS } from './tokens.ts';

/** How many examples there are, and how many of them end in a purchase. */
export interface ClassCount {
  readonly examples: number;
  readonly positives: number;
  /** `positives / examples`; 0 where there is no example. */
  readonly positiveRate: number;
}

/** What one part of the dataset holds. */
export interface PartStatistics extends ClassCount {
  /** Cart sessions with a first add in the part; some give no example. */
  readonly sessions: number;
  /** Tokens of all examples, starts included. */
  readonly tokens: number;
  /** One entry a decision point; `events` is the number of events after the first add. */
  readonly decisions: readonly (ClassCount & { readonly events: number })[];
}

export type PartName = 'train' | 'validation' | 'test';

/** Examples in three parts that follow each other in time. Plain data. */
export interface Dataset {
  readonly train: Examples;
  readonly validation: Examples;
  readonly test: Examples;
  readonly protocol: Protocol;
  /** Events of a session that an example holds at most. */
  readonly maxEvents: number;
  readonly splitAt: Split;
  /** What the columns of the examples' contexts mean; left out where examples know actions only. */
  readonly features?: FeatureSet;
  readonly statistics: Readonly<Record<PartName, PartStatistics>>;
}

export const datasetErrors = defineErrors({
  DATASET_EMPTY: (f: { source: string; what: string }) =>
    `${f.source} has no ${f.what}. The model learns from sessions with an add: load data that has some.`,
  DATASET_ONE_CLASS: (f: { part: string; examples: number; positives: number }) =>
    `The ${f.part} part has ${f.examples} examples, ${f.positives} of them with a purchase: both outcomes are needed. Load more data, or move the split.`,
});

/**
 * Divides sessions, which must come in order of their first add, into a dataset.
 *
 * @param source Names the data in errors.
 * @throws DATASET_EMPTY, DATASET_ONE_CLASS (of any part: without both outcomes it can neither teach nor judge), SPLIT_INVALID.
 */
export function makeDataset(
  collected: CollectedSessions,
  options: {
    readonly source: string;
    readonly rule: SequenceRule;
    readonly split: SplitOptions;
    readonly features?: FeatureSet;
  },
): Dataset {
  const { examples, firstAdd, exampleStart } = collected;
  const { source, rule, split, features } = options;
  if (firstAdd.length === 0) throw datasetErrors.DATASET_EMPTY({ source, what: 'session with an add' });
  const count = exampleCount(examples);
  if (count === 0) throw datasetErrors.DATASET_EMPTY({ source, what: 'add without a purchase before it' });
  requireBothClasses('whole', examples);
  const moments = splitAt(firstAdd, split);
  const first = countBefore(firstAdd, moments.trainUntil);
  const second = countBefore(firstAdd, moments.validationUntil);
  const part = (name: PartName, from: number, to: number): readonly [Examples, PartStatistics] => {
    const mine = sliceExamples(examples, exampleStart[from] ?? count, exampleStart[to] ?? count);
    requireBothClasses(name, mine);
    return [mine, statisticsOf(mine, to - from)];
  };
  const [train, trainStatistics] = part('train', 0, first);
  const [validation, validationStatistics] = part('validation', first, second);
  const [test, testStatistics] = part('test', second, firstAdd.length);
  return {
    train,
    validation,
    test,
    protocol: rule.protocol ?? 'decision-points',
    maxEvents: rule.maxEvents ?? MAX_EVENTS,
    splitAt: moments,
    ...(features === undefined ? {} : { features }),
    statistics: { train: trainStatistics, validation: validationStatistics, test: testStatistics },
  };
}

/** SHA-256 over all that a model could learn from the examples, in hex: equal for equal data, for a model's lineage. */
export function fingerprintOf({ tokens, offsets, labels, decision, context }: Examples): string {
  const hash = createHash('sha256');
  const of = context === undefined ? [] : [context.rows, context.first];
  for (const array of [tokens, offsets, labels, decision, ...of]) {
    hash.update(`${array.length};`).update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  }
  return hash.digest('hex');
}

function requireBothClasses(part: PartName | 'whole', examples: Examples): void {
  const { examples: count, positives } = countClasses(examples, () => true);
  if (positives === 0 || positives === count) {
    throw datasetErrors.DATASET_ONE_CLASS({ part, examples: count, positives });
  }
}

function statisticsOf(examples: Examples, sessions: number): PartStatistics {
  const decisions = DECISION_POINTS.map((events, index) => ({
    events,
    ...countClasses(examples, (i) => examples.decision[i] === index),
  }));
  return { ...countClasses(examples, () => true), sessions, tokens: examples.tokens.length, decisions };
}

/** Counts the examples that `counts` takes. */
export function countClasses({ labels }: Examples, counts: (i: number) => boolean): ClassCount {
  let examples = 0;
  let positives = 0;
  for (let i = 0; i < labels.length; i++) {
    if (!counts(i)) continue;
    examples++;
    positives += labels[i] ?? 0;
  }
  return { examples, positives, positiveRate: examples === 0 ? 0 : positives / examples };
}
