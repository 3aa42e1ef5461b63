import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Column, Examples } from '../../features/index.ts';
import { examplesOf } from '../../features/index.ts';
import type { Cell, LstmWeights, NetworkForm } from '../network-weights.ts';
import { initialNetwork } from '../network-weights.ts';
import { seededRandom } from '../random.ts';
import { scoreLstm } from '../score-lstm.ts';
import { trieLoader } from '../trie-loader.ts';
import type { LoadOptions } from '../trie-loader.ts';
import { networkKernel, networkMemory } from './network-kernel.ts';
import type { AdamStep, NetworkKernel } from './network-kernel.ts';
import type { ReferenceSequence } from './reference-network.ts';
import { referenceLoss, referenceScore, referenceWeights } from './reference-network.ts';
import { fromBlock, toBlock } from './weight-layout.ts';

const columns: readonly Column[] = [
  { kind: 'number', name: 'gap', low: -0.8, high: 3.2 },
  { kind: 'category', name: 'page', size: 5 },
  { kind: 'category', name: 'price', size: 3 },
  { kind: 'number', name: 'count', low: -1, high: 2 },
];
const cells: readonly Cell[] = ['lstm', 'gru'];
const names = ['kernel', 'recurrentKernel', 'bias', 'recurrentBias', 'denseKernel', 'denseBias'] as const;

/** Weights where nothing is 0 or symmetric, so that no term of a gradient can hide. */
function someWeights(form: NetworkForm, seed = 1): LstmWeights {
  const random = seededRandom(seed);
  const jitter = (x: number): number => x + 0.3 * random.normal();
  const made = initialNetwork(form, seed);
  return {
    ...made,
    kernel: made.kernel.map(jitter),
    recurrentKernel: made.recurrentKernel.map(jitter),
    bias: made.bias.map(jitter),
    ...(made.recurrentBias === undefined ? {} : { recurrentBias: made.recurrentBias.map(jitter) }),
    denseKernel: made.denseKernel.map(jitter),
    denseBias: made.denseBias.map(jitter),
  };
}

// One is a prefix of another, one comes three times with both labels, one has length 1, one shares nothing.
const list = [
  { tokens: [0, 6, 5, 2], label: 1 },
  { tokens: [0, 6, 5, 2, 6, 6, 3], label: 0 },
  { tokens: [0, 6, 5, 2], label: 0 },
  { tokens: [0, 6, 5, 2], label: 1 },
  { tokens: [0], label: 0 },
  { tokens: [0, 5, 5, 5, 5, 5, 5, 5, 5, 2], label: 1 },
  { tokens: [4, 3], label: 1 },
  { tokens: [0, 6, 5, 1], label: 0 },
  { tokens: [0, 6, 2], label: 0 },
  { tokens: [0, 5, 2], label: 1 },
  { tokens: [0, 2, 2], label: 1 },
  { tokens: [0, 3, 2], label: 0 },
] as const;

/** The list with bytes for each event, from its place in the session: sequences that begin alike have the same there. */
function rowsOf(tokens: ArrayLike<number>): number[][] {
  return Array.from({ length: Math.max(0, tokens.length - 1) }, (_, i) => [
    (i * 37 + 11 * (tokens[i + 1] ?? 0)) % 256,
    (i + (tokens[i + 1] ?? 0)) % 5,
    i % 3,
    i === 0 ? 0 : (i * 90) % 256,
  ]);
}

function withContext(examples: Examples): Examples {
  const rows: number[] = [];
  const first: number[] = [];
  for (let i = 0; i < examples.labels.length; i++) {
    first.push(rows.length / columns.length);
    for (const row of rowsOf(examples.tokens.subarray(examples.offsets[i], examples.offsets[i + 1]))) rows.push(...row);
  }
  return { ...examples, context: { columns, rows: Uint8Array.from(rows), first: Uint32Array.from(first) } };
}

const plain = examplesOf(list);
const all = Uint32Array.from(list, (_, i) => i);
const referenceList: readonly (ReferenceSequence & { readonly label: number })[] = list.map(({ tokens, label }) => ({
  tokens,
  label,
  rows: rowsOf(tokens),
}));

/** Loads the whole list as one batch and runs it forward and back. */
function runBatch(kernel: NetworkKernel, examples: Examples, options: LoadOptions = {}): number {
  const { shape, weight } = trieLoader(examples, kernel).load(all, { labels: examples.labels, ...options });
  const loss = kernel.forward(shape) / weight;
  kernel.backward(shape, weight);
  return loss;
}

