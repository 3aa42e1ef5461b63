import * as z from 'zod';
import type { ExpectationKind } from '../kind.ts';
import { defineExpectation } from '../kind.ts';
import { column } from './values.ts';
import { mostlyInWords } from './words.ts';

interface Direction {
  readonly type: string;
  readonly sign: '>' | '<';
  readonly words: string;
}

function ordered({ type, sign, words }: Direction): ExpectationKind {
  return defineExpectation({
    type,
    kwargs: { column, strictly: z.boolean().nullish(), parse_strings_as_datetimes: z.boolean().nullish() },
    plan({ column, strictly, parse_strings_as_datetimes }, table) {
      const found = table.column(column);
      const read = (value: string): string => (parse_strings_as_datetimes ? table.sql.timeOfText(value) : value);
      return {
        kind: 'order',
        column: found.name,
        unexpected: (value, before) => `not (${read(value)} ${sign}${strictly ? '' : '='} ${read(before)})`,
      };
    },
    sentence: ({ column, strictly, mostly }) =>
      `${column} ${strictly ? `is ${words} than` : `is never ${words === 'more' ? 'less' : 'more'} than`} in the row before${mostlyInWords(mostly)}`,
  });
}

/** Expectations of the order in which the values of a column were written. */
export const ORDER_KINDS: readonly ExpectationKind[] = [
  ordered({ type: 'expect_column_values_to_be_increasing', sign: '>', words: 'more' }),
  ordered({ type: 'expect_column_values_to_be_decreasing', sign: '<', words: 'less' }),
];
