/**
 * Area under the ROC curve from scores that stand for several examples each: the chance that a positive example scores
 * above a negative one, ties counted half (Mann–Whitney). In [0, 1]; 0.5 says nothing. Null where a class is missing.
 *
 * @param scores One a group of examples.
 * @param counts Examples of each group.
 * @param positives How many of them are positive.
 */
export function weightedAuc(
  scores: Float32Array,
  counts: ArrayLike<number>,
  positives: ArrayLike<number>,
): number | null {
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0));
  let below = 0;
  let pairs = 0;
  let allPositives = 0;
  for (let i = 0; i < order.length;) {
    const score = scores[order[i] ?? 0];
    let tiedPositives = 0;
    let tiedNegatives = 0;
    for (; i < order.length && scores[order[i] ?? 0] === score; i++) {
      const at = order[i] ?? 0;
      tiedPositives += positives[at] ?? 0;
      tiedNegatives += (counts[at] ?? 0) - (positives[at] ?? 0);
    }
    pairs += tiedPositives * (below + tiedNegatives / 2);
    below += tiedNegatives;
    allPositives += tiedPositives;
  }
  return allPositives === 0 || below === 0 ? null : pairs / (allPositives * below);
}
