import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { exactInteger, exactNumber } from './decimal.ts';

it.each([
  ['1.50', 1.5],
  ['-0.10', -0.1],
  ['0.00', 0],
  ['123456789012345.6789', '123456789012345.6789'],
  ['12345678901234567.89', '12345678901234567.89'],
  ['1000000000000000000000.00', '1000000000000000000000.00'],
  ['0.10000000000000000000', 0.1],
  ['NaN', Number.NaN],
])('takes the decimal %s for %s', (text, cell) => {
  expect(exactNumber(text)).toEqual(cell);
});

it('keeps the digits of every decimal', () => {
  fc.assert(
    fc.property(fc.bigInt(1n, 10n ** 20n), fc.nat(6), fc.boolean(), (whole, scale, isNegative) => {
      const digits = String(whole).padStart(scale + 1, '0');
      const at = digits.length - scale;
      const text = `${isNegative ? '-' : ''}${digits.slice(0, at)}${scale === 0 ? '' : `.${digits.slice(at)}`}`;
      const cell = exactNumber(text);
      expect(typeof cell === 'string' ? cell : cell.toFixed(scale)).toBe(text);
    }),
  );
});

it('keeps the digits of every integer', () => {
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (value) => BigInt(exactInteger(String(value))) === value),
  );
  expect([exactInteger('9007199254740991'), exactInteger('9007199254740992')]).toEqual([
    9_007_199_254_740_991,
    9_007_199_254_740_992n,
  ]);
});
