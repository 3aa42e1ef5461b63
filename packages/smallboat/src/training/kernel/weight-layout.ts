import type { LstmWeights } from '../lstm-weights.ts';

/** Units as the kernel counts them: a multiple of 16. Weights of the added ones are 0, get gradient 0, and stay 0. */
export function paddedUnits(units: number): number {
  return Math.ceil(units / 16) * 16;
}

/** Length in floats of the kernel's block of weights: input rows, recurrent panels, bias, dense, dense bias (16, one used). */
export function blockLength(units: number, vocabulary: number): number {
  const p = paddedUnits(units);
  return 4 * p * (vocabulary + p + 1) + p + 16;
}

/** Calls `visit` with a name, an index in Keras's array of that name, and the place of the same weight in the block. */
function eachWeight(
  units: number,
  vocabulary: number,
  visit: (name: Exclude<keyof LstmWeights, 'units'>, index: number, place: number) => void,
): void {
  const p = paddedUnits(units);
  const recurrent = 4 * p * vocabulary;
  const bias = recurrent + 4 * p * p;
  for (let gate = 0; gate < 4; gate++) {
    for (let unit = 0; unit < units; unit++) {
      const column = gate * units + unit;
      // Eight units of gate i, then the same eight of f, c, o.
      const place = (unit >> 3) * 32 + gate * 8 + (unit & 7);
      visit('bias', column, bias + place);
      for (let row = 0; row < vocabulary; row++) visit('kernel', row * 4 * units + column, row * 4 * p + place);
      for (let row = 0; row < units; row++) {
        const inPanel = ((place >> 4) * p + row) * 16 + (place & 15);
        visit('recurrentKernel', row * 4 * units + column, recurrent + inPanel);
      }
    }
  }
  for (let unit = 0; unit < units; unit++) visit('denseKernel', unit, bias + 4 * p + unit);
  visit('denseBias', 0, bias + 5 * p);
}

/** Lays weights out as the kernel reads them. */
export function toBlock(weights: LstmWeights): Float32Array {
  const vocabulary = weights.kernel.length / (4 * weights.units);
  const block = new Float32Array(blockLength(weights.units, vocabulary));
  eachWeight(weights.units, vocabulary, (name, index, place) => {
    block[place] = weights[name][index] ?? 0;
  });
  return block;
}

/** The way back from `toBlock`; also for gradients, which have the same layout. */
export function fromBlock(block: Float32Array, units: number, vocabulary: number): LstmWeights {
  const weights = {
    units,
    kernel: new Float32Array(vocabulary * 4 * units),
    recurrentKernel: new Float32Array(units * 4 * units),
    bias: new Float32Array(4 * units),
    denseKernel: new Float32Array(units),
    denseBias: new Float32Array(1),
  };
  eachWeight(units, vocabulary, (name, index, place) => {
    weights[name][index] = block[place] ?? 0;
  });
  return weights;
}
