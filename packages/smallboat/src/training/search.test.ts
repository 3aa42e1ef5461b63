import * as fc from 'fast-check';
import { expect, expectTypeOf, it } from 'vitest';
import { gridPoints, randomPoints, rungEpochs, survivors } from './search.ts';

interface Point {
  readonly units: number;
  readonly cell: 'gru' | 'lstm';
  readonly rate: number;
}

it('makes every combination of a grid', () => {
  const points = gridPoints<Point>({ units: [32, 48], cell: ['gru', 'lstm'], rate: [0.001] });
  expectTypeOf(points).toEqualTypeOf<readonly Point[]>();
  expect(points).toEqual([
    { units: 32, cell: 'gru', rate: 0.001 },
    { units: 32, cell: 'lstm', rate: 0.001 },
    { units: 48, cell: 'gru', rate: 0.001 },
    { units: 48, cell: 'lstm', rate: 0.001 },
  ]);
});

it('draws within the ranges, evenly by logarithm where asked, the same for the same seed', () => {
  const space = {
    units: { low: 16, high: 64, whole: true },
    cell: ['gru', 'lstm'],
    rate: { low: 1e-4, high: 1e-2, scale: 'log' },
  } as const;
  const points = randomPoints<Point>(space, 2000, 7);
  expect(points).toEqual(randomPoints<Point>(space, 2000, 7));
  expect(points.every(({ units }) => Number.isInteger(units) && units >= 16 && units <= 64)).toBe(true);
  const low = points.filter(({ rate }) => rate < 1e-3).length / 2000;
  expect(Math.abs(low - 0.5)).toBeLessThan(0.05);
  expect(new Set(points.map(({ cell }) => cell))).toEqual(new Set(['gru', 'lstm']));
});

it('lets the best go on, at least one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true }), { minLength: 1 }),
      fc.integer({ min: 2, max: 5 }),
      (losses, eta) => {
        const kept = survivors(losses, (loss) => loss, eta);
        expect(kept).toHaveLength(Math.max(1, Math.floor(losses.length / eta)));
        expect(kept).toEqual(losses.toSorted((a, b) => a - b).slice(0, kept.length));
      },
    ),
  );
  expect(rungEpochs(9, 3, 3)).toEqual([1, 3, 9]);
  expect(rungEpochs(2, 3, 3)).toEqual([1, 1, 2]);
});

it.each([
  [() => gridPoints<{ rate: number }>({ rate: { low: 1, high: 2 } }), 'a range'],
  [() => gridPoints<{ rate: number }>({ rate: [] }), 'no value'],
  [() => randomPoints<{ rate: number }>({ rate: { low: 2, high: 1 } }, 1, 1), 'from 2 to 1'],
  [() => randomPoints<{ rate: number }>({ rate: { low: 0, high: 1, scale: 'log' } }, 1, 1), 'from 0 to 1'],
])('refuses what cannot be chosen from', (call, problem) => {
  expect(call).toThrow(
    expect.objectContaining({ code: 'SEARCH_SPACE_INVALID', message: expect.stringContaining(problem) }),
  );
});
