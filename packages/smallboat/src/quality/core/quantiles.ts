import * as z from 'zod';
import type { Cell } from '../../warehouse/index.ts';
import { quoteName } from '../../warehouse/index.ts';
import { boundsInWords } from '../between.ts';
import { isTemporal } from '../dialect/type-family.ts';
import { jsonOf } from '../json-value.ts';
import type { ExpectationKind } from '../kind.ts';
import { defineExpectation } from '../kind.ts';
import { readTime } from '../time/read-time.ts';
import { column } from './values.ts';

const Bound = z.union([z.number(), z.string()]).nullable();

/** Expectations of the quantiles of a column. */
export const QUANTILE_KINDS: readonly ExpectationKind[] = [
  defineExpectation({
    type: 'expect_column_quantile_values_to_be_between',
    kwargs: {
      column,
      quantile_ranges: z
        .object({
          quantiles: z.array(z.number().min(0).max(1)).min(1),
          value_ranges: z.array(z.tuple([Bound, Bound])),
        })
        .refine(
          (r) => r.quantiles.length === r.value_ranges.length,
          'quantile_values and quantiles must have the same number of elements',
        )
        .refine(
          (r) => r.value_ranges.every(([low, high]) => low === null || high === null || low <= high),
          'quantile_ranges must consist of ordered pairs',
        ),
      // Quantiles are exact here; the argument allows others to be less so.
      allow_relative_error: z.unknown().optional(),
    },
    plan({ column, quantile_ranges: { quantiles, value_ranges } }, table) {
      const { name, type } = table.column(column);
      const wanted = table.sql.quantiles(quoteName(name), quantiles, 'disc');
      return {
        kind: 'measures',
        measures: wanted.measures,
        judge(measured) {
          const values = wanted.read(measured);
          const success_details = value_ranges.map(([low, high], i) =>
            isWithin(values[i] ?? null, [low, high], { type, now: table.now }),
          );
          return {
            success: success_details.every(Boolean),
            result: {
              observed_value: { quantiles, values: values.map((value) => jsonOf(value, type)) },
              details: { success_details },
            },
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

type Range = readonly [number | string | null, number | string | null];

// Great Expectations lets a quantile be off its bound by 1e-4 of it.
function isWithin(
  value: Cell,
  [low, high]: Range,
  { type, now }: { readonly type: string; readonly now: Date },
): boolean {
  const number = (one: Cell | undefined): number | undefined => {
    if (one === null || one === undefined) return undefined;
    if (typeof one === 'string' && isTemporal(type)) {
      const time = readTime(one, now);
      return time === undefined ? undefined : Number(time.micros) / 1e6;
    }
    return Number(one);
  };
  const x = number(value);
  if (x === undefined || Number.isNaN(x)) return false;
  const isClose = (bound: number | undefined): boolean =>
    bound !== undefined && Math.abs(x - bound) <= 1e-8 + 1e-4 * Math.abs(bound);
  const [from, to] = [number(low), number(high)];
  return isClose(from) || isClose(to) || ((from === undefined || x >= from) && (to === undefined || x <= to));
}
