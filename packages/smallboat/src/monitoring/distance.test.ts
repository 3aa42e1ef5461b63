import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distanceErrors, jensenShannon, kolmogorovSmirnov, psi } from './distance.ts';

const counts = (bins: number): fc.Arbitrary<number[]> => fc.array(fc.nat(10_000), { minLength: bins, maxLength: bins });
const filled = (bins: number): fc.Arbitrary<number[]> => counts(bins).filter((c) => c.some((n) => n > 0));

describe('psi', () => {
  it('agrees with the worked example', () => {
    // (30.5, 70.5)/101 against (60.5, 40.5)/101, by hand.
    const [r, l] = [30.5 / 101, 60.5 / 101];
    expect(psi([30, 70], [60, 40])).toBeCloseTo((l - r) * Math.log(l / r) + (r - l) * Math.log((1 - l) / (1 - r)), 12);
  });

  it('is 0 for the same histogram, never below 0, and symmetric', () => {
    fc.assert(fc.property(counts(8), (h) => Math.abs(psi(h, h)) < 1e-12));
    fc.assert(
      fc.property(counts(8), counts(8), (a, b) => psi(a, b) >= -1e-12 && Math.abs(psi(a, b) - psi(b, a)) < 1e-9),
    );
  });
});

describe('Jensen–Shannon distance', () => {
  it('agrees with the worked example', () => {
    // r = (1, 0), l = (½, ½), m = (¾, ¼): ½ ln(4/3) + ½ (½ ln(2/3) + ½ ln 2).
    const divergence = 0.5 * Math.log(4 / 3) + 0.5 * (0.5 * Math.log(2 / 3) + 0.5 * Math.log(2));
    expect(jensenShannon([4, 0], [2, 2])).toBeCloseTo(Math.sqrt(divergence), 12);
  });

  it('is 0 for the same shares and √ln 2 for nothing in common', () => {
    expect(jensenShannon([1, 2, 3], [10, 20, 30])).toBeLessThan(1e-7);
    expect(jensenShannon([5, 0], [0, 7])).toBeCloseTo(Math.sqrt(Math.LN2), 12);
  });

  it('keeps the triangle inequality', () => {
    const triple = fc.tuple(filled(5), filled(5), filled(5));
    fc.assert(
      fc.property(triple, ([a, b, c]) => jensenShannon(a, c) <= jensenShannon(a, b) + jensenShannon(b, c) + 1e-9),
    );
  });

  it('does not exist for an empty histogram', () => {
    expect(jensenShannon([0, 0], [1, 2])).toBeNaN();
  });
});

describe('Kolmogorov–Smirnov statistic', () => {
  it('agrees with the worked example', () => {
    // Cumulative shares 0.2, 0.5, 1 against 0.5, 0.9, 1: the largest gap is 0.4, at the second.
    expect(kolmogorovSmirnov([2, 3, 5], [5, 4, 1])).toBeCloseTo(0.4, 12);
  });

  it('lies between 0 and 1, and is 1 only where nothing overlaps', () => {
    fc.assert(
      fc.property(filled(6), filled(6), (a, b) => kolmogorovSmirnov(a, b) >= 0 && kolmogorovSmirnov(a, b) <= 1 + 1e-12),
    );
    expect(kolmogorovSmirnov([3, 0], [0, 4])).toBe(1);
  });
});

it.each([psi, jensenShannon, kolmogorovSmirnov])('%o refuses histograms over different bins', (distance) => {
  const { code } = distanceErrors.HISTOGRAMS_DIFFER;
  expect(() => distance([1, 2], [1])).toThrow(expect.objectContaining({ code, facts: { reference: 2, live: 1 } }));
});
