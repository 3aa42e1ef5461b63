import { logGamma } from './gamma.ts';

/**
 * Probability that the two-sided Kolmogorov–Smirnov statistic of n values from the right distribution is above d.
 *
 * Exact where that can be computed: at the ends (Ruben and Gambino), twice the one-sided probability where both sides
 * cannot happen at once, and the matrix of Marsaglia, Tsang and Wang; else the approximation of Pelz and Good. Which is
 * used where follows Simard and L'Ecuyer.
 *
 * @param n Number of values, at least 1.
 * @param d The statistic, from 0 to 1.
 * @see R. Simard, P. L'Ecuyer, "Computing the two-sided Kolmogorov–Smirnov distribution", J. Stat. Software 39(11), 2011.
 */
export function kolmogorovTail(n: number, d: number): number {
  const t = n * d;
  if (t <= 0.5) return 1;
  if (d >= 1) return 0;
  if (t <= 1) return 1 - Math.exp(logGamma(n + 1) - n * Math.log(n) + n * Math.log(2 * t - 1));
  if (t >= n - 1) return 2 * (1 - d) ** n;
  if (d >= 0.5) return 2 * oneSidedTail(n, d);
  const nd2 = t * d;
  if (n <= 140) return nd2 <= 4 ? 1 - matrixCdf(n, d) : 2 * oneSidedTail(n, d);
  if (nd2 >= 370) return 0;
  if (nd2 >= 2.2) return 2 * oneSidedTail(n, d);
  return 1 - (n <= 100_000 && n * d ** 1.5 <= 1.4 ? matrixCdf(n, d) : pelzGood(n, d));
}

/** Smirnov's sum for one side. */
function oneSidedTail(n: number, d: number): number {
  let sum = 0;
  const last = Math.floor(n * (1 - d));
  for (let j = 0; j <= last; j++) {
    const [up, down] = [d + j / n, 1 - d - j / n];
    const logChoose = logGamma(n + 1) - logGamma(j + 1) - logGamma(n - j + 1);
    if (down > 0) sum += Math.exp(logChoose + (j - 1) * Math.log(up) + (n - j) * Math.log(down));
  }
  return Math.min(1, Math.max(0, d * sum));
}

/** Marsaglia, Tsang, Wang, "Evaluating Kolmogorov's distribution", J. Stat. Software 8(18), 2003. */
function matrixCdf(n: number, d: number): number {
  const k = Math.ceil(n * d);
  const m = 2 * k - 1;
  const h = k - n * d;
  const H = Array.from({ length: m }, (_, i) => Float64Array.from({ length: m }, (_, j) => (i - j + 1 < 0 ? 0 : 1)));
  const at = (i: number, j: number): number => H[i]?.[j] ?? 0;
  const put = (i: number, j: number, value: number): void => {
    const row = H[i];
    if (row !== undefined) row[j] = value;
  };
  for (let i = 0; i < m; i++) {
    put(i, 0, at(i, 0) - h ** (i + 1));
    put(m - 1, i, at(m - 1, i) - h ** (m - i));
  }
  put(m - 1, 0, at(m - 1, 0) + (2 * h - 1 > 0 ? (2 * h - 1) ** m : 0));
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < m; j++) {
      for (let g = 1; g <= i - j + 1; g++) put(i, j, at(i, j) / g);
    }
  }
  const { matrix, exponent } = power(H, n);
  let [value, scale] = [matrix[k - 1]?.[k - 1] ?? 0, exponent];
  for (let i = 1; i <= n; i++) {
    value *= i / n;
    if (value < 1e-140) [value, scale] = [value * 1e140, scale - 140];
  }
  return Math.min(1, Math.max(0, value * 10 ** scale));
}

type Matrix = readonly Float64Array[];

/** A matrix to a power, with the power of ten that was taken out of it on the way. */
function power(base: Matrix, n: number): { readonly matrix: Matrix; readonly exponent: number } {
  if (n === 1) return { matrix: base, exponent: 0 };
  const half = power(base, Math.floor(n / 2));
  const square = times(half.matrix, half.matrix);
  const whole = n % 2 === 0 ? square : times(base, square);
  const middle = whole[Math.floor(whole.length / 2)]?.[Math.floor(whole.length / 2)] ?? 0;
  const exponent = 2 * half.exponent;
  return middle > 1e140
    ? { matrix: whole.map((row) => row.map((x) => x * 1e-140)), exponent: exponent + 140 }
    : { matrix: whole, exponent };
}

function times(a: Matrix, b: Matrix): Matrix {
  const m = a.length;
  return a.map((row) => {
    const out = new Float64Array(m);
    for (let k = 0; k < m; k++) {
      const x = row[k] ?? 0;
      const other = b[k];
      if (x === 0 || other === undefined) continue;
      for (let j = 0; j < m; j++) out[j] = (out[j] ?? 0) + x * (other[j] ?? 0);
    }
    return out;
  });
}

/** W. Pelz, I. J. Good, "Approximating the lower tail areas of the Kolmogorov–Smirnov one-sample statistic", JRSS B 38, 1976. */
function pelzGood(n: number, d: number): number {
  const z = Math.sqrt(n) * d;
  const [z2, pi2] = [z * z, Math.PI ** 2];
  const [z4, z6] = [z2 * z2, z2 ** 3];
  const terms = 20;
  const odd = (f: (m2: number) => number): number => {
    let sum = 0;
    for (let k = 0; k < terms; k++) {
      const m2 = ((2 * k + 1) ** 2 * pi2) / 4;
      sum += f(m2) * Math.exp(-m2 / (2 * z2));
    }
    return sum;
  };
  const even = (f: (m2: number) => number): number => {
    let sum = 0;
    for (let k = 1; k < terms; k++) {
      const m2 = k * k * pi2;
      sum += f(m2) * Math.exp(-m2 / (2 * z2));
    }
    return sum;
  };
  const root = Math.sqrt(2 * Math.PI);
  const k0 = (root / z) * odd(() => 1);
  const k1 = (root / (6 * z4)) * odd((m2) => m2 - z2);
  const k2 =
    (root / (72 * z ** 7)) * odd((m2) => 6 * z6 + 2 * z4 + (2 * z4 - 5 * z2) * m2 + (1 - 2 * z2) * m2 * m2) -
    (root / (36 * z ** 3)) * even((m2) => m2);
  const k3 =
    (root / (6480 * z ** 10)) *
      odd(
        (m2) =>
          -30 * z6 - 90 * z ** 8 + (135 * z4 - 96 * z6) * m2 + (212 * z4 - 60 * z2) * m2 * m2 + (5 - 30 * z2) * m2 ** 3,
      ) +
    (root / (216 * z6)) * even((m2) => 3 * z2 * m2 - m2 * m2);
  const root_n = Math.sqrt(n);
  return Math.min(1, Math.max(0, k0 + k1 / root_n + k2 / n + k3 / (n * root_n)));
}
