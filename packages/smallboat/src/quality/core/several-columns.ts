import * as z from 'zod';
import { quoteName } from '../../warehouse/index.ts';
import type { Common, ExpectationKind, RowsPlan, TableFacts } from '../kind.ts';
import { defineExpectation } from '../kind.ts';
import { allOf, anyOf, literal } from '../sql.ts';

const column_list = z.array(z.string()).min(2);
const pair = { column_A: z.string().min(1), column_B: z.string().min(1) };

/** Which rows are left aside: those where both (all) values are missing, unless the suite says otherwise. */
export function ignoredSql(columns: readonly string[], ignore: Common['ignore_row_if']): string {
  const missing = columns.map((name) => `${quoteName(name)} is null`);
  switch (ignore) {
    case 'either_value_is_missing':
    case 'any_value_is_missing':
      return anyOf(missing);
    case 'neither':
    case 'never':
      return 'false';
    case 'both_values_are_missing':
    case 'all_values_are_missing':
    case null:
    case undefined:
    default:
      return allOf(missing);
  }
}

function rows(names: readonly string[], table: TableFacts, shows: 'pair' | 'record', ignore: Common['ignore_row_if']) {
  const columns = names.map((name) => table.column(name).name);
  const quoted = columns.map(quoteName);
  const plan = (expected: string): RowsPlan => ({
    kind: 'rows',
    columns,
    shows,
    unexpected: `not (${expected})`,
    ignored: ignoredSql(columns, ignore),
  });
  return { quoted, plan };
}

/** Expectations of two or more columns of every row. */
export const SEVERAL_COLUMN_KINDS: readonly ExpectationKind[] = [
  defineExpectation({
    type: 'expect_column_pair_values_a_to_be_greater_than_b',
    aliases: ['expect_column_pair_values_A_to_be_greater_than_B'],
    kwargs: { ...pair, or_equal: z.boolean().nullish(), parse_strings_as_datetimes: z.boolean().nullish() },
    plan({ column_A, column_B, or_equal, ignore_row_if }, table) {
      const { quoted, plan } = rows([column_A, column_B], table, 'pair', ignore_row_if);
      const [a = '', b = ''] = quoted;
      return plan(or_equal ? `${a} >= ${b} or (${a} is null and ${b} is null)` : `${a} > ${b}`);
    },
    sentence: ({ column_A, column_B, or_equal }) => `${column_A} is ${or_equal ? 'at least' : 'more than'} ${column_B}`,
  }),
  defineExpectation({
    type: 'expect_column_pair_values_to_be_equal',
    kwargs: pair,
    plan({ column_A, column_B, ignore_row_if }, table) {
      const { quoted, plan } = rows([column_A, column_B], table, 'pair', ignore_row_if);
      const [a = '', b = ''] = quoted;
      return plan(`${a} = ${b} and not (${a} is null or ${b} is null)`);
    },
    sentence: ({ column_A, column_B }) => `${column_A} equals ${column_B}`,
  }),
  defineExpectation({
    type: 'expect_column_pair_values_to_be_in_set',
    kwargs: { ...pair, value_pairs_set: z.array(z.tuple([z.unknown(), z.unknown()])).nullable() },
    plan({ column_A, column_B, value_pairs_set, ignore_row_if }, table) {
      const { quoted, plan } = rows([column_A, column_B], table, 'pair', ignore_row_if);
      const [a = '', b = ''] = quoted;
      if (value_pairs_set === null) return plan('true');
      return plan(anyOf(value_pairs_set.map(([x, y]) => `${a} = ${literal(x)} and ${b} = ${literal(y)}`)));
    },
    sentence: ({ column_A, column_B, value_pairs_set }) =>
      `(${column_A}, ${column_B}) is one of ${(value_pairs_set ?? []).map(([x, y]) => `(${String(x)}, ${String(y)})`).join(', ')}`,
  }),
  defineExpectation({
    type: 'expect_multicolumn_sum_to_equal',
    kwargs: { column_list, sum_total: z.number() },
    plan({ column_list, sum_total, ignore_row_if }, table) {
      const { quoted, plan } = rows(column_list, table, 'record', ignore_row_if);
      return plan(`${quoted.join(' + ')} = ${literal(sum_total)}`);
    },
    sentence: ({ column_list, sum_total }) => `${column_list.join(' + ')} is ${sum_total}`,
  }),
  defineExpectation({
    type: 'expect_multicolumn_values_to_be_equal',
    kwargs: { column_list },
    plan({ column_list, ignore_row_if }, table) {
      const { quoted, plan } = rows(column_list, table, 'record', ignore_row_if);
      const [first = '', ...others] = quoted;
      return plan(allOf(others.map((other) => `${first} is not distinct from ${other}`)));
    },
    sentence: ({ column_list }) => `${column_list.join(', ')} are equal in each row`,
  }),
  defineExpectation({
    type: 'expect_select_column_values_to_be_unique_within_record',
    aliases: ['expect_multicolumn_values_to_be_unique'],
    kwargs: { column_list },
    plan({ column_list, ignore_row_if }, table) {
      const { quoted, plan } = rows(column_list, table, 'record', ignore_row_if);
      const same = quoted.flatMap((a, i) => quoted.slice(i + 1).map((b) => `${a} is not distinct from ${b}`));
      return plan(`not (${anyOf(same)})`);
    },
    sentence: ({ column_list }) => `${column_list.join(', ')} differ from each other in each row`,
  }),
  defineExpectation({
    type: 'expect_compound_columns_to_be_unique',
    kwargs: { column_list },
    plan: ({ column_list }, table) => ({
      kind: 'duplicates',
      columns: column_list.map((name) => table.column(name).name),
      shows: 'record',
    }),
    sentence: ({ column_list }) => `No two rows agree in ${column_list.join(', ')}`,
  }),
];
