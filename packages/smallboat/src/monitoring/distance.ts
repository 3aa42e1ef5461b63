import { defineErrors } from '../kernel/index.ts';

export const distanceErrors = defineErrors({
  HISTOGRAMS_DIFFER: (f: { reference: number; live: number }) =>
    `The reference histogram has ${f.reference} bins and the live one ${f.live}. Bin both with the edges of the reference.`,
});

/** Counts a bin (or a category), at least 0; several histograms that are compared have the same bins in the same order. */
export type Counts = ArrayLike<number>;

/**
 * Population stability index between two histograms: how far the live distribution has moved from the reference. 0 is no
 * difference; by convention below 0.1 is none to speak of and from 0.25 on it is major.
 *
 *     PSI = Σᵢ (lᵢ − rᵢ) · ln(lᵢ / rᵢ)
 *
 * Half a count is added to each bin, so that an empty one adds a finite amount. Between two samples of the same
 * distribution of sizes n and m its expectation is about (bins − 1) · (1/n + 1/m): small samples look different.
 *
 * @returns PSI in nats, at least 0.
 * @throws HISTOGRAMS_DIFFER
 * @see B. Yurdakul, J. Naranjo, "Statistical properties of the population stability index", Journal of Risk Model
 *   Validation 14(4), 2020.
 */
export function psi(reference: Counts, live: Counts): number {
  checkBins(reference, live);
  const r = shares(reference, 0.5);
  const l = shares(live, 0.5);
  return r.reduce((sum, share, i) => sum + ((l[i] ?? 0) - share) * Math.log((l[i] ?? 0) / share), 0);
}

/**
 * Jensen–Shannon distance between two histograms: the square root of the mean divergence of both from their middle, with
 * natural logarithms, as `scipy.spatial.distance.jensenshannon` gives it.
 *
 *     JS = √( ½ Σ rᵢ ln(rᵢ/mᵢ) + ½ Σ lᵢ ln(lᵢ/mᵢ) ),  m = (r + l) / 2
 *
 * @returns 0 (equal) to √ln 2 ≈ 0.833 (no bin in common); NaN if one is empty.
 * @throws HISTOGRAMS_DIFFER
 * @see J. Lin, "Divergence measures based on the Shannon entropy", IEEE Trans. Information Theory 37(1), 1991.
 */
export function jensenShannon(reference: Counts, live: Counts): number {
  checkBins(reference, live);
  const r = shares(reference, 0);
  const l = shares(live, 0);
  let sum = 0;
  for (const [i, a] of r.entries()) {
    const b = l[i] ?? 0;
    const middle = (a + b) / 2;
    if (a > 0) sum += a * Math.log(a / middle);
    if (b > 0) sum += b * Math.log(b / middle);
    if (Number.isNaN(a + b)) return Number.NaN;
  }
  // Rounding may take equal histograms a hair below 0.
  return Math.sqrt(Math.max(0, sum) / 2);
}

/**
 * Two-sample Kolmogorov–Smirnov statistic of histograms over ordered bins: the largest difference between the two
 * cumulative shares, taken at the ends of the bins. Of values that are whole numbers, with a bin each, it is exact; of
 * finer values it is at most the exact one.
 *
 * @returns 0 to 1; NaN if one is empty.
 * @throws HISTOGRAMS_DIFFER
 */
export function kolmogorovSmirnov(reference: Counts, live: Counts): number {
  checkBins(reference, live);
  const [n, m] = [total(reference), total(live)];
  if (n === 0 || m === 0) return Number.NaN;
  let [r, l, largest] = [0, 0, 0];
  for (let i = 0; i < reference.length; i++) {
    r += reference[i] ?? 0;
    l += live[i] ?? 0;
    largest = Math.max(largest, Math.abs(r / n - l / m));
  }
  return largest;
}

/** Sum of the counts. */
export function total(counts: Counts): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) sum += counts[i] ?? 0;
  return sum;
}

/** Counts as shares of their sum, after adding `plus` to each. */
export function shares(counts: Counts, plus = 0): number[] {
  const all = total(counts) + plus * counts.length;
  return Array.from(counts, (count) => (count + plus) / all);
}

function checkBins(reference: Counts, live: Counts): void {
  if (reference.length !== live.length) {
    throw distanceErrors.HISTOGRAMS_DIFFER({ reference: reference.length, live: live.length });
  }
}
