import * as z from 'zod';
import type { Row } from '../../warehouse/index.ts';
import { quoteName } from '../../warehouse/index.ts';
import { COUNT_ROWS } from '../dialect/sql.ts';
import { jsonOf } from '../json-value.ts';
import type { ExpectationKind, Plan, Verdict } from '../kind.ts';
import { defineExpectation } from '../kind.ts';

/** Rows of a query that a result lists at most. */
const LISTED = 200;

/**
 * Puts the relation in place of `{batch}` (and `{active_batch}`, its older name); `{{` and `}}` stand for braces. A query
 * gets a name of its own unless the author gives one: `from {batch} b`.
 */
export function withBatch(query: string, source: string): string {
  const text = query.replace(/[;\s]+$/, '');
  return text.replace(
    /\{\{|\}\}|\{(?:active_)?batch\}(\s+(?:as\s+)?(?!where\b|group\b|order\b|having\b|limit\b|join\b|left\b|right\b|inner\b|full\b|cross\b|natural\b|on\b|using\b|union\b|except\b|intersect\b|window\b|qualify\b|offset\b|fetch\b)[a-z_"]\w*)?/gi,
    (found, alias: string | undefined) => {
      if (found === '{{') return '{';
      if (found === '}}') return '}';
      return alias === undefined ? source : `${source.replace(/ as source$/, '')}${alias}`;
    },
  );
}

const plainRow = (row: Row): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, jsonOf(cell)]));

const quotePath = (path: string): string =>
  (path.match(/"(?:[^"]|"")*"|[^."]+/g) ?? [path])
    .map((part) => (part.startsWith('"') ? part : quoteName(part)))
    .join('.');

/** Expectations that are queries of the suite's own, or of other tables. */
export const QUERY_KINDS: readonly ExpectationKind[] = [
  defineExpectation({
    type: 'unexpected_rows_expectation',
    aliases: ['expect_query_to_have_no_rows'],
    kwargs: { unexpected_rows_query: z.string().min(1), description: z.string().nullish() },
    plan({ unexpected_rows_query }, table): Plan {
      return {
        kind: 'query',
        sql: (source) => `select count(*) as n from (${withBatch(unexpected_rows_query, source)}) as unexpected_rows`,
        judge([row]) {
          const count = Number(row?.['n'] ?? 0);
          const observed_value =
            table.resultsOf === '1' ? count : `${count} unexpected ${count === 1 ? 'row' : 'rows'}`;
          const verdict = (rows: readonly Row[]): Verdict => ({
            success: count === 0,
            result: { observed_value },
            complete: { details: { unexpected_rows: rows.map(plainRow) } },
          });
          if (count === 0) return verdict([]);
          return {
            kind: 'query',
            isShown: true,
            sql: (source) =>
              `select * from (${withBatch(unexpected_rows_query, source)}) as unexpected_rows limit ${LISTED}`,
            judge: verdict,
          };
        },
      };
    },
    sentence: ({ unexpected_rows_query, description }) =>
      description ?? `No rows are found by ${unexpected_rows_query.replaceAll(/\s+/g, ' ').trim()}`,
  }),
  defineExpectation({
    type: 'expect_query_results_to_match_comparison',
    kwargs: {
      base_query: z.string().min(1),
      comparison_query: z.string().min(1),
      // Where the other query runs: always in the warehouse of the validation.
      comparison_data_source_name: z.string().nullish(),
    },
    plan: ({ base_query, comparison_query, mostly }) => comparisonPlan(base_query, comparison_query, mostly ?? 1),
    sentence: ({ base_query, comparison_query }) =>
      `${base_query.replaceAll(/\s+/g, ' ')} gives the rows of ${comparison_query.replaceAll(/\s+/g, ' ')}`,
  }),
  defineExpectation({
    type: 'expect_table_row_count_to_equal_other_table',
    kwargs: { other_table_name: z.string().min(1) },
    plan: ({ other_table_name }) => ({
      kind: 'measures',
      measures: { rows: COUNT_ROWS },
      judge: ({ rows = null }) => ({
        kind: 'query',
        sql: () => `select count(*) as n from ${quotePath(other_table_name)}`,
        judge: ([row]) => ({
          success: rows === row?.['n'],
          result: { observed_value: { self: rows, other: row?.['n'] ?? null } },
        }),
      }),
    }),
    sentence: ({ other_table_name }) => `There are as many rows as in ${other_table_name}`,
  }),
];

/**
 * Compares the rows of two queries as bags, column by column in order: how many of the longer have no match, and up to 200
 * of those on either side.
 */
function comparisonPlan(base: string, comparison: string, mostly: number): Plan {
  const less = (a: string, b: string, source: string): string =>
    `(select * from (${withBatch(a, source)}) as one except all select * from (${withBatch(b, source)}) as other) as rest`;
  return {
    kind: 'query',
    sql: (source) => `select (select count(*) from (${withBatch(base, source)}) as one) as base,
(select count(*) from (${withBatch(comparison, source)}) as other) as comparison,
(select count(*) from ${less(comparison, base, source)}) as missing`,
    judge([row]) {
      const [mine, theirs, missing] = ['base', 'comparison', 'missing'].map((key) => Number(row?.[key] ?? 0)) as [
        number,
        number,
        number,
      ];
      const most = Math.max(mine, theirs);
      const matches = theirs - missing;
      const unexpected_percent = most === 0 ? 0 : (1 - matches / most) * 100;
      const verdict = (missing_rows: readonly Row[], unexpected_rows: readonly Row[]): Verdict => ({
        success: 100 - unexpected_percent >= mostly * 100,
        result: { unexpected_count: most - matches, unexpected_percent },
        complete: {
          details: { missing_rows: missing_rows.map(plainRow), unexpected_rows: unexpected_rows.map(plainRow) },
        },
      });
      if (most === matches) return verdict([], []);
      return {
        kind: 'query',
        isShown: true,
        sql: (source) => `select * from ${less(comparison, base, source)} order by 1 limit ${LISTED}`,
        judge: (missingRows) => ({
          kind: 'query',
          isShown: true,
          sql: (source) => `select * from ${less(base, comparison, source)} order by 1 limit ${LISTED}`,
          judge: (unexpectedRows) => verdict(missingRows, unexpectedRows),
        }),
      };
    },
  };
}
