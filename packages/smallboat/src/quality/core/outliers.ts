import * as z from 'zod';
import type { Cell } from '../../warehouse/index.ts';
import { quoteName } from '../../warehouse/index.ts';
import { isNumeric } from '../dialect/type-family.ts';
import type { ExpectationKind, TableFacts } from '../kind.ts';
import { defineExpectation, kindErrors } from '../kind.ts';
import { deviation } from './deviation.ts';
import { column, unlessSql } from './values.ts';
import { mostlyInWords } from './words.ts';

/** A column of numbers. Throws `EXPECTATION_UNFIT` for any other. */
export function numericColumn(
  column: string,
  table: TableFacts,
): { readonly name: string; readonly quoted: string; readonly type: string } {
  const { name, type } = table.column(column);
  if (!isNumeric(type))
    throw kindErrors.EXPECTATION_UNFIT({ problem: `${name} is a ${type}, and numeric values are needed.` });
  return { name, quoted: quoteName(name), type };
}

const finite = (value: Cell | undefined): number | undefined =>
  value !== null && value !== undefined && Number.isFinite(Number(value)) ? Number(value) : undefined;

/** Expectations of how far a value is from the others: the others are measured in the shared scan, the values asked in a second. */
export const OUTLIER_KINDS: readonly ExpectationKind[] = [
  defineExpectation({
    type: 'expect_column_value_z_scores_to_be_less_than',
    kwargs: { column, threshold: z.number(), double_sided: z.boolean().default(true) },
    plan({ column, threshold, double_sided }, table) {
      const { name, quoted, type } = numericColumn(column, table);
      const { number, mean } = table.sql;
      const spread = deviation(quoted, type, table.sql);
      return {
        kind: 'measures',
        measures: {
          mean: { of: quoted, call: mean },
          ...spread.measures,
        },
        judge(measured) {
          const [mean, deviation] = [finite(measured['mean']), finite(spread.read(measured))];
          // Without a spread nothing is far from anything.
          if (mean === undefined || deviation === undefined || deviation === 0) return unlessSql(name, 'true');
          const score = `(${quoted} - ${number(mean)}) / ${number(deviation)}`;
          return unlessSql(
            name,
            double_sided ? `abs(${score}) < ${number(Math.abs(threshold))}` : `${score} < ${number(threshold)}`,
          );
        },
      };
    },
    sentence: ({ column, threshold, double_sided, mostly }) =>
      `${column} is less than ${threshold} standard deviations ${double_sided ? 'from' : 'above'} the mean${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_column_values_to_not_be_outliers',
    kwargs: { column, method: z.enum(['iqr', 'std']).default('iqr'), multiplier: z.number().min(0).default(1.5) },
    plan({ column, method, multiplier }, table) {
      const { name, quoted } = numericColumn(column, table);
      const { number, doubleType } = table.sql;
      const double = `cast(${quoted} as ${doubleType})`;
      if (method === 'std') {
        const spread = deviation(double, 'double', table.sql);
        return {
          kind: 'measures',
          measures: {
            mean: { of: double, call: (of) => `avg(${of})` },
            ...spread.measures,
          },
          judge(measured) {
            const [mean, deviation] = [finite(measured['mean']), finite(spread.read(measured))];
            if (mean === undefined || deviation === undefined) return unlessSql(name, 'true');
            const far = multiplier * deviation;
            return unlessSql(
              name,
              far <= 0 ? `${quoted} = ${number(mean)}` : `abs(${quoted} - ${number(mean)}) < ${number(far)}`,
            );
          },
        };
      }
      const quartiles = table.sql.quantiles(double, [0.25, 0.75], 'cont');
      return {
        kind: 'measures',
        measures: quartiles.measures,
        judge(measured) {
          const [first, third] = quartiles.read(measured).map(finite);
          if (first === undefined || third === undefined) return unlessSql(name, 'true');
          const far = multiplier * (third - first);
          return unlessSql(name, `${quoted} >= ${number(first - far)} and ${quoted} <= ${number(third + far)}`);
        },
      };
    },
    sentence: ({ column, method, multiplier, mostly }) =>
      `${column} lies within ${multiplier} ${method === 'std' ? 'standard deviations of the mean' : 'interquartile ranges of the middle half'}${mostlyInWords(mostly)}`,
  }),
];
