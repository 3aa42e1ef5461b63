import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Examples } from '../features/index.ts';
import { examplesOf } from '../features/index.ts';
import { partsOf, planBasis, planEpoch } from './batch-plan.ts';
import { learningRateAt } from './hyper.ts';
import { initialNetwork, initialWeights } from './network-weights.ts';
import { seededRandom } from './random.ts';
import { checkSequences, sharingOrder } from './sequences.ts';
import { weightedAuc } from './weighted-auc.ts';

const flat = (list: readonly (readonly number[])[]) => ({
  tokens: Uint8Array.from(list.flat()),
  offsets: Uint32Array.from({ length: list.length + 1 }, (_, i) => list.slice(0, i).flat().length),
});

describe('sharingOrder', () => {
  it('is lexicographic, a beginning before what goes on from it, each sequence once', () => {
    const sequences = fc.array(fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 8 }), { maxLength: 30 });
    fc.assert(
      fc.property(sequences, (list) => {
        const order = sharingOrder(flat(list));
        expect([...order].sort((a, b) => a - b)).toEqual(list.map((_, i) => i));
        const words = Array.from(order, (i) => (list[i] ?? []).join(''));
        expect(words).toEqual(words.toSorted());
      }),
    );
  });
});

describe('checkSequences', () => {
  it('names the sequence with a token that is not in the vocabulary', () => {
    const facts = { token: 7, sequence: 1, vocabulary: 7 };
    expect(() => checkSequences(flat([[0], [6, 7]]))).toThrow(
      expect.objectContaining({ code: 'SEQUENCE_TOKEN_UNKNOWN', facts }),
    );
  });

  it('names the event and column of a value that is not in its category', () => {
    const columns = [{ kind: 'category', name: 'page', size: 3 }] as const;
    const context = { columns, rows: Uint8Array.of(2, 3), first: Uint32Array.of(0) };
    expect(() => checkSequences({ ...flat([[0, 6, 2]]), context })).toThrow(
      expect.objectContaining({
        code: 'SEQUENCE_VALUE_UNKNOWN',
        facts: { column: 'page', value: 3, event: 1, size: 3 },
      }),
    );
  });

  it('names the column whose range is not made of numbers', () => {
    const columns = [{ kind: 'number', name: 'price', low: Number.NaN, high: 1 }] as const;
    const context = { columns, rows: Uint8Array.of(2), first: Uint32Array.of(0) };
    expect(() => checkSequences({ ...flat([[0, 6]]), context })).toThrow(
      expect.objectContaining({
        code: 'SEQUENCES_UNLIKE',
        message: expect.stringContaining("'price' goes from NaN to 1"),
      }),
    );
  });

  it.each([
    [Uint32Array.of(0, 3), 'the last ends at token 3 of 2'],
    [Uint32Array.of(0, 2, 1), 'sequence 1 begins at token 2 and ends at 1'],
  ])('refuses offsets %s, which are not laid out one after the other', (offsets, problem) => {
    expect(() => checkSequences({ tokens: Uint8Array.of(0, 6), offsets })).toThrow(
      expect.objectContaining({ code: 'SEQUENCES_UNLIKE', facts: { problem } }),
    );
  });

  it('refuses rows that are fewer than the events', () => {
    const columns = [{ kind: 'category', name: 'page', size: 3 }] as const;
    const context = { columns, rows: Uint8Array.of(2), first: Uint32Array.of(0) };
    expect(() => checkSequences({ ...flat([[0, 6, 2]]), context })).toThrow(
      expect.objectContaining({ code: 'SEQUENCES_UNLIKE' }),
    );
  });
});

/** Sessions of three examples each, each a beginning of the next. */
function sessionsOfThree(count: number): Examples & { readonly session: Uint32Array } {
  const list = Array.from(
    { length: 3 * count },
    (_, i) => ({ tokens: [0, ...Array(1 + (i % 3)).fill(6)], label: 0 }) as const,
  );
  const session = Uint32Array.from(list, (_, i) => Math.floor(i / 3));
  const columns = [{ kind: 'category', name: 'page', size: 3 }] as const;
  const first = session.map((s) => 3 * s);
  return { ...examplesOf(list), session, context: { columns, rows: new Uint8Array(3 * count), first } };
}

