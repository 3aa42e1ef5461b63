import type { Isotonic } from './isotonic.ts';
import { fitIsotonic, isotonicAlong } from './isotonic.ts';

/** What can be estimated without labels. */
export const ESTIMATED = ['rocAuc', 'f1', 'precision', 'recall', 'specificity', 'accuracy'] as const;
export type Estimated = (typeof ESTIMATED)[number];

/** Learned once from scores with labels; plain data. */
export interface Estimator {
  /** Scores from here on count as a prediction of label 1. */
  readonly threshold: number;
  /** Null where the scores are probabilities as they are. */
  readonly calibration: Isotonic | null;
  /** Standard error of each figure for a window of one example; of n examples it is smaller by √n. NaN if it cannot be had. */
  readonly unitErrors: Readonly<Record<Estimated, number>>;
}

export interface EstimatorOptions {
  /** Examples that the model was not fitted to. */
  readonly scores: ArrayLike<number>;
  /** 0 or 1, as many as scores. */
  readonly labels: ArrayLike<number>;
  /** Default 0.5. */
  readonly threshold?: number;
  /** Whether scores are made probabilities first. Default `auto`: if that lowers the calibration error on folds held out. */
  readonly calibrate?: boolean | 'auto';
}

/** One figure, estimated. */
export interface Estimate {
  /** NaN where it cannot be had: precision, say, without any prediction of label 1. */
  readonly value: number;
  /** Standard error by the size of the window. */
  readonly error: number;
}

/**
 * Learns how to estimate a model's performance without labels: what the scores are worth as probabilities, and by how much
 * figures vary by chance. O(n log n).
 */
export function fitEstimator(options: EstimatorOptions): Estimator {
  const { scores, labels, threshold = 0.5, calibrate = 'auto' } = options;
  const needed = calibrate === 'auto' ? needsCalibration(scores, labels) : calibrate;
  return {
    threshold,
    calibration: needed ? fitIsotonic(scores, labels) : null,
    unitErrors: unitErrors(scores, labels, threshold),
  };
}

/**
 * Estimates performance from scores alone (confidence-based performance estimation, CBPE): a prediction of probability p is
 * right in p of all cases, so that the expected confusion matrix, and the expected ROC curve, are sums over predictions.
 * True as far as the scores still mean what they meant: a change of what shoppers do with the same clicks is not seen.
 * The estimates equal those of NannyML 0.13. O(n log n).
 *
 * @see J. Białek et al., "Estimating model performance under covariate shift without labels", arXiv:2401.08348.
 */
export function estimatePerformance(
  { threshold, calibration, unitErrors: unit }: Estimator,
  scores: ArrayLike<number>,
): Readonly<Record<Estimated, Estimate>> {
  const n = scores.length;
  // The rising curve keeps the order: one sort of numbers is enough for all, the lowest score first.
  const sorted = Float64Array.from(scores).sort();
  const chance = calibration === null ? sorted : isotonicAlong(calibration, sorted);
  let [tp, fp, fn, tn] = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const p = chance[i] ?? 0;
    if ((sorted[i] ?? 0) >= threshold) {
      tp += p;
      fp += 1 - p;
    } else {
      fn += p;
      tn += 1 - p;
    }
  }
  const values: Record<Estimated, number> = {
    rocAuc: expectedAuc(chance),
    f1: tp / (tp + 0.5 * (fp + fn)),
    precision: tp / (tp + fp),
    recall: tp / (tp + fn),
    specificity: tn / (tn + fp),
    accuracy: (tp + tn) / n,
  };
  const one = (name: Estimated): Estimate => ({ value: values[name], error: unit[name] / Math.sqrt(n) });
  return Object.fromEntries(ESTIMATED.map((name) => [name, one(name)])) as Record<Estimated, Estimate>;
}

/** Area under the curve of expected true against expected false positives, of probabilities from the lowest score up. */
function expectedAuc(chance: Float64Array): number {
  let [positives, negatives, area] = [0, 0, 0];
  for (const p of chance) {
    area += p * (negatives + (1 - p) / 2);
    positives += p;
    negatives += 1 - p;
  }
  return area / (positives * negatives);
}

/**
 * Whether calibration helps, on ten folds held out in turn, with each label's examples dealt out in order. Expected
 * calibration error over ten bins of as many examples, as NannyML decides it; the folds are other than its random ones.
 */
