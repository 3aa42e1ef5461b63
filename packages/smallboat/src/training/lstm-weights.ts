import { VOCABULARY_SIZE } from '../features/index.ts';
import { seededRandom } from './random.ts';
import type { Random } from './random.ts';

/**
 * Weights of LSTM(units) → Dense(1, sigmoid) in Keras's layout: matrices by rows, gates in the order i, f, c, o along
 * the columns.
 */
export interface LstmWeights {
  /** Width of the LSTM's state. */
  readonly units: number;
  /** `[vocabulary, 4·units]` */
  readonly kernel: Float32Array;
  /** `[units, 4·units]` */
  readonly recurrentKernel: Float32Array;
  /** `[4·units]` */
  readonly bias: Float32Array;
  /** `[units, 1]` */
  readonly denseKernel: Float32Array;
  /** `[1]` */
  readonly denseBias: Float32Array;
}

/**
 * Weights as Keras starts with: Glorot uniform for the input and dense kernels, an orthogonal recurrent kernel, biases 0
 * but 1 for the forget gate. The same seed gives the same bytes.
 *
 * @see X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010;
 *   A. Saxe et al., arXiv:1312.6120, for the orthogonal one.
 */
export function initialWeights(units: number, seed: number): LstmWeights {
  const random = seededRandom(seed);
  const columns = 4 * units;
  const bias = new Float32Array(columns).fill(1, units, 2 * units);
  return {
    units,
    kernel: glorotUniform(VOCABULARY_SIZE, columns, random),
    recurrentKernel: orthogonalRows(units, columns, random),
    bias,
    denseKernel: glorotUniform(units, 1, random),
    denseBias: new Float32Array(1),
  };
}

function glorotUniform(fanIn: number, fanOut: number, random: Random): Float32Array {
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  return Float32Array.from({ length: fanIn * fanOut }, () => (2 * random.uniform() - 1) * limit);
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
