import type { LstmWeights } from '../lstm-weights.ts';

/** Weights by name, in double precision: for tests of the kernel. */
export type ReferenceWeights = Readonly<Record<Exclude<keyof LstmWeights, 'units'>, Float64Array>>;

/** The same weights in double precision. */
export function referenceWeights(weights: LstmWeights): ReferenceWeights {
  return {
    kernel: Float64Array.from(weights.kernel),
    recurrentKernel: Float64Array.from(weights.recurrentKernel),
    bias: Float64Array.from(weights.bias),
    denseKernel: Float64Array.from(weights.denseKernel),
    denseBias: Float64Array.from(weights.denseBias),
  };
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/**
 * LSTM → Dense(1, sigmoid) for one sequence, written straight from the formulas in double precision, for tests alone.
 *
 * @see S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997, with the forget gate of
 *   F. Gers et al., 2000; gates in Keras's order i, f, c, o.
 */
export function referenceScore(w: ReferenceWeights, sequence: ArrayLike<number>): number {
  const units = w.denseKernel.length;
  let h = new Float64Array(units);
  let c = new Float64Array(units);
  for (const token of Array.from(sequence)) {
    const z = Float64Array.from(
      { length: 4 * units },
      (_, j) =>
        (w.kernel[token * 4 * units + j] ?? 0) +
        (w.bias[j] ?? 0) +
        h.reduce((sum, x, k) => sum + x * (w.recurrentKernel[k * 4 * units + j] ?? 0), 0),
    );
    const gate = (g: number, u: number): number => z[g * units + u] ?? 0;
    c = c.map((before, u) => sigmoid(gate(1, u)) * before + sigmoid(gate(0, u)) * Math.tanh(gate(2, u)));
    h = c.map((cell, u) => sigmoid(gate(3, u)) * Math.tanh(cell));
  }
  return sigmoid((w.denseBias[0] ?? 0) + h.reduce((sum, x, u) => sum + x * (w.denseKernel[u] ?? 0), 0));
}

/** Mean binary cross-entropy in nats over labelled sequences. */
export function referenceLoss(
  w: ReferenceWeights,
  examples: readonly { readonly sequence: ArrayLike<number>; readonly label: number }[],
): number {
  const losses = examples.map(({ sequence, label }) => {
    const p = referenceScore(w, sequence);
    return label === 1 ? -Math.log(p) : -Math.log(1 - p);
  });
  return losses.reduce((a, b) => a + b, 0) / losses.length;
}
