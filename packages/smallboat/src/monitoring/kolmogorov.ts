import { logGamma } from './significance.ts';

/**
 * Probability that two samples of one distribution differ by at least `statistic`, exactly: the share of all orders of the
 * n + m values in which the two cumulative shares come that far apart somewhere. Values that repeat make it err on the side
 * of no drift. O(n · m). As `scipy.stats.ks_2samp(…, method='exact').pvalue`.
 *
 * @see J. L. Hodges, "The significance probability of the Smirnov two-sample test", Arkiv för Matematik 3, 1958.
 */
export function kolmogorovExactP(statistic: number, n: number, m: number): number {
  const divisor = greatestDivisor(n, m);
  const [stepX, stepY] = [m / divisor, n / divisor];
  const height = Math.round(statistic * stepX * n);
  if (height === 0) return 1;
  // outside[j]: the share of the orders of i values of the first and j of the second that have come that far apart.
  const outside = new Float64Array(m + 1);
  for (let i = 0; i <= n; i++) {
    for (let j = 0; j <= m; j++) {
      if (Math.abs(i * stepX - j * stepY) >= height) outside[j] = 1;
      else if (i + j === 0) outside[j] = 0;
      else outside[j] = (i * (i === 0 ? 0 : (outside[j] ?? 0)) + j * (j === 0 ? 0 : (outside[j - 1] ?? 0))) / (i + j);
    }
  }
  return outside[m] ?? Number.NaN;
}

/**
 * Probability that n values differ from their own distribution by at least `statistic`. Exact where n is at most 140 or the
 * statistic small (Durbin's matrix), and far out, where it is twice the one-sided one (Smirnov's sum); between by the series
 * of Pelz and Good, to seven digits or more. The same choice, and the same numbers, as `scipy.stats.kstwo.sf`.
 *
 * @see R. Simard, P. L'Ecuyer, "Computing the two-sided Kolmogorov–Smirnov distribution", J. Statistical Software 39(11),
 *   2011; G. Marsaglia, W. W. Tsang, J. Wang, "Evaluating Kolmogorov's distribution", ibid. 8(18), 2003.
 */
export function kolmogorovOneSampleP(statistic: number, n: number): number {
  if (statistic >= 1) return 0;
  if (n * statistic <= 0.5) return 1;
  const far = n * statistic * statistic;
  if (statistic >= 0.5 || far >= (n <= 140 ? 4 : 2.2)) return Math.min(1, 2 * smirnovP(statistic, n));
  const isExact = n <= 140 || (n <= 100_000 && n * statistic ** 1.5 <= 1.4);
  return Math.min(1, Math.max(0, 1 - (isExact ? durbin(statistic, n) : pelzGood(statistic, n))));
}

/**
 * P(D < d) = K₀(z) + K₁(z)/√n + K₂(z)/n + K₃(z)/n^1.5 with z = √n · d.
 *
 * @see W. Pelz, I. J. Good, "Approximating the lower tail-areas of the Kolmogorov–Smirnov one-sample statistic",
 *   J. Royal Statistical Society B 38, 1976.
 */
function pelzGood(d: number, n: number): number {
  const z = Math.sqrt(n) * d;
  const z2 = z * z;
  let [k0, k1, k2, k3] = [0, 0, 0, 0];
  // Twice the terms from 0 on are those of all whole k, as each is the same for k + ½ and −k − ½.
  for (let k = 0; k < 20; k++) {
    const a = (Math.PI * (k + 0.5)) ** 2;
    const weight = 2 * Math.exp(-a / (2 * z2));
    k0 += weight;
    k1 += weight * (a - z2);
    k2 += weight * (6 * z2 ** 3 + 2 * z2 ** 2 + a * (2 * z2 ** 2 - 5 * z2) + a * a * (1 - 2 * z2));
    k3 +=
      weight *
      (a ** 3 * (5 - 30 * z2) +
        a * a * (-60 * z2 + 212 * z2 ** 2) +
        a * (135 * z2 ** 2 - 96 * z2 ** 3) -
        30 * z2 ** 3 -
        90 * z2 ** 4);
  }
  let [whole2, whole3] = [0, 0];
  for (let k = 1; k < 20; k++) {
    const a = (Math.PI * k) ** 2;
    const weight = 2 * Math.exp(-a / (2 * z2));
    whole2 += weight * a;
    whole3 += weight * (3 * a * z2 - a * a);
  }
  const root = Math.sqrt(Math.PI / 2);
  return (
    root *
    (k0 / z +
      k1 / (6 * z ** 4) / Math.sqrt(n) +
      (k2 / (72 * z ** 7) - whole2 / (36 * z ** 3)) / n +
      (k3 / (6_480 * z ** 10) + whole3 / (216 * z ** 6)) / n ** 1.5)
  );
}

