import { expect, it } from 'vitest';
import { columnFormat, formatNumber } from './number.ts';

it.each([
  [0, '0'],
  [1205368, '1,205,368'],
  [-12, '−12'],
  [4.959954, '4.96'],
  [0.60712, '0.6071'],
  [0.000123456, '0.0001235'],
  [1234.56, '1,234.6'],
  [123456789012345, '123,456,789,012,345'],
  [1e21, '1e21'],
  [-2.5e-9, '−2.5e−9'],
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, '∞'],
])('writes %d as %s', (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

it('writes the numbers of a column with the same decimals', () => {
  expect([0.5, 0.6071, 1].map(columnFormat([0.5, 0.6071, 1]))).toEqual(['0.5000', '0.6071', '1.0000']);
  expect([3, 40_000].map(columnFormat([3, 40_000]))).toEqual(['3', '40,000']);
});
