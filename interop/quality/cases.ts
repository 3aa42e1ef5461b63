import type { Random } from './random-table.ts';
import { DATES, JSONS, WORDS, below, chance, pick, random, some } from './random-table.ts';

export interface Case {
  readonly type: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly result_format: unknown;
}

const NUMBERS = ['id', 'n', 'm', 'big', 'x', 'y', 'price', 'rising'] as const;
const TEXTS = ['word', 'other', 'json', 'when'] as const;
const ALL = [...NUMBERS, ...TEXTS, 'flag', 'day', 'moment'] as const;

const bound = (r: Random): number => pick(r, [0, 1, -1, 0.5, 2, 5, 10, 100, -100, 0.25, 1000, 7, 1e6]);

/** Bounds of which one may be missing, in order. */
function bounds(r: Random, make: () => number = () => bound(r), strict = true): object {
  const [low, high] = [make(), make()].sort((a, b) => a - b);
  const which = below(r, 4);
  return {
    ...(which === 1 ? {} : { min_value: low }),
    ...(which === 2 ? {} : { max_value: high }),
    ...(strict && chance(r, 0.3) ? { strict_min: chance(r, 0.7) } : {}),
    ...(strict && chance(r, 0.3) ? { strict_max: chance(r, 0.7) } : {}),
  };
}

const mostly = (r: Random): object => (chance(r, 0.5) ? { mostly: pick(r, [0, 0.1, 0.5, 0.75, 0.9, 0.99, 1]) } : {});
const ignoreTwo = (r: Random): object =>
  chance(r, 0.6) ? { ignore_row_if: pick(r, ['both_values_are_missing', 'either_value_is_missing', 'neither']) } : {};
const ignoreMany = (r: Random): object =>
  chance(r, 0.6) ? { ignore_row_if: pick(r, ['all_values_are_missing', 'any_value_is_missing', 'never']) } : {};
const times = (r: Random): string => `2016-08-0${1 + below(r, 9)}T1${below(r, 9)}:00:00`;

function setFor(r: Random, column: string): unknown[] {
  const n = 1 + below(r, 5);
  if ((TEXTS as readonly string[]).includes(column))
    return some(r, column === 'json' ? JSONS : column === 'when' ? DATES : WORDS, n);
  return Array.from({ length: n }, () =>
    column === 'x' || column === 'y' ? below(r, 9) / 4 : column === 'big' ? below(r, 5) * 1000 : below(r, 7) - 2,
  );
}

type Maker = (r: Random) => object;
const on =
  (columns: readonly string[], rest: (r: Random, column: string) => object): Maker =>
  (r) => {
    const column = pick(r, columns);
    return { column, ...rest(r, column) };
  };
const twoOf = (r: Random, columns: readonly string[]): object => ({
  column_A: pick(r, columns),
  column_B: pick(r, columns),
});
const manyOf = (r: Random, columns: readonly string[]): object => {
  const list = [...new Set(some(r, columns, 2 + below(r, 3)))];
  return { column_list: list.length < 2 ? [columns[0], columns[1]] : list };
};
const REGEXES = [
  '^[a-z]+$',
  'd',
  '[0-9]',
  '^x\\d+$',
  'a|b',
  '.',
  '^$',
  '\\w+',
  'é|ü',
  '(?i)add',
  'e$',
  '^.{3}$',
  '[^a-z]',
];
const LIKES = ['a%', '%d', '_', '%', 'x_', '%\\%%', '日%', '', '%e%'];