describe('planEpoch', () => {
  it('puts every example into one batch of an epoch, at most batchSize to a batch', () => {
    const sizes = fc.record({
      count: fc.integer({ min: 1, max: 300 }),
      batchSize: fc.integer({ min: 1, max: 200 }),
      window: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(sizes, ({ count, batchSize, window }) => {
        const sequences = flat(Array.from({ length: count }, (_, i) => [0, i % 7]));
        const basis = planBasis(sequences, sharingOrder(sequences), { batchSize, window });
        const { examples, partStart, batches } = planEpoch(basis, count, 1);
        expect([...examples].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
        expect(partStart.length).toBe(batches * partsOf(batchSize) + 1);
        expect([...partStart]).toEqual([...partStart].sort((a, b) => a - b));
        for (let b = 0; b < batches; b++) {
          const size = (partStart[(b + 1) * basis.parts] ?? 0) - (partStart[b * basis.parts] ?? 0);
          expect(size).toBeGreaterThan(0);
          expect(size).toBeLessThanOrEqual(batchSize);
        }
      }),
    );
  });

  it('keeps the examples of a session together where events have contexts', () => {
    const examples = sessionsOfThree(20);
    const { session } = examples;
    const basis = planBasis(examples, sharingOrder(examples), { batchSize: 10, window: 2 });
    const plan = planEpoch(basis, 1, 1);
    const sessions = Array.from(plan.examples, (i) => session[i] ?? 0);
    expect(new Set(sessions.filter((s, i) => s !== sessions[i - 1])).size).toBe(20);
    expect(sessions.filter((s, i) => s !== sessions[i - 1])).toHaveLength(20);
  });

  it('is another in each epoch, and the same for the same seed', () => {
    const sequences = flat(Array.from({ length: 50 }, (_, i) => [0, i % 7]));
    const basis = planBasis(sequences, sharingOrder(sequences), { batchSize: 8, window: 2 });
    expect(planEpoch(basis, 1, 1)).toEqual(planEpoch(basis, 1, 1));
    expect(planEpoch(basis, 1, 1)).not.toEqual(planEpoch(basis, 1, 2));
    expect(planEpoch(basis, 1, 1)).not.toEqual(planEpoch(basis, 2, 1));
  });

  it('writes each plan over the one before where that is allowed, with the same content', () => {
    const examples = sessionsOfThree(40);
    for (const sequences of [examples, { tokens: examples.tokens, offsets: examples.offsets }]) {
      const order = sharingOrder(sequences);
      const settings = { batchSize: 8, window: 2 };
      const apart = planBasis(sequences, order, settings);
      const over = planBasis(sequences, order, { ...settings, isReused: true });
      const places = [1, 2, 3].map((epoch) => {
        const plan = planEpoch(over, 1, epoch);
        expect(plan).toEqual(planEpoch(apart, 1, epoch));
        return plan.examples.buffer;
      });
      expect(new Set(places).size).toBe(1);
    }
  });
});

describe('learningRateAt', () => {
  const hyper = { units: 4, learningRate: 0.1, batchSize: 4, epochs: 1, patience: 1, seed: 1 };

  it('stays, falls, or rises and falls', () => {
    const rates = (schedule: 'constant' | 'cosine' | 'one-cycle'): number[] =>
      [1, 31, 51, 100].map((step) => learningRateAt({ ...hyper, schedule }, step, 100));
    expect(rates('constant')).toEqual([0.1, 0.1, 0.1, 0.1]);
    const [start, , half, end] = rates('cosine');
    expect(start).toBe(0.1);
    expect(half).toBeCloseTo(0.05, 12);
    expect(end).toBeLessThan(0.001);
    const [low, top, , last] = rates('one-cycle');
    expect(low).toBeCloseTo(0.004, 12);
    expect(top).toBeCloseTo(0.1, 12);
    expect(last).toBeLessThan(0.001);
  });
});

describe('weightedAuc', () => {
  it('is the share of pairs in the right order, ties counted half', () => {
    // Positives 0.8 and 0.4, negatives 0.6, 0.4, 0.1: right 3 + 1, tied 1 of 6 pairs.
    const scores = Float32Array.of(0.8, 0.4, 0.6, 0.1);
    expect(weightedAuc(scores, [1, 2, 1, 1], [1, 1, 0, 0])).toBeCloseTo(4.5 / 6, 12);
  });

  it('counts all pairs whatever the groups', () => {
    const group = fc.record({ score: fc.integer({ min: 0, max: 4 }), negatives: fc.nat(3), positives: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(group, { maxLength: 8 }), (groups) => {
        let right = 0;
        let pairs = 0;
        for (const a of groups) {
          for (const b of groups) {
            pairs += a.positives * b.negatives;
            right += a.positives * b.negatives * (a.score > b.score ? 1 : a.score === b.score ? 0.5 : 0);
          }
        }
        const auc = weightedAuc(
          Float32Array.from(groups, ({ score }) => score),
          groups.map(({ negatives, positives }) => negatives + positives),
          groups.map(({ positives }) => positives),
        );
        return pairs === 0 ? auc === null : Math.abs((auc ?? NaN) - right / pairs) < 1e-12;
      }),
    );
  });
});

describe('initialWeights', () => {
  const { kernel, recurrentKernel, bias, denseKernel, denseBias } = initialWeights(48, 7);

  it('has recurrent rows of length 1 at right angles', () => {
    const row = (k: number): Float32Array => recurrentKernel.subarray(k * 192, (k + 1) * 192);
    for (let a = 0; a < 48; a++) {
      for (let b = 0; b <= a; b++) {
        const product = row(a).reduce((sum, x, j) => sum + x * (row(b)[j] ?? 0), 0);
        expect(product).toBeCloseTo(a === b ? 1 : 0, 5);
      }
    }
  });

  it('has Glorot kernels, biases 0 and 1 for the forget gate', () => {
    const limit = Math.sqrt(6 / (7 + 192));
    expect(Math.max(...kernel.map(Math.abs))).toBeLessThanOrEqual(limit);
    const variance = kernel.reduce((sum, x) => sum + x * x, 0) / kernel.length;
    expect(variance / (limit ** 2 / 3)).toBeCloseTo(1, 0);
    expect(Math.max(...denseKernel.map(Math.abs))).toBeLessThanOrEqual(Math.sqrt(6 / 49));
    expect(Array.from(bias)).toEqual(Array.from({ length: 192 }, (_, j) => (j >= 48 && j < 96 ? 1 : 0)));
    expect(Array.from(denseBias)).toEqual([0]);
  });
});

it('gives a GRU a recurrent bias, and makes the rows of tokens larger when asked', () => {
  const plain = initialNetwork({ cell: 'gru', units: 8 }, 1);
  const large = initialNetwork({ cell: 'gru', units: 8 }, 1, 4);
  expect(plain.recurrentBias).toEqual(new Float32Array(8));
  expect(Array.from(large.kernel)).toEqual(Array.from(plain.kernel, (x) => Math.fround(4 * x)));
  expect(large.recurrentKernel).toEqual(plain.recurrentKernel);
});

it('draws normal numbers with mean 0 and variance 1', () => {
  const random = seededRandom(3);
  const drawn = Array.from({ length: 100_000 }, () => random.normal());
  const mean = drawn.reduce((a, b) => a + b, 0) / drawn.length;
  const variance = drawn.reduce((sum, x) => sum + (x - mean) ** 2, 0) / drawn.length;
  expect(Math.abs(mean)).toBeLessThan(0.015);
  expect(Math.abs(variance - 1)).toBeLessThan(0.02);
});
