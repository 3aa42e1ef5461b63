/** Examples whose scores lie next to each other: what was said, and what came true. */
export interface CalibrationBin {
  readonly count: number;
  /** Mean of the scores in the bin. */
  readonly predicted: number;
  /** Share of buyers in the bin. */
  readonly observed: number;
}

export interface Calibration {
  /** Expected calibration error: mean of |observed − predicted| over the bins, weighted by their counts. 0 is best. */
  readonly calibrationError: number;
  /** Bins with examples, in order of score: at most ten, fewer where scores are tied. */
  readonly bins: readonly CalibrationBin[];
}

/**
 * Calibration in `count` bins of equal mass. The edges are the quantiles of the scores, as NumPy's `percentile` gives them, so
 * that equal scores always share a bin (and scikit-learn's `calibration_curve(strategy='quantile')` has the same bins).
 */
export function calibrationOf(scores: Float64Array, labels: Uint8Array, count = 10): Calibration {
  const edges = innerQuantiles(scores, count);
  const counts = new Float64Array(count);
  const predicted = new Float64Array(count);
  const observed = new Float64Array(count);
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] ?? 0;
    let bin = 0;
    while (bin < edges.length && (edges[bin] ?? 0) < score) bin++;
    counts[bin] = (counts[bin] ?? 0) + 1;
    predicted[bin] = (predicted[bin] ?? 0) + score;
    observed[bin] = (observed[bin] ?? 0) + (labels[i] ?? 0);
  }
  const bins = Array.from(counts, (n, bin) => ({
    count: n,
    predicted: (predicted[bin] ?? 0) / n,
    observed: (observed[bin] ?? 0) / n,
  })).filter((bin) => bin.count > 0);
  const error = bins.reduce((sum, bin) => sum + bin.count * Math.abs(bin.observed - bin.predicted), 0);
  return { calibrationError: scores.length === 0 ? 0 : error / scores.length, bins };
}

/** The `count − 1` quantiles that divide `values` into parts of equal mass, with linear interpolation between neighbours. */
function innerQuantiles(values: Float64Array, count: number): number[] {
  const sorted = values.toSorted();
  return Array.from({ length: count - 1 }, (_, i) => {
    const place = ((i + 1) / count) * (sorted.length - 1);
    const low = Math.floor(place);
    const from = sorted[low] ?? 0;
    const to = sorted[low + 1] ?? from;
    const part = place - low;
    // From the nearer end, so that two equal neighbours give their own value and not one a rounding away.
    return part < 0.5 ? from + (to - from) * part : to - (to - from) * (1 - part);
  });
}
