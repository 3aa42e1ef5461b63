import { describe, expect, it } from 'vitest';
import { estimatePerformance, fitEstimator } from './estimate.ts';
import { fitIsotonic, isotonicAt } from './isotonic.ts';
import { measure } from './performance.ts';
import { seededRandom } from './seeded-random.ts';

function drawn(n: number, meaning: (score: number) => number): { scores: number[]; labels: number[] } {
  const random = seededRandom(n);
  const scores = Array.from({ length: n }, () => random());
  return { scores, labels: scores.map((s) => (random() < meaning(s) ? 1 : 0)) };
}

describe('the isotonic curve', () => {
  it('pools what falls, and is level outside', () => {
    // 1, 0 at scores 2 and 3 fall, and are pooled to ½.
    const curve = fitIsotonic([1, 2, 3, 4], [0, 1, 0, 1]);
    expect(curve).toEqual({ x: [1, 2, 3, 4], y: [0, 0.5, 0.5, 1] });
    expect([0, 1.5, 2.5, 3.5, 9].map((s) => isotonicAt(curve, s))).toEqual([0, 0.25, 0.5, 0.75, 1]);
  });

  it('takes equal scores as one', () => {
    expect(fitIsotonic([2, 2, 1, 2], [1, 0, 0, 1])).toEqual({ x: [1, 2], y: [0, 2 / 3] });
  });
});

describe('the estimate', () => {
  it('agrees with the worked example', () => {
    const estimator = fitEstimator({ scores: [0.2, 0.9], labels: [0, 1], calibrate: false });
    const { accuracy, precision, recall, rocAuc } = estimatePerformance(estimator, [0.75, 0.25]);
    // Each is right in 3 of 4 cases; the expected matrix is tp ¾, fp ¼, fn ¼, tn ¾.
    expect([accuracy.value, precision.value, recall.value]).toEqual([0.75, 0.75, 0.75]);
    // The curve goes to (¼, ¾) and then to (1, 1).
    expect(rocAuc.value).toBeCloseTo(0.25 * 0.375 + 0.75 * 0.875, 12);
  });

  it('comes near the truth without labels, also where scores are no probabilities', () => {
    for (const meaning of [(s: number): number => s, (s: number): number => s ** 3]) {
      const estimator = fitEstimator(drawn(4_000, meaning));
      const live = drawn(5_000, meaning);
      const { rocAuc, accuracy } = estimatePerformance(estimator, live.scores);
      expect(Math.abs(rocAuc.value - measure(live.scores, live.labels).rocAuc)).toBeLessThan(3 * rocAuc.error);
      const right = live.scores.filter((s, i) => (s >= 0.5 ? 1 : 0) === live.labels[i]).length;
      expect(Math.abs(accuracy.value - right / 5_000)).toBeLessThan(4 * accuracy.error);
    }
  });

  it('calibrates only where that helps', () => {
    expect(fitEstimator(drawn(4_000, (s) => s ** 3)).calibration).not.toBeNull();
    expect(fitEstimator({ scores: [0.1, 0.9], labels: [0, 1] }).calibration).toBeNull();
  });
});
