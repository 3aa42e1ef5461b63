import type { LstmWeights, NetworkForm } from '../network-weights.ts';
import { GATES, inputLayout } from '../network-weights.ts';

/** A size as the kernel counts it: a multiple of 16. Weights of the added units are 0, get gradient 0, and stay 0. */
export function paddedUnits(units: number): number {
  return Math.ceil(units / 16) * 16;
}

/** Parts of the kernel's block of weights: where each begins and how long it is, in floats. */
export interface BlockLayout {
  /** Input rows of tokens and categories. */
  readonly rows: number;
  /** Panels of the numbers' matrix; numbers are padded to a multiple of 8. */
  readonly numbers: number;
  readonly paddedNumbers: number;
  readonly recurrent: number;
  readonly bias: number;
  readonly recurrentBias: number;
  readonly dense: number;
  readonly length: number;
}

/** The block of a network: input rows, panels of numbers, recurrent panels, bias, recurrent bias (GRU), dense, dense bias (16, one used). */
export function blockLayout({ cell = 'lstm', units, columns }: NetworkForm): BlockLayout {
  const p = paddedUnits(units);
  const g = GATES[cell] * p;
  const { numberRow, numbers } = inputLayout(columns);
  const paddedNumbers = Math.ceil(numbers.length / 8) * 8;
  const afterRows = numberRow * g;
  const recurrent = afterRows + paddedNumbers * g;
  const bias = recurrent + p * g;
  const recurrentBias = bias + g;
  const dense = recurrentBias + (cell === 'gru' ? p : 0);
  return { rows: 0, numbers: afterRows, paddedNumbers, recurrent, bias, recurrentBias, dense, length: dense + p + 16 };
}

type ArrayName = 'kernel' | 'recurrentKernel' | 'bias' | 'recurrentBias' | 'denseKernel' | 'denseBias';

/** Calls `visit` with a name, an index in the array of that name, and the place of the same weight in the block. */
function eachWeight(form: NetworkForm, visit: (name: ArrayName, index: number, place: number) => void): void {
  const { cell = 'lstm', units, columns } = form;
  const gates = GATES[cell];
  const p = paddedUnits(units);
  const g = gates * p;
  const layout = blockLayout(form);
  const { inputs, numberRow } = inputLayout(columns);
  const inPanels = (start: number, depth: number, row: number, place: number): number =>
    start + ((place >> 4) * depth + row) * 16 + (place & 15);
  for (let gate = 0; gate < gates; gate++) {
    for (let unit = 0; unit < units; unit++) {
      const column = gate * units + unit;
      // Eight units of the first gate, then the same eight of the next.
      const place = (unit >> 3) * 8 * gates + gate * 8 + (unit & 7);
      visit('bias', column, layout.bias + place);
      for (let row = 0; row < numberRow; row++) visit('kernel', row * gates * units + column, row * g + place);
      for (let row = numberRow; row < inputs; row++) {
        const to = inPanels(layout.numbers, layout.paddedNumbers, row - numberRow, place);
        visit('kernel', row * gates * units + column, to);
      }
      for (let row = 0; row < units; row++) {
        visit('recurrentKernel', row * gates * units + column, inPanels(layout.recurrent, p, row, place));
      }
    }
  }
  for (let unit = 0; unit < units; unit++) {
    if (cell === 'gru') visit('recurrentBias', unit, layout.recurrentBias + unit);
    visit('denseKernel', unit, layout.dense + unit);
  }
  visit('denseBias', 0, layout.dense + p);
}

/** Lays weights out as the kernel reads them. */
export function toBlock(form: NetworkForm, weights: LstmWeights): Float32Array {
  const block = new Float32Array(blockLayout(form).length);
  eachWeight(form, (name, index, place) => {
    block[place] = weights[name]?.[index] ?? 0;
  });
  return block;
}

/** The way back from `toBlock`; also for gradients, which have the same layout. */
export function fromBlock(form: NetworkForm, block: Float32Array): LstmWeights {
  const { cell = 'lstm', units, columns } = form;
  const width = GATES[cell] * units;
  const weights = {
    units,
    kernel: new Float32Array(inputLayout(columns).inputs * width),
    recurrentKernel: new Float32Array(units * width),
    bias: new Float32Array(width),
    denseKernel: new Float32Array(units),
    denseBias: new Float32Array(1),
  };
  const all = cell === 'gru' ? { cell, ...weights, recurrentBias: new Float32Array(units) } : weights;
  const arrays: Partial<Record<ArrayName, Float32Array>> = { ...all };
  eachWeight(form, (name, index, place) => {
    const array = arrays[name];
    if (array !== undefined) array[index] = block[place] ?? 0;
  });
  return all;
}
