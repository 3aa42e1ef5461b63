import * as z from 'zod';
import type { Cell, ColumnType } from '../../warehouse/index.ts';
import { quoteName } from '../../warehouse/index.ts';
import { BOUNDS, OLD_TIMES, boundsInWords, judgeBetween, lowAboveHigh } from '../between.ts';
import type { Bounds } from '../between.ts';
import type { Aggregate, Sql } from '../dialect/sql.ts';
import { COUNT_ROWS } from '../dialect/sql.ts';
import { familyOf, isNumeric } from '../dialect/type-family.ts';
import type { ExpectationKind, TableFacts } from '../kind.ts';
import { defineExpectation, kindErrors } from '../kind.ts';
import { COUNT_BOUNDS } from './columns.ts';
import { deviation } from './deviation.ts';
import { column } from './values.ts';

interface Measure {
  readonly type: string;
  readonly aliases?: readonly string[];
  /** Aggregates by name, of a quoted column whose type is known. */
  readonly measures: (name: string, column: ColumnType, sql: Sql) => Readonly<Record<string, Aggregate>>;
  /** The observed value from the aggregates, in the order of `measures`. */
  readonly observed?: (...values: readonly Cell[]) => Cell;
  /** The observed value is one of the column's: compared and written as these are. */
  readonly isOfColumn?: boolean;
  readonly words: string;
}

/** An expectation that one figure of a column lies between two bounds. */
function between({ type, aliases = [], measures, observed = first, isOfColumn, words }: Measure): ExpectationKind {
  return defineExpectation({
    type,
    aliases,
    kwargs: { column, ...BOUNDS, ...OLD_TIMES },
    plan({ column, ...bounds }, table: TableFacts) {
      const found = table.column(column);
      const wanted = measures(quoteName(found.name), found, table.sql);
      return {
        kind: 'measures',
        measures: wanted,
        judge: (values) =>
          judgeBetween(observed(...Object.keys(wanted).map((key) => values[key] ?? null)), bounds, {
            ...(isOfColumn ? { type: found.type } : {}),
            now: table.now,
          }),
      };
    },
    sentence: ({ column, ...bounds }) => `${words.replace('{column}', column)} is ${boundsInWords(bounds as Bounds)}`,
  });
}

const first = (value: Cell = null): Cell => value;
const share = (part: Cell = null, whole: Cell = null): Cell => (Number(whole) > 0 ? Number(part) / Number(whole) : 0);
const call =
  (name: string) =>
  (of: string): string =>
    `${name}(${of})`;
const distinct = (of: string): string => `count(distinct ${of})`;

/** A column as numbers; of truth values, 1 and 0. Throws `EXPECTATION_UNFIT` for any other. */
function number(name: string, { name: plain, type }: ColumnType, what: string): string {
  if (isNumeric(type)) return name;
  if (familyOf(type) === 'boolean') return `cast(${name} as integer)`;
  throw kindErrors.EXPECTATION_UNFIT({ problem: `${plain} is a ${type}, and a ${what} is taken of numeric values.` });
}

/** Expectations of a figure of a column: its mean, its largest value, how many distinct values it has. */
export const MEASURE_KINDS: readonly ExpectationKind[] = [
  between({
    type: 'expect_column_min_to_be_between',
    measures: (of) => ({ min: { of, call: call('min') } }),
    isOfColumn: true,
    words: 'The smallest {column}',
  }),
  between({
    type: 'expect_column_max_to_be_between',
    measures: (of) => ({ max: { of, call: call('max') } }),
    isOfColumn: true,
    words: 'The largest {column}',
  }),
  between({
    type: 'expect_column_mean_to_be_between',
    measures: (name, column, sql) => ({ mean: { of: number(name, column, 'mean'), call: (of) => sql.mean(of) } }),
    words: 'The mean of {column}',
  }),
  between({
    type: 'expect_column_sum_to_be_between',
    measures: (name, column) => ({ sum: { of: number(name, column, 'sum'), call: call('sum') } }),
    words: 'The sum of {column}',
  }),
  between({
    type: 'expect_column_median_to_be_between',
    // The median of decimals would be rounded to their scale.
    measures: (name, { type }, sql) =>
      isNumeric(type)
        ? sql.quantiles(`cast(${name} as ${sql.doubleType})`, [0.5], 'cont').measures
        : sql.quantiles(name, [0.5], 'disc').measures,
    observed: (value = null) => (Array.isArray(value) ? ((value as readonly Cell[])[0] ?? null) : value),
    isOfColumn: true,
    words: 'The median of {column}',
  }),
  defineExpectation({
    type: 'expect_column_stdev_to_be_between',
    kwargs: { column, ...BOUNDS, ...OLD_TIMES },
    plan({ column, ...bounds }, table) {
      const found = table.column(column);
      const { measures, read } = deviation(
        number(quoteName(found.name), found, 'standard deviation'),
        found.type,
        table.sql,
      );
      return { kind: 'measures', measures, judge: (measured) => judgeBetween(read(measured), bounds) };
    },
    sentence: ({ column, ...bounds }) => `The standard deviation of ${column} is ${boundsInWords(bounds)}`,
  }),
  between({
    type: 'expect_column_unique_value_count_to_be_between',
    measures: (of) => ({ distinct: { of, call: distinct } }),
    words: 'The number of distinct values of {column}',
  }),
  between({
    type: 'expect_column_proportion_of_unique_values_to_be_between',
    measures: (of) => ({ distinct: { of, call: distinct }, values: { of, call: call('count') } }),
    observed: share,
    words: 'The share of distinct values of {column}',
  }),
  between({
    type: 'expect_column_proportion_of_non_null_values_to_be_between',
    measures: (of) => ({ values: { of, call: call('count') }, rows: COUNT_ROWS }),
    observed: share,
    words: 'The share of rows with a {column}',
  }),
  // The original project's own expectation: the mean of how often each session id occurs.
  between({
    type: 'expect_average_session_length_to_be_between',
    aliases: ['expect_column_average_session_length_to_be_between'],
    measures: (of) => ({ values: { of, call: call('count') }, distinct: { of, call: distinct } }),
    observed: (values = null, distinct = null) => (Number(distinct) > 0 ? Number(values) / Number(distinct) : null),
    words: 'The average session length (rows a {column})',
  }),
  defineExpectation({
    type: 'expect_table_row_count_to_be_between',
    kwargs: COUNT_BOUNDS,
    check: (bounds) =>
      lowAboveHigh(bounds) === undefined ? undefined : 'Minimum Threshold cannot be larger than Maximum Threshold',
    plan: (bounds) => ({
      kind: 'measures',
      measures: { rows: COUNT_ROWS },
      judge: ({ rows = null }) => judgeBetween(rows, bounds),
    }),
    sentence: (bounds) => `The number of rows is ${boundsInWords(bounds)}`,
  }),
  defineExpectation({
    type: 'expect_table_row_count_to_equal',
    kwargs: { value: z.number('must be an integer').int('must be an integer') },
    plan: ({ value }) => ({
      kind: 'measures',
      measures: { rows: COUNT_ROWS },
      judge: ({ rows = null }) => ({ success: rows === value, result: { observed_value: rows } }),
    }),
    sentence: ({ value }) => `There are ${value} rows`,
  }),
];
