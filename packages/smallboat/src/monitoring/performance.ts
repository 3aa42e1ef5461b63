/** What predictions were worth, once the labels are known. */
export interface Performance {
  readonly examples: number;
  readonly positives: number;
  /** NaN if there is only one class. */
  readonly rocAuc: number;
  /** Standard error of `rocAuc`; NaN if there is only one class. */
  readonly rocAucError: number;
  /** Mean, in nats; probabilities are kept 1e-15 away from 0 and 1. */
  readonly logLoss: number;
  /** Mean of the predicted probabilities. */
  readonly meanScore: number;
  /** Share of label 1. */
  readonly rate: number;
  /** Ten bins of predicted probability, those with examples only. */
  readonly calibration: readonly CalibrationBin[];
  /** Expected calibration error: Σ share of bin · |mean score − rate|, 0 to 1. */
  readonly calibrationError: number;
}

export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly examples: number;
  readonly meanScore: number;
  readonly rate: number;
}

/**
 * Measures probabilities against labels. O(n log n).
 *
 * @param scores 0 to 1.
 * @param labels 0 or 1, as many as scores.
 */
export function measure(scores: ArrayLike<number>, labels: ArrayLike<number>): Performance {
  const n = scores.length;
  let [positives, loss, sum] = [0, 0, 0];
  const bins = Array.from({ length: 10 }, () => ({ examples: 0, score: 0, positives: 0 }));
  for (let i = 0; i < n; i++) {
    const score = scores[i] ?? 0;
    const label = labels[i] ?? 0;
    const p = Math.min(1 - 1e-15, Math.max(1e-15, score));
    positives += label;
    sum += score;
    loss -= label === 1 ? Math.log(p) : Math.log1p(-p);
    const bin = bins[Math.min(9, Math.floor(score * 10))];
    if (bin === undefined) continue;
    bin.examples++;
    bin.score += score;
    bin.positives += label;
  }
  const rocAuc = aucOf(scores, labels, positives);
  const calibration = bins.flatMap(({ examples, score, positives }, i) =>
    examples === 0
      ? []
      : [{ from: i / 10, to: (i + 1) / 10, examples, meanScore: score / examples, rate: positives / examples }],
  );
  return {
    examples: n,
    positives,
    rocAuc,
    rocAucError: aucError(rocAuc, positives, n - positives),
    logLoss: loss / n,
    meanScore: sum / n,
    rate: positives / n,
    calibration,
    calibrationError: calibration.reduce((e, b) => e + (b.examples / n) * Math.abs(b.meanScore - b.rate), 0),
  };
}

/** Share of pairs (positive, negative) in which the positive scores higher; equal scores count half (Mann–Whitney). */
function aucOf(scores: ArrayLike<number>, labels: ArrayLike<number>, positives: number): number {
  const n = scores.length;
  const order = Uint32Array.from({ length: n }, (_, i) => i).sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0));
  let ranks = 0;
  for (let i = 0; i < n;) {
    let end = i;
    let ones = 0;
    const score = scores[order[i] ?? 0];
    for (; end < n && scores[order[end] ?? 0] === score; end++) ones += labels[order[end] ?? 0] ?? 0;
    ranks += ones * ((i + 1 + end) / 2);
    i = end;
  }
  return (ranks - (positives * (positives + 1)) / 2) / (positives * (n - positives));
}

/**
 * Standard error of an area under the ROC curve.
 *
 * @see J. A. Hanley, B. J. McNeil, "The meaning and use of the area under a ROC curve", Radiology 143, 1982.
 */
export function aucError(auc: number, positives: number, negatives: number): number {
  const q1 = auc / (2 - auc);
  const q2 = (2 * auc * auc) / (1 + auc);
  const variance = auc * (1 - auc) + (positives - 1) * (q1 - auc * auc) + (negatives - 1) * (q2 - auc * auc);
  return Math.sqrt(Math.max(0, variance) / (positives * negatives));
}
