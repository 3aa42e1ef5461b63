import { jensenShannon, shares, total } from './distance.ts';
import { kolmogorovExactP, kolmogorovOneSampleP } from './kolmogorov.ts';
import { gammaQ, normalTail } from './significance.ts';

/** A column's values that are there: numbers sorted, or categories counted. */
export type ColumnSample =
  | { readonly kind: 'numeric'; readonly isWhole: boolean; readonly sorted: Float64Array }
  | { readonly kind: 'categorical'; readonly counts: ReadonlyMap<string, number> };

/** Names as Evidently's `method`. */
export type DriftMethod =
  | 'ks'
  | 'chisquare'
  | 'g_test'
  | 'z'
  | 'wasserstein'
  | 'ed'
  | 'jensenshannon'
  | 'kl_div'
  | 'psi'
  | 'hellinger';

export interface Method {
  /** Whether the score is a p-value: drift is below the threshold then, and from it on else. */
  readonly isTest: boolean;
  /** Evidently's default. */
  readonly threshold: number;
  /** The only kind of column that it is for. */
  readonly kinds?: ColumnSample['kind'];
  readonly score: (reference: ColumnSample, live: ColumnSample) => number;
}

/** Numbers without NaN and infinities. */
export function isFiniteSample(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values).filter((value) => Number.isFinite(value));
}

/** Each method as Evidently 0.7 defines it; its numbers on the same columns are these. */
export const DRIFT_METHODS: Readonly<Record<DriftMethod, Method>> = {
  ks: { isTest: true, threshold: 0.05, kinds: 'numeric', score: (r, l) => ks(numbersOf(r), numbersOf(l)) },
  wasserstein: {
    isTest: false,
    threshold: 0.1,
    kinds: 'numeric',
    score: (r, l) => wasserstein(numbersOf(r), numbersOf(l)),
  },
  ed: { isTest: false, threshold: 0.1, kinds: 'numeric', score: (r, l) => energy(numbersOf(r), numbersOf(l)) },
  chisquare: {
    isTest: true,
    threshold: 0.05,
    score: (r, l) => power(r, l, (seen, expected) => (seen - expected) ** 2 / expected),
  },
  g_test: {
    isTest: true,
    threshold: 0.1,
    score: (r, l) => power(r, l, (seen, expected) => (seen === 0 ? 0 : 2 * seen * Math.log(seen / expected))),
  },
  z: { isTest: true, threshold: 0.05, score: z },
  jensenshannon: { isTest: false, threshold: 0.1, score: (r, l) => jensenShannon(...histograms(r, l)) },
  kl_div: {
    isTest: false,
    threshold: 0.1,
    score: (r, l) => {
      const [p, q] = filledShares(r, l);
      return shares(p).reduce((sum, share, i) => sum + share * Math.log(share / (shares(q)[i] ?? 0)), 0);
    },
  },
  psi: {
    isTest: false,
    threshold: 0.1,
    score: (r, l) => {
      const [p, q] = filledShares(r, l);
      return p.reduce((sum, share, i) => sum + (share - (q[i] ?? 0)) * Math.log(share / (q[i] ?? 0)), 0);
    },
  },
  hellinger: { isTest: false, threshold: 0.1, score: hellinger },
};

function numbersOf(sample: ColumnSample): Float64Array {
  return sample.kind === 'numeric' ? sample.sorted : new Float64Array();
}

/** Two samples up to 10,000 values exactly; beyond, as one sample of their harmonic size. */
function ks(r: Float64Array, l: Float64Array): number {
  let largest = 0;
  walk(r, l, (difference) => (largest = Math.max(largest, Math.abs(difference))));
  const [n, m] = [r.length, l.length];
  return Math.max(n, m) <= 10_000
    ? kolmogorovExactP(largest, n, m)
    : kolmogorovOneSampleP(largest, Math.round((n * m) / (n + m)));
}

function wasserstein(r: Float64Array, l: Float64Array): number {
  let area = 0;
  walk(r, l, (difference, width) => (area += Math.abs(difference) * width));
  const mean = total(r) / r.length;
  const deviation = Math.sqrt(r.reduce((sum, x) => sum + (x - mean) ** 2, 0) / r.length);
  return area / Math.max(deviation, 0.001);
}

function energy(r: Float64Array, l: Float64Array): number {
  let area = 0;
  walk(r, l, (difference, width) => (area += difference ** 2 * width));
  return Math.sqrt(2 * area);
}

/** Both cumulative shares' difference after each different value, and how far the next value is (0 after the last). */
function walk(r: Float64Array, l: Float64Array, step: (difference: number, width: number) => void): void {
  let [i, j] = [0, 0];
  while (i < r.length || j < l.length) {
    const value = Math.min(r[i] ?? Infinity, l[j] ?? Infinity);
    while (r[i] === value) i++;
    while (l[j] === value) j++;
    const next = Math.min(r[i] ?? Infinity, l[j] ?? Infinity);
    step(i / r.length - j / l.length, next === Infinity ? 0 : next - value);
  }
}

