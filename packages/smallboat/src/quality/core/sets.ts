import * as z from 'zod';
import type { Row } from '../../warehouse/index.ts';
import { quoteName } from '../../warehouse/index.ts';
import type { ExpectationKind, TableFacts, Verdict } from '../kind.ts';
import { defineExpectation } from '../kind.ts';
import { literals } from '../sql.ts';

const column = z.string().min(1);
const value_set = z.array(z.unknown());

/** Most distinct values that a result lists. */
const LISTED = 20;

interface SetAnswer {
  readonly unexpected: readonly unknown[];
  readonly unexpectedCount: number;
  readonly missing: readonly unknown[];
}

/** Asks for the distinct values outside a set, with their number, and for which of the set's members occur. */
function setPlan(name: string, values: readonly unknown[], judge: (answer: SetAnswer) => Verdict) {
  const members = values.filter((value) => value !== null);
  const inside = members.length === 0 ? 'false' : `value in (${literals(members)})`;
  return {
    kind: 'query' as const,
    sql: (
      source: string,
    ): string => `with found as (select distinct ${name} as value from ${source} where ${name} is not null)
select value, cast(value as varchar) as text, ${inside} as inside, count(*) filter (where not (${inside})) over () as outside
from found qualify ${inside} or row_number() over (partition by ${inside} order by value) <= ${LISTED}
order by value`,
    judge(rows: readonly Row[]): Verdict {
      const found = rows.filter((row) => row['inside'] === true);
      const occurs = (member: unknown): boolean =>
        found.some((row) => row['value'] === member || row['text'] === String(member));
      return judge({
        unexpected: rows.filter((row) => row['inside'] !== true).map((row) => row['value']),
        unexpectedCount: Number(rows[0]?.['outside'] ?? 0),
        missing: members.filter((member) => !occurs(member)),
      });
    },
  };
}

const quoted = (table: TableFacts, column: string): string => quoteName(table.column(column).name);

/** Expectations of the set of distinct values of a column: each takes a query of its own. */
export const SET_KINDS: readonly ExpectationKind[] = [
  defineExpectation({
    type: 'expect_column_distinct_values_to_be_in_set',
    kwargs: { column, value_set },
    plan: ({ column, value_set }, table) =>
      setPlan(quoted(table, column), value_set, ({ unexpected, unexpectedCount }) => ({
        success: unexpectedCount === 0,
        result: { observed_value: null, unexpected_count: unexpectedCount, partial_unexpected_list: unexpected },
      })),
    sentence: ({ column, value_set }) => `The distinct values of ${column} are among ${value_set.join(', ')}`,
  }),
  defineExpectation({
    type: 'expect_column_distinct_values_to_contain_set',
    kwargs: { column, value_set },
    plan: ({ column, value_set }, table) =>
      setPlan(quoted(table, column), value_set, ({ missing }) => ({
        success: missing.length === 0,
        result: { observed_value: null, missing_count: missing.length, partial_missing_list: missing.slice(0, LISTED) },
      })),
    sentence: ({ column, value_set }) => `The distinct values of ${column} include ${value_set.join(', ')}`,
  }),
  defineExpectation({
    type: 'expect_column_distinct_values_to_equal_set',
    kwargs: { column, value_set },
    plan: ({ column, value_set }, table) =>
      setPlan(quoted(table, column), value_set, ({ unexpected, unexpectedCount, missing }) => ({
        success: unexpectedCount === 0 && missing.length === 0,
        result: {
          observed_value: null,
          unexpected_count: unexpectedCount,
          missing_count: missing.length,
          partial_unexpected_list: unexpected,
          partial_missing_list: missing.slice(0, LISTED),
        },
      })),
    sentence: ({ column, value_set }) => `The distinct values of ${column} are ${value_set.join(', ')}`,
  }),
  defineExpectation({
    type: 'expect_column_most_common_value_to_be_in_set',
    kwargs: { column, value_set, ties_okay: z.boolean().nullish() },
    plan({ column, value_set, ties_okay }, table) {
      const name = quoted(table, column);
      return {
        kind: 'query',
        sql: (source) => `select ${name} as value from ${source} where ${name} is not null group by ${name}
qualify rank() over (order by count(*) desc) = 1 order by 1`,
        judge(rows) {
          const values = rows.map((row) => row['value']);
          const within = values.filter((value) => value_set.includes(value)).length;
          const success = ties_okay ? within > 0 : values.length === 1 && within === 1;
          return { success, result: { observed_value: values } };
        },
      };
    },
    sentence: ({ column, value_set }) => `The most common ${column} is one of ${value_set.join(', ')}`,
  }),
  defineExpectation({
    type: 'expect_table_row_count_to_equal_other_table',
    kwargs: { other_table_name: z.string().min(1) },
    plan: ({ other_table_name }) => ({
      kind: 'query',
      sql: (source) => `select (select count(*) from ${source}) as self,
(select count(*) from ${other_table_name.split('.').map(quoteName).join('.')}) as other`,
      judge: ([row]) => ({
        success: row?.['self'] === row?.['other'],
        result: { observed_value: { self: row?.['self'], other: row?.['other'] } },
      }),
    }),
    sentence: ({ other_table_name }) => `There are as many rows as in ${other_table_name}`,
  }),
];
