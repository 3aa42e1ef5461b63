import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chiSquare, gTest, gammaQ, holm, kolmogorovP, normalTail } from './significance.ts';

describe('gammaQ', () => {
  it('is e^−x for a = 1, and a finite sum for whole a', () => {
    for (const x of [0.1, 1, 1.9, 2.1, 5, 30]) {
      expect(gammaQ(1, x)).toBeCloseTo(Math.exp(-x), 14);
      // Q(3, x) = e^−x (1 + x + x²/2)
      expect(gammaQ(3, x)).toBeCloseTo(Math.exp(-x) * (1 + x + (x * x) / 2), 13);
    }
  });

  it('has its ends', () => {
    expect([gammaQ(2, 0), gammaQ(2, Infinity)]).toEqual([1, 0]);
  });
});

describe('chi-square', () => {
  it('agrees with the worked example', () => {
    // Expected counts are all 15 or 35: 4 terms of 25/15 and 25/35.
    const { statistic, degreesOfFreedom, p } = chiSquare([10, 40], [20, 30]);
    expect(statistic).toBeCloseTo(2 * (25 / 15) + 2 * (25 / 35), 12);
    expect(degreesOfFreedom).toBe(1);
    // A chi-square of one degree is a squared normal: 4.7619 = 2.18218², two tails.
    expect(p).toBeCloseTo(2 * normalTail(Math.sqrt(statistic)), 12);
  });

  it('agrees with the table of critical values', () => {
    // 0.05 quantiles: 3.841 (1), 5.991 (2), 18.307 (10); NIST/SEMATECH e-Handbook 1.3.6.7.4.
    for (const [df, critical] of [
      [1, 3.841],
      [2, 5.991],
      [10, 18.307],
    ] as const) {
      expect(gammaQ(df / 2, critical / 2)).toBeCloseTo(0.05, 4);
    }
  });

  it('leaves empty bins out and is divided by the design effect', () => {
    expect(chiSquare([10, 0, 40], [20, 0, 30])).toEqual(chiSquare([10, 40], [20, 30]));
    expect(chiSquare([10, 40], [20, 30], { mean: 2, variation: 0 }).statistic).toBeCloseTo(
      chiSquare([10, 40], [20, 30]).statistic / 2,
      12,
    );
  });

  it('says p = 1 with a single bin, and nothing of an empty sample', () => {
    expect(chiSquare([10], [20]).p).toBe(1);
    expect(chiSquare([0, 0], [20, 1]).p).toBeNaN();
  });

  it('is close to G for small differences', () => {
    const pair = fc.tuple(fc.integer({ min: 4_800, max: 5_200 }), fc.integer({ min: 4_800, max: 5_200 }));
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const [x, g] = [chiSquare([a, 10_000 - a], [b, 10_000 - b]), gTest([a, 10_000 - a], [b, 10_000 - b])];
        return Math.abs(x.statistic - g.statistic) <= 1e-2 * (1 + x.statistic);
      }),
    );
  });
});

describe('Kolmogorov', () => {
  it('agrees with the table of critical values', () => {
    // Q(1.3581) = 0.05, Q(1.6276) = 0.01, Q(1.2238) = 0.10: N. Smirnov, Ann. Math. Stat. 19, 1948. 200 and 200: √(nm/(n+m)) = 10.
    expect(kolmogorovP(0.13581, 200, 200)).toBeCloseTo(0.05, 4);
    expect(kolmogorovP(0.16276, 200, 200)).toBeCloseTo(0.01, 4);
    expect(kolmogorovP(0.12238, 200, 200)).toBeCloseTo(0.1, 4);
  });

  it('has two series that meet', () => {
    expect(kolmogorovP(0.0999999999, 200, 200)).toBeCloseTo(kolmogorovP(0.1000000001, 200, 200), 8);
  });

  it('falls from 1 to 0', () => {
    const at = (x: number): number => kolmogorovP(x, 200, 200);
    const x = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(fc.property(x, x, (a, b) => (a <= b ? at(a) >= at(b) - 1e-14 : at(b) >= at(a) - 1e-14)));
    expect([at(0), at(1)]).toEqual([1, expect.closeTo(0, 20)]);
  });
});

describe('holm', () => {
  it('agrees with the worked example', () => {
    // Sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1 and never falling: 0.02, 0.03, 0.06, 0.06 (Wikipedia, Holm–Bonferroni).
    expect(holm([0.01, 0.04, 0.03, 0.005]).map((p) => Number(p.toFixed(12)))).toEqual([0.03, 0.06, 0.06, 0.02]);
  });

  it('does not count what cannot be had', () => {
    expect(holm([Number.NaN, 0.02])).toEqual([Number.NaN, 0.02]);
  });

  it('never makes a p smaller, nor more than as many times larger as there are', () => {
    const p = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });
    fc.assert(
      fc.property(p, (ps) =>
        holm(ps).every((q, i) => q >= (ps[i] ?? 0) && q <= Math.min(1, Math.max(...ps.map((x) => x * ps.length)))),
      ),
    );
  });
});
