/** One figure of an earlier run. */
export interface Point {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Not below 0. */
  readonly value: number;
}

/** A way to say what the next figure will be from those before it. */
export type ForecastName = 'mean' | 'steps' | 'weekday' | 'hour';

interface Guess {
  readonly value: number;
  /** How much wider its error is than that of one figure, as the guess is made of few. */
  readonly widening: number;
}

/** What would have been guessed at each of the times from the figures before it. */
type Forecast = (points: readonly Point[], times: readonly number[]) => readonly (Guess | undefined)[];

const DAY = 86_400_000;
/** Steps whose mean is taken: as many as follow a growing table closely. */
const STEPS = 10;

const log = (value: number): number => Math.log1p(value);

const FORECASTS: Readonly<Record<ForecastName, Forecast>> = {
  mean: (points, times) => meansOf(points, times, { keyOf: () => 0, least: 1 }),
  /** The last figure and the mean of the latest steps: for a table that grows. */
  steps: (points, times) =>
    times.map((_, i) => {
      const steps = Math.min(STEPS, i - 1);
      const [last, first] = [points[i - 1], points[i - 1 - steps]];
      if (last === undefined || first === undefined || steps < 1) return undefined;
      const value = Math.max(0, last.value + (last.value - first.value) / steps);
      return { value, widening: Math.sqrt(1 + 1 / steps) };
    }),
  /** The mean of the same day of the week, in UTC. */
  weekday: (points, times) => meansOf(points, times, { keyOf: (time) => new Date(time).getUTCDay(), least: 2 }),
  /** The mean of the same hour of the day, in UTC. */
  hour: (points, times) => meansOf(points, times, { keyOf: (time) => new Date(time).getUTCHours(), least: 2 }),
};

interface Alike {
  /** Times of one key are alike. */
  readonly keyOf: (time: number) => number;
  /** Figures that a mean is made of at least. */
  readonly least: number;
}

/** The mean of the figures before that are alike, on a scale of ratios. */
function meansOf(
  points: readonly Point[],
  times: readonly number[],
  { keyOf, least }: Alike,
): readonly (Guess | undefined)[] {
  const sums = new Map<number, { sum: number; count: number }>();
  return times.map((time, i) => {
    const alike = sums.get(keyOf(time));
    const point = points[i];
    const guess =
      alike === undefined || alike.count < least
        ? undefined
        : { value: Math.expm1(alike.sum / alike.count), widening: Math.sqrt(1 + 1 / alike.count) };
    if (point !== undefined) {
      const { sum, count } = alike ?? { sum: 0, count: 0 };
      sums.set(keyOf(time), { sum: sum + log(point.value), count: count + 1 });
    }
    return guess;
  });
}

/** How far a figure was from what was guessed: the logarithm of their ratio, on the scale of one figure's error. */
function errorOf(value: number, guess: Guess): number {
  return (log(value) - log(guess.value)) / guess.widening;
}

/** What is expected of the next figure, with the errors that the same way of guessing made before. */
export interface Expected {
  readonly by: ForecastName;
  readonly value: number;
  readonly widening: number;
  readonly errors: readonly number[];
}

/** How much smaller its errors must have been for a way to be preferred to the mean. */
const BETTER = 0.8;
/** Errors that a way must have been tried on: the mean, and any other before it may be preferred. */
const TRIED = { mean: 4, other: 12 } as const;

/** What the figures before lead one to expect at a time; undefined where there are too few. The oldest figure comes first. */
export function forecast(before: readonly Point[], at: number): Expected | undefined {
  const times = [...before.map((point) => point.at), at];
  const ways = (['mean', 'steps', 'weekday', 'hour'] as const).flatMap((by) => {
    if ((by === 'weekday' || by === 'hour') && !isSpread(before, by)) return [];
    const guesses = FORECASTS[by](before, times);
    const guess = guesses.at(-1);
    if (guess === undefined) return [];
    const errors = before.map(({ value }, i) => {
      const past = guesses[i];
      return past === undefined ? undefined : errorOf(value, past);
    });
    const tried = errors.filter((error) => error !== undefined).length;
    return tried < TRIED[by === 'mean' ? 'mean' : 'other'] ? [] : [{ by, guess, errors }];
  });
  const [mean] = ways;
  if (mean === undefined) return undefined;
  // Ways are compared where all of them had something to say.
  const isCommon = before.map((_, i) => ways.every(({ errors }) => errors[i] !== undefined));
  const sizeOf = (errors: readonly (number | undefined)[]): number =>
    errors.reduce<number>((sum, error, i) => sum + (isCommon[i] === true ? Math.abs(error ?? 0) : 0), 0);
  const best = ways.reduce((a, b) => (sizeOf(b.errors) < sizeOf(a.errors) ? b : a), mean);
  const chosen = sizeOf(best.errors) < BETTER * sizeOf(mean.errors) ? best : mean;
  const errors = chosen.errors.filter((error) => error !== undefined);
  return { by: chosen.by, ...chosen.guess, errors };
}

/** Do the runs reach over weeks, or over days, so that a day of the week or an hour can have its own mean? */
function isSpread(before: readonly Point[], by: 'weekday' | 'hour'): boolean {
  const [first, last] = [before[0]?.at ?? 0, before.at(-1)?.at ?? 0];
  return last - first >= (by === 'weekday' ? 21 : 3) * DAY;
}
