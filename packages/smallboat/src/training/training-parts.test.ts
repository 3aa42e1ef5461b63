import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochBatches } from './epoch-batches.ts';
import { initialWeights } from './lstm-weights.ts';
import { seededRandom } from './random.ts';
import { sequenceTrie } from './sequence-trie.ts';
import { weightedAuc } from './weighted-auc.ts';

describe('sequenceTrie', () => {
  const sequences = fc.array(fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 8 }), { maxLength: 30 });
  const flat = (list: readonly (readonly number[])[]) => ({
    tokens: Uint8Array.from(list.flat()),
    offsets: Uint32Array.from({ length: list.length + 1 }, (_, i) => list.slice(0, i).flat().length),
  });

  it('spells each sequence from the root to its end, each prefix once, in lexicographic order', () => {
    fc.assert(
      fc.property(sequences, (list) => {
        const trie = sequenceTrie(flat(list), 7);
        const spelled = Array.from({ length: trie.nodes }, (_, node) => {
          const tokens: number[] = [];
          for (let at = node; at !== 0; at = trie.parent[at] ?? 0) tokens.unshift(trie.token[at] ?? 0);
          return tokens;
        });
        expect(Array.from(trie.end, (node) => spelled[node])).toEqual(list);
        expect(spelled.map((tokens) => tokens.length)).toEqual(Array.from(trie.depth));
        const words = spelled.map((tokens) => tokens.join(''));
        expect(words).toEqual([...new Set(words)].sort());
      }),
    );
  });

  it('names the sequence with a token that is not in the vocabulary', () => {
    const facts = { token: 7, sequence: 1, vocabulary: 7 };
    expect(() => sequenceTrie(flat([[0], [6, 7]]), 7)).toThrow(
      expect.objectContaining({ code: 'SEQUENCE_TOKEN_UNKNOWN', facts }),
    );
  });
});

it('puts every example into one batch of an epoch, at most batchSize to a batch', () => {
  fc.assert(
    fc.property(
      fc.nat(300),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 5 }),
      (count, batchSize, window) => {
        const ends = Uint32Array.from({ length: count }, (_, i) => (i * 7) % 13);
        const batches = epochBatches({ ends, batchSize, window, random: seededRandom(count) });
        expect(batches.every(({ length }) => length > 0 && length <= batchSize)).toBe(true);
        expect(batches.flatMap((batch) => Array.from(batch)).sort((a, b) => a - b)).toEqual(
          Array.from(ends, (_, i) => i),
        );
      },
    ),
  );
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

it('draws normal numbers with mean 0 and variance 1', () => {
  const random = seededRandom(3);
  const drawn = Array.from({ length: 100_000 }, () => random.normal());
  const mean = drawn.reduce((a, b) => a + b, 0) / drawn.length;
  const variance = drawn.reduce((sum, x) => sum + (x - mean) ** 2, 0) / drawn.length;
  expect(Math.abs(mean)).toBeLessThan(0.015);
  expect(Math.abs(variance - 1)).toBeLessThan(0.02);
});
