import { quoteText } from '../../warehouse/index.ts';
import { literal } from '../dialect/sql.ts';
import type { Sql } from '../dialect/sql.ts';

type Kwargs = Readonly<Record<string, unknown>>;

/** An expectation that asks what a test asks. */
export interface Converted {
  readonly type: string;
  readonly kwargs: Kwargs;
}

/** What a test is given. */
export interface Given {
  /** Its arguments, without the model and the column. */
  readonly kwargs: Kwargs;
  /** The column it is about; undefined where it is about none, or about an expression. */
  readonly column: string | undefined;
  /** Name in SQL of what `ref('…')` or `source('…', '…')` stands for. */
  readonly relationOf: (text: unknown) => string | undefined;
}

/** Undefined: none of ours asks the same, or not with these arguments; the test's own SQL then does. */
type Conversion = (given: Given) => Converted | undefined;

/** An expectation of the column under another name, with the arguments renamed ('': left out); undefined where there are others. */
function ofColumn(type: string, names: Readonly<Record<string, string>> = {}, fixed: Kwargs = {}): Conversion {
  return ({ kwargs, column }) => {
    const renamed = rename(kwargs, names);
    return column === undefined || renamed === undefined
      ? undefined
      : { type, kwargs: { column, ...fixed, ...renamed } };
  };
}

/** The same of the table as a whole. */
function ofTable(type: string, names: Readonly<Record<string, string>> = {}): Conversion {
  return ({ kwargs }) => {
    const renamed = rename(kwargs, names);
    return renamed === undefined ? undefined : { type, kwargs: renamed };
  };
}

function rename(kwargs: Kwargs, names: Readonly<Record<string, string>>): Kwargs | undefined {
  const entries = Object.entries(kwargs).filter(([, value]) => value !== null && value !== undefined);
  if (entries.some(([key]) => names[key] === undefined)) return undefined;
  return Object.fromEntries(entries.flatMap(([key, value]) => (names[key] ? [[names[key], value]] : [])));
}

const ROWS = { row_condition: 'row_condition' } as const;
const RANGE = { min_value: 'min_value', max_value: 'max_value', ...ROWS } as const;

/** `min_value` and `max_value` as numbers: an expectation with bounds. `strictly` excludes both ends. */
function bounded(type: string): Conversion {
  return ({ kwargs: { strictly, ...kwargs }, column }) => {
    const renamed = rename(kwargs, RANGE);
    const bounds = [kwargs['min_value'], kwargs['max_value']];
    const isPlain = bounds.every((bound) => bound === null || bound === undefined || typeof bound === 'number');
    if (column === undefined || renamed === undefined || !isPlain) return undefined;
    return {
      type,
      kwargs: { column, ...renamed, ...(strictly === true ? { strict_min: true, strict_max: true } : {}) },
    };
  };
}

/** A range whose ends may be SQL: a condition on the rows. */
function range({
  column,
  min,
  max,
  isStrict,
  row_condition,
}: {
  readonly column: string;
  readonly min: unknown;
  readonly max: unknown;
  readonly isStrict: boolean;
  readonly row_condition?: unknown;
}): Converted {
  const has = (bound: unknown): boolean => bound !== null && bound !== undefined;
  if ([min, max].every((bound) => !has(bound) || typeof bound === 'number')) {
    const strict = isStrict ? { strict_min: true, strict_max: true } : {};
    const bounds = { ...(has(min) ? { min_value: min } : {}), ...(has(max) ? { max_value: max } : {}) };
    return {
      type: 'expect_column_values_to_be_between',
      kwargs: { column, ...bounds, ...strict, ...(has(row_condition) ? { row_condition } : {}) },
    };
  }
  const sign = isStrict ? '' : '=';
  const condition = [
    ...(has(min) ? [`${column} >${sign} ${String(min)}`] : []),
    ...(has(max) ? [`${column} <${sign} ${String(max)}`] : []),
  ].join(' and ');
  return {
    type: 'expect_rows_to_meet',
    kwargs: { condition, columns: [column], ...(has(row_condition) ? { row_condition } : {}) },
  };
}

