import * as z from 'zod';
import type { ExpectationKind } from '../kind.ts';
import { defineExpectation } from '../kind.ts';
import { BOUNDS, boundsInWords, judgeBetween } from '../between.ts';

const column = z.string().min(1);

/** Expectations of the columns themselves: answered from the catalogue, without reading a row. */
export const COLUMN_KINDS: readonly ExpectationKind[] = [
  defineExpectation({
    type: 'expect_column_to_exist',
    kwargs: { column, column_index: z.number().int().nullish() },
    plan({ column, column_index }, { columns }) {
      const names = columns.map((c) => c.name);
      // An index of 0 asks nothing in Great Expectations (it reads it as absent); here as there.
      const success = column_index ? names.at(column_index) === column : names.includes(column);
      return { kind: 'verdict', verdict: { success, result: {} } };
    },
    sentence: ({ column, column_index }) =>
      column_index ? `There is a column ${column} at position ${column_index}` : `There is a column ${column}`,
  }),
  defineExpectation({
    type: 'expect_table_columns_to_match_ordered_list',
    kwargs: { column_list: z.array(z.string()).nullable() },
    plan({ column_list }, { columns }) {
      const found = columns.map((c) => c.name);
      const expected = column_list ?? found;
      const mismatched = Array.from({ length: Math.max(expected.length, found.length) }, (_, i) => ({
        'Expected Column Position': i,
        Expected: expected[i] ?? null,
        Found: found[i] ?? null,
      })).filter(({ Expected, Found }) => Expected !== Found);
      const result = { observed_value: found, ...(mismatched.length > 0 ? { details: { mismatched } } : {}) };
      return { kind: 'verdict', verdict: { success: mismatched.length === 0, result } };
    },
    sentence: ({ column_list }) => `The columns are, in this order, ${(column_list ?? []).join(', ')}`,
  }),
  defineExpectation({
    type: 'expect_table_columns_to_match_set',
    kwargs: { column_set: z.array(z.string()), exact_match: z.boolean().nullish() },
    plan({ column_set, exact_match }, { columns }) {
      const found = columns.map((c) => c.name);
      const isSame = (actual: string, wanted: string): boolean =>
        /^".*"$/.test(wanted) ? actual === wanted.slice(1, -1) : actual.toLowerCase() === wanted.toLowerCase();
      const unexpected = found.filter((name) => !column_set.some((wanted) => isSame(name, wanted))).sort();
      const missing = column_set.filter((wanted) => !found.some((name) => isSame(name, wanted))).sort();
      const mismatched = {
        ...(unexpected.length > 0 ? { unexpected } : {}),
        ...(missing.length > 0 ? { missing } : {}),
      };
      const details = unexpected.length + missing.length > 0 ? { details: { mismatched } } : {};
      const success = missing.length === 0 && (exact_match === false || unexpected.length === 0);
      return { kind: 'verdict', verdict: { success, result: { observed_value: found.sort(), ...details } } };
    },
    sentence: ({ column_set, exact_match }) =>
      `The columns ${exact_match === false ? 'include' : 'are, in any order,'} ${column_set.join(', ')}`,
  }),
  defineExpectation({
    type: 'expect_table_column_count_to_equal',
    kwargs: { value: z.number().int().nonnegative() },
    plan: ({ value }, { columns }) => ({
      kind: 'verdict',
      verdict: { success: columns.length === value, result: { observed_value: columns.length } },
    }),
    sentence: ({ value }) => `There are ${value} columns`,
  }),
  defineExpectation({
    type: 'expect_table_column_count_to_be_between',
    kwargs: BOUNDS,
    plan: (bounds, { columns }) => ({ kind: 'verdict', verdict: judgeBetween(columns.length, bounds) }),
    sentence: (bounds) => `The number of columns is ${boundsInWords(bounds)}`,
  }),
  defineExpectation({
    type: 'expect_column_values_to_be_of_type',
    kwargs: { column, type_: z.string().nullable() },
    plan({ column, type_ }, table) {
      const { type } = table.column(column);
      const success = type_ === null || isType(type, type_);
      return { kind: 'verdict', verdict: { success, result: { observed_value: type } } };
    },
    sentence: ({ column, type_ }) => `${column} is of type ${type_ ?? 'any'}`,
  }),
  defineExpectation({
    type: 'expect_column_values_to_be_in_type_list',
    kwargs: { column, type_list: z.array(z.string()).nullable() },
    plan({ column, type_list }, table) {
      const { type } = table.column(column);
      const success = type_list === null || type_list.some((name) => isType(type, name));
      return { kind: 'verdict', verdict: { success, result: { observed_value: type } } };
    },
    sentence: ({ column, type_list }) => `${column} is of one of the types ${(type_list ?? ['any']).join(', ')}`,
  }),
];

// Names that suites give to a type: those of SQL, and those that pandas, Spark and SQLAlchemy have for it.
const NAMES: Readonly<Record<string, readonly string[]>> = {
  VARCHAR: [
    'varchar',
    'char',
    'bpchar',
    'nvarchar',
    'text',
    'string',
    'str',
    'stringtype',
    'object',
    'character varying',
  ],
  BOOLEAN: ['boolean', 'bool', 'booleantype', 'logical'],
  TINYINT: ['tinyint', 'int1', 'int8', 'bytetype'],
  SMALLINT: ['smallint', 'int2', 'int16', 'short', 'shorttype'],
  INTEGER: ['integer', 'int', 'int4', 'int32', 'signed', 'integertype'],
  BIGINT: ['bigint', 'int8', 'int64', 'long', 'longtype', 'biginteger'],
  HUGEINT: ['hugeint', 'int128'],
  FLOAT: ['float', 'real', 'float4', 'float32', 'floattype'],
  DOUBLE: ['double', 'double precision', 'float8', 'float64', 'doubletype', 'float'],
  DECIMAL: ['decimal', 'numeric', 'decimaltype'],
  DATE: ['date', 'datetype'],
  TIMESTAMP: ['timestamp', 'datetime', 'datetime64', 'datetime64[ns]', 'timestamptype'],
  'TIMESTAMP WITH TIME ZONE': ['timestamp with time zone', 'timestamptz', 'timestamp_tz'],
  JSON: ['json'],
};

/** Is a type of the warehouse (`DECIMAL(18,2)`, `VARCHAR`) meant by a name in a suite? Letter case and lengths aside. */
export function isType(type: string, name: string): boolean {
  const base = type.toUpperCase().replace(/\(.*\)$/, '');
  const wanted = name
    .trim()
    .toLowerCase()
    .replace(/\(.*\)$/, '');
  return base.toLowerCase() === wanted || (NAMES[base] ?? []).includes(wanted);
}
