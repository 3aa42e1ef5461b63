/** Lanczos' coefficients for g = 7, n = 9 (Godfrey 2001): 15 digits. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** ln Γ(x) for x > 0. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const [first = 0, ...rest] = LANCZOS;
  const sum = rest.reduce((total, c, i) => total + c / (x + i), first);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

const TINY = 1e-300;
const CLOSE = 1e-16;

/**
 * The upper regularized incomplete gamma function Q(a, x), 1 at x = 0 and 0 at infinity: by its series where x < a + 1,
 * by Lentz's continued fraction elsewhere, so that small tails keep their digits.
 *
 * @see Press et al., Numerical Recipes, 3rd ed., section 6.2.
 */
export function gammaTail(a: number, x: number): number {
  if (x <= 0) return 1;
  const scale = Math.exp(-x + a * Math.log(x) - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; Math.abs(term) > Math.abs(sum) * CLOSE && n < 10_000; n++) {
      term *= x / (a + n);
      sum += term;
    }
    return 1 - sum * scale;
  }
  let b = x + 1 - a;
  let c = 1 / TINY;
  let d = 1 / b;
  let h = d;
  for (let n = 1; n < 10_000; n++) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / away(an * d + b);
    c = away(b + an / c);
    h *= d * c;
    if (Math.abs(d * c - 1) < CLOSE) break;
  }
  return scale * h;
}

/** Probability that a chi-squared variable of `df` degrees of freedom is above `x`. */
export function chiSquareTail(x: number, df: number): number {
  return gammaTail(df / 2, x / 2);
}

/** P(a, x) = 1 − Q(a, x): the distribution function of the gamma distribution. */
export function gammaCdf(a: number, x: number): number {
  return x <= 0 ? 0 : 1 - gammaTail(a, x);
}

/** The distribution function of the standard normal. */
export function normalCdf(z: number): number {
  const half = gammaTail(0.5, (z * z) / 2) / 2;
  return z < 0 ? half : 1 - half;
}

/**
 * The regularized incomplete beta function I_x(a, b): the distribution function of the beta distribution.
 *
 * @see Press et al., Numerical Recipes, 3rd ed., section 6.4.
 */
export function betaCdf(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2) ? (front * betaFraction(x, a, b)) / a : 1 - (front * betaFraction(1 - x, b, a)) / b;
}

function betaFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let h = d;
  for (let m = 1; m < 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    h *= d * c;
    if (Math.abs(d * c - 1) < CLOSE) break;
  }
  return h;
}

function away(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

/** The value that a t-distributed variable of `df` degrees of freedom exceeds with probability `p`, 0 < p < 0.5; found by bisection. */
export function studentQuantile(p: number, df: number): number {
  const tail = (t: number): number => betaCdf(df / (df + t * t), df / 2, 0.5) / 2;
  let [low, high] = [0, 1];
  while (tail(high) > p && high < 1e12) high *= 2;
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (tail(middle) > p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
