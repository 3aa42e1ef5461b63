import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { artifact, briefOf } from './brief.ts';
import { plainOf } from './plain.ts';

it.each([
  [3, 'number', '3'],
  [0.123456789, 'number', '0.123457'],
  ['two\n words', 'string', 'two words'],
  [null, 'null', 'null'],
  [true, 'boolean', 'true'],
  [10n, 'bigint', '10n'],
  [new Date(0), 'Date', '1970-01-01T00:00:00.000Z'],
  [[1, 'a', [2]], 'list of 3', '[1, "a", [2]]'],
  [Float32Array.of(1.5, 2), 'Float32Array(2)', '[1.5, 2]'],
  [Array.from({ length: 1000 }, (_, i) => i), 'list of 1,000', '[0, 1, 2, 3, 4, 5, … 994 more]'],
  [{ a: 1, b: { c: { d: 1 } } }, 'object', '{ a: 1, b: { c: {…} } }'],
  [new Map([['k', 1]]), 'Map(1)', '{ "k" → 1 }'],
  [new Set([1]), 'Set(1)', '{ 1 }'],
  [{}, 'object', '{  }'],
])('%o is told as %s, %s', (value, type, text) => {
  expect(briefOf(value)).toEqual({ type, text });
});

it('costs the same for a large value as for a small one', () => {
  const large = Array.from({ length: 1_000_000 }, (_, i) => [i]);
  const started = performance.now();
  for (let i = 0; i < 1000; i += 1) briefOf({ large, typed: new Float64Array(10), same: [large] });
  expect(performance.now() - started).toBeLessThan(2000);
  expect(artifact('a', 'x'.repeat(1e6)).text).toHaveLength(160);
});

it('tells of any value, in one line that is not long', () => {
  fc.assert(
    fc.property(
      fc.anything({ withDate: true, withMap: true, withSet: true, withTypedArray: true, withBigInt: true }),
      (value) => {
        const { type, text } = briefOf(value);
        expect(type.length).toBeGreaterThan(0);
        expect(text.length).toBeLessThanOrEqual(160);
      },
    ),
  );
});

it('copies any value as plain data that JSON keeps', () => {
  fc.assert(
    fc.property(
      fc.anything({ withDate: true, withMap: true, withSet: true, withTypedArray: true, withBigInt: true }),
      (value) => {
        const plain = plainOf(value);
        expect(() => structuredClone(plain)).not.toThrow();
        expect(JSON.stringify(plain)).toEqual(JSON.stringify(JSON.parse(JSON.stringify(plain))));
      },
    ),
  );
});

it('copies what is inside itself, or has no end, as far as it makes sense', () => {
  const round: Record<string, unknown> = { name: 'a' };
  round['self'] = round;
  expect(plainOf(round)).toEqual({ name: 'a', self: '…' });
  expect(JSON.stringify(plainOf(Array.from({ length: 100_000 }, () => 'x'))).length).toBeLessThan(30_000);
  expect(plainOf({ run: () => 1, at: new Date(0), big: 3n, list: Float32Array.of(1) })).toEqual({
    run: 'function',
    at: '1970-01-01T00:00:00.000Z',
    big: '3n',
    list: [1],
  });
});
