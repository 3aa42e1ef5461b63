import type { Examples } from '../features/index.ts';
import { DECISION_POINTS } from '../features/index.ts';
import { defineErrors } from '../kernel/index.ts';
import type { Calibration } from './metrics-calibration.ts';
import { calibrationOf } from './metrics-calibration.ts';
import type { RankingMetrics } from './metrics-ranking.ts';
import { rankingMetrics } from './metrics-ranking.ts';

/** How good scores are at one decision point, or over all of them. */
export interface DecisionMetrics extends RankingMetrics, Calibration {
  /** Events after the first add, or `all` for every example together. */
  readonly decision: number | 'all';
  /** Examples. */
  readonly count: number;
  /** Share of examples that buy. */
  readonly positiveRate: number;
  /** Mean negative log-likelihood in nats; scores are kept 2.2e-16 away from 0 and 1, as scikit-learn does. */
  readonly logLoss: number;
  /** Mean squared difference of score and outcome. */
  readonly brier: number;
  /** Share of right answers where a score of at least 0.5 says "buys". Over both classes this is the micro-F1. */
  readonly accuracy: number;
  /** Harmonic mean of precision and recall for buyers, at 0.5; 0 where nobody is right. */
  readonly f1: number;
}

/** Weights of the decision points in the SIGIR eCom 2021 challenge; they add up to 4.5, the score of a perfect answer. */
const CHALLENGE_WEIGHTS = [1, 0.9, 0.8, 0.7, 0.6, 0.5] as const;

export const metricsErrors = defineErrors({
  SCORES_INVALID: (f: { problem: string }) =>
    `These scores cannot be judged: ${f.problem}. Give one probability from 0 to 1 for each example.`,
});

/**
 * Judges scores: one entry for each decision point that has examples, in order, and at the end one for all examples together.
 *
 * @param scores One probability an example. @throws SCORES_INVALID for another number of them, or for one outside 0 to 1.
 */
export function metricsOf(scores: ArrayLike<number>, examples: Examples): DecisionMetrics[] {
  const { labels, decision } = examples;
  if (scores.length !== labels.length) {
    throw metricsErrors.SCORES_INVALID({ problem: `${scores.length} scores for ${labels.length} examples` });
  }
  const all = Float64Array.from(scores);
  const odd = all.findIndex((score) => !(score >= 0 && score <= 1));
  if (odd !== -1) throw metricsErrors.SCORES_INVALID({ problem: `score ${odd} is ${all[odd]}` });
  const points = DECISION_POINTS.flatMap((events, index) => {
    const here = (_: number, i: number): boolean => decision[i] === index;
    const mine = all.filter(here);
    return mine.length === 0 ? [] : [judge(events, mine, labels.filter(here))];
  });
  return [...points, judge('all', all, labels)];
}

/**
 * The challenge's score: micro-F1 at each decision point, weighted 1, 0.9, 0.8, 0.7, 0.6, 0.5 and added up; at most 4.5. It says little
 * where few buy: on the challenge's data the answer "nobody buys" got 3.620 and the winner 3.634. Null unless every
 * decision point has examples.
 */
export function weightedMicroF1(metrics: readonly DecisionMetrics[]): number | null {
  let sum = 0;
  for (const [i, events] of DECISION_POINTS.entries()) {
    const point = metrics.find(({ decision }) => decision === events);
    if (point === undefined) return null;
    sum += (CHALLENGE_WEIGHTS[i] ?? 0) * point.accuracy;
  }
  return sum;
}

function judge(decision: number | 'all', scores: Float64Array, labels: Uint8Array): DecisionMetrics {
  const count = scores.length;
  let loss = 0;
  let squares = 0;
  let positives = 0;
  let said = 0;
  let hit = 0;
  for (let i = 0; i < count; i++) {
    const score = scores[i] ?? 0;
    const label = labels[i] ?? 0;
    const kept = Math.min(Math.max(score, Number.EPSILON), 1 - Number.EPSILON);
    loss -= label === 1 ? Math.log(kept) : Math.log1p(-kept);
    squares += (score - label) ** 2;
    positives += label;
    if (score >= 0.5) {
      said++;
      hit += label;
    }
  }
  const mean = (sum: number): number => (count === 0 ? 0 : sum / count);
  return {
    decision,
    count,
    positiveRate: mean(positives),
    ...rankingMetrics(scores, labels),
    logLoss: mean(loss),
    brier: mean(squares),
    ...calibrationOf(scores, labels),
    accuracy: mean(count - positives - said + 2 * hit),
    f1: said + positives === 0 ? 0 : (2 * hit) / (said + positives),
  };
}
