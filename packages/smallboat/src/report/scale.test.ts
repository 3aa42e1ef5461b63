import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { niceTicks, scaleOf } from './scale.ts';

describe('niceTicks', () => {
  it('takes round steps that cover the range', () => {
    expect(niceTicks(0.13, 0.86).labels).toEqual(['0.0', '0.2', '0.4', '0.6', '0.8', '1.0'].with(0, '0'));
    expect(niceTicks(0, 36_000_000).labels).toEqual(['0', '10M', '20M', '30M', '40M']);
  });

  it('keeps to whole numbers where asked', () => {
    expect(niceTicks(1, 3, { count: 8, isWhole: true }).values).toEqual([1, 2, 3]);
  });

  it('covers any range, in order, with few ticks', () => {
    const value = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 });
    fc.assert(
      fc.property(value, value, (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const { from, to, values, labels } = niceTicks(low, high);
        const slack = (to - from) * 1e-6;
        expect(values.length).toBeLessThanOrEqual(51);
        expect(labels.length).toBe(values.length);
        expect(from).toBeLessThanOrEqual(low + slack);
        expect(to).toBeGreaterThanOrEqual(high - slack);
      }),
    );
  });
});

it('puts the ends of a range at the ends of the axis', () => {
  const at = scaleOf({ from: 10, to: 20 }, 100, 0);
  expect([at(10), at(15), at(20)]).toEqual([100, 50, 0]);
});
