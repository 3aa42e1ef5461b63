import * as z from 'zod';
import { quoteName } from '../../warehouse/index.ts';
import { BOUNDS, OLD_TIMES, boundsInWords, boundsProblem, withinSql } from '../between.ts';
import { allOf } from '../dialect/sql.ts';
import { familyOf } from '../dialect/type-family.ts';
import type { ExpectationKind, Plan, RowsPlan, TableFacts } from '../kind.ts';
import { defineExpectation, kindErrors } from '../kind.ts';
import { isInSql, membersSql, ValueSet } from './members.ts';
import { mostlyInWords, setInWords } from './words.ts';

/** The name of a column, as every suite writes it. */
export const column = z.string().min(1);

/** Rows whose value fails a condition; those without a value are left aside, as Great Expectations does. */
export function unlessSql(column: string, expected: string): RowsPlan {
  // A comparison with a missing value is neither true nor false; only the constants are.
  return {
    kind: 'rows',
    columns: [column],
    shows: 'value',
    unexpected: `not (${expected})`,
    isStrict: expected !== 'false',
  };
}

/** Rows whose value is, or is not, missing: all rows are asked. */
function nullness(column: string, condition: 'is null' | 'is not null', table: TableFacts): Plan {
  const { name } = table.column(column);
  return {
    kind: 'rows',
    columns: [name],
    shows: 'value',
    unexpected: `${quoteName(name)} ${condition}`,
    ignored: null,
  };
}

/** The length of a column's texts as SQL. Throws `EXPECTATION_UNFIT` for a column that holds none. */
function lengthSql(column: string, table: TableFacts): { readonly name: string; readonly length: string } {
  const { name, type } = table.column(column);
  if (!['text', 'other'].includes(familyOf(type))) {
    throw kindErrors.EXPECTATION_UNFIT({ problem: `${name} is a ${type}, which has no length.` });
  }
  return { name, length: `length(${quoteName(name)})` };
}

const LENGTH_TYPE = { name: 'length', type: 'BIGINT' };

/** Expectations of every value of one column: is it there, in a set, in a range. */
export const VALUE_KINDS: readonly ExpectationKind[] = [
  defineExpectation({
    type: 'expect_column_values_to_not_be_null',
    kwargs: { column },
    plan: ({ column }, table) => nullness(column, 'is null', table),
    sentence: ({ column, mostly }) => `${column} has a value${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_column_values_to_be_null',
    kwargs: { column },
    plan: ({ column }, table) => nullness(column, 'is not null', table),
    sentence: ({ column, mostly }) => `${column} is empty${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_column_values_to_be_in_set',
    kwargs: { column, value_set: ValueSet, ...OLD_TIMES },
    plan({ column, value_set }, table) {
      const found = table.column(column);
      if (value_set === null) return unlessSql(found.name, 'true');
      return unlessSql(found.name, isInSql(quoteName(found.name), membersSql(value_set, found, table), found, table));
    },
    sentence: ({ column, value_set, mostly }) =>
      value_set === null
        ? `${column} is anything`
        : `${column} is one of ${setInWords(value_set)}${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_column_values_to_not_be_in_set',
    kwargs: { column, value_set: ValueSet, ...OLD_TIMES },
    plan({ column, value_set }, table) {
      const found = table.column(column);
      const inside = isInSql(quoteName(found.name), membersSql(value_set ?? [], found, table), found, table);
      return unlessSql(found.name, inside === 'false' ? 'true' : `not ${inside}`);
    },
    sentence: ({ column, value_set, mostly }) =>
      `${column} is none of ${setInWords(value_set)}${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_column_values_to_be_between',
    kwargs: { column, ...BOUNDS, ...OLD_TIMES },
    check: boundsProblem,
    plan({ column, parse_strings_as_datetimes, ...bounds }, table) {
      const { name, type } = table.column(column);
      const quoted = quoteName(name);
      if (!parse_strings_as_datetimes || familyOf(type) !== 'text') {
        return unlessSql(name, allOf(withinSql(quoted, { name, type }, bounds, table)));
      }
      const time = table.sql.timeOfText(quoted);
      return unlessSql(name, `coalesce(${allOf(withinSql(time, { name, type: 'timestamp' }, bounds, table))}, false)`);
    },
    sentence: ({ column, mostly, ...bounds }) => `${column} is ${boundsInWords(bounds)}${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_column_value_lengths_to_be_between',
    kwargs: { column, ...BOUNDS },
    check: ({ min_value: low, max_value: high }) =>
      [low, high].some((v) => v !== null && v !== undefined && !Number.isInteger(Number(v)))
        ? 'min_value and max_value must be integers'
        : (low ?? null) === null && (high ?? null) === null
          ? 'min_value and max_value cannot both be None'
          : undefined,
    plan({ column, ...bounds }, table) {
      const { name, length } = lengthSql(column, table);
      return unlessSql(name, allOf(withinSql(length, LENGTH_TYPE, bounds, table)));
    },
    sentence: ({ column, mostly, ...bounds }) =>
      `${column} has ${boundsInWords(bounds)} characters${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_column_value_lengths_to_equal',
    kwargs: { column, value: z.number() },
    plan({ column, value }, table) {
      const { name, length } = lengthSql(column, table);
      return unlessSql(name, `${length} = ${value}`);
    },
    sentence: ({ column, value, mostly }) => `${column} has ${value} characters${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_column_values_to_be_unique',
    kwargs: { column },
    plan: ({ column }, table) => ({ kind: 'duplicates', columns: [table.column(column).name], shows: 'value' }),
    sentence: ({ column, mostly }) => `${column} has no value twice${mostlyInWords(mostly)}`,
  }),
];
