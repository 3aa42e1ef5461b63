import * as z from 'zod';
import { AnyNumber } from '../between.ts';

/** Weights over bins of numbers, or over values, as suites hold them. */
export const PartitionObject = z
  .object({
    bins: z.array(AnyNumber).optional(),
    values: z.array(z.unknown()).optional(),
    weights: z.array(z.number()),
    tail_weights: z.array(z.number()).optional(),
  })
  .nullish();

export type Partition = NonNullable<z.infer<typeof PartitionObject>>;

export interface Continuous {
  readonly bins: readonly number[];
  readonly weights: readonly number[];
  readonly tail_weights?: readonly number[] | undefined;
}

export interface Categorical {
  readonly values: readonly unknown[];
  readonly weights: readonly number[];
}

const total = (weights: readonly number[]): number => weights.reduce((a, b) => a + b, 0);
const isOne = (sum: number): boolean => Math.abs(sum - 1) <= 1e-8 + 1e-5;

/** A partition over bins: one more edge than weights, rising, with weights that sum to one. */
export function asContinuous(partition: Partition | null | undefined): Continuous | undefined {
  const { bins, weights = [], tail_weights } = partition ?? {};
  if (bins === undefined || (tail_weights !== undefined && tail_weights.length !== 2)) return undefined;
  const isRising = bins.every((edge, i) => i === 0 || edge > (bins[i - 1] ?? edge));
  const sums = isOne(total([...(tail_weights ?? []), ...weights]));
  return bins.length === weights.length + 1 && isRising && sums ? { bins, weights, tail_weights } : undefined;
}

/** A partition over values: as many weights, which sum to one. */
export function asCategorical(partition: Partition | null | undefined): Categorical | undefined {
  const { values, weights = [] } = partition ?? {};
  return values !== undefined && values.length === weights.length && isOne(total(weights))
    ? { values, weights }
    : undefined;
}

/** Σ p ln(p/q) of two lists of weights, each brought to a sum of 1; infinite where q is 0 and p is not. */
export function divergence(observed: readonly number[], expected: readonly number[]): number {
  const [p, q] = [total(observed), total(expected)];
  return observed.reduce((sum, one, i) => {
    const [a, b] = [one / p, (expected[i] ?? 0) / q];
    return sum + (a === 0 && b >= 0 ? 0 : b === 0 ? Number.POSITIVE_INFINITY : a * Math.log(a / b));
  }, 0);
}