const step: AdamStep = { rate: 0, inputRate: 1, kept: 1, clip: 1, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };

describe.each(cells)('the kernel, %s', (cell) => {
  it.each([
    [4, false],
    [16, true],
    [20, true],
    [48, false],
  ])('has the loss and all gradients of the formulas at %i units, contexts %s', (units, isRich) => {
    const form: NetworkForm = { cell, units, ...(isRich ? { columns } : {}) };
    const weights = someWeights(form);
    const kernel = networkKernel(form);
    kernel.setWeights(weights);
    const classWeights = [0.5, 2] as const;
    const loss = runBatch(kernel, isRich ? withContext(plain) : plain, { classWeights });
    const reference = referenceWeights(weights);
    const weighted = referenceList.map((example) => ({
      ...example,
      weight: classWeights[example.label === 1 ? 1 : 0],
    }));
    const used = isRich ? columns : [];
    expect(loss).toBeCloseTo(referenceLoss(reference, weighted, used), 6);
    const { gradients } = kernel;
    for (const name of names) {
      const values = reference[name];
      // Every weight where they are few, a spread of them where they are many.
      const stride = Math.max(1, Math.floor(values.length / 25));
      for (let i = 0; i < values.length; i += stride) {
        const value = values[i] ?? 0;
        values[i] = value + 1e-5;
        const above = referenceLoss(reference, weighted, used);
        values[i] = value - 1e-5;
        const below = referenceLoss(reference, weighted, used);
        values[i] = value;
        const slope = (above - below) / 2e-5;
        expect(Math.abs((gradients[name]?.[i] ?? NaN) - slope), `${name}[${i}]`).toBeLessThan(
          4e-7 + 2e-5 * Math.abs(slope),
        );
      }
    }
  });

  it('drops units as its masks say, forward and back', () => {
    const form: NetworkForm = { cell, units: 20 };
    const weights = someWeights(form, 8);
    const kernel = networkKernel(form);
    kernel.setWeights(weights);
    const { shape, arrays, terminalOf, weight } = trieLoader(plain, kernel).load(all, {
      labels: plain.labels,
      dropout: { rate: 0.5, key: 3 },
    });
    const width = arrays.masks.length / arrays.probabilities.length;
    const masks = list.map((_, i) => {
      const at = (terminalOf[i] ?? 0) * width;
      return arrays.masks.slice(at, at + 20);
    });
    const kept = masks.flatMap((mask) => [...mask]);
    expect(new Set(kept)).toEqual(new Set([0, 2]));
    const share = kept.filter((x) => x > 0).length / kept.length;
    expect(Math.abs(share - 0.5)).toBeLessThan(0.15);
    const lossOf = (w: LstmWeights): number => {
      const reference = referenceWeights(w);
      const losses = list.map(({ tokens, label }, i) => {
        const p = referenceScore(reference, { tokens }, [], masks[i]);
        return -Math.log(label === 1 ? p : 1 - p);
      });
      return losses.reduce((a, b) => a + b) / losses.length;
    };
    expect(kernel.forward(shape) / weight).toBeCloseTo(lossOf(weights), 6);
    kernel.backward(shape, weight);
    const moved = (by: number): LstmWeights => ({
      ...weights,
      denseKernel: weights.denseKernel.with(3, (weights.denseKernel[3] ?? 0) + by),
    });
    const slope = (lossOf(moved(1e-3)) - lossOf(moved(-1e-3))) / 2e-3;
    expect(kernel.gradients.denseKernel[3]).toBeCloseTo(slope, 4);
  });

  it('scores any batch as the formulas score each sequence alone', () => {
    const form: NetworkForm = { cell, units: 16, columns };
    const weights = someWeights(form, 3);
    const reference = referenceWeights(weights);
    const sequence = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.array(sequence, { minLength: 1, maxLength: 20 }), (batch) => {
        const examples = withContext(examplesOf(batch.map((tokens) => ({ tokens, label: 0 }))));
        const scores = scoreLstm(weights, examples);
        return batch.every(
          (tokens, i) =>
            Math.abs((scores[i] ?? NaN) - referenceScore(reference, { tokens, rows: rowsOf(tokens) }, columns)) < 3e-6,
        );
      }),
      { numRuns: 40 },
    );
  });

  it('adds up the gradients of the parts of a batch', () => {
    const form: NetworkForm = { cell, units: 16 };
    const [whole, parted] = [networkKernel(form), networkKernel(form, networkMemory(form, 3))];
    for (const kernel of [whole, parted]) kernel.setWeights(someWeights(form, 9));
    runBatch(whole, plain);
    const loader = trieLoader(plain, parted);
    for (let part = 0; part < 3; part++) {
      const { shape } = loader.load(all.subarray(4 * part, 4 * part + 4), { labels: plain.labels });
      parted.forward(shape);
      parted.backward(shape, 12, part);
    }
    parted.gather(3);
    for (const name of names) {
      for (const [i, g] of (whole.gradients[name] ?? []).entries()) {
        expect(Math.abs((parted.gradients[name]?.[i] ?? NaN) - g)).toBeLessThan(1e-6);
      }
    }
    const squares = names.flatMap((name) => [...(parted.gradients[name] ?? [])].map((g) => g * g));
    expect(parted.gradientNorm()).toBeCloseTo(Math.sqrt(squares.reduce((a, b) => a + b)), 6);
  });

  it('takes the step of AdamW that the formulas give, with clipped gradients and faster input rows', () => {
    const form: NetworkForm = { cell, units: 16, columns };
    const kernel = networkKernel(form);
    const weights = someWeights(form, 6);
    kernel.setWeights(weights);
    const examples = withContext(plain);
    const m: Record<string, Float64Array> = {};
    const v: Record<string, Float64Array> = {};
    const w = referenceWeights(weights);
    const rows = (7 + 5 + 3) * 16 * (cell === 'gru' ? 3 : 4);
    for (let t = 1; t <= 3; t++) {
      runBatch(kernel, examples);
      const { gradients } = kernel;
      const rate = (0.01 * Math.sqrt(1 - 0.999 ** t)) / (1 - 0.9 ** t);
      kernel.adam({ ...step, rate, kept: 1 - 0.01 * 0.1, clip: 0.5, inputRate: 4 });
      for (const name of names) {
        const mean = (m[name] ??= new Float64Array(w[name].length));
        const square = (v[name] ??= new Float64Array(w[name].length));
        for (const [i, g] of (gradients[name] ?? []).entries()) {
          mean[i] = 0.9 * (mean[i] ?? 0) + 0.1 * g * 0.5;
          square[i] = 0.999 * (square[i] ?? 0) + 0.001 * (g * 0.5) ** 2;
          const mine = name === 'kernel' && i < rows ? 4 * rate : rate;
          w[name][i] = (w[name][i] ?? 0) * (1 - 0.001) - (mine * (mean[i] ?? 0)) / (Math.sqrt(square[i] ?? 0) + 1e-7);
          expect(
            Math.abs((kernel.weights[name]?.[i] ?? NaN) - (w[name][i] ?? NaN)),
            `${name}[${i}] in step ${t}`,
          ).toBeLessThan(1e-5);
        }
      }
    }
  });

  it('saturates to 0 and 1 and never beyond', () => {
    const weights = someWeights({ cell, units: 16 }, 5);
    for (const sign of [-1, 1]) {
      const extreme = { ...weights, kernel: weights.kernel.map((x) => 1e4 * x), denseBias: Float32Array.of(sign * 60) };
      const [score = NaN] = scoreLstm(extreme, { tokens: Uint8Array.of(0, 6, 2), offsets: Uint32Array.of(0, 3) });
      expect(score).toBeGreaterThanOrEqual(0);
      expect(score).toBeLessThanOrEqual(1);
      expect(score).toBeCloseTo(sign > 0 ? 1 : 0, 6);
    }
  });

  it('keeps the weights of units that are only there to fill up at 0', () => {
    const form: NetworkForm = { cell, units: 5 };
    const kernel = networkKernel(form);
    kernel.setWeights(someWeights(form, 7));
    runBatch(kernel, plain);
    kernel.adam({ ...step, rate: 0.1 });
    const loss = runBatch(kernel, plain);
    const reference = referenceWeights(kernel.weights);
    expect(loss).toBeCloseTo(referenceLoss(reference, list), 5);
  });
});

it('gives weights back as they were laid out', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.constantFrom(...cells), fc.boolean(), (units, cell, isRich) => {
      const form: NetworkForm = { units, ...(cell === 'gru' ? { cell } : {}), ...(isRich ? { columns } : {}) };
      const weights = someWeights(form, units);
      expect(fromBlock(form, toBlock(form, weights))).toEqual(weights);
    }),
    { numRuns: 10 },
  );
});
