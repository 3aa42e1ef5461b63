import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { examplesOf } from '../features/index.ts';
import { calibrationOf } from './metrics-calibration.ts';
import { rankingMetrics } from './metrics-ranking.ts';
import { metricsErrors, metricsOf, weightedMicroF1 } from './metrics.ts';

const labelled = (labels: readonly number[], decision = 0) =>
  examplesOf(labels.map((label) => ({ tokens: [0, 2], label: label === 1 ? 1 : 0, decision })));

const scored = fc.array(
  fc.record({
    score: fc.oneof(fc.constantFrom(0, 0.25, 0.5, 1), fc.double({ min: 0, max: 1, noNaN: true })),
    label: fc.constantFrom(0, 1),
  }),
  { minLength: 1, maxLength: 60 },
);
const split = (list: readonly { score: number; label: number }[]) =>
  [Float64Array.from(list, ({ score }) => score), Uint8Array.from(list, ({ label }) => label)] as const;

/** The definition, pair by pair. */
function pairs(scores: Float64Array, labels: Uint8Array): number | null {
  let sum = 0;
  let count = 0;
  for (const [i, a] of scores.entries()) {
    for (const [j, b] of scores.entries()) {
      if (labels[i] !== 1 || labels[j] !== 0) continue;
      count++;
      sum += a > b ? 1 : a === b ? 0.5 : 0;
    }
  }
  return count === 0 ? null : sum / count;
}

describe('ranking', () => {
  it('is the share of pairs in the right order, ties counting half', () => {
    fc.assert(
      fc.property(scored, (list) => {
        const [scores, labels] = split(list);
        const expected = pairs(scores, labels);
        const { auc } = rankingMetrics(scores, labels);
        if (expected === null) expect(auc).toBeNull();
        else expect(auc).toBeCloseTo(expected, 12);
      }),
    );
  });

  it('agrees with the worked example of average precision', () => {
    // Ranked 0.9 (1), 0.8 (0), 0.7 (1): precision 1 at recall ½, then ⅔ at recall 1.
    const { averagePrecision } = rankingMetrics(Float64Array.of(0.8, 0.7, 0.9), Uint8Array.of(0, 1, 1));
    expect(averagePrecision).toBeCloseTo(0.5 * 1 + (0.5 * 2) / 3, 12);
  });

  it('gives constant scores an AUC of one half and a precision of the positive rate', () => {
    const { auc, averagePrecision } = rankingMetrics(new Float64Array(5), Uint8Array.of(1, 0, 0, 0, 1));
    expect([auc, averagePrecision]).toEqual([0.5, 0.4]);
  });

  it('has the standard error of DeLong by hand', () => {
    // Positives 0.4, 0.8 and negatives 0.2, 0.6: placements of positives ½, 1, of negatives 1, ½; both variances 1/8.
    const { auc, aucStandardError } = rankingMetrics(Float64Array.of(0.4, 0.8, 0.2, 0.6), Uint8Array.of(1, 1, 0, 0));
    expect(auc).toBe(0.75);
    expect(aucStandardError).toBeCloseTo(Math.sqrt(1 / 8 / 2 + 1 / 8 / 2), 12);
  });

  it('has a standard error as wide as the scatter over many samples', () => {
    let state = 7;
    const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    const aucs: number[] = [];
    let told = 0;
    for (let sample = 0; sample < 400; sample++) {
      const labels = Uint8Array.from({ length: 100 }, (_, i) => (i < 30 ? 1 : 0));
      const scores = Float64Array.from(labels, (label) => (random() + random() + 0.4 * label) / 2.4);
      const { auc, aucStandardError } = rankingMetrics(scores, labels);
      aucs.push(auc ?? 0);
      told += (aucStandardError ?? 0) / 400;
    }
    const mean = aucs.reduce((a, b) => a + b) / 400;
    const scatter = Math.sqrt(aucs.reduce((sum, a) => sum + (a - mean) ** 2, 0) / 399);
    expect(told / scatter).toBeGreaterThan(0.85);
    expect(told / scatter).toBeLessThan(1.15);
  });
});

describe('calibration', () => {
  it('compares what was said with what came true, a tenth at a time', () => {
    const scores = Float64Array.from({ length: 20 }, (_, i) => (i < 10 ? 0.2 : 0.6));
    const labels = Uint8Array.from({ length: 20 }, (_, i) => (i % 10 < 4 ? 1 : 0));
    const { bins, calibrationError } = calibrationOf(scores, labels);
    expect(bins.map(({ count }) => count)).toEqual([10, 10]);
    expect(bins.map(({ observed }) => observed)).toEqual([0.4, 0.4]);
    expect(calibrationError).toBeCloseTo(0.2, 12);
  });

  it('keeps equal scores in one bin, whatever their order', () => {
    fc.assert(
      fc.property(scored, (list) => {
        const [scores, labels] = split(list);
        const [backScores, backLabels] = split(list.toReversed());
        const one = calibrationOf(scores, labels);
        const other = calibrationOf(backScores, backLabels);
        expect(one.bins.map(({ count }) => count)).toEqual(other.bins.map(({ count }) => count));
        expect(one.calibrationError).toBeCloseTo(other.calibrationError, 12);
      }),
    );
  });
});

describe('metricsOf', () => {
  it('judges each decision point that has examples, and all together last', () => {
    const examples = examplesOf([
      { tokens: [0, 2], label: 1, decision: 0 },
      { tokens: [0, 2], label: 0, decision: 0 },
      { tokens: [0, 2, 6, 6], label: 1, decision: 1 },
    ]);
    const metrics = metricsOf([0.8, 0.4, 0.3], examples);
    expect(metrics.map(({ decision, count, auc }) => [decision, count, auc])).toEqual([
      [0, 2, 1],
      [2, 1, null],
      ['all', 3, 0.5],
    ]);
    expect(metrics[0]).toMatchObject({ positiveRate: 0.5, accuracy: 1, f1: 1 });
    expect(metrics[0]?.logLoss).toBeCloseTo(-(Math.log(0.8) + Math.log(0.6)) / 2, 12);
    expect(metrics[0]?.brier).toBeCloseTo((0.04 + 0.16) / 2, 12);
    expect(metrics[2]).toMatchObject({ accuracy: 2 / 3, f1: 2 / 3 });
  });

  it('gives a finite log loss to scores of 0 and 1 that are wrong', () => {
    const [metrics] = metricsOf([0, 1], labelled([1, 0]));
    expect(metrics?.logLoss).toBeCloseTo(36.04, 2);
    expect(metrics).toMatchObject({ accuracy: 0, f1: 0, brier: 1 });
  });

  it('weights the decision points as the challenge does', () => {
    const perfect = [0, 1, 2, 3, 4, 5].map((decision) => ({ tokens: [0, 2], label: 1 as const, decision }));
    expect(weightedMicroF1(metricsOf(new Float64Array(6).fill(1), examplesOf(perfect)))).toBeCloseTo(4.5, 12);
    const firstWrong = [0, 1, 1, 1, 1, 1];
    expect(weightedMicroF1(metricsOf(firstWrong, examplesOf(perfect)))).toBeCloseTo(3.5, 12);
    expect(weightedMicroF1(metricsOf([1], labelled([1])))).toBeNull();
  });

  it.each([[[0.5]], [[0.5, Number.NaN]], [[0.5, 1.1]], [[-0.1, 0]]])(
    'refuses the scores %j for two examples',
    (scores) => {
      expect(() => metricsOf(scores, labelled([0, 1]))).toThrow(
        expect.objectContaining({ code: metricsErrors.SCORES_INVALID.code }),
      );
    },
  );
});