/** P(D⁺ ≥ d) = d Σⱼ C(n, j) (d + j/n)ʲ⁻¹ (1 − d − j/n)ⁿ⁻ʲ, j from 0 to n (1 − d). */
function smirnovP(d: number, n: number): number {
  let sum = 0;
  for (let j = 0; j <= Math.floor(n * (1 - d)); j++) {
    const rest = 1 - d - j / n;
    if (rest <= 0) continue;
    const choose = logGamma(n + 1) - logGamma(j + 1) - logGamma(n - j + 1);
    sum += Math.exp(choose + (j - 1) * Math.log(d + j / n) + (n - j) * Math.log(rest));
  }
  return d * sum;
}

/** P(D < d): an element of the n-th power of a matrix of side 2 ⌈nd⌉ − 1, times n! / nⁿ. */
function durbin(d: number, n: number): number {
  const k = Math.floor(n * d) + 1;
  const side = 2 * k - 1;
  const h = k - n * d;
  const matrix = new Float64Array(side * side);
  const at = (i: number, j: number): number => i * side + j;
  for (let i = 0; i < side; i++) for (let j = 0; j < side; j++) matrix[at(i, j)] = i - j + 1 < 0 ? 0 : 1;
  const take = (i: number, j: number, by: number): void => {
    matrix[at(i, j)] = (matrix[at(i, j)] ?? 0) - by;
  };
  for (let i = 0; i < side; i++) {
    take(i, 0, h ** (i + 1));
    take(side - 1, i, h ** (side - i));
  }
  if (2 * h - 1 > 0) take(side - 1, 0, -((2 * h - 1) ** side));
  for (let i = 0; i < side; i++) {
    for (let j = 0; j < side; j++) {
      for (let g = 1; g <= i - j + 1; g++) matrix[at(i, j)] = (matrix[at(i, j)] ?? 0) / g;
    }
  }
  let [power, exponent] = powerOf(matrix, { side, n });
  let value = power[at(k - 1, k - 1)] ?? 0;
  for (let i = 1; i <= n; i++) {
    value = (value * i) / n;
    if (value < 1e-140) [value, exponent] = [value * 1e140, exponent - 140];
  }
  return value * 10 ** exponent;
}

/** The n-th power, as a matrix and a power of ten to multiply it by. */
function powerOf(
  matrix: Float64Array,
  { side, n }: { readonly side: number; readonly n: number },
): [Float64Array, number] {
  if (n === 1) return [matrix, 0];
  const [half, halfExponent] = powerOf(matrix, { side, n: Math.floor(n / 2) });
  const square = product(half, half, side);
  const all = n % 2 === 0 ? square : product(matrix, square, side);
  const middle = all[(side >> 1) * side + (side >> 1)] ?? 0;
  return middle > 1e140 ? [all.map((x) => x * 1e-140), 2 * halfExponent + 140] : [all, 2 * halfExponent];
}

function product(a: Float64Array, b: Float64Array, side: number): Float64Array {
  const c = new Float64Array(side * side);
  for (let i = 0; i < side; i++) {
    for (let l = 0; l < side; l++) {
      const x = a[i * side + l] ?? 0;
      if (x === 0) continue;
      for (let j = 0; j < side; j++) c[i * side + j] = (c[i * side + j] ?? 0) + x * (b[l * side + j] ?? 0);
    }
  }
  return c;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
