/** How much better one set of scores is than another on the same examples, with the standard error of that. */
export interface PairedDifference {
  /** ROC-AUC of `candidate` − that of `baseline`; NaN if there is only one class. */
  readonly rocAuc: number;
  readonly rocAucError: number;
  /** Mean log loss of `baseline` − that of `candidate`, in nats: above 0 the candidate is better. */
  readonly logLoss: number;
  readonly logLossError: number;
}

/**
 * Compares two models on the same examples. As both meet the same easy and hard ones, the error of the difference is much
 * smaller than the errors of the two: that of the AUC is DeLong's, that of the log loss the one of a mean of differences.
 * O(n log n).
 *
 * @param candidate Probabilities, 0 to 1; log loss keeps them 1e-15 away from both ends.
 * @param labels 0 or 1.
 * @see E. DeLong, D. DeLong, D. Clarke-Pearson, "Comparing the areas under two or more correlated ROC curves",
 *   Biometrics 44, 1988; computed as by X. Sun, W. Xu, IEEE Signal Processing Letters 21(11), 2014.
 */
export function pairedDifference(
  candidate: ArrayLike<number>,
  baseline: ArrayLike<number>,
  labels: ArrayLike<number>,
): PairedDifference {
  const n = labels.length;
  const positives = Array.from({ length: n }, (_, i) => i).filter((i) => labels[i] === 1);
  const negatives = Array.from({ length: n }, (_, i) => i).filter((i) => labels[i] !== 1);
  const [a, b] = [placements(candidate, positives, negatives), placements(baseline, positives, negatives)];
  const ofPositives = differences(a.positives, b.positives);
  const ofNegatives = differences(a.negatives, b.negatives);
  const losses = Array.from(
    { length: n },
    (_, i) => loss(baseline[i] ?? 0, labels[i]) - loss(candidate[i] ?? 0, labels[i]),
  );
  return {
    rocAuc: mean(ofPositives),
    rocAucError: Math.sqrt(variance(ofPositives) / positives.length + variance(ofNegatives) / negatives.length),
    logLoss: mean(losses),
    logLossError: Math.sqrt(variance(losses) / n),
  };
}

/** For each positive the share of negatives below it, for each negative the share of positives above it; ties count half. */
function placements(
  scores: ArrayLike<number>,
  positives: readonly number[],
  negatives: readonly number[],
): { readonly positives: Float64Array; readonly negatives: Float64Array } {
  const score = (i: number): number => scores[i] ?? 0;
  const up = Float64Array.from(positives, score).sort();
  const down = Float64Array.from(negatives, score).sort();
  return {
    positives: Float64Array.from(
      positives,
      (i) => (below(down, score(i)) + belowOrEqual(down, score(i))) / 2 / down.length,
    ),
    negatives: Float64Array.from(
      negatives,
      (i) => 1 - (below(up, score(i)) + belowOrEqual(up, score(i))) / 2 / up.length,
    ),
  };
}

function below(sorted: Float64Array, value: number): number {
  return search(sorted, (x) => x < value);
}

function belowOrEqual(sorted: Float64Array, value: number): number {
  return search(sorted, (x) => x <= value);
}

/** How many values at the beginning hold. */
function search(sorted: Float64Array, holds: (value: number) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(sorted[middle] ?? 0)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function differences(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value - (b[i] ?? 0));
}

function loss(score: number, label: number | undefined): number {
  const p = Math.min(1 - 1e-15, Math.max(1e-15, score));
  return label === 1 ? -Math.log(p) : -Math.log1p(-p);
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0;
  return sum / values.length;
}

/** Sample variance, with n − 1. */
function variance(values: ArrayLike<number>): number {
  const middle = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += ((values[i] ?? 0) - middle) ** 2;
  return sum / (values.length - 1);
}
