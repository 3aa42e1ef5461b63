import * as z from 'zod';
import { quoteName } from '../../warehouse/index.ts';
import { jsonOf } from '../json-value.ts';
import type { ExpectationKind } from '../kind.ts';
import { defineExpectation, kindErrors } from '../kind.ts';
import { chiSquareTail } from '../stats/gamma.ts';
import { kolmogorovTail } from '../stats/kolmogorov.ts';
import { crossTable } from './cross-table.ts';
import { bootstrappedKs, distance } from './kolmogorov-smirnov.ts';
import { distributionOf } from './named-distribution.ts';
import { KL_KIND } from './kl-divergence.ts';
import { valueCounts } from './distinct.ts';
import { isSameValue } from './members.ts';
import { numericColumn } from './outliers.ts';
import { PartitionObject, asCategorical, asContinuous } from './partition.ts';
import { column } from './values.ts';

const unfit = (problem: string): Error => kindErrors.EXPECTATION_UNFIT({ problem: `ValueError: ${problem}` });
const share = (part: number, whole: number): number => part / whole;

/** Expectations of the distribution of a column: tests of statistics over counts that the warehouse makes. */
export const DISTRIBUTION_KINDS: readonly ExpectationKind[] = [
  KL_KIND,
  defineExpectation({
    type: 'expect_column_chisquare_test_p_value_to_be_greater_than',
    kwargs: {
      column,
      partition_object: PartitionObject,
      p: z.number().default(0.05),
      tail_weight_holdout: z.number().min(0).max(1).nullish(),
    },
    plan({ column, partition_object, p, tail_weight_holdout }, table) {
      const partition = asCategorical(partition_object);
      if (partition === undefined) throw unfit('Invalid partition object.');
      const { name, type } = table.column(column);
      const holdout = tail_weight_holdout ?? 0;
      return {
        kind: 'query',
        sql: valueCounts(quoteName(name)),
        judge(rows) {
          const counts = rows.map((row) => ({ value: row['value'] ?? null, n: Number(row['n']) }));
          const all = counts.reduce((sum, { n }) => sum + n, 0);
          const of = (member: unknown): number =>
            counts.find(({ value }) => isSameValue(member, value, type, table.now))?.n ?? 0;
          const others = counts.filter(
            ({ value }) => !partition.values.some((member) => isSameValue(member, value, type, table.now)),
          );
          const observed = [...partition.values.map(of), ...others.map(({ n }) => n)];
          const kept = others.length > 0 ? 1 - holdout : 1;
          const expected = [
            ...partition.weights.map((w) => w * kept * all),
            ...others.map(() => (holdout * all) / others.length),
          ];
          const statistic = observed.reduce((sum, n, i) => sum + (n - (expected[i] ?? 0)) ** 2 / (expected[i] ?? 0), 0);
          const value = Number.isNaN(statistic)
            ? null
            : statistic === Infinity
              ? 0
              : chiSquareTail(statistic, observed.length - 1);
          const values = [...partition.values, ...others.map((o) => jsonOf(o.value, type))];
          const sum = expected.reduce((a, b) => a + b, 0);
          return {
            success: value !== null && value > p,
            result: {
              observed_value: value,
              details: {
                observed_partition: { values, weights: observed.map((n) => share(n, all)) },
                expected_partition: { values, weights: expected.map((n) => share(n, sum)) },
              },
            },
          };
        },
      };
    },
    sentence: ({ column, p }) => `${column} is distributed as expected (chi-squared test, p above ${p})`,
  }),
  defineExpectation({
    type: 'expect_column_parameterized_distribution_ks_test_p_value_to_be_greater_than',
    kwargs: {
      column,
      distribution: z.enum(['norm', 'beta', 'gamma', 'uniform', 'chi2', 'expon']),
      params: z.union([z.array(z.number()), z.record(z.string(), z.number())]).nullish(),
      p_value: z
        .number()
        .gt(0, 'p_value must be between 0 and 1 exclusive')
        .lt(1, 'p_value must be between 0 and 1 exclusive')
        .default(0.05),
    },
    plan({ column, distribution, params, p_value }, table) {
      const { name } = numericColumn(column, table);
      const { cdf, positional } = distributionOf(distribution, params ?? undefined);
      return {
        kind: 'distribution',
        column: name,
        judge(column) {
          const n = column.counts.reduce((a, b) => a + b, 0);
          const statistic = distance(column, cdf);
          const observed_value = n === 0 ? null : kolmogorovTail(n, statistic);
          return {
            success: observed_value !== null && observed_value >= p_value,
            result: {
              observed_value,
              details: { expected_params: positional, observed_ks_result: [statistic, observed_value] },
            },
          };
        },
      };
    },
    sentence: ({ column, distribution, p_value }) =>
      `${column} is distributed as ${distribution} with the given parameters (Kolmogorov–Smirnov test, p at least ${p_value})`,
  }),
  defineExpectation({
    type: 'expect_column_bootstrapped_ks_test_p_value_to_be_greater_than',
    kwargs: {
      column,
      partition_object: PartitionObject,
      p: z.number().default(0.05),
      bootstrap_samples: z.number().int().positive().nullish(),
      bootstrap_sample_size: z.number().int().positive().nullish(),
    },
    plan({ column, partition_object, p, bootstrap_samples, bootstrap_sample_size }, table) {
      const partition = asContinuous(partition_object);
      if (partition === undefined) throw unfit('Invalid continuous partition object.');
      if (partition.bins.some((edge) => !Number.isFinite(edge))) throw unfit('Partition endpoints must be finite.');
      if ((partition.tail_weights ?? []).some((w) => w > 0))
        throw unfit('Partition cannot have tail weights -- endpoints must be finite.');
      const { name } = numericColumn(column, table);
      return {
        kind: 'distribution',
        column: name,
        judge: (values) =>
          bootstrappedKs(values, partition, {
            p,
            samples: bootstrap_samples ?? 1000,
            size: bootstrap_sample_size ?? partition.weights.length * 2,
          }),
      };
    },
    sentence: ({ column, p }) =>
      `${column} is distributed as expected (bootstrapped Kolmogorov–Smirnov test, p above ${p})`,
  }),
  defineExpectation({
    type: 'expect_column_pair_cramers_phi_value_to_be_less_than',
    kwargs: {
      column_A: z.string().min(1),
      column_B: z.string().min(1),
      threshold: z.number().default(0.1),
      bins_A: z.array(z.unknown()).nullish(),
      bins_B: z.array(z.unknown()).nullish(),
      n_bins_A: z.number().int().positive().nullish(),
      n_bins_B: z.number().int().positive().nullish(),
    },
    plan({ column_A, column_B, threshold, bins_A, bins_B, n_bins_A, n_bins_B }, table) {
      const [a, b] = [table.column(column_A), table.column(column_B)];
      const [x, y] = [quoteName(a.name), quoteName(b.name)];
      return {
        kind: 'query',
        sql: (source) => `select ${x} as a, ${y} as b, count(*) as n from ${source} group by ${x}, ${y}`,
        judge(rows) {
          const { phi, table } = crossTable(
            rows.map((row) => ({ a: row['a'] ?? null, b: row['b'] ?? null, n: Number(row['n']) })),
            { type: a.type, bins: bins_A ?? undefined, most: n_bins_A ?? 10 },
            { type: b.type, bins: bins_B ?? undefined, most: n_bins_B ?? 10 },
          );
          return { success: phi <= threshold, result: { observed_value: phi, details: { crosstab: table } } };
        },
      };
    },
    sentence: ({ column_A, column_B, threshold }) =>
      `${column_A} and ${column_B} depend on each other by at most ${threshold} (Cramér's phi)`,
  }),
];
