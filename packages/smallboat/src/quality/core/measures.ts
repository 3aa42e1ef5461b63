import * as z from 'zod';
import type { Cell } from '../../warehouse/index.ts';
import { quoteName } from '../../warehouse/index.ts';
import { BOUNDS, boundsInWords, judgeBetween } from '../between.ts';
import type { Bounds } from '../between.ts';
import type { ExpectationKind, TableFacts } from '../kind.ts';
import { defineExpectation } from '../kind.ts';

const column = z.string().min(1);

interface Measure {
  readonly type: string;
  readonly aliases?: readonly string[];
  /** Aggregates by name, of a quoted column whose type is known. */
  readonly measures: (name: string, type: string) => Readonly<Record<string, string>>;
  /** The observed value from the aggregates, in the order of `measures`. */
  readonly observed: (...values: readonly Cell[]) => Cell;
  readonly words: string;
}

/** An expectation that one figure of a column lies between two bounds. */
function between({ type, aliases = [], measures, observed, words }: Measure): ExpectationKind {
  return defineExpectation({
    type,
    aliases,
    kwargs: {
      column,
      ...BOUNDS,
      parse_strings_as_datetimes: z.boolean().nullish(),
      output_strftime_format: z.string().nullish(),
    },
    plan({ column, ...bounds }, table: TableFacts) {
      const found = table.column(column);
      const wanted = measures(quoteName(found.name), found.type);
      return {
        kind: 'measures',
        measures: wanted,
        judge: (values) => judgeBetween(observed(...Object.keys(wanted).map((key) => values[key] ?? null)), bounds),
      };
    },
    sentence: ({ column, ...bounds }) => `${words.replace('{column}', column)} is ${boundsInWords(bounds as Bounds)}`,
  });
}

const first = (value: Cell = null): Cell => value;
const share = (part: Cell = null, whole: Cell = null): Cell => (Number(whole) > 0 ? Number(part) / Number(whole) : 0);
const isNumber = (type: string): boolean => /INT|DECIMAL|DOUBLE|FLOAT/.test(type);

/** Expectations of a figure of a column: its mean, its largest value, how many distinct values it has. */
export const MEASURE_KINDS: readonly ExpectationKind[] = [
  between({
    type: 'expect_column_min_to_be_between',
    measures: (c) => ({ min: `min(${c})` }),
    observed: first,
    words: 'The smallest {column}',
  }),
  between({
    type: 'expect_column_max_to_be_between',
    measures: (c) => ({ max: `max(${c})` }),
    observed: first,
    words: 'The largest {column}',
  }),
  between({
    type: 'expect_column_mean_to_be_between',
    measures: (c) => ({ mean: `avg(${c})` }),
    observed: first,
    words: 'The mean of {column}',
  }),
  between({
    type: 'expect_column_sum_to_be_between',
    measures: (c) => ({ sum: `sum(${c})` }),
    observed: first,
    words: 'The sum of {column}',
  }),
  between({
    type: 'expect_column_median_to_be_between',
    // The median of decimals would be rounded to their scale.
    measures: (c, type) => ({ median: isNumber(type) ? `median(cast(${c} as double))` : `median(${c})` }),
    observed: first,
    words: 'The median of {column}',
  }),
  between({
    type: 'expect_column_stdev_to_be_between',
    measures: (c) => ({ stdev: `stddev_samp(${c})` }),
    observed: first,
    words: 'The standard deviation of {column}',
  }),
  between({
    type: 'expect_column_unique_value_count_to_be_between',
    measures: (c) => ({ distinct: `count(distinct ${c})` }),
    observed: first,
    words: 'The number of distinct values of {column}',
  }),
  between({
    type: 'expect_column_proportion_of_unique_values_to_be_between',
    measures: (c) => ({ distinct: `count(distinct ${c})`, values: `count(${c})` }),
    observed: share,
    words: 'The share of distinct values of {column}',
  }),
  between({
    type: 'expect_column_proportion_of_non_null_values_to_be_between',
    measures: (c) => ({ values: `count(${c})`, rows: 'count(*)' }),
    observed: share,
    words: 'The share of rows with a {column}',
  }),
  // The original project's own expectation: the mean of how often each session id occurs.
  between({
    type: 'expect_average_session_length_to_be_between',
    aliases: ['expect_column_average_session_length_to_be_between'],
    measures: (c) => ({ values: `count(${c})`, distinct: `count(distinct ${c})` }),
    observed: (values = null, distinct = null) => (Number(distinct) > 0 ? Number(values) / Number(distinct) : null),
    words: 'The average session length (rows a {column})',
  }),
  defineExpectation({
    type: 'expect_table_row_count_to_be_between',
    kwargs: BOUNDS,
    plan: (bounds) => ({
      kind: 'measures',
      measures: { rows: 'count(*)' },
      judge: ({ rows = null }) => judgeBetween(rows, bounds),
    }),
    sentence: (bounds) => `The number of rows is ${boundsInWords(bounds)}`,
  }),
  defineExpectation({
    type: 'expect_table_row_count_to_equal',
    kwargs: { value: z.number().int().nonnegative() },
    plan: ({ value }) => ({
      kind: 'measures',
      measures: { rows: 'count(*)' },
      judge: ({ rows = null }) => ({ success: rows === value, result: { observed_value: rows } }),
    }),
    sentence: ({ value }) => `There are ${value} rows`,
  }),
  defineExpectation({
    type: 'expect_column_quantile_values_to_be_between',
    kwargs: {
      column,
      quantile_ranges: z
        .object({
          quantiles: z.array(z.number().min(0).max(1)).min(1),
          value_ranges: z.array(z.tuple([z.number().nullable(), z.number().nullable()])),
        })
        .refine((r) => r.quantiles.length === r.value_ranges.length, 'as many value_ranges as quantiles are needed'),
      allow_relative_error: z.unknown().optional(),
    },
    plan({ column, quantile_ranges: { quantiles, value_ranges } }, table) {
      const name = quoteName(table.column(column).name);
      return {
        kind: 'measures',
        measures: { quantiles: `quantile_disc(${name}, [${quantiles.join(', ')}])` },
        judge({ quantiles: found = null }) {
          const values: readonly Cell[] = Array.isArray(found) ? found : quantiles.map(() => null);
          const success_details = value_ranges.map(([low, high], i) => isWithin(values[i] ?? null, low, high));
          return {
            success: success_details.every(Boolean),
            result: { observed_value: { quantiles, values }, details: { success_details } },
          };
        },
      };
    },
    sentence: ({ column, quantile_ranges: { quantiles, value_ranges } }) =>
      `The quantiles of ${column} lie where they should: ${quantiles
        .map((q, i) => `${q} is ${boundsInWords({ min_value: value_ranges[i]?.[0], max_value: value_ranges[i]?.[1] })}`)
        .join('; ')}`,
  }),
];

// Great Expectations lets a quantile be off its bound by 1e-4 of it.
function isWithin(value: Cell, low: number | null, high: number | null): boolean {
  if (typeof value !== 'number') return false;
  const isClose = (bound: number | null): boolean =>
    bound !== null && Math.abs(value - bound) <= 1e-8 + 1e-4 * Math.abs(bound);
  return isClose(low) || isClose(high) || ((low === null || value >= low) && (high === null || value <= high));
}
