import * as z from 'zod';
import type { Cell } from '../../warehouse/index.ts';
import { quoteName } from '../../warehouse/index.ts';
import type { Aggregate, Sql } from '../dialect/sql.ts';
import { jsonOf } from '../json-value.ts';
import type { ExpectationKind, Measured, Plan, TableFacts, Verdict } from '../kind.ts';
import { defineExpectation, kindErrors } from '../kind.ts';
import { valueCounts } from './distinct.ts';
import { isSameValue } from './members.ts';
import { numericColumn } from './outliers.ts';
import type { Categorical, Continuous } from './partition.ts';
import { PartitionObject, asCategorical, asContinuous, divergence } from './partition.ts';
import { column } from './values.ts';

interface Holdout {
  readonly threshold: number | null;
  readonly tail: number;
  readonly internal: number;
}

const unfit = (problem: string): Error => kindErrors.EXPECTATION_UNFIT({ problem: `ValueError: ${problem}` });

/** The Kullback–Leibler divergence of a column from a partition. */
export const KL_KIND: ExpectationKind = defineExpectation({
  type: 'expect_column_kl_divergence_to_be_less_than',
  kwargs: {
    column,
    partition_object: PartitionObject,
    threshold: z.number().min(0, 'Threshold must be specified, greater than or equal to zero.').nullish(),
    tail_weight_holdout: z.number().min(0).max(1).nullish(),
    internal_weight_holdout: z.number().min(0).max(1).nullish(),
    bucketize_data: z.boolean().nullish(),
    min_value: z.unknown().optional(),
    max_value: z.unknown().optional(),
  },
  plan(kwargs, table) {
    const holdout = {
      threshold: kwargs.threshold ?? null,
      tail: kwargs.tail_weight_holdout ?? 0,
      internal: kwargs.internal_weight_holdout ?? 0,
    };
    const { column: name, partition_object: partition, bucketize_data } = kwargs;
    if (partition === null || partition === undefined) {
      return bucketize_data === false ? categorical(name, undefined, holdout, table) : ofOwnBins(name, holdout, table);
    }
    if (holdout.tail > 0 && partition.tail_weights !== undefined) {
      throw unfit('tail_weight_holdout must be 0 when using tail_weights in partition object.');
    }
    const values = asCategorical(partition);
    if (values !== undefined) return categorical(name, values, holdout, table);
    const bins = asContinuous(partition);
    if (bins === undefined) throw unfit('Invalid partition object.');
    if (bucketize_data === false) {
      throw unfit(
        'KL Divergence cannot be computed with a continuous partition object and the bucketize_data parameter set to false.',
      );
    }
    return continuous(name, bins, holdout, table);
  },
  sentence: ({ column, threshold }) =>
    `The distribution of ${column} differs from the expected one by at most ${threshold ?? 'any amount of'} nats`,
});

function categorical(column: string, partition: Categorical | undefined, holdout: Holdout, table: TableFacts): Plan {
  if (holdout.internal > 0) throw unfit('Internal weight holdout cannot be used for discrete data.');
  const { name, type } = table.column(column);
  return {
    kind: 'query',
    sql: valueCounts(quoteName(name)),
    judge(rows) {
      const counts = rows.map((row) => ({ value: row['value'] ?? null, n: Number(row['n']) }));
      const all = counts.reduce((sum, { n }) => sum + n, 0) || Number.NaN;
      const share = (n: number): number => (Number.isNaN(all) ? 0 : n / all);
      const expected = partition ?? {
        values: counts.map(({ value }) => value),
        weights: counts.map(({ n }) => share(n)),
      };
      const is = (member: unknown, value: Cell): boolean =>
        isSameValue(member, value, type, table.now) || member === value;
      const others = counts.filter(({ value }) => !expected.values.some((member) => is(member, value)));
      const observed = expected.values.map((member) => share(counts.find(({ value }) => is(member, value))?.n ?? 0));
      const kept = others.length > 0 ? 1 - holdout.tail : 1;
      const values = [...expected.values, ...others.map(({ value }) => jsonOf(value, type))];
      const pk = [...observed, ...others.map(({ n }) => share(n))];
      const qk = [...expected.weights.map((w) => w * kept), ...others.map(() => holdout.tail / others.length)];
      return verdict(divergence(pk, qk), holdout, {
        observed_partition: { values, weights: pk },
        expected_partition: { values, weights: qk },
      });
    },
  };
}

/** Counts of the values in each bin (the last one closed on both sides), below and above all of them. */
function histogram(quoted: string, bins: readonly number[], sql: Sql): Readonly<Record<string, Aggregate>> {
  const edge = (value: number): string => sql.number(value);
  const last = bins.length - 2;
  const counts = bins.slice(0, -1).map((low, i) => {
    const high = bins[i + 1] ?? low;
    const conditions = [
      ...(low === Number.NEGATIVE_INFINITY ? [] : [`${quoted} >= ${edge(low)}`]),
      ...(high === Number.POSITIVE_INFINITY ? [] : [`${quoted} ${i === last ? '<=' : '<'} ${edge(high)}`]),
    ];
    return [`bin${i}`, counted(conditions.join(' and ') || `${quoted} is not null`)] as const;
  });
  const [from, to] = [bins[0] ?? 0, bins.at(-1) ?? 0];
  return {
    ...Object.fromEntries(counts),
    below: counted(from === Number.NEGATIVE_INFINITY ? 'false' : `${quoted} < ${edge(from)}`),
    above: counted(to === Number.POSITIVE_INFINITY ? 'false' : `${quoted} > ${edge(to)}`),
    values: { of: quoted, call: (of) => `count(${of})` },
  };
}