/** A value of a set as SQL: dbt puts all of them into quotes unless told not to. */
function member(value: unknown, isQuoted: boolean): string {
  return isQuoted ? quoteText(typeof value === 'string' ? value : JSON.stringify(value)) : literal(NUMBERS, value);
}
const NUMBERS: Pick<Sql, 'number'> = { number: (value) => String(value) };

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const asManyRows: Conversion = ({ kwargs: { compare_model, ...rest }, relationOf }) => {
  const other_table_name = relationOf(compare_model);
  if (other_table_name === undefined || Object.keys(rest).length > 0) return undefined;
  return { type: 'expect_table_row_count_to_equal_other_table', kwargs: { other_table_name } };
};

/** Tests of dbt itself. */
const CORE: Readonly<Record<string, Conversion>> = {
  not_null: ofColumn('expect_column_values_to_not_be_null'),
  unique: ofColumn('expect_column_values_to_be_unique'),
  accepted_values: ofColumn('expect_column_values_to_be_in_set', { values: 'value_set', quote: '' }),
  relationships({ kwargs: { to, field, ...rest }, column, relationOf }) {
    const other_table_name = relationOf(to);
    if (column === undefined || other_table_name === undefined || typeof field !== 'string') return undefined;
    if (Object.keys(rest).length > 0) return undefined;
    return {
      type: 'expect_column_values_to_be_in_other_table',
      kwargs: { column, other_table_name, other_column: field },
    };
  },
};

/** Tests of the package dbt_utils. */
const UTILS: Readonly<Record<string, Conversion>> = {
  not_accepted_values: ofColumn('expect_column_values_to_not_be_in_set', { values: 'value_set', quote: '' }),
  accepted_range: ({ kwargs: { min_value, max_value, inclusive, ...rest }, column }) =>
    column === undefined || Object.keys(rest).length > 0
      ? undefined
      : range({ column, min: min_value, max: max_value, isStrict: inclusive === false }),
  expression_is_true: ({ kwargs: { expression, ...rest }, column }) =>
    typeof expression !== 'string' || Object.keys(rest).length > 0
      ? undefined
      : {
          type: 'expect_rows_to_meet',
          kwargs: {
            condition: column === undefined ? expression : `${column} ${expression}`,
            ...(column === undefined ? {} : { columns: [column] }),
          },
        },
  not_null_proportion: ofColumn('expect_column_proportion_of_non_null_values_to_be_between', {
    at_least: 'min_value',
    at_most: 'max_value',
  }),
  not_empty_string: ({ kwargs: { trim_whitespace, ...rest }, column }) =>
    column === undefined || Object.keys(rest).length > 0
      ? undefined
      : {
          type: 'expect_rows_to_meet',
          kwargs: { condition: `${trim_whitespace === false ? column : `trim(${column})`} <> ''`, columns: [column] },
        },
  equal_rowcount: asManyRows,
};