/** The live counts against those of the reference, scaled: a test of one sample, as if the reference had no error. */
function power(r: ColumnSample, l: ColumnSample, term: (seen: number, expected: number) => number): number {
  const [reference, live] = countsByKey(r, l);
  const scale = total(live) / total(reference);
  const statistic = live.reduce((sum, seen, i) => sum + term(seen, (reference[i] ?? 0) * scale), 0);
  return live.length < 2 ? Number.NaN : gammaQ((live.length - 1) / 2, Math.max(0, statistic) / 2);
}

/** Difference of the shares of all values but one; two-sided. */
function z(r: ColumnSample, l: ColumnSample): number {
  const [reference, live] = countsByKey(r, l);
  if (reference.length === 1) return 1;
  const [n, m] = [total(reference), total(live)];
  const [p, q] = [1 - (reference[0] ?? 0) / n, 1 - (live[0] ?? 0) / m];
  const both = (p * n + q * m) / (n + m);
  return 2 * normalTail(Math.abs(p - q) / Math.sqrt(both * (1 - both) * (1 / n + 1 / m)));
}

function hellinger(r: ColumnSample, l: ColumnSample): number {
  let [a, b] = countsByKey(r, l);
  if (r.kind === 'numeric' && l.kind === 'numeric') {
    const different = Float64Array.from(new Set([...r.sorted, ...l.sorted])).sort();
    const edges = sturges(different, r.isWhole && l.isWhole);
    [a, b] = [binned(r.sorted, edges), binned(l.sorted, edges)];
  }
  const q = shares(b);
  const overlap = shares(a).reduce((sum, share, i) => sum + Math.sqrt(share * (q[i] ?? 0)), 0);
  return Math.sqrt(1 - Math.min(1, overlap));
}

/** Counts over the same bins: of equal width where the reference has more than 20 different numbers, else one a value. */
function histograms(r: ColumnSample, l: ColumnSample): [number[], number[]] {
  if (r.kind === 'numeric' && l.kind === 'numeric' && new Set(r.sorted).size > 20) {
    const both = new Float64Array(r.sorted.length + l.sorted.length);
    both.set(r.sorted);
    both.set(l.sorted, r.sorted.length);
    const edges = sturges(both.sort(), r.isWhole && l.isWhole);
    return [binned(r.sorted, edges), binned(l.sorted, edges)];
  }
  return countsByKey(r, l);
}

/** Shares, with a little in the place of nothing: 0.0001, or a millionth of the smallest where that is no larger. */
function filledShares(r: ColumnSample, l: ColumnSample): [number[], number[]] {
  const fill = (counts: number[]): number[] => {
    const all = shares(counts);
    const least = Math.min(...all.filter((share) => share > 0));
    return all.map((share) => (share > 0 ? share : least <= 0.0001 ? least / 1e6 : 0.0001));
  };
  const [a, b] = histograms(r, l);
  return [fill(a), fill(b)];
}

function countsByKey(r: ColumnSample, l: ColumnSample): [number[], number[]] {
  const [a, b] = [countsIn(r), countsIn(l)];
  const keys = [...new Set([...a.keys(), ...b.keys()])];
  return [keys.map((key) => a.get(key) ?? 0), keys.map((key) => b.get(key) ?? 0)];
}

function countsIn(sample: ColumnSample): ReadonlyMap<string | number, number> {
  if (sample.kind === 'categorical') return sample.counts;
  const counts = new Map<number, number>();
  for (const value of sample.sorted) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/**
 * Edges of bins of equal width, 1 + log₂ n of them rounded up; bins of whole numbers are at least 1 wide. As
 * `numpy.histogram_bin_edges(…, 'sturges')`.
 *
 * @see H. A. Sturges, "The choice of a class interval", JASA 21, 1926.
 */
function sturges(sorted: Float64Array, isWhole: boolean): number[] {
  const [low, high] = [sorted[0] ?? 0, sorted.at(-1) ?? 0];
  const width = (high - low) / (Math.log2(sorted.length) + 1);
  const bins = Math.ceil((high - low) / (isWhole ? Math.max(1, width) : width));
  const step = (high - low) / bins;
  return Array.from({ length: bins + 1 }, (_, i) => (i === bins ? high : i * step + low));
}

/** Counts from an edge on, up to the next; the last bin has its end, too. */
function binned(sorted: Float64Array, edges: readonly number[]): number[] {
  const counts = Array.from({ length: edges.length - 1 }, () => 0);
  let bin = 0;
  for (const value of sorted) {
    while (bin < counts.length - 1 && value >= (edges[bin + 1] ?? Infinity)) bin++;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}
