import type { Column } from '../features/index.ts';
import { VOCABULARY_SIZE } from '../features/index.ts';
import { seededRandom } from './random.ts';
import type { Random } from './random.ts';

/** Kind of recurrent layer. */
export type Cell = 'lstm' | 'gru';

/** Gates of each kind: i, f, c, o and r, z, n. */
export const GATES: Readonly<Record<Cell, number>> = { lstm: 4, gru: 3 };

/** What a network is made for. */
export interface NetworkForm {
  /** Default `lstm`. */
  readonly cell?: Cell;
  /** Width of the recurrent layer's state. */
  readonly units: number;
  /** What events have beside their token. Default nothing. */
  readonly columns?: readonly Column[];
}

/**
 * Weights of a recurrent layer of `units` → Dense(1, sigmoid). Matrices lie by rows, gates along the columns: of an LSTM i, f, c, o as in
 * Keras; of a GRU r, z, n as in PyTorch, with n = tanh(x·Wn + bn + r·(h·Rn + recurrentBias)).
 *
 * The rows of `kernel` are the input: one a token, then for each category column one a value, then one a number column.
 */
export interface LstmWeights {
  /** Left out for an LSTM. */
  readonly cell?: Cell;
  readonly units: number;
  /** `[inputs, gates·units]` */
  readonly kernel: Float32Array;
  /** `[units, gates·units]` */
  readonly recurrentKernel: Float32Array;
  /** `[gates·units]` */
  readonly bias: Float32Array;
  /** `[units]`, of a GRU only. */
  readonly recurrentBias?: Float32Array;
  /** `[units, 1]` */
  readonly denseKernel: Float32Array;
  /** `[1]` */
  readonly denseBias: Float32Array;
}

/** Where the columns of events lie among the rows of `kernel`. */
export interface InputLayout {
  /** First row of each category column, in their order. */
  readonly categories: readonly { readonly column: number; readonly row: number; readonly size: number }[];
  /** Index of each number column, in their order; their rows begin at `numberRow`. */
  readonly numbers: readonly number[];
  readonly numberRow: number;
  /** Rows in all. */
  readonly inputs: number;
}

/** The layout of the input for some columns: tokens, values of categories, numbers. */
export function inputLayout(columns: readonly Column[] = []): InputLayout {
  let row = VOCABULARY_SIZE;
  const categories = columns.flatMap((column, i) => {
    if (column.kind !== 'category') return [];
    row += column.size;
    return [{ column: i, row: row - column.size, size: column.size }];
  });
  const numbers = columns.flatMap((column, i) => (column.kind === 'number' ? [i] : []));
  return { categories, numbers, numberRow: row, inputs: row + numbers.length };
}

/**
 * Weights as Keras starts with: Glorot uniform for the input and dense kernels, an orthogonal recurrent kernel, biases 0
 * but 1 for the forget gate of an LSTM. The same seed gives the same bytes.
 *
 * @param inputScale What the rows of tokens and categories are multiplied by (see `LstmHyper.inputRate`).
 * @see X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010;
 *   A. Saxe et al., arXiv:1312.6120, for the orthogonal one.
 */
export function initialNetwork(
  { cell = 'lstm', units, columns }: NetworkForm,
  seed: number,
  inputScale = 1,
): LstmWeights {
  const random = seededRandom(seed);
  const width = GATES[cell] * units;
  const { inputs, numberRow } = inputLayout(columns);
  // As if numbers and the few rows that one event picks were the whole input: with thousands of rows each would start near 0.
  const fanIn = VOCABULARY_SIZE + inputs - numberRow;
  const kernel = glorotUniform(inputs, width, Math.sqrt(6 / (fanIn + width)), random);
  for (let i = 0; i < numberRow * width; i++) kernel[i] = (kernel[i] ?? 0) * inputScale;
  const weights = {
    units,
    kernel,
    recurrentKernel: orthogonalRows(units, width, random),
    bias: new Float32Array(width),
    denseKernel: glorotUniform(units, 1, Math.sqrt(6 / (units + 1)), random),
    denseBias: new Float32Array(1),
  };
  if (cell === 'gru') return { cell, ...weights, recurrentBias: new Float32Array(units) };
  weights.bias.fill(1, units, 2 * units);
  return weights;
}

/** The weights that an LSTM on tokens alone starts with. */
export function initialWeights(units: number, seed: number): LstmWeights {
  return initialNetwork({ units }, seed);
}

function glorotUniform(rows: number, columns: number, limit: number, random: Random): Float32Array {
  return Float32Array.from({ length: rows * columns }, () => (2 * random.uniform() - 1) * limit);
}
/** Rows of unit length at right angles to each other, in a random direction: Gram–Schmidt, twice for exactness. */
function orthogonalRows(rows: number, columns: number, random: Random): Float32Array {
  const made: Float64Array[] = [];
  for (let r = 0; r < rows; r++) {
    const row = Float64Array.from({ length: columns }, () => random.normal());
    for (let pass = 0; pass < 2; pass++) {
      for (const other of made) {
        const share = dot(row, other);
        for (let j = 0; j < columns; j++) row[j] = (row[j] ?? 0) - share * (other[j] ?? 0);
      }
    }
    const length = Math.sqrt(dot(row, row));
    made.push(row.map((x) => x / length));
  }
  const flat = new Float32Array(rows * columns);
  for (const [r, row] of made.entries()) flat.set(row, r * columns);
  return flat;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