/** Tests of the package dbt_expectations, where they ask what Great Expectations asks. */
const EXPECTATIONS: Readonly<Record<string, Conversion>> = {
  expect_column_values_to_be_null: ofColumn('expect_column_values_to_be_null', ROWS),
  expect_column_values_to_not_be_null: ofColumn('expect_column_values_to_not_be_null', ROWS),
  expect_column_values_to_be_unique: ofColumn('expect_column_values_to_be_unique', ROWS),
  expect_column_values_to_be_between: ({
    kwargs: { min_value, max_value, row_condition, strictly, ...rest },
    column,
  }) =>
    column === undefined || Object.keys(rest).length > 0
      ? undefined
      : range({ column, min: min_value, max: max_value, isStrict: strictly === true, row_condition }),
  // There a missing value is none of the set.
  expect_column_values_to_be_in_set({ kwargs: { value_set, quote_values, row_condition, ...rest }, column }) {
    if (column === undefined || Object.keys(rest).length > 0 || list(value_set).length === 0) return undefined;
    const members = list(value_set).map((value) => member(value, quote_values !== false));
    const rows = row_condition === undefined || row_condition === null ? {} : { row_condition };
    const condition = `${column} in (${members.join(', ')})`;
    return { type: 'expect_rows_to_meet', kwargs: { condition, columns: [column], nulls: 'fail', ...rows } };
  },
  expect_column_values_to_not_be_in_set: ofColumn('expect_column_values_to_not_be_in_set', {
    value_set: 'value_set',
    quote_values: '',
    ...ROWS,
  }),
  expect_column_value_lengths_to_equal: ofColumn('expect_column_value_lengths_to_equal', { value: 'value', ...ROWS }),
  expect_column_value_lengths_to_be_between: bounded('expect_column_value_lengths_to_be_between'),
  expect_column_values_to_match_regex: ofColumn('expect_column_values_to_match_regex', { regex: 'regex', ...ROWS }),
  expect_column_values_to_not_match_regex: ofColumn('expect_column_values_to_not_match_regex', {
    regex: 'regex',
    ...ROWS,
  }),
  expect_column_values_to_match_regex_list: ofColumn('expect_column_values_to_match_regex_list', {
    regex_list: 'regex_list',
    match_on: 'match_on',
    ...ROWS,
  }),
  expect_column_values_to_match_like_pattern: ofColumn('expect_column_values_to_match_like_pattern', {
    like_pattern: 'like_pattern',
    ...ROWS,
  }),
  expect_column_values_to_not_match_like_pattern: ofColumn('expect_column_values_to_not_match_like_pattern', {
    like_pattern: 'like_pattern',
    ...ROWS,
  }),
  expect_column_values_to_match_like_pattern_list: ofColumn('expect_column_values_to_match_like_pattern_list', {
    like_pattern_list: 'like_pattern_list',
    match_on: 'match_on',
    ...ROWS,
  }),
  expect_column_min_to_be_between: bounded('expect_column_min_to_be_between'),
  expect_column_max_to_be_between: bounded('expect_column_max_to_be_between'),
  expect_column_mean_to_be_between: bounded('expect_column_mean_to_be_between'),
  expect_column_median_to_be_between: bounded('expect_column_median_to_be_between'),
  expect_column_sum_to_be_between: bounded('expect_column_sum_to_be_between'),
  expect_column_stdev_to_be_between: bounded('expect_column_stdev_to_be_between'),
  expect_column_unique_value_count_to_be_between: bounded('expect_column_unique_value_count_to_be_between'),
  expect_column_distinct_count_to_equal: ({ kwargs: { value, ...rest }, column }) =>
    column === undefined || typeof value !== 'number'
      ? undefined
      : ofColumn('expect_column_unique_value_count_to_be_between', ROWS, { min_value: value, max_value: value })({
          kwargs: rest,
          column,
          relationOf: () => undefined,
        }),
  expect_column_pair_values_A_to_be_greater_than_B: ofTable('expect_column_pair_values_a_to_be_greater_than_b', {
    column_A: 'column_A',
    column_B: 'column_B',
    or_equal: 'or_equal',
    ...ROWS,
  }),
  expect_table_row_count_to_equal: ofTable('expect_table_row_count_to_equal', { value: 'value', ...ROWS }),
  expect_table_row_count_to_be_between: ({ kwargs: { strictly, ...kwargs }, ...given }) =>
    strictly === true ? undefined : ofTable('expect_table_row_count_to_be_between', RANGE)({ ...given, kwargs }),
  expect_table_row_count_to_equal_other_table: asManyRows,
  expect_table_column_count_to_equal: ofTable('expect_table_column_count_to_equal', { value: 'value' }),
  expect_table_column_count_to_be_between: ofTable('expect_table_column_count_to_be_between', {
    min_value: 'min_value',
    max_value: 'max_value',
  }),
};

const PACKAGES: Readonly<Record<string, Readonly<Record<string, Conversion>>>> = {
  dbt: CORE,
  dbt_utils: UTILS,
  dbt_expectations: EXPECTATIONS,
};

/** The expectation that asks what a test of a package asks (`dbt` for dbt's own); undefined where none does. */
export function converted(namespace: string, test: string, given: Given): Converted | undefined {
  return PACKAGES[namespace]?.[test]?.(given);
}
