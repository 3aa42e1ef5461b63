import { expect, it } from 'vitest';
import { nearest } from './nearest.ts';

it('finds what was probably meant, and nothing for a word from elsewhere', () => {
  expect(nearest('expect_colum_to_exist', ['expect_column_to_exist', 'expect_column_max'])).toBe(
    'expect_column_to_exist',
  );
  expect(nearest('frobnicate', ['expect_column_to_exist'])).toBeUndefined();
});
