import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { examplesOf } from '../../features/index.ts';
import { batchLoader } from '../batch-trie.ts';
import { initialWeights } from '../lstm-weights.ts';
import type { LstmWeights } from '../lstm-weights.ts';
import { seededRandom } from '../random.ts';
import { scoreLstm } from '../score-lstm.ts';
import { sequenceTrie } from '../sequence-trie.ts';
import { lstmKernel } from './lstm-kernel.ts';
import type { LstmKernel } from './lstm-kernel.ts';
import { referenceLoss, referenceScore, referenceWeights } from './reference-lstm.ts';
import { fromBlock, toBlock } from './weight-layout.ts';

const names = ['kernel', 'recurrentKernel', 'bias', 'denseKernel', 'denseBias'] as const;

/** Weights where nothing is 0 or symmetric, so that no term of a gradient can hide. */
function someWeights(units: number, seed = 1): LstmWeights {
  const random = seededRandom(seed);
  const jitter = (x: number): number => x + 0.3 * random.normal();
  const { kernel, recurrentKernel, bias, denseKernel, denseBias } = initialWeights(units, seed);
  return {
    units,
    kernel: kernel.map(jitter),
    recurrentKernel: recurrentKernel.map(jitter),
    bias: bias.map(jitter),
    denseKernel: denseKernel.map(jitter),
    denseBias: denseBias.map(jitter),
  };
}

// One is a prefix of another, one comes three times with both labels, one has length 1, one shares nothing.
const list = [
  { sequence: [0, 6, 5, 2], label: 1 },
  { sequence: [0, 6, 5, 2, 6, 6, 3], label: 0 },
  { sequence: [0, 6, 5, 2], label: 0 },
  { sequence: [0, 6, 5, 2], label: 1 },
  { sequence: [0], label: 0 },
  { sequence: [0, 5, 5, 5, 5, 5, 5, 5, 5, 2], label: 1 },
  { sequence: [4, 3], label: 1 },
  { sequence: [0, 6, 5, 1], label: 0 },
  { sequence: [0, 6, 2], label: 0 },
  { sequence: [0, 5, 2], label: 1 },
  { sequence: [0, 2, 2], label: 1 },
  { sequence: [0, 3, 2], label: 0 },
] as const;

/** Loads the whole list as one batch and runs it forward and back. */
function runBatch(kernel: LstmKernel): { loss: number } {
  const examples = examplesOf(list.map(({ sequence, label }) => ({ tokens: sequence, label })));
  const trie = sequenceTrie(examples, 7);
  const { shape } = batchLoader(trie, kernel).load(trie.end, examples.labels);
  const loss = kernel.forward(shape) / list.length;
  kernel.backward(shape, list.length);
  return { loss };
}

