import { defineErrors } from '../kernel/index.ts';
import { seededRandom } from './random.ts';

/** Numbers between two ends: evenly, or by their logarithm, as for a learning rate. Whole ones where asked. */
export interface Range {
  readonly low: number;
  readonly high: number;
  readonly scale?: 'linear' | 'log';
  readonly whole?: boolean;
}

/** What may be chosen, by name: one of some values, or a number between two. */
export type Space<P extends object> = {
  readonly [K in keyof P]: readonly P[K][] | (P[K] extends number ? Range : never);
};

export const searchErrors = defineErrors({
  SEARCH_SPACE_INVALID: (f: { name: string; problem: string }) =>
    `The search cannot choose '${f.name}': ${f.problem}. Give some values, or a range with low below high (above 0 where it is by logarithm).`,
});

/** Every combination of the values. A range has no end of values: `randomPoints` draws from those. @throws SEARCH_SPACE_INVALID */
export function gridPoints<P extends object>(space: Space<P>): readonly P[] {
  let points: Partial<P>[] = [{}];
  for (const [name, choice] of choices(space)) {
    if (isRange(choice)) {
      throw searchErrors.SEARCH_SPACE_INVALID({ name, problem: 'a grid needs values, and it is a range' });
    }
    points = points.flatMap((point) => choice.map((value) => ({ ...point, [name]: value })));
  }
  // Every name of the space is in each point by now.
  return points as P[];
}

/**
 * Points drawn at random, each by itself: where a few things decide and others do not, these try more values of those that do than a grid of
 * as many. The same seed gives the same points.
 *
 * @see J. Bergstra, Y. Bengio, "Random search for hyper-parameter optimization", JMLR 13, 2012. @throws SEARCH_SPACE_INVALID
 */
export function randomPoints<P extends object>(space: Space<P>, count: number, seed: number): readonly P[] {
  const random = seededRandom(seed);
  const all = choices(space);
  return Array.from({ length: count }, () => {
    const point = Object.fromEntries(all.map(([name, choice]) => [name, drawn(choice, random.uniform())]));
    return point as P;
  });
}

/**
 * Those that go on to the next rung of a successive halving: the best of each `eta`, at least one; by the lowest loss, the first of equals.
 *
 * @see K. Jamieson, A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS 2016.
 */
export function survivors<T>(contenders: readonly T[], lossOf: (one: T) => number, eta: number): readonly T[] {
  const kept = Math.max(1, Math.floor(contenders.length / eta));
  return contenders.toSorted((a, b) => lossOf(a) - lossOf(b)).slice(0, kept);
}

/** Epochs up to which each rung trains, so that rung r has `eta` times as many as the one before; the last has `epochs`. At least one each. */
export function rungEpochs(epochs: number, rungs: number, eta: number): readonly number[] {
  return Array.from({ length: rungs }, (_, r) => Math.max(1, Math.round(epochs / eta ** (rungs - 1 - r))));
}

type Choice = readonly unknown[] | Range;

function isRange(choice: Choice): choice is Range {
  return !Array.isArray(choice);
}

function choices(space: object): readonly (readonly [string, Choice])[] {
  // What a space holds is lists and ranges: its type says so.
  return Object.entries(space as Record<string, Choice>).map(([name, choice]) => {
    const problem = isRange(choice)
      ? !(choice.low < choice.high) || (choice.scale === 'log' && !(choice.low > 0))
        ? `the range from ${choice.low} to ${choice.high}`
        : undefined
      : choice.length === 0
        ? 'there is no value'
        : undefined;
    if (problem !== undefined) throw searchErrors.SEARCH_SPACE_INVALID({ name, problem });
    return [name, choice];
  });
}

function drawn(choice: Choice, u: number): unknown {
  if (!isRange(choice)) return choice[Math.floor(u * choice.length)];
  const { low, high, scale = 'linear', whole = false } = choice;
  const value =
    scale === 'log' ? Math.exp(Math.log(low) + u * (Math.log(high) - Math.log(low))) : low + u * (high - low);
  return whole ? Math.round(value) : Number(value.toPrecision(4));
}
