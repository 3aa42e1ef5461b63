import * as z from 'zod';
import { judgeBetween, boundsInWords, lowAboveHigh } from '../between.ts';
import type { ExpectationKind, TableFacts, Verdict } from '../kind.ts';
import { defineExpectation } from '../kind.ts';
import { column } from './values.ts';

const count = z.number('must be an integer').int('must be an integer');
/** Bounds of a count: whole numbers. */
export const COUNT_BOUNDS = {
  min_value: z
    .number('min_value and max_value must be integers')
    .int('min_value and max_value must be integers')
    .nullish(),
  max_value: z
    .number('min_value and max_value must be integers')
    .int('min_value and max_value must be integers')
    .nullish(),
  strict_min: z.boolean().nullish(),
  strict_max: z.boolean().nullish(),
} as const;

/**
 * Names of columns as SQLAlchemy, and with it Great Expectations, gives them: Snowflake makes names without quotes upper case, so that such a
 * one is lower case here as in everybody's SQL. A name that the suite has in upper case too stays as it is.
 */
function namesIn({ columns, sql }: TableFacts, wanted: readonly string[]): readonly string[] {
  const isPlain = (name: string): boolean => sql.name === 'snowflake' && /^[A-Z_][A-Z0-9_$]*$/.test(name);
  return columns.map(({ name }) => (isPlain(name) && !wanted.includes(name) ? name.toLowerCase() : name));
}

/** Whether two names are one: Great Expectations 1.x passes over letter case where the warehouse may have written them in its own. */
function sameName({ sql, resultsOf }: TableFacts): (a: string | undefined, b: string | undefined) => boolean {
  const folds = resultsOf === '1' && (sql.name === 'postgres' || sql.name === 'snowflake');
  return folds ? (a, b) => a?.toLowerCase() === b?.toLowerCase() : (a, b) => a === b;
}

interface SetQuestion {
  readonly column_set: readonly string[] | null;
  readonly exact_match: boolean;
  /** From version 1 on, letter case is passed over but for names in quotes. */
  readonly isCaseSensitive: boolean;
}

function sameSet({ column_set, exact_match, isCaseSensitive }: SetQuestion, columns: readonly string[]): Verdict {
  const observed_value = [...columns].sort();
  if (column_set === null && !exact_match) return { success: true, result: { observed_value } };
  const wanted = [...new Set(column_set ?? [])];
  const isSame = (actual: string, name: string): boolean =>
    isCaseSensitive
      ? actual === name
      : /^".*"$/.test(name)
        ? actual === name.slice(1, -1)
        : actual.toLowerCase() === name.toLowerCase();
  const unexpected = columns.filter((name) => !wanted.some((one) => isSame(name, one))).sort();
  const missing = wanted.filter((one) => !columns.some((name) => isSame(name, one))).sort();
  const mismatched = {
    ...(unexpected.length > 0 ? { unexpected } : {}),
    ...(missing.length > 0 ? { missing } : {}),
  };
  const details = unexpected.length + missing.length > 0 ? { details: { mismatched } } : {};
  const success = missing.length === 0 && (!exact_match || unexpected.length === 0);
  return { success, result: { observed_value, ...details } };
}

/** Expectations of the columns themselves: answered from the catalogue, without reading a row. */
export const COLUMN_KINDS: readonly ExpectationKind[] = [
  defineExpectation({
    type: 'expect_column_to_exist',
    kwargs: { column, column_index: z.number().int().nullish() },
    plan({ column, column_index }, table) {
      const names = namesIn(table, [column]);
      const isSame = sameName(table);
      // An index of 0 asks nothing in Great Expectations (it reads it as absent); here as there.
      const success = column_index
        ? isSame(names.at(column_index), column)
        : names.some((name) => isSame(name, column));
      return { kind: 'verdict', verdict: { success, result: {} } };
    },
    sentence: ({ column, column_index }) =>
      column_index ? `There is a column ${column} at position ${column_index}` : `There is a column ${column}`,
  }),
  defineExpectation({
    type: 'expect_table_columns_to_match_ordered_list',
    kwargs: { column_list: z.array(z.string()).nullable() },
    plan({ column_list }, table) {
      const found = namesIn(table, column_list ?? []);
      const expected = column_list ?? found;
      const isSame = sameName(table);
      if (expected.length === found.length && expected.every((name, i) => isSame(name, found[i]))) {
        return { kind: 'verdict', verdict: { success: true, result: { observed_value: found } } };
      }
      const mismatched = Array.from({ length: Math.max(expected.length, found.length) }, (_, i) => ({
        'Expected Column Position': i,
        Expected: expected[i] ?? null,
        Found: found[i] ?? null,
      })).filter(({ Expected, Found }) => Expected !== Found);
      return {
        kind: 'verdict',
        verdict: { success: false, result: { observed_value: found, details: { mismatched } } },
      };
    },
    sentence: ({ column_list }) => `The columns are, in this order, ${(column_list ?? []).join(', ')}`,
  }),
  defineExpectation({
    type: 'expect_table_columns_to_match_set',
    kwargs: { column_set: z.array(z.string()).nullable(), exact_match: z.boolean().nullish() },
    plan: ({ column_set, exact_match }, table) => ({
      kind: 'verdict',
      verdict: sameSet(
        { column_set, exact_match: exact_match ?? true, isCaseSensitive: table.resultsOf === '0.18' },
        namesIn(table, column_set ?? []),
      ),
    }),
    sentence: ({ column_set, exact_match }) =>
      `The columns ${exact_match === false ? 'include' : 'are, in any order,'} ${(column_set ?? []).join(', ')}`,
  }),
  defineExpectation({
    type: 'expect_table_column_count_to_equal',
    kwargs: { value: count },
    plan: ({ value }, { columns }) => ({
      kind: 'verdict',
      verdict: { success: columns.length === value, result: { observed_value: columns.length } },
    }),
    sentence: ({ value }) => `There are ${value} columns`,
  }),
  defineExpectation({
    type: 'expect_table_column_count_to_be_between',
    kwargs: COUNT_BOUNDS,
    check: lowAboveHigh,
    plan: (bounds, { columns }) => ({ kind: 'verdict', verdict: judgeBetween(columns.length, bounds) }),
    sentence: (bounds) => `The number of columns is ${boundsInWords(bounds)}`,
  }),
];