describe('the kernel', () => {
  it.each([4, 16, 20, 48])('has the loss and all gradients of the formulas at %i units', (units) => {
    const weights = someWeights(units);
    const kernel = lstmKernel({ units, vocabulary: 7 });
    kernel.setWeights(weights);
    const { loss } = runBatch(kernel);
    const reference = referenceWeights(weights);
    expect(loss).toBeCloseTo(referenceLoss(reference, list), 6);
    const { gradients } = kernel;
    for (const name of names) {
      const values = reference[name];
      // Every weight where they are few, a spread of them where they are many.
      const stride = Math.max(1, Math.floor(values.length / 60));
      for (let i = 0; i < values.length; i += stride) {
        const value = values[i] ?? 0;
        values[i] = value + 1e-5;
        const above = referenceLoss(reference, list);
        values[i] = value - 1e-5;
        const below = referenceLoss(reference, list);
        values[i] = value;
        const slope = (above - below) / 2e-5;
        expect(Math.abs((gradients[name][i] ?? NaN) - slope), `${name}[${i}]`).toBeLessThan(
          2e-7 + 1e-5 * Math.abs(slope),
        );
      }
    }
  });

  it('scores any batch as the formulas score each sequence alone', () => {
    const weights = someWeights(16, 3);
    const reference = referenceWeights(weights);
    const sequence = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.array(sequence, { minLength: 1, maxLength: 20 }), (batch) => {
        const scores = scoreLstm(weights, examplesOf(batch.map((tokens) => ({ tokens, label: 0 }))));
        return batch.every((tokens, i) => Math.abs((scores[i] ?? NaN) - referenceScore(reference, tokens)) < 2e-6);
      }),
      { numRuns: 50 },
    );
  });

  it('scores one session the short way as it does in a batch', () => {
    const weights = someWeights(48, 4);
    const kernel = lstmKernel({ units: 48, vocabulary: 7 });
    kernel.setWeights(weights);
    const long = Uint8Array.from({ length: 500 }, (_, i) => (i * i) % 7);
    const scores = scoreLstm(weights, { tokens: long, offsets: Uint32Array.of(0, 7, 8, 500) });
    expect(kernel.scoreOne(long.subarray(0, 7))).toBeCloseTo(scores[0] ?? NaN, 6);
    expect(kernel.scoreOne(long.subarray(7, 8))).toBeCloseTo(scores[1] ?? NaN, 6);
    expect(kernel.scoreOne(long.subarray(8))).toBeCloseTo(scores[2] ?? NaN, 6);
  });

  it('saturates to 0 and 1 and never beyond', () => {
    const weights = someWeights(16, 5);
    for (const sign of [-1, 1]) {
      const extreme = { ...weights, kernel: weights.kernel.map((x) => 1e4 * x), denseBias: Float32Array.of(sign * 60) };
      const [score = NaN] = scoreLstm(extreme, { tokens: Uint8Array.of(0, 6, 2), offsets: Uint32Array.of(0, 3) });
      expect(score).toBeGreaterThanOrEqual(0);
      expect(score).toBeLessThanOrEqual(1);
      expect(score).toBeCloseTo(sign > 0 ? 1 : 0, 6);
    }
  });

  it('takes the step of Adam that the formulas give', () => {
    const units = 16;
    const weights = someWeights(units, 6);
    const kernel = lstmKernel({ units, vocabulary: 7 });
    kernel.setWeights(weights);
    const m: Record<string, Float64Array> = {};
    const v: Record<string, Float64Array> = {};
    const w = referenceWeights(weights);
    for (let step = 1; step <= 3; step++) {
      runBatch(kernel);
      const { gradients } = kernel;
      kernel.adam(step, { learningRate: 0.01 });
      for (const name of names) {
        const mean = (m[name] ??= new Float64Array(w[name].length));
        const square = (v[name] ??= new Float64Array(w[name].length));
        for (const [i, g] of gradients[name].entries()) {
          mean[i] = 0.9 * (mean[i] ?? 0) + 0.1 * g;
          square[i] = 0.999 * (square[i] ?? 0) + 0.001 * g * g;
          const rate = (0.01 * Math.sqrt(1 - 0.999 ** step)) / (1 - 0.9 ** step);
          w[name][i] = (w[name][i] ?? 0) - (rate * (mean[i] ?? 0)) / (Math.sqrt(square[i] ?? 0) + 1e-7);
          expect(
            Math.abs((kernel.weights[name][i] ?? NaN) - (w[name][i] ?? NaN)),
            `${name}[${i}] in step ${step}`,
          ).toBeLessThan(2e-6);
        }
      }
    }
  });

  it('keeps the weights of units that are only there to fill up at 0', () => {
    const kernel = lstmKernel({ units: 5, vocabulary: 7 });
    const weights = someWeights(5, 7);
    kernel.setWeights(weights);
    runBatch(kernel);
    kernel.adam(1, { learningRate: 0.1 });
    const { loss } = runBatch(kernel);
    expect(loss).toBeCloseTo(referenceLoss(referenceWeights(kernel.weights), list), 6);
  });
});

it('gives weights back as they were laid out', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), (units) => {
      const weights = someWeights(units, units);
      expect(fromBlock(toBlock(weights), units, 7)).toEqual(weights);
    }),
    { numRuns: 10 },
  );
});
