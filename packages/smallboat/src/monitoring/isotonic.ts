/** A rising curve from scores to probabilities: straight lines between knots, level outside of them. */
export interface Isotonic {
  /** Scores of the knots, rising. */
  readonly x: readonly number[];
  /** Probabilities at the knots, not falling, 0 to 1. */
  readonly y: readonly number[];
}

/**
 * The rising curve with the least squared error to the labels (pool adjacent violators), as
 * `sklearn.isotonic.IsotonicRegression` with `out_of_bounds='clip'`. O(n log n).
 *
 * @param labels 0 or 1, as many as scores; at least one.
 * @see R. E. Barlow et al., "Statistical Inference under Order Restrictions", 1972.
 */
export function fitIsotonic(scores: ArrayLike<number>, labels: ArrayLike<number>): Isotonic {
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i);
  if (!isRising(scores)) order.sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0));
  // One point for each different score; each is a block of its own until it violates the order.
  const x: number[] = [];
  const blocks: { from: number; mean: number; weight: number }[] = [];
  for (let i = 0; i < order.length;) {
    const score = scores[order[i] ?? 0] ?? 0;
    let [ones, end] = [0, i];
    for (; end < order.length && scores[order[end] ?? 0] === score; end++) ones += labels[order[end] ?? 0] ?? 0;
    let block = { from: x.length, mean: ones / (end - i), weight: end - i };
    x.push(score);
    for (let last = blocks.at(-1); last !== undefined && last.mean >= block.mean; last = blocks.at(-1)) {
      blocks.pop();
      const weight = last.weight + block.weight;
      block = { from: last.from, mean: (last.mean * last.weight + block.mean * block.weight) / weight, weight };
    }
    blocks.push(block);
    i = end;
  }
  const knots: [number, number][] = [];
  for (const [b, { from, mean }] of blocks.entries()) {
    const to = (blocks[b + 1]?.from ?? x.length) - 1;
    knots.push([x[from] ?? 0, mean]);
    if (to > from) knots.push([x[to] ?? 0, mean]);
  }
  return { x: knots.map(([score]) => score), y: knots.map(([, mean]) => mean) };
}

/** The probability at a score. O(log knots). */
export function isotonicAt({ x, y }: Isotonic, score: number): number {
  let [low, high] = [0, x.length - 1];
  if (score <= (x[0] ?? 0)) return y[0] ?? Number.NaN;
  if (score >= (x[high] ?? 0)) return y[high] ?? Number.NaN;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((x[middle] ?? 0) < score) low = middle;
    else high = middle;
  }
  const [x0, x1, y0, y1] = [x[low] ?? 0, x[high] ?? 0, y[low] ?? 0, y[high] ?? 0];
  return y0 + ((y1 - y0) * (score - x0)) / (x1 - x0);
}

/** The probabilities at scores that are sorted, the lowest first. O(scores + knots). */
export function isotonicAlong({ x, y }: Isotonic, sorted: Float64Array): Float64Array {
  const last = x.length - 1;
  const out = new Float64Array(sorted.length);
  let high = 0;
  for (let i = 0; i < sorted.length; i++) {
    const score = sorted[i] ?? 0;
    while (high < last && (x[high] ?? 0) < score) high++;
    const [x1, y1] = [x[high] ?? 0, y[high] ?? Number.NaN];
    if (high === 0 || score >= x1) {
      out[i] = y1;
      continue;
    }
    const [x0, y0] = [x[high - 1] ?? 0, y[high - 1] ?? 0];
    out[i] = y0 + ((y1 - y0) * (score - x0)) / (x1 - x0);
  }
  return out;
}

function isRising(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if ((values[i - 1] ?? 0) > (values[i] ?? 0)) return false;
  return true;
}
