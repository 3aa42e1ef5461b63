import type { Counts } from './distance.ts';
import { total } from './distance.ts';
import type { DesignEffect } from './profile.ts';

const ALONE: DesignEffect = { mean: 1, variation: 0 };

/**
 * Probability that two samples of one continuous distribution differ by at least `statistic`: the limiting distribution
 * of Kolmogorov at √(nm/(n+m)) · D, as `scipy.stats.kstwobign.sf`. For values that repeat it errs on the side of no drift.
 *
 *     Q(x) = 2 Σₖ (−1)ᵏ⁻¹ e^(−2k²x²)            for larger x
 *          = 1 − √(2π)/x · Σₖ e^(−(2k−1)²π²/8x²)   for smaller x
 *
 * @param statistic From `kolmogorovSmirnov`.
 * @see W. Feller, "On the Kolmogorov–Smirnov limit theorems for empirical distributions", Ann. Math. Stat. 19, 1948.
 */
export function kolmogorovP(statistic: number, n: number, m: number): number {
  const x = Math.sqrt((n * m) / (n + m)) * statistic;
  if (Number.isNaN(x)) return Number.NaN;
  // 1 − Q is below 1e-300 there, and the series would divide by 0.
  if (x < 0.04) return 1;
  let sum = 0;
  if (x < 1) {
    for (let k = 1; k <= 20; k++) sum += Math.exp((-((2 * k - 1) ** 2) * Math.PI ** 2) / (8 * x * x));
    return Math.max(0, 1 - (Math.sqrt(2 * Math.PI) / x) * sum);
  }
  for (let k = 1; k <= 20; k++) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * x * x);
  return sum;
}

export interface TestResult {
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  /** Probability of a statistic this large without a difference. */
  readonly p: number;
}

/**
 * Pearson's chi-square test that two histograms come from one distribution (homogeneity, 2 × k table, no continuity
 * correction), as `scipy.stats.chi2_contingency(…, correction=False)`. Bins that are empty in both are left out.
 *
 * @param effect By how much the counts vary more than independent draws, as actions of one session do: statistic and
 *   degrees of freedom are corrected for it (second-order correction of Rao and Scott, after Satterthwaite).
 * @see J. N. K. Rao, A. J. Scott, "The analysis of categorical data from complex sample surveys", JASA 76, 1981.
 */
export function chiSquare(reference: Counts, live: Counts, effect: DesignEffect = ALONE): TestResult {
  return twoByK(reference, live, (observed, expected) => (observed - expected) ** 2 / expected, effect);
}

/**
 * The likelihood-ratio (G) test of the same, as `scipy.stats.chi2_contingency(…, lambda_='log-likelihood')`: 2 Σ O ln(O/E).
 *
 * @see R. R. Sokal, F. J. Rohlf, "Biometry", 3rd ed., chapter 17.
 */
export function gTest(reference: Counts, live: Counts, effect: DesignEffect = ALONE): TestResult {
  const term = (observed: number, expected: number): number =>
    observed === 0 ? 0 : 2 * observed * Math.log(observed / expected);
  return twoByK(reference, live, term, effect);
}

function twoByK(
  reference: Counts,
  live: Counts,
  term: (observed: number, expected: number) => number,
  effect: DesignEffect,
): TestResult {
  const [n, m] = [total(reference), total(live)];
  let [statistic, used] = [0, 0];
  for (let i = 0; i < reference.length; i++) {
    const [r, l] = [reference[i] ?? 0, live[i] ?? 0];
    if (r + l === 0) continue;
    used++;
    statistic += term(r, ((r + l) * n) / (n + m)) + term(l, ((r + l) * m) / (n + m));
  }
  const degreesOfFreedom = Math.max(0, used - 1) / (1 + effect.variation);
  const corrected = Math.max(0, statistic / (effect.mean * (1 + effect.variation)));
  if (n === 0 || m === 0) return { statistic: Number.NaN, degreesOfFreedom, p: Number.NaN };
  return {
    statistic: corrected,
    degreesOfFreedom,
    p: degreesOfFreedom === 0 ? 1 : gammaQ(degreesOfFreedom / 2, corrected / 2),
  };
}

/**
 * P-values adjusted for being several (Holm's step-down): those below α keep the chance of even one false alarm
 * below α, whatever the dependence between them. NaN stays NaN and does not count.
 *
 * @see S. Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statistics 6, 1979.
 */
export function holm(ps: readonly number[]): number[] {
  const order = [...ps.keys()].filter((i) => !Number.isNaN(ps[i])).sort((a, b) => (ps[a] ?? 0) - (ps[b] ?? 0));
  const adjusted = ps.map(() => Number.NaN);
  let worst = 0;
  for (const [rank, i] of order.entries()) {
    worst = Math.max(worst, Math.min(1, (ps[i] ?? 0) * (order.length - rank)));
    adjusted[i] = worst;
  }
  return adjusted;
}

/** Probability that a standard normal variable is above `z`. */
export function normalTail(z: number): number {
  const half = gammaQ(0.5, (z * z) / 2) / 2;
  return z < 0 ? 1 - half : half;
}

/**
 * Regularised upper incomplete gamma function Q(a, x): a series below x = a + 1, a continued fraction above (Lentz).
 *
 * @param a Above 0.
 * @param x At least 0.
 * @see W. H. Press et al., "Numerical Recipes", 3rd ed., 6.2.
 */
export function gammaQ(a: number, x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  if (x <= 0) return 1;
  if (x === Infinity) return 0;
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = a + 1; Math.abs(term) > Math.abs(sum) * 1e-17 && n < a + 100_000; n++) {
      term *= x / n;
      sum += term;
    }
    return Math.max(0, 1 - front * sum);
  }
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < 100_000; i++) {
    const an = -i * (i - a);
    b += 2;
    d = 1 / nonZero(an * d + b);
    c = nonZero(b + an / c);
    h *= c * d;
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  return front * h;
}

function nonZero(x: number): number {
  return Math.abs(x) < 1e-300 ? 1e-300 : x;
}

/** Lanczos' coefficients for g = 7 (P. Godfrey): relative error of the gamma function below 1e-14. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** Natural logarithm of the gamma function, for x above 0. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const y = x - 1;
  const sum = LANCZOS.reduce((s, c, i) => (i === 0 ? c : s + c / (y + i)), 0);
  const t = y + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (y + 0.5) * Math.log(t) - t + Math.log(sum);
}