function needsCalibration(scores: ArrayLike<number>, labels: ArrayLike<number>): boolean {
  const dealt = [0, 0];
  const folds = Uint8Array.from(labels, (label) => (dealt[label] = (dealt[label] ?? 0) + 1) % 10);
  if (Math.min(...dealt) < 10) return false;
  // Sorted once: each fold, and the rest of it, is then in order too.
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i).sort(
    (a, b) => (scores[a] ?? 0) - (scores[b] ?? 0),
  );
  const held = { score: [] as number[], calibrated: [] as number[], label: [] as number[] };
  for (let fold = 0; fold < 10; fold++) {
    const own = order.filter((i) => folds[i] === fold);
    const rest = order.filter((i) => folds[i] !== fold);
    const valuesAt = (values: ArrayLike<number>, at: Uint32Array): Float64Array =>
      Float64Array.from(at, (i) => values[i] ?? 0);
    const curve = fitIsotonic(valuesAt(scores, rest), valuesAt(labels, rest));
    const ownScores = valuesAt(scores, own);
    for (const score of ownScores) held.score.push(score);
    for (const chance of isotonicAlong(curve, ownScores)) held.calibrated.push(chance);
    for (const i of own) held.label.push(labels[i] ?? 0);
  }
  return binnedError(held.score, held.label) > binnedError(held.calibrated, held.label);
}

/** Expected calibration error over ten bins of as many examples. */
function binnedError(chances: readonly number[], labels: readonly number[]): number {
  const n = chances.length;
  const order = Uint32Array.from({ length: n }, (_, i) => i).sort((a, b) => (chances[a] ?? 0) - (chances[b] ?? 0));
  const width = Math.floor(n / 10);
  let error = 0;
  for (let bin = 0; bin < 10; bin++) {
    const within = order.subarray(bin * width, bin === 9 ? n : (bin + 1) * width);
    error += Math.abs(within.reduce((sum, i) => sum + (chances[i] ?? 0) - (labels[i] ?? 0), 0));
  }
  return error / n;
}

/**
 * Standard errors for one example. Shares vary as their own draws do; of the ROC-AUC the mean over the positives (of the
 * rarer label) of the share of negatives below them. As NannyML's, except that it breaks ties of calibrated scores at will:
 * the order here is that of the scores as they are.
 */
function unitErrors(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  threshold: number,
): Readonly<Record<Estimated, number>> {
  const n = scores.length;
  let [tp, fp, fn, tn] = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const isOne = labels[i] === 1;
    if ((scores[i] ?? 0) < threshold) [fn, tn] = isOne ? [fn + 1, tn] : [fn, tn + 1];
    else [tp, fp] = isOne ? [tp + 1, fp] : [tp, fp + 1];
  }
  const deviation = (right: number, wrong: number): number => Math.sqrt(right * wrong) / (right + wrong);
  const ofShare = (right: number, wrong: number): number => deviation(right, wrong) / Math.sqrt((right + wrong) / n);
  const wrong = fp + fn;
  return {
    rocAuc: aucUnitError(scores, labels, tp + fn),
    f1: (ofShare(tp, wrong) * (tp + wrong)) / (tp + wrong / 2),
    precision: ofShare(tp, fp),
    recall: ofShare(tp, fn),
    specificity: ofShare(tn, fp),
    accuracy: ofShare(tp + tn, wrong),
  };
}

function aucUnitError(scores: ArrayLike<number>, labels: ArrayLike<number>, ones: number): number {
  const n = scores.length;
  // Of the rarer label, seen from its side.
  const rare = ones > n / 2 ? 0 : 1;
  const sign = rare === 1 ? 1 : -1;
  const order = Uint32Array.from({ length: n }, (_, i) => i).sort(
    (a, b) => sign * ((scores[a] ?? 0) - (scores[b] ?? 0)),
  );
  const rares = rare === 1 ? ones : n - ones;
  let [others, sum, squares] = [0, 0, 0];
  for (const i of order) {
    if (labels[i] !== rare) others++;
    else {
      const place = others / (n - rares);
      sum += place;
      squares += place * place;
    }
  }
  return Math.sqrt(Math.max(0, squares / rares - (sum / rares) ** 2) / (rares / n));
}