function counted(condition: string): Aggregate {
  return { of: `case when ${condition} then 1 end`, call: (of) => `count(${of})` };
}

function continuous(column: string, partition: Continuous, holdout: Holdout, table: TableFacts): Plan {
  const { quoted } = numericColumn(column, table);
  return {
    kind: 'measures',
    measures: histogram(quoted, partition.bins, table.sql),
    judge: (measured) => judgeContinuous(partition, measured, holdout),
  };
}

function judgeContinuous({ bins, weights, tail_weights }: Continuous, measured: Measured, holdout: Holdout): Verdict {
  const all = Number(measured['values'] ?? 0);
  const share = (key: string): number => Number(measured[key] ?? 0) / all;
  const observed = weights.map((_, i) => share(`bin${i}`));
  const kept = 1 - holdout.tail - holdout.internal;
  const zeros = weights.filter((w) => w * kept === 0).length;
  const expected = weights.map((w) => (holdout.internal > 0 && w * kept === 0 ? holdout.internal / zeros : w * kept));
  const [isOpenBelow, isOpenAbove] = [bins[0] === Number.NEGATIVE_INFINITY, bins.at(-1) === Number.POSITIVE_INFINITY];
  if (isOpenBelow && isOpenAbove && holdout.tail > 0)
    throw unfit('tail_weight_holdout cannot be used for partitions with infinite endpoints.');
  if ((isOpenBelow || isOpenAbove) && tail_weights !== undefined) {
    throw unfit('There can be no tail weights for partitions with one or both endpoints at infinity.');
  }
  const isClosed = !isOpenBelow && !isOpenAbove;
  const spare = isClosed ? holdout.tail / 2 : holdout.tail;
  // The parts below and above: a bin of the partition where it has one, else what is held out for them.
  const lower = isOpenBelow ? undefined : { observed: share('below'), expected: tail_weights?.[0] ?? spare };
  const upper = isOpenAbove ? undefined : { observed: share('above'), expected: tail_weights?.[1] ?? spare };
  const joined = (own: readonly number[], part: 'observed' | 'expected'): readonly number[] => [
    ...(lower === undefined ? [] : [lower[part]]),
    ...own,
    ...(upper === undefined ? [] : [upper[part]]),
  ];
  const described = (own: readonly number[], part: 'observed' | 'expected') => ({
    bins: bins.slice(isOpenBelow ? 1 : 0, isOpenAbove ? -1 : undefined),
    weights: joined(own, part).slice(1, -1),
    tail_weights: [joined(own, part)[0] ?? 0, joined(own, part).at(-1) ?? 0],
  });
  return verdict(divergence(joined(observed, 'observed'), joined(expected, 'expected')), holdout, {
    observed_partition: described(observed, 'observed'),
    expected_partition: described(expected, 'expected'),
  });
}

/** Without a partition the column is compared with its own histogram, whose bins come from its quartiles. */
function ofOwnBins(column: string, holdout: Holdout, table: TableFacts): Plan {
  const { quoted } = numericColumn(column, table);
  const box = table.sql.quantiles(quoted, [0, 0.25, 0.75, 1], 'disc');
  return {
    kind: 'measures',
    measures: { ...box.measures, values: { of: quoted, call: (of) => `count(${of})` } },
    judge(measured) {
      const [min = 0, first = 0, third = 0, max = 0] = box.read(measured).map(Number);
      const n = Number(measured['values'] ?? 0);
      if (n === 0) return { success: holdout.threshold === null, result: { observed_value: null } };
      const sturges = Math.ceil(Math.log2(n + 1));
      const width = (2 * (third - first)) / Math.cbrt(n);
      const bins = third - first < 1e-10 ? sturges : Math.max(sturges, Math.ceil((max - min) / width));
      const edges = Array.from({ length: bins + 1 }, (_, i) => (i === bins ? max : min + (i * (max - min)) / bins));
      return {
        kind: 'measures',
        measures: histogram(quoted, edges, table.sql),
        judge(counts) {
          const weights = edges.slice(1).map((_, i) => Number(counts[`bin${i}`] ?? 0) / n);
          const rest = (1 - weights.reduce((a, b) => a + b, 0)) / 2;
          return judgeContinuous({ bins: edges, weights, tail_weights: [rest, rest] }, counts, holdout);
        },
      };
    },
  };
}

function verdict(value: number, { threshold }: Holdout, details: Readonly<Record<string, unknown>>): Verdict {
  return {
    success: threshold === null || value <= threshold,
    result: { observed_value: Number.isFinite(value) ? value : null, details },
  };
}
