import * as z from 'zod';
import type { Cell, ColumnType, Row } from '../../warehouse/index.ts';
import { quoteName } from '../../warehouse/index.ts';
import { OLD_TIMES } from '../between.ts';
import { familyOf } from '../dialect/type-family.ts';
import { jsonOf, textOf } from '../json-value.ts';
import type { ExpectationKind, Measured, Plan, TableFacts, Verdict } from '../kind.ts';
import { defineExpectation } from '../kind.ts';
import { isInSql, isSameValue, membersSql, ValueSet } from './members.ts';
import { column } from './values.ts';
import { setInWords } from './words.ts';

/** Most distinct values that a result lists. */
const LISTED = 20;

interface SetQuestion {
  readonly column: string;
  readonly value_set: readonly unknown[] | null;
  /** Values beside the set are wrong. */
  readonly wantsNoOther: boolean;
  /** Members that do not occur are wrong. */
  readonly wantsAll: boolean;
  /** Old results have dates as times then. */
  readonly isTime?: boolean | null | undefined;
}

/**
 * A question about the set of a column's distinct values. How many lie outside the set, and how many of its members
 * occur, are counts in the shared scan; a query for some of them follows where there is something to show.
 */
function setPlan(question: SetQuestion, table: TableFacts): Plan {
  const found = table.column(question.column);
  const name = quoteName(found.name);
  const members = [...(question.value_set ?? [])].filter((value) => value !== null);
  const inside = isInSql(name, [...new Set(membersSql(members, found, table))], found, table);
  if (table.resultsOf === '0.18') return oldPlan(question, found, table);
  const outside = question.value_set === null ? 'false' : `not (${inside})`;
  const counted = (condition: string) => ({
    of: `case when ${condition} then ${name} end`,
    call: (of: string) => `count(distinct ${of})`,
  });
  return {
    kind: 'measures',
    measures: {
      ...(question.wantsNoOther ? { outside: counted(outside) } : {}),
      ...(question.wantsAll ? { inside: counted(inside) } : {}),
    },
    judge(measured) {
      const counts = countsOf(question, measured);
      const wanted = [
        ...(counts.unexpected > 0
          ? [
              `(select distinct ${name} as value, 1 as beside from {source} where ${name} is not null and ${outside} order by 1 limit ${LISTED})`,
            ]
          : []),
        ...(counts.missing > 0 && members.length > 0
          ? [`(select distinct ${name} as value, 0 as beside from {source} where ${inside} order by 1)`]
          : []),
      ];
      if (wanted.length === 0)
        return verdict(question, counts, { beside: [], missing: counts.missing > 0 ? members : [] });
      return {
        kind: 'query',
        sql: (source) =>
          wanted.map((one) => `select * from ${one.replace('{source}', source)} as listed`).join(' union all '),
        judge(rows) {
          const of = (beside: number): readonly Cell[] =>
            rows.filter((row) => Number(row['beside']) === beside).map((row) => row['value'] ?? null);
          const occurring = of(0);
          const isThere = (member: unknown): boolean =>
            occurring.some((value) => isSameValue(member, value, found.type, table.now));
          return verdict(question, counts, {
            beside: of(1).map((value) => jsonOf(value, found.type)),
            missing: counts.missing > 0 ? members.filter((member) => !isThere(member)) : [],
          });
        },
      };
    },
  };
}

interface SetCounts {
  readonly unexpected: number;
  readonly missing: number;
}

function countsOf({ value_set, wantsAll }: SetQuestion, measured: Measured): SetCounts {
  const members = (value_set ?? []).filter((value) => value !== null).length;
  return {
    unexpected: Number(measured['outside'] ?? 0),
    missing: wantsAll ? members - Number(measured['inside'] ?? 0) : 0,
  };
}

function verdict(
  { wantsNoOther, wantsAll }: SetQuestion,
  { unexpected, missing }: SetCounts,
  lists: { readonly beside: readonly unknown[]; readonly missing: readonly unknown[] },
): Verdict {
  return {
    success: unexpected === 0 && missing === 0,
    result: {
      observed_value: null,
      ...(wantsNoOther ? { unexpected_count: unexpected } : {}),
      ...(wantsAll ? { missing_count: missing } : {}),
      ...(wantsNoOther ? { partial_unexpected_list: lists.beside } : {}),
      ...(wantsAll ? { partial_missing_list: lists.missing.slice(0, LISTED) } : {}),
    },
  };
}