/** How to make arguments of each type at random. */
const MAKERS: Readonly<Record<string, Maker>> = {
  expect_column_values_to_not_be_null: on(ALL, mostly),
  expect_column_values_to_be_null: on(ALL, mostly),
  expect_column_values_to_be_in_set: on([...NUMBERS, ...TEXTS], (r, column) => ({
    value_set: setFor(r, column),
    ...mostly(r),
  })),
  expect_column_values_to_not_be_in_set: on([...NUMBERS, ...TEXTS], (r, column) => ({
    value_set: setFor(r, column),
    ...mostly(r),
  })),
  expect_column_values_to_be_between: on([...NUMBERS, 'moment'], (r, column) =>
    column === 'moment' ? { min_value: times(r), ...mostly(r) } : { ...bounds(r), ...mostly(r) },
  ),
  expect_column_value_lengths_to_be_between: on(TEXTS, (r) => ({ ...bounds(r, () => below(r, 9)), ...mostly(r) })),
  expect_column_value_lengths_to_equal: on(TEXTS, (r) => ({ value: below(r, 6), ...mostly(r) })),
  expect_column_values_to_be_unique: on(ALL, mostly),
  expect_column_values_to_match_regex: on(['word', 'other'], (r) => ({ regex: pick(r, REGEXES), ...mostly(r) })),
  expect_column_values_to_not_match_regex: on(['word', 'other'], (r) => ({ regex: pick(r, REGEXES), ...mostly(r) })),
  expect_column_values_to_match_regex_list: on(['word', 'other'], (r) => ({
    regex_list: some(r, REGEXES, 2),
    match_on: pick(r, ['any', 'all']),
    ...mostly(r),
  })),
  expect_column_values_to_not_match_regex_list: on(['word', 'other'], (r) => ({
    regex_list: some(r, REGEXES, 2),
    ...mostly(r),
  })),
  expect_column_values_to_match_like_pattern: on(['word', 'other'], (r) => ({
    like_pattern: pick(r, LIKES),
    ...mostly(r),
  })),
  expect_column_values_to_not_match_like_pattern: on(['word', 'other'], (r) => ({
    like_pattern: pick(r, LIKES),
    ...mostly(r),
  })),
  expect_column_values_to_match_like_pattern_list: on(['word', 'other'], (r) => ({
    like_pattern_list: some(r, LIKES, 2),
    match_on: pick(r, ['any', 'all']),
    ...mostly(r),
  })),
  expect_column_values_to_not_match_like_pattern_list: on(['word', 'other'], (r) => ({
    like_pattern_list: some(r, LIKES, 2),
    ...mostly(r),
  })),
  expect_column_values_to_be_json_parseable: on(['json', 'word'], mostly),
  expect_column_values_to_match_json_schema: on(['json'], (r) => ({
    json_schema: pick(r, [
      { type: 'object' },
      { type: 'object', required: ['a'], properties: { a: { type: 'integer' } } },
      { type: ['array', 'null'] },
      {},
    ]),
    ...mostly(r),
  })),
  expect_column_values_to_match_strftime_format: on(['when'], (r) => ({
    strftime_format: pick(r, ['%Y-%m-%d', '%m/%d/%Y', '%Y%m%d', '%b %d %Y', '%Y-%m-%dT%H:%M:%S']),
    ...mostly(r),
  })),
  expect_column_values_to_be_dateutil_parseable: on(['when'], mostly),
  expect_column_values_to_be_increasing: on(['id', 'n', 'rising', 'x', 'moment'], (r) => ({
    ...(chance(r, 0.5) ? { strictly: chance(r, 0.7) } : {}),
    ...mostly(r),
  })),
  expect_column_values_to_be_decreasing: on(['id', 'n', 'rising', 'x', 'moment'], (r) => ({
    ...(chance(r, 0.5) ? { strictly: chance(r, 0.7) } : {}),
    ...mostly(r),
  })),
  expect_column_value_z_scores_to_be_less_than: on(['n', 'm', 'x', 'y', 'rising'], (r) => ({
    threshold: pick(r, [0.5, 1, 1.5, 2, 3]),
    double_sided: chance(r, 0.5),
    ...mostly(r),
  })),
  expect_column_values_to_not_be_outliers: on(['n', 'm', 'x', 'y', 'rising'], (r) => ({
    method: pick(r, ['iqr', 'std']),
    multiplier: pick(r, [0, 0.5, 1.5, 3]),
    ...mostly(r),
  })),
  expect_column_min_to_be_between: on([...NUMBERS, 'moment'], (r, column) =>
    column === 'moment' ? { max_value: times(r) } : bounds(r),
  ),
  expect_column_max_to_be_between: on([...NUMBERS, 'moment'], (r, column) =>
    column === 'moment' ? { min_value: times(r) } : bounds(r),
  ),
  expect_column_mean_to_be_between: on(NUMBERS, (r) => bounds(r)),
  expect_column_sum_to_be_between: on(NUMBERS, (r) => bounds(r)),
  expect_column_median_to_be_between: on(NUMBERS, (r) => bounds(r)),
  expect_column_stdev_to_be_between: on(NUMBERS, (r) => bounds(r)),
  expect_column_unique_value_count_to_be_between: on(ALL, (r) => bounds(r, () => below(r, 30))),
  expect_column_proportion_of_unique_values_to_be_between: on(ALL, (r) => bounds(r, () => below(r, 11) / 10)),
  expect_column_proportion_of_non_null_values_to_be_between: on(ALL, (r) => bounds(r, () => below(r, 11) / 10)),
  expect_column_quantile_values_to_be_between: on(['id', 'n', 'm', 'x', 'y', 'rising'], (r) => {
    const quantiles = [0, 0.05, 0.25, 0.5, 0.75, 1].filter(() => chance(r, 0.6));
    const used = quantiles.length === 0 ? [0.5] : quantiles;
    return {
      quantile_ranges: {
        quantiles: used,
        value_ranges: used.map(() => {
          const [a, b] = [bound(r), bound(r)].sort((p, q) => p - q);
          return [chance(r, 0.3) ? null : a, chance(r, 0.3) ? null : b];
        }),
      },
    };
  }),
  expect_column_distinct_values_to_be_in_set: on([...NUMBERS, ...TEXTS], (r, column) => ({
    value_set: [...new Set(setFor(r, column))],
  })),
  expect_column_distinct_values_to_contain_set: on([...NUMBERS, ...TEXTS], (r, column) => ({
    value_set: [...new Set(setFor(r, column))],
  })),
  expect_column_distinct_values_to_equal_set: on([...NUMBERS, ...TEXTS], (r, column) => ({
    value_set: [...new Set(setFor(r, column))],
  })),
  expect_column_most_common_value_to_be_in_set: on(['n', 'm', 'y', 'word', 'other'], (r, column) => ({
    value_set: setFor(r, column),
    ...(chance(r, 0.5) ? { ties_okay: chance(r, 0.7) } : {}),
  })),
  expect_column_kl_divergence_to_be_less_than: (r) => {
    const holdout = {
      ...(chance(r, 0.4) ? { tail_weight_holdout: 0.01 } : {}),
      ...(chance(r, 0.3) ? { internal_weight_holdout: 0.01 } : {}),
    };
    const threshold = pick(r, [0.1, 0.5, 2]);
    if (chance(r, 0.5)) {
      const { internal_weight_holdout: _, ...tail } = holdout as { internal_weight_holdout?: number };
      return {
        column: pick(r, ['word', 'other']),
        partition_object: { values: ['add', 'remove', 'click', ''], weights: [0.4, 0.3, 0.2, 0.1] },
        threshold,
        ...tail,
      };
    }
    return {
      column: pick(r, ['n', 'm', 'y', 'rising']),
      partition_object: { bins: [-5, 0, 0.5, 1, 2, 10], weights: [0.2, 0.3, 0, 0.1, 0.4] },
      threshold,
      ...holdout,
    };
  },
  expect_column_to_exist: (r) => ({
    column: pick(r, [...ALL, 'nobody', 'ID']),
    ...(chance(r, 0.5) ? { column_index: below(r, 16) } : {}),
  }),
  expect_table_row_count_to_be_between: (r) => bounds(r, () => below(r, 100)),
  expect_table_row_count_to_equal: (r) => ({ value: pick(r, [0, 1, 7, 20]) }),
  expect_table_row_count_to_equal_other_table: () => ({ other_table_name: 't1' }),
  expect_table_column_count_to_equal: (r) => ({ value: pick(r, [14, 15, 16]) }),
  expect_table_column_count_to_be_between: (r) => {
    const [low, high] = [10 + below(r, 8), 10 + below(r, 8)].sort((a, b) => a - b);
    return { min_value: low, max_value: high };
  },
  expect_table_columns_to_match_set: (r) => ({
    column_set: chance(r, 0.3)
      ? ['ID', 'n', 'm', 'big', 'x', 'y', 'price', 'word', 'other', 'flag', 'day', 'moment', 'json', 'when', 'rising']
      : [...new Set(some(r, [...ALL, 'nobody'], 4))],
    exact_match: chance(r, 0.5),
  }),
  expect_table_columns_to_match_ordered_list: (r) => ({
    column_list: chance(r, 0.3)
      ? ['id', 'n', 'm', 'big', 'x', 'y', 'price', 'word', 'other', 'flag', 'day', 'moment', 'json', 'when', 'rising']
      : some(r, ALL, 3),
  }),
  expect_column_pair_values_a_to_be_greater_than_b: (r) => ({
    ...twoOf(r, ['id', 'n', 'm', 'x', 'y', 'rising']),
    ...(chance(r, 0.5) ? { or_equal: chance(r, 0.7) } : {}),
    ...ignoreTwo(r),
    ...mostly(r),
  }),
  expect_column_pair_values_to_be_equal: (r) => ({
    ...(chance(r, 0.7) ? twoOf(r, ['id', 'n', 'm', 'x', 'y', 'rising']) : twoOf(r, ['word', 'other'])),
    ...ignoreTwo(r),
    ...mostly(r),
  }),
  expect_column_pair_values_to_be_in_set: (r) => ({
    ...twoOf(r, ['n', 'm', 'id']),
    value_pairs_set: Array.from({ length: 1 + below(r, 6) }, () => [below(r, 4), below(r, 4)]),
    ...ignoreTwo(r),
    ...mostly(r),
  }),
  expect_multicolumn_sum_to_equal: (r) => ({
    ...manyOf(r, ['n', 'm', 'id', 'y', 'rising']),
    sum_total: below(r, 8),
    ...ignoreMany(r),
    ...mostly(r),
  }),
  expect_multicolumn_values_to_be_equal: (r) => ({
    ...manyOf(r, ['n', 'm', 'id', 'y', 'rising']),
    ...ignoreMany(r),
    ...mostly(r),
  }),
  expect_select_column_values_to_be_unique_within_record: (r) => ({
    ...manyOf(r, ['n', 'm', 'id', 'y', 'rising']),
    ...ignoreMany(r),
    ...mostly(r),
  }),
  expect_compound_columns_to_be_unique: (r) => ({
    ...manyOf(r, ['n', 'm', 'word', 'y', 'flag']),
    ...ignoreMany(r),
    ...mostly(r),
  }),
  unexpected_rows_expectation: (r) => ({
    unexpected_rows_query: pick(r, [
      'SELECT * FROM {batch} WHERE n > 2',
      'select id, word from {batch} where word is null;',
      'SELECT n, count(*) AS c FROM {batch} GROUP BY n HAVING count(*) > 3',
    ]),
  }),
};

