import { describe, expect, it } from 'vitest';
import { columnDriftErrors, dataDrift } from './column-drift.ts';
import { kolmogorovExactP, kolmogorovOneSampleP } from './kolmogorov.ts';
import { seededRandom } from './seeded-random.ts';

describe('drift of columns', () => {
  it('chooses the method by size and kind', () => {
    const numbers = (n: number, different: number): Int32Array =>
      Int32Array.from({ length: n }, (_, i) => i % different);
    const texts = (n: number, different: number): string[] => Array.from(numbers(n, different), String);
    const methodsFor = (n: number): string[] =>
      [numbers(n, 6), numbers(n, 5), numbers(n, 2), texts(n, 9), texts(n, 2)].map(
        (values) => dataDrift({ values }, { values }).columns[0]?.method ?? '',
      );
    expect(methodsFor(1_000)).toEqual(['ks', 'chisquare', 'z', 'chisquare', 'z']);
    expect(methodsFor(1_001)).toEqual([
      'wasserstein',
      'jensenshannon',
      'jensenshannon',
      'jensenshannon',
      'jensenshannon',
    ]);
  });

  it('agrees with the worked examples', () => {
    const a = Float64Array.of(0, 1, 2, 3, 4, 5);
    const b = Float64Array.of(1, 2, 3, 4, 5, 6);
    const score = (method: 'wasserstein' | 'psi' | 'ks'): number =>
      dataDrift({ v: a }, { v: b }, { methods: { v: method } }).columns[0]?.score ?? Number.NaN;
    // Moved by one; the variance of 0 to 5 is 35/12.
    expect(score('wasserstein')).toBeCloseTo(1 / Math.sqrt(35 / 12), 12);
    // 0 and 6 have one sixth against the 0.0001 that stands for nothing.
    expect(score('psi')).toBeCloseTo(2 * (1 / 6 - 0.0001) * Math.log(1 / 6 / 0.0001), 12);
    // Any order has a difference of one sixth somewhere.
    expect(score('ks')).toBe(1);
  });

  it('calls the data drifted from half of the columns on', () => {
    const still = { a: ['x', 'y', 'x'], b: ['u', 'u', 'u'] };
    const moved = { a: ['x', 'y', 'x'], b: ['v', 'v', 'v'] };
    expect(dataDrift(still, moved)).toMatchObject({ share: 0.5, isDrifted: true });
    expect(dataDrift(still, moved, { share: 0.6 }).isDrifted).toBe(false);
    expect(dataDrift(still, still)).toMatchObject({ share: 0, isDrifted: false });
  });

  it('leaves out what is missing', () => {
    const full = dataDrift({ v: Float64Array.of(1, 2, 3), t: ['a'] }, { v: Float64Array.of(1, 5), t: ['b'] });
    const holes = dataDrift(
      { v: Float64Array.of(1, Number.NaN, 2, 3, Infinity), t: ['a', null] },
      { v: Float64Array.of(1, 5, -Infinity), t: [null, 'b'] },
    );
    expect(holes).toEqual(full);
  });

  it('says which column is wrong', () => {
    const a = { v: Float64Array.of(1) };
    expect(() => dataDrift(a, {})).toThrow('Column v is not in the live data');
    expect(() => dataDrift({}, a)).toThrow('Column v is not in the reference data');
    expect(() => dataDrift(a, { v: Float64Array.of(Number.NaN) })).toThrow('has no value in the live data');
    expect(() => dataDrift(a, { v: ['x'] })).toThrow('the reference holds numbers, and the live data categories');
    try {
      dataDrift({ v: ['x'] }, { v: ['x'] }, { methods: { v: 'ks' } });
    } catch (error) {
      expect(columnDriftErrors.DRIFT_COLUMN_KINDS.is(error)).toBe(true);
    }
    expect.assertions(5);
  });
});

describe('Kolmogorov–Smirnov', () => {
  it('is exact: counted by hand', () => {
    // Of the C(4, 2) = 6 orders of two and two values, aabb and bbaa come 1 apart, and none less than ½.
    expect(kolmogorovExactP(1, 2, 2)).toBeCloseTo(2 / 6, 14);
    expect(kolmogorovExactP(0.5, 2, 2)).toBe(1);
    expect(kolmogorovExactP(1, 2, 3)).toBeCloseTo(2 / 10, 14);
    // One value is at least d from the middle of [0, 1] with probability 2 (1 − d), for d from ½ on.
    expect(kolmogorovOneSampleP(0.75, 1)).toBeCloseTo(0.5, 12);
  });

  it('is nearly the same by each way where they meet', () => {
    for (const [n, far] of [
      [100, 4],
      [5_000, 2.2],
      [5_000, 5_000 * (1.4 / 5_000) ** (4 / 3)],
    ] as const) {
      const d = Math.sqrt(far / n);
      const [below, above] = [kolmogorovOneSampleP(d - 1e-10, n), kolmogorovOneSampleP(d + 1e-10, n)];
      expect(Math.abs(below - above) / below).toBeLessThan(1e-5);
    }
  });

  it('errs as often as it says', () => {
    const random = seededRandom(4);
    let below = 0;
    for (let i = 0; i < 400; i++) {
      const draw = (): Float64Array => Float64Array.from({ length: 60 }, random);
      below += (dataDrift({ v: draw() }, { v: draw() }).columns[0]?.score ?? 0) < 0.05 ? 1 : 0;
    }
    expect(below / 400).toBeLessThan(0.08);
    expect(below).toBeGreaterThan(4);
  });
});
