/** A logistic regression: P(1) = 1 / (1 + exp(−(intercept + Σ coefficients·x))). Plain data. */
export interface Logistic {
  readonly coefficients: readonly number[];
  readonly intercept: number;
}

export interface LogisticOptions {
  /** Weight of ½·Σ coefficients² against the sum of log losses; the intercept is free. Default 1, as scikit-learn's `C=1`. */
  readonly l2?: number;
  /** Newton steps at most; it takes about 8. Default 100. */
  readonly maxIterations?: number;
}

/**
 * Fits a logistic regression by Newton's method with step halving. The loss is convex and has one minimum, found to
 * rounding. O(iterations · rows · columns²).
 *
 * @param values `[rows, columns]` row by row. @param targets `rows` numbers from 0 to 1.
 */
export function fitLogistic(
  values: Float64Array,
  columns: number,
  targets: ArrayLike<number>,
  { l2 = 1, maxIterations = 100 }: LogisticOptions = {},
): Logistic {
  const problem: Problem = { values, columns, targets, l2 };
  let weights: Float64Array = new Float64Array(columns + 1);
  let now = lossAt(problem, weights);
  for (let i = 0; i < maxIterations; i++) {
    const { gradient, hessian } = derivativesAt(problem, weights);
    const step = solve(hessian, gradient);
    // Twice what a full step would gain where the loss is its parabola. Once that is this small, Newton's step squares
    // the distance to the minimum: one more is exact to rounding, and the loss itself too coarse to judge it.
    const decrement = step.reduce((sum, s, k) => sum + s * (gradient[k] ?? 0), 0);
    if (decrement <= 1e-10 * (1 + now)) {
      weights = weights.map((w, k) => w - (step[k] ?? 0));
      break;
    }
    let size = 1;
    let next = weights.map((w, k) => w - (step[k] ?? 0));
    let loss = lossAt(problem, next);
    while (loss > now && size > 1e-10) {
      size /= 2;
      next = weights.map((w, k) => w - size * (step[k] ?? 0));
      loss = lossAt(problem, next);
    }
    if (loss > now) break;
    weights = next;
    now = loss;
  }
  return { coefficients: [...weights.subarray(0, columns)], intercept: weights[columns] ?? 0 };
}

/** The probabilities of `[rows, columns]` values: `rows` numbers. */
export function scoreLogistic({ coefficients, intercept }: Logistic, values: Float64Array): Float64Array {
  const columns = coefficients.length;
  return Float64Array.from({ length: values.length / columns }, (_, row) => {
    let sum = intercept;
    for (let k = 0; k < columns; k++) sum += (coefficients[k] ?? 0) * (values[row * columns + k] ?? 0);
    return sigmoid(sum);
  });
}

/** 1 / (1 + e⁻ˣ), without overflow on either side. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

interface Problem {
  readonly values: Float64Array;
  readonly columns: number;
  readonly targets: ArrayLike<number>;
  readonly l2: number;
}

function linear({ values, columns }: Problem, weights: Float64Array, row: number): number {
  let sum = weights[columns] ?? 0;
  for (let k = 0; k < columns; k++) sum += (weights[k] ?? 0) * (values[row * columns + k] ?? 0);
  return sum;
}

function lossAt(problem: Problem, weights: Float64Array): number {
  const { columns, targets, l2 } = problem;
  let loss = 0;
  for (let row = 0; row < targets.length; row++) {
    const x = linear(problem, weights, row);
    // ln(1 + eˣ) − t·x
    loss += Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))) - (targets[row] ?? 0) * x;
  }
  for (let k = 0; k < columns; k++) loss += (l2 / 2) * (weights[k] ?? 0) ** 2;
  return loss;
}

function derivativesAt(problem: Problem, weights: Float64Array): { gradient: Float64Array; hessian: Float64Array } {
  const { values, columns, targets, l2 } = problem;
  const size = columns + 1;
  const gradient = new Float64Array(size);
  const hessian = new Float64Array(size * size);
  const x = new Float64Array(size).fill(1);
  for (let row = 0; row < targets.length; row++) {
    const p = sigmoid(linear(problem, weights, row));
    const error = p - (targets[row] ?? 0);
    const curve = p * (1 - p);
    for (let k = 0; k < columns; k++) x[k] = values[row * columns + k] ?? 0;
    for (let i = 0; i < size; i++) {
      const xi = x[i] ?? 0;
      gradient[i] = (gradient[i] ?? 0) + error * xi;
      for (let j = 0; j <= i; j++) hessian[i * size + j] = (hessian[i * size + j] ?? 0) + curve * xi * (x[j] ?? 0);
    }
  }
  for (let k = 0; k < columns; k++) {
    gradient[k] = (gradient[k] ?? 0) + l2 * (weights[k] ?? 0);
    hessian[k * size + k] = (hessian[k * size + k] ?? 0) + l2;
  }
  return { gradient, hessian };
}

/** Solves H·x = g for a positive definite H, of which the lower triangle is given, by Cholesky's decomposition. */
function solve(hessian: Float64Array, gradient: Float64Array): Float64Array {
  const n = gradient.length;
  const at = (i: number, j: number): number => lower[i * n + j] ?? 0;
  const lower = hessian.slice();
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = at(i, j);
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k);
      // A column that the ones before it determine leaves nothing but rounding: it takes no part in the step.
      const pivot = sum > 1e-13 * (hessian[i * n + i] ?? 0) ? Math.sqrt(sum) : Infinity;
      lower[i * n + j] = i === j ? pivot : sum / at(j, j);
    }
  }
  const x = gradient.slice();
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i] = (x[i] ?? 0) - at(i, k) * (x[k] ?? 0);
    x[i] = (x[i] ?? 0) / at(i, i);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i] = (x[i] ?? 0) - at(k, i) * (x[k] ?? 0);
    x[i] = (x[i] ?? 0) / at(i, i);
  }
  return x;
}
