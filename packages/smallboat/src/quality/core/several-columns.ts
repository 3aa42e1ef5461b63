import * as z from 'zod';
import { quoteName } from '../../warehouse/index.ts';
import { OLD_TIMES } from '../between.ts';
import { allOf, anyOf } from '../dialect/sql.ts';
import { familyOf, isNumeric } from '../dialect/type-family.ts';
import type { Common, ExpectationKind, RowsPlan, TableFacts } from '../kind.ts';
import { defineExpectation, kindErrors } from '../kind.ts';
import { literal } from '../dialect/sql.ts';
import { memberSql } from './members.ts';
import { mostlyInWords } from './words.ts';

const column_list = z.array(z.string()).min(2, 'column_list must contain at least two columns.');
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
  const columns = names.map((name) => table.column(name));
  const quoted = columns.map(({ name }) => quoteName(name));
  const plan = (expected: string): RowsPlan => ({
    kind: 'rows',
    columns: columns.map(({ name }) => name),
    shows,
    unexpected: `not (${expected})`,
    ignored: ignoredSql(
      columns.map(({ name }) => name),
      ignore,
    ),
  });
  return { columns, quoted, plan };
}

/** `a = b` that is true of two missing values and false of one, in words that every warehouse has. */
const isSame = (a: string, b: string): string => `coalesce(${a} = ${b}, false) or (${a} is null and ${b} is null)`;

/** Expectations of two or more columns of every row. */
export const SEVERAL_COLUMN_KINDS: readonly ExpectationKind[] = [
  defineExpectation({
    type: 'expect_column_pair_values_a_to_be_greater_than_b',
    aliases: ['expect_column_pair_values_A_to_be_greater_than_B'],
    kwargs: { ...pair, or_equal: z.boolean().nullish(), ...OLD_TIMES },
    plan({ column_A, column_B, or_equal, ignore_row_if, parse_strings_as_datetimes }, table) {
      const { quoted, columns, plan } = rows([column_A, column_B], table, 'pair', ignore_row_if);
      const [a = '', b = ''] = quoted.map((name, i) =>
        parse_strings_as_datetimes && familyOf(columns[i]?.type ?? '') === 'text' ? table.sql.timeOfText(name) : name,
      );
      return plan(or_equal ? `${a} >= ${b} or (${a} is null and ${b} is null)` : `${a} > ${b}`);
    },
    sentence: ({ column_A, column_B, or_equal, mostly }) =>
      `${column_A} is ${or_equal ? 'at least' : 'more than'} ${column_B}${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_column_pair_values_to_be_equal',
    kwargs: pair,
    plan({ column_A, column_B, ignore_row_if }, table) {
      const { columns, quoted, plan } = rows([column_A, column_B], table, 'pair', ignore_row_if);
      // A text beside a number is compared as text.
      const texts = columns.map(({ type }) => familyOf(type) === 'text');
      const [a = '', b = ''] = quoted.map((name, i) =>
        texts[0] === texts[1] ? name : table.sql.asText(name, columns[i]?.type ?? ''),
      );
      return plan(`${a} = ${b} and not (${a} is null or ${b} is null)`);
    },
    sentence: ({ column_A, column_B, mostly }) => `${column_A} equals ${column_B}${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_column_pair_values_to_be_in_set',
    kwargs: { ...pair, value_pairs_set: z.array(z.tuple([z.unknown(), z.unknown()])).nullable() },
    plan({ column_A, column_B, value_pairs_set, ignore_row_if }, table) {
      const { columns, quoted, plan } = rows([column_A, column_B], table, 'pair', ignore_row_if);
      if (value_pairs_set === null) return plan('true');
      const equals = (i: 0 | 1, value: unknown): string => {
        const [found, name] = [columns[i], quoted[i] ?? ''];
        if (value === null || found === undefined) return `${name} is null`;
        return `${name} = ${memberSql(value, found, table)}`;
      };
      return plan(anyOf(value_pairs_set.map(([x, y]) => `${equals(0, x)} and ${equals(1, y)}`)));
    },
    sentence: ({ column_A, column_B, value_pairs_set }) =>
      `(${column_A}, ${column_B}) is one of ${(value_pairs_set ?? []).map(([x, y]) => `(${String(x)}, ${String(y)})`).join(', ')}`,
  }),
  defineExpectation({
    type: 'expect_multicolumn_sum_to_equal',
    kwargs: { column_list, sum_total: z.number() },
    plan({ column_list, sum_total, ignore_row_if }, table) {
      const { columns, quoted, plan } = rows(column_list, table, 'record', ignore_row_if);
      const other = columns.find(({ type }) => !isNumeric(type));
      if (other !== undefined) {
        throw kindErrors.EXPECTATION_UNFIT({
          problem: `${other.name} is a ${other.type}, and only numbers can be added.`,
        });
      }
      // From 0 on, as Great Expectations adds.
      return plan(`0 + ${quoted.join(' + ')} = ${literal(table.sql, sum_total)}`);
    },
    sentence: ({ column_list, sum_total, mostly }) =>
      `${column_list.join(' + ')} is ${sum_total}${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_multicolumn_values_to_be_equal',
    kwargs: { column_list },
    plan({ column_list, ignore_row_if }, table) {
      const { quoted, plan } = rows(column_list, table, 'record', ignore_row_if);
      const [first = '', ...others] = quoted;
      return plan(allOf(others.map((other) => isSame(first, other))));
    },
    sentence: ({ column_list, mostly }) => `${column_list.join(', ')} are equal in each row${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_select_column_values_to_be_unique_within_record',
    aliases: ['expect_multicolumn_values_to_be_unique'],
    kwargs: { column_list },
    plan({ column_list, ignore_row_if }, table) {
      const { quoted, plan } = rows(column_list, table, 'record', ignore_row_if);
      const same = quoted.flatMap((a, i) => quoted.slice(i + 1).map((b) => isSame(a, b)));
      return plan(`not (${anyOf(same)})`);
    },
    sentence: ({ column_list, mostly }) =>
      `${column_list.join(', ')} differ from each other in each row${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_compound_columns_to_be_unique',
    kwargs: { column_list },
    plan: ({ column_list }, table) => ({
      kind: 'duplicates',
      columns: column_list.map((name) => table.column(name).name),
      shows: 'record',
    }),
    sentence: ({ column_list, mostly }) => `No two rows agree in ${column_list.join(', ')}${mostlyInWords(mostly)}`,
  }),
];
