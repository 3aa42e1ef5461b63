import type { Verdict } from '../kind.ts';
import { kolmogorovTail } from '../stats/kolmogorov.ts';
import type { Continuous } from './partition.ts';

/** Distinct values in ascending order, with how often each occurs. */
export interface Counted {
  readonly values: Float64Array;
  readonly counts: Float64Array;
}

/** The largest distance between the distribution of some values and a distribution function. */
export function distance({ values, counts }: Counted, cdf: (x: number) => number): number {
  const n = counts.reduce((a, b) => a + b, 0);
  let before = 0;
  let far = 0;
  values.forEach((value, i) => {
    const after = before + (counts[i] ?? 0);
    const expected = cdf(value);
    far = Math.max(far, after / n - expected, expected - before / n);
    before = after;
  });
  return far;
}

interface Bootstrap {
  readonly p: number;
  readonly samples: number;
  readonly size: number;
}

/**
 * The share of small samples (drawn with replacement, by a fixed seed) that a Kolmogorov–Smirnov test at level p does not
 * tell from the partition.
 */
export function bootstrappedKs(
  column: Counted,
  { bins, weights }: Continuous,
  { p, samples, size }: Bootstrap,
): Verdict {
  const expectedCdf = cumulated(weights);
  const cdf = (x: number): number => interpolate(x, bins, expectedCdf);
  const ends = cumulated([...column.counts]).slice(1);
  const n = ends.at(-1) ?? 0;
  const random = seeded(size * 7919 + samples);
  let kept = 0;
  const drawnSamples = n === 0 ? 0 : samples;
  for (let s = 0; s < drawnSamples; s++) {
    const drawn = Float64Array.from({ length: size }, () => column.values[atLeast(ends, random() * n)] ?? 0).sort();
    const statistic = distance({ values: drawn, counts: new Float64Array(size).fill(1) }, cdf);
    if (kolmogorovTail(size, statistic) >= p) kept++;
  }
  const observed_value = n === 0 ? null : (1 + kept) / (samples + 1);
  const observed = observedPartition(column, bins, n);
  return {
    success: observed_value !== null && observed_value > p,
    result: {
      observed_value,
      details: {
        bootstrap_samples: samples,
        bootstrap_sample_size: size,
        observed_partition: observed,
        expected_partition: { bins, weights },
        observed_cdf: { x: observed.bins, cdf_values: cumulated(observed.weights) },
        expected_cdf: { x: bins, cdf_values: expectedCdf },
      },
    },
  };
}

/** The column's histogram over the bins, with a bin more on a side where values lie outside. */
function observedPartition({ values, counts }: Counted, bins: readonly number[], n: number) {
  const [low = 0, high = 0] = [bins[0], bins.at(-1)];
  const inside = new Float64Array(bins.length - 1);
  let [below, above] = [0, 0];
  values.forEach((value, i) => {
    const count = counts[i] ?? 0;
    if (value < low) below += count;
    else if (value > high) above += count;
    else {
      const at = Math.min(bins.length - 2, atLeast(bins, value, true) - 1);
      inside[at] = (inside[at] ?? 0) + count;
    }
  });
  return {
    bins: [...(below > 0 ? [values[0] ?? low] : []), ...bins, ...(above > 0 ? [values.at(-1) ?? high] : [])],
    weights: [...(below > 0 ? [below] : []), ...inside, ...(above > 0 ? [above] : [])].map((count) => count / n),
  };
}

/** Sums from 0 on: one more than there are weights. */
function cumulated(weights: readonly number[]): number[] {
  let sum = 0;
  return [0, ...weights.map((w) => (sum += w))];
}

function interpolate(x: number, xs: readonly number[], ys: readonly number[]): number {
  if (x <= (xs[0] ?? x)) return ys[0] ?? 0;
  const i = atLeast(xs, x);
  const [x0 = 0, x1 = 1, y0 = 0, y1 = 1] = [xs[i - 1], xs[i], ys[i - 1], ys[i]];
  return i >= xs.length ? (ys.at(-1) ?? 1) : y0 + ((x - x0) / (x1 - x0)) * (y1 - y0);
}

/** Place of the first entry that is at least (or, strictly, above) a value, by halving. */
function atLeast(sorted: readonly number[], value: number, isStrict = false): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = sorted[middle] ?? 0;
    if (isStrict ? entry > value : entry >= value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Numbers from 0 to 1 by the mulberry32 generator. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
