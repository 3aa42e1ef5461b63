import type { Column } from '../../features/index.ts';
import { valuesOf } from '../../features/index.ts';
import type { Cell, LstmWeights } from '../network-weights.ts';
import { GATES, inputLayout } from '../network-weights.ts';

const NAMES = ['kernel', 'recurrentKernel', 'bias', 'recurrentBias', 'denseKernel', 'denseBias'] as const;

/** Weights by name, in double precision: for tests of the kernel. */
export type ReferenceWeights = { readonly cell: Cell; readonly units: number } & Readonly<
  Record<(typeof NAMES)[number], Float64Array>
>;

/** The same weights in double precision. */
export function referenceWeights(weights: LstmWeights): ReferenceWeights {
  const arrays = Object.fromEntries(NAMES.map((name) => [name, Float64Array.from(weights[name] ?? [])]));
  // Each name of NAMES has an array by now.
  return { cell: weights.cell ?? 'lstm', units: weights.units, ...arrays } as ReferenceWeights;
}

/** A sequence of tokens, and the bytes of each event after the start. */
export interface ReferenceSequence {
  readonly tokens: ArrayLike<number>;
  readonly rows?: readonly (readonly number[])[];
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/**
 * LSTM or GRU → Dense(1, sigmoid) for one sequence, written straight from the formulas in double precision, for tests alone.
 *
 * @param mask What each unit of the last state is multiplied by; default 1.
 * @see S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997, with the forget gate of
 *   F. Gers et al., 2000; K. Cho et al., arXiv:1406.1078, in the form of PyTorch's GRU.
 */
export function referenceScore(
  w: ReferenceWeights,
  { tokens, rows = [] }: ReferenceSequence,
  columns: readonly Column[] = [],
  mask?: ArrayLike<number>,
): number {
  const { units, cell } = w;
  const width = GATES[cell] * units;
  let h = new Float64Array(units);
  let c = new Float64Array(units);
  for (let t = 0; t < tokens.length; t++) {
    const input = oneHot(tokens[t] ?? 0, t === 0 ? undefined : rows[t - 1], columns);
    const x = product(input, w.kernel, width).map((value, j) => value + (w.bias[j] ?? 0));
    const r = product(h, w.recurrentKernel, width);
    const gate = (z: Float64Array, k: number, u: number): number => z[k * units + u] ?? 0;
    const before = h;
    if (cell === 'lstm') {
      const z = x.map((value, j) => value + (r[j] ?? 0));
      c = c.map((old, u) => sigmoid(gate(z, 1, u)) * old + sigmoid(gate(z, 0, u)) * Math.tanh(gate(z, 2, u)));
      h = c.map((value, u) => sigmoid(gate(z, 3, u)) * Math.tanh(value));
    } else {
      h = before.map((old, u) => {
        const reset = sigmoid(gate(x, 0, u) + gate(r, 0, u));
        const update = sigmoid(gate(x, 1, u) + gate(r, 1, u));
        const fresh = Math.tanh(gate(x, 2, u) + reset * (gate(r, 2, u) + (w.recurrentBias[u] ?? 0)));
        return (1 - update) * fresh + update * old;
      });
    }
  }
  return sigmoid(
    (w.denseBias[0] ?? 0) + h.reduce((sum, v, u) => sum + v * (mask?.[u] ?? 1) * (w.denseKernel[u] ?? 0), 0),
  );
}

/** The input as one vector: one-hot tokens and categories, numbers. */
function oneHot(token: number, row: readonly number[] | undefined, columns: readonly Column[]): Float64Array {
  const { categories, numbers, numberRow, inputs } = inputLayout(columns);
  const input = new Float64Array(inputs);
  input[token] = 1;
  for (const { column, row: first } of categories) input[first + (row?.[column] ?? 0)] = 1;
  for (const [i, column] of numbers.entries()) {
    const found = columns[column];
    if (found?.kind === 'number') input[numberRow + i] = valuesOf(found)[row?.[column] ?? 0] ?? 0;
  }
  return input;
}

function product(vector: Float64Array, matrix: Float64Array, width: number): Float64Array {
  const out = new Float64Array(width);
  for (const [i, value] of vector.entries()) {
    if (value !== 0) for (let j = 0; j < width; j++) out[j] = (out[j] ?? 0) + value * (matrix[i * width + j] ?? 0);
  }
  return out;
}

/** Mean binary cross-entropy in nats over labelled sequences, weighted where they have weights. */
export function referenceLoss(
  w: ReferenceWeights,
  examples: readonly (ReferenceSequence & { readonly label: number; readonly weight?: number })[],
  columns: readonly Column[] = [],
): number {
  let sum = 0;
  let weights = 0;
  for (const { label, weight = 1, ...sequence } of examples) {
    const p = referenceScore(w, sequence, columns);
    sum -= weight * Math.log(label === 1 ? p : 1 - p);
    weights += weight;
  }
  return sum / weights;
}
