import type { Examples } from '../../features/index.ts';
import { DECISION_POINTS, countClasses } from '../../features/index.ts';

/** How many of the training examples bought, at each decision point. Plain data. */
export interface Prior {
  /** One rate a decision point, in their order, above 0 and below 1; that of all examples where a point had none. */
  readonly rates: readonly number[];
}

/** Rates with half a count added to each outcome, so that none is 0 or 1. */
export function fitPrior(train: Examples): Prior {
  const rate = (counts: (i: number) => boolean, otherwise: number): number => {
    const { examples, positives } = countClasses(train, counts);
    return examples === 0 ? otherwise : (positives + 0.5) / (examples + 1);
  };
  const overall = rate(() => true, 0.5);
  return { rates: DECISION_POINTS.map((_, index) => rate((i) => train.decision[i] === index, overall)) };
}

/** The rate of each example's decision point. */
export function scorePrior({ rates }: Prior, { decision }: Examples): Float64Array {
  return Float64Array.from(decision, (index) => rates[index] ?? 0);
}