export const TYPES: readonly string[] = Object.keys(MAKERS);

/** Types that Great Expectations has for pandas only. */
export const ONLY_PANDAS: ReadonlySet<string> = new Set([
  'expect_column_values_to_be_json_parseable',
  'expect_column_values_to_match_json_schema',
  'expect_column_values_to_match_strftime_format',
  'expect_column_values_to_be_dateutil_parseable',
  'expect_column_values_to_be_increasing',
  'expect_column_values_to_be_decreasing',
]);

const CONDITIONS = [
  { condition_parser: 'great_expectations', row_condition: 'col("n") > 0' },
  { condition_parser: 'great_expectations', row_condition: 'col("word").notNull()' },
  { condition_parser: 'great_expectations', row_condition: 'col("other") == "add"' },
];

/** Types that take no `row_condition`. */
const WITHOUT_CONDITION = /^expect_table_|^expect_column_to_exist|^unexpected_rows|^expect_column_values_to_be_of_type/;

/** A random case of a type. */
export function randomCase(type: string, seed: number): Case {
  const r = random(seed);
  const make = MAKERS[type];
  if (make === undefined) throw new Error(`There is no maker of ${type}`);
  const condition = !WITHOUT_CONDITION.test(type) && chance(r, 0.25) ? pick(r, CONDITIONS) : {};
  const level = pick(r, ['BOOLEAN_ONLY', 'BASIC', 'SUMMARY', 'SUMMARY', 'COMPLETE', 'COMPLETE']);
  const result_format = chance(r, 0.4)
    ? {
        result_format: level,
        ...(chance(r, 0.6) ? { unexpected_index_column_names: ['id'] } : {}),
        ...(chance(r, 0.3) ? { partial_unexpected_count: below(r, 6) } : {}),
        ...(chance(r, 0.2) ? { include_unexpected_rows: true } : {}),
        ...(chance(r, 0.1) ? { exclude_unexpected_values: true } : {}),
      }
    : level;
  return { type, kwargs: { ...make(r), ...condition }, result_format };
}
