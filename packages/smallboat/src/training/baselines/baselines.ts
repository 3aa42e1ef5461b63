import type { Examples } from '../../features/index.ts';
import { sliceExamples } from '../../features/index.ts';
import type { Boosting } from './boosting.ts';
import { fitBoosting, scoreBoosting } from './boosting.ts';
import { byteFeatures } from './byte-features.ts';
import type { FeatureTable } from './count-features.ts';
import { countFeatures } from './count-features.ts';
import type { Logistic } from './logistic.ts';
import { fitLogistic, scoreLogistic } from './logistic.ts';
import type { Markov } from './markov.ts';
import { fitMarkov, scoreMarkov } from './markov.ts';
import type { Prior } from './prior.ts';
import { fitPrior, scorePrior } from './prior.ts';

/** What a model has to beat: answers that need no neural network. */
export const BASELINES = ['all-zero', 'prior', 'markov', 'markov-3', 'logistic', 'boosting'] as const;
export type BaselineName = (typeof BASELINES)[number];

/** All baselines, fitted. Plain data. `all-zero` says that nobody buys, and has nothing to fit. */
export interface Baselines {
  readonly prior: Prior;
  readonly markov: Markov;
  /** Steps that depend on the last three events. */
  readonly markov3: Markov;
  readonly logistic: CountLogistic;
  /** On counts, and where examples have contexts on those too: the strongest that a table of numbers gets. */
  readonly boosting: Boosting;
}

/** Logistic regression on standardised counts: x becomes (x − mean) / scale. */
export interface CountLogistic extends Logistic {
  readonly names: readonly string[];
  readonly mean: readonly number[];
  /** Standard deviation over the training examples (of the population); 1 for a column that never varies. */
  readonly scale: readonly number[];
}

/** Examples that trees are grown on at most, the latest: more of them change little, and take minutes. */
const BOOSTED = 60_000;

/** Fits every baseline on the training examples. @param validation Tells when the trees are enough; without it there are 100. */
export function fitBaselines(train: Examples, validation?: Examples): Baselines {
  const features = countFeatures(train);
  const { mean, scale } = spreadOf(features);
  const { names } = features;
  const logistic = fitLogistic(standardise(features, mean, scale), names.length, train.labels);
  const latest = sliceExamples(train, Math.max(0, train.labels.length - BOOSTED), train.labels.length);
  const boosting = fitBoosting(
    byteFeatures(latest),
    latest.labels,
    validation === undefined
      ? { trees: 100 }
      : { validation: { table: byteFeatures(validation), labels: validation.labels } },
  );
  return {
    prior: fitPrior(train),
    markov: fitMarkov(train),
    markov3: fitMarkov(train, 3),
    logistic: { names, mean, scale, ...logistic },
    boosting,
  };
}

/** Each baseline's probability of a purchase, one number an example. */
export function scoreBaselines(baselines: Baselines, examples: Examples): Record<BaselineName, Float64Array> {
  const { prior, markov, markov3, logistic, boosting } = baselines;
  const values = standardise(countFeatures(examples), logistic.mean, logistic.scale);
  return {
    'all-zero': new Float64Array(examples.labels.length),
    prior: scorePrior(prior, examples),
    markov: scoreMarkov(markov, prior, examples),
    'markov-3': scoreMarkov(markov3, prior, examples),
    logistic: scoreLogistic(logistic, values),
    boosting: scoreBoosting(boosting, byteFeatures(examples)),
  };
}

function spreadOf({ names, values }: FeatureTable): { mean: number[]; scale: number[] } {
  const columns = names.length;
  const rows = values.length / columns;
  const mean = names.map((_, column) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += values[row * columns + column] ?? 0;
    return sum / rows;
  });
  const scale = mean.map((m, column) => {
    let squares = 0;
    for (let row = 0; row < rows; row++) squares += ((values[row * columns + column] ?? 0) - m) ** 2;
    return Math.sqrt(squares / rows) || 1;
  });
  return { mean, scale };
}

function standardise({ names, values }: FeatureTable, mean: readonly number[], scale: readonly number[]): Float64Array {
  const columns = names.length;
  return values.map((value, i) => (value - (mean[i % columns] ?? 0)) / (scale[i % columns] ?? 1));
}
