import type { Warehouse } from '../../warehouse/index.ts';
import { textOf } from '../json-value.ts';
import { readSuite } from '../suite/suite.ts';
import type { ExpectationResult } from './result.ts';
import { validate } from './validate.ts';

/** A fault of each kind: how a sound value looks, how a bad one, and the expectation that tells them. `i` counts rows. */
const FAULTS = {
  missing: ['i', 'null', { type: 'expect_column_values_to_not_be_null' }],
  present: ['cast(null as integer)', '7', { type: 'expect_column_values_to_be_null' }],
  outside: [
    "'add'",
    "'click'",
    { type: 'expect_column_values_to_be_in_set', kwargs: { value_set: ['add', 'remove'] } },
  ],
  forbidden: ["'add'", "'click'", { type: 'expect_column_values_to_not_be_in_set', kwargs: { value_set: ['click'] } }],
  high: ['i % 10', '11', { type: 'expect_column_values_to_be_between', kwargs: { min_value: 0, max_value: 10 } }],
  late: [
    "timestamp '2016-08-01 10:00:00'",
    "timestamp '2017-08-01 10:00:00'",
    { type: 'expect_column_values_to_be_between', kwargs: { max_value: '2016-12-31' } },
  ],
  short: ["'abcd'", "'ab'", { type: 'expect_column_value_lengths_to_equal', kwargs: { value: 4 } }],
  malformed: ["'ab12'", "'12ab'", { type: 'expect_column_values_to_match_regex', kwargs: { regex: '^[a-z]+\\d+$' } }],
  unlike: [
    "'name 1'",
    "'nome 1'",
    { type: 'expect_column_values_to_match_like_pattern', kwargs: { like_pattern: 'name%' } },
  ],
  undated: [
    "'2016-08-01'",
    "'2016-13-01'",
    { type: 'expect_column_values_to_match_strftime_format', kwargs: { strftime_format: '%Y-%m-%d' } },
  ],
  unparsed: ["'{}'", "'{'", { type: 'expect_column_values_to_be_json_parseable' }],
  smaller: ['1', '-1', { type: 'expect_column_pair_values_a_to_be_greater_than_b', pair: 'zero' }],
  unequal: ['0', '1', { type: 'expect_column_pair_values_to_be_equal', pair: 'zero' }],
  sums: ['4', '5', { type: 'expect_multicolumn_sum_to_equal', list: 'zero', kwargs: { sum_total: 4 } }],
} as const;

type Fault = keyof typeof FAULTS;

/** Names of the faults that can be planted. */
export const FAULT_NAMES = Object.keys(FAULTS) as readonly Fault[];

export interface Planted {
  readonly results: readonly ExpectationResult[];
  /** Rows of the quarantine; 0 where there is none. */
  readonly quarantined: number;
  /** Rows in it that failed each of the expectations. */
  readonly byReason: Readonly<Record<string, number>>;
}

/**
 * Makes a table in which each kind of fault has `bad` rows of its own among sound ones, and rows `twice` that occur twice,
 * then validates it with the quarantine on.
 */
export async function plantFaults(warehouse: Warehouse, bad: number, sound: number): Promise<Planted> {
  const names = FAULT_NAMES;
  const rows = sound + bad * names.length;
  const columns = names.map((name, at) => {
    const [good, wrong] = FAULTS[name];
    return `case when i >= ${sound + at * bad} and i < ${sound + (at + 1) * bad} then ${wrong} else ${good} end as ${name}`;
  });
  // A fault of two rows: the last `bad` rows repeat the ids of the first.
  await warehouse.execute(
    `create or replace table planted as select ${columns.join(', ')}, 0 as zero, case when i >= ${rows - bad} then i - ${rows - bad} else i end as twice from range(${rows}) t(i)`,
  );
  const expectations = [
    ...names.map((name) => {
      const expectation: {
        readonly type: string;
        readonly kwargs?: object;
        readonly pair?: string;
        readonly list?: string;
      } = FAULTS[name][2];
      const { type, kwargs, pair, list } = expectation;
      const about =
        pair !== undefined
          ? { column_A: name, column_B: pair }
          : list !== undefined
            ? { column_list: [name, list] }
            : { column: name };
      return { type, kwargs: { ...about, ...kwargs } };
    }),
    { type: 'expect_column_values_to_be_unique', kwargs: { column: 'twice' } },
    { type: 'expect_compound_columns_to_be_unique', kwargs: { column_list: ['twice', 'zero'] } },
  ];
  const suite = await readSuite({ name: 'planted', expectations });
  const { results, meta } = await validate({
    suite,
    warehouse,
    relation: 'planted',
    runName: 'planted',
    quarantine: true,
  });
  const quarantined = meta.smallboat.quarantine?.rows ?? 0;
  const counted =
    quarantined === 0
      ? []
      : await warehouse.query(
          'select reason, count(*) as n from (select unnest(failed_expectations) as reason from quality_quarantine.planted) group by reason',
        );
  return {
    results,
    quarantined,
    byReason: Object.fromEntries(counted.map(({ reason, n }) => [textOf(reason), Number(n)])),
  };
}
