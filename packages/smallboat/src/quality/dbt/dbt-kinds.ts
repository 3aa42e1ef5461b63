import * as z from 'zod';
import type { Row } from '../../warehouse/index.ts';
import { quoteName } from '../../warehouse/index.ts';
import { column } from '../core/values.ts';
import { mostlyInWords } from '../core/words.ts';
import { jsonOf } from '../json-value.ts';
import type { ExpectationKind, Plan, Verdict } from '../kind.ts';
import { defineExpectation } from '../kind.ts';

/** Rows of a test that a result lists at most. */
const LISTED = 200;

/** Expectations that tests of dbt need beside those of Great Expectations. */
export const DBT_KINDS: readonly ExpectationKind[] = [
  defineExpectation({
    type: 'expect_rows_to_meet',
    kwargs: {
      condition: z.string().min(1),
      columns: z.array(z.string()).nullish(),
      nulls: z.enum(['pass', 'fail']).default('pass'),
    },
    plan({ condition, columns, nulls }, table): Plan {
      const shown = (columns ?? []).map((name) => table.column(name).name);
      return {
        kind: 'rows',
        columns: shown.length > 0 ? shown : table.columns.map(({ name }) => name),
        shows: shown.length === 1 ? 'value' : 'record',
        unexpected: nulls === 'pass' ? `not (${condition})` : `not coalesce((${condition}), false)`,
        ignored: null,
      };
    },
    sentence: ({ condition, mostly }) => `${condition} is true${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_column_values_to_be_in_other_table',
    kwargs: { column, other_table_name: z.string().min(1), other_column: column },
    plan({ column: name, other_table_name, other_column }, table): Plan {
      const { name: found } = table.column(name);
      const other = /^\w+$/.test(other_column) ? other_column : quoteName(other_column.replaceAll('"', ''));
      return {
        kind: 'rows',
        columns: [found],
        shows: 'value',
        unexpected: `${quoteName(found)} not in (select ${other} from ${other_table_name} where ${other} is not null)`,
      };
    },
    sentence: ({ column: name, other_table_name, other_column, mostly }) =>
      `${name} is one of ${other_column} in ${other_table_name}${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_dbt_test_to_pass',
    kwargs: {
      test: z.string().min(1),
      sql: z.string().min(1),
      fail_calc: z.string().min(1).default('count(*)'),
      /** A condition on the number of failures: `!= 0`, `> 10`. */
      fails_if: z
        .string()
        .regex(/^\s*(?:[<>]=?|[!=]=|<>|=)\s*-?[\d.]+(?:\s+(?:and|or)\s.*)?$|^\s*between\s.*$/i)
        .default('!= 0'),
    },
    plan({ sql, fail_calc, fails_if }): Plan {
      const test = sql.replace(/[;\s]+$/, '');
      const fails = fails_if.replace('!=', '<>').replace('==', '=');
      return {
        kind: 'query',
        sql: () =>
          `select failures, case when failures ${fails} then 1 else 0 end as fails from (select ${fail_calc} as failures from (${test}) as dbt_internal_test) as dbt_internal_result`,
        judge([row]) {
          const observed_value = jsonOf(row?.['failures']);
          const success = Number(row?.['fails'] ?? 0) === 0;
          const verdict = (rows: readonly Row[]): Verdict => ({
            success,
            result: {
              observed_value,
              ...(rows.length > 0 ? { details: { unexpected_rows: rows.map(plainRow) } } : {}),
            },
          });
          if (success) return verdict([]);
          return {
            kind: 'query',
            isShown: true,
            sql: () => `select * from (${test}) as dbt_internal_test limit ${LISTED}`,
            judge: verdict,
          };
        },
      };
    },
    sentence: ({ test }) => `The dbt test ${test} passes`,
  }),
];

function plainRow(row: Row): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, jsonOf(cell)]));
}