/** How often each value of a column occurs, in the order of the values. */
export function valueCounts(name: string): (source: string) => string {
  return (source) =>
    `select ${name} as value, count(*) as n from ${source} where ${name} is not null group by ${name} order by 1`;
}

/** As version 0.18 and those before it had it: all distinct values, with their counts. */
function oldPlan(
  { value_set, wantsNoOther, wantsAll, isTime }: SetQuestion,
  { name, type }: ColumnType,
  table: TableFacts,
): Plan {
  return {
    kind: 'query',
    sql: valueCounts(quoteName(name)),
    judge(rows: readonly Row[]) {
      const members = value_set ?? [];
      const is = (member: unknown, row: Row): boolean => isSameValue(member, row['value'] ?? null, type, table.now);
      const others = rows.filter((row) => !members.some((member) => is(member, row)));
      const missing = members.filter((member) => !rows.some((row) => is(member, row)));
      const isFree = members.length === 0 && !wantsAll;
      const shown = (value: Cell | undefined): unknown =>
        isTime && familyOf(type) === 'date' ? `${textOf(value)}T00:00:00` : jsonOf(value, type);
      const listed = rows.map((row) => ({ value: shown(row['value']), count: Number(row['n']) }));
      return {
        success: isFree || ((!wantsNoOther || others.length === 0) && (!wantsAll || missing.length === 0)),
        result: { observed_value: listed.map(({ value }) => value), details: { value_counts: listed } },
      };
    },
  };
}

/** Expectations of the set of distinct values of a column. */
export const DISTINCT_KINDS: readonly ExpectationKind[] = [
  defineExpectation({
    type: 'expect_column_distinct_values_to_be_in_set',
    kwargs: { column, value_set: ValueSet, ...OLD_TIMES },
    plan: ({ column, value_set, parse_strings_as_datetimes: isTime }, table) =>
      setPlan({ column, value_set, wantsNoOther: true, wantsAll: false, isTime }, table),
    sentence: ({ column, value_set }) => `The distinct values of ${column} are among ${setInWords(value_set)}`,
  }),
  defineExpectation({
    type: 'expect_column_distinct_values_to_contain_set',
    kwargs: { column, value_set: ValueSet, ...OLD_TIMES },
    plan: ({ column, value_set, parse_strings_as_datetimes: isTime }, table) =>
      setPlan({ column, value_set, wantsNoOther: false, wantsAll: true, isTime }, table),
    sentence: ({ column, value_set }) => `The distinct values of ${column} include ${setInWords(value_set)}`,
  }),
  defineExpectation({
    type: 'expect_column_distinct_values_to_equal_set',
    kwargs: { column, value_set: ValueSet, ...OLD_TIMES },
    plan: ({ column, value_set, parse_strings_as_datetimes: isTime }, table) =>
      setPlan({ column, value_set, wantsNoOther: true, wantsAll: true, isTime }, table),
    sentence: ({ column, value_set }) => `The distinct values of ${column} are ${setInWords(value_set)}`,
  }),
  defineExpectation({
    type: 'expect_column_most_common_value_to_be_in_set',
    kwargs: { column, value_set: ValueSet, ties_okay: z.boolean().nullish(), ...OLD_TIMES },
    plan({ column, value_set, ties_okay }, table) {
      const { name, type } = table.column(column);
      const quoted = quoteName(name);
      return {
        kind: 'query',
        sql: (
          source,
        ) => `with counts as (select ${quoted} as value, count(*) as n from ${source} where ${quoted} is not null group by ${quoted})
select value from counts where n = (select max(n) from counts) order by value`,
        judge(rows) {
          const values = rows.map((row) => row['value'] ?? null);
          const members = value_set ?? [];
          const within = values.filter((value) =>
            members.some((member) => isSameValue(member, value, type, table.now)),
          ).length;
          const success = ties_okay ? within > 0 : values.length === 1 && within === 1;
          return { success, result: { observed_value: values.map((value) => jsonOf(value, type)) } };
        },
      };
    },
    sentence: ({ column, value_set }) => `The most common ${column} is one of ${setInWords(value_set)}`,
  }),
];
