/** How well scores put buyers above the others. All null where there is only one class. */
export interface RankingMetrics {
  /** Area under the ROC curve: the chance that a buyer scores above a non-buyer, a tie counting half. 0 to 1. */
  readonly auc: number | null;
  /**
   * DeLong's standard error of it; null where a class has fewer than two examples. It takes examples as independent: over
   * several decision points of the same sessions it is too small.
   */
  readonly aucStandardError: number | null;
  /** Area under the precision–recall curve by steps, without interpolation. 0 to 1; the positive rate for constant scores. */
  readonly averagePrecision: number | null;
}

/**
 * Ranking metrics in O(n log n). Ties are exact: examples of equal score count as one group.
 *
 * @param scores n numbers without NaN. @param labels n of 0 or 1.
 * @see E. DeLong, D. DeLong, D. Clarke-Pearson, "Comparing the areas under two or more correlated receiver operating
 *   characteristic curves", Biometrics 44(3), 1988.
 */
export function rankingMetrics(scores: Float64Array, labels: Uint8Array): RankingMetrics {
  // Sorting the classes apart needs no permutation, so that the engine's own sort of numbers does it.
  const above = sortedScores(scores, labels, 1);
  const below = sortedScores(scores, labels, 0);
  const positives = above.length;
  const negatives = below.length;
  if (positives === 0 || negatives === 0) return { auc: null, aucStandardError: null, averagePrecision: null };

  let area = 0;
  let areaOfPositives = 0; // sums of squares of DeLong's placement values
  let areaOfNegatives = 0;
  let precision = 0;
  let p = positives;
  let n = negatives;
  while (p > 0 || n > 0) {
    const score = Math.max(p > 0 ? (above[p - 1] ?? 0) : -Infinity, n > 0 ? (below[n - 1] ?? 0) : -Infinity);
    const positivesAbove = positives - p;
    const negativesUpTo = n;
    while (p > 0 && above[p - 1] === score) p--;
    while (n > 0 && below[n - 1] === score) n--;
    const tiedPositives = positives - p - positivesAbove;
    const tiedNegatives = negativesUpTo - n;
    const placed = (n + tiedNegatives / 2) / negatives;
    const beaten = (positivesAbove + tiedPositives / 2) / positives;
    area += tiedPositives * placed;
    areaOfPositives += tiedPositives * placed * placed;
    areaOfNegatives += tiedNegatives * beaten * beaten;
    precision += (tiedPositives / positives) * ((positives - p) / (positives - p + negatives - n));
  }
  const auc = area / positives;
  const variance = (squares: number, count: number): number =>
    Math.max(0, squares - count * auc * auc) / (count - 1) / count;
  return {
    auc,
    aucStandardError:
      positives < 2 || negatives < 2
        ? null
        : Math.sqrt(variance(areaOfPositives, positives) + variance(areaOfNegatives, negatives)),
    averagePrecision: precision,
  };
}

function sortedScores(scores: Float64Array, labels: Uint8Array, label: 0 | 1): Float64Array {
  return scores.filter((_, i) => labels[i] === label).sort();
}
