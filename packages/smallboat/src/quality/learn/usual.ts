import { studentQuantile } from '../stats/gamma.ts';
import type { Expected, ForecastName, Point } from './forecast.ts';
import { forecast } from './forecast.ts';

/** What is asked of a figure. */
export interface UsualOptions {
  /** The share of sound runs that fail nevertheless: 0.01 is one in a hundred. */
  readonly falseAlarmRate: number;
  /** Which figures fail: those too low, those too high, or both. */
  readonly side: 'both' | 'high';
  /** The least error that counts as one, as a logarithm of a ratio: what nobody would call unusual. */
  readonly leastError: number;
  /** Added to figures before their ratios are taken: what is small beside it is as good as nothing. */
  readonly unit: number;
}

/** What is usual for the next figure. */
export interface Usual {
  readonly from: number;
  readonly to: number;
  /** How it was found: by the errors' size while there are few, by their rank when there are enough. */
  readonly method: 'student' | 'rank';
  readonly forecast: ForecastName;
  readonly runs: number;
}

/** Runs that one must have seen. */
export const LEAST_RUNS = 5;
/** Runs that are looked back at: a year of daily ones. */
const MOST_RUNS = 400;

/**
 * The range that the next figure lies in unless something is wrong, learned from all figures before. How far the forecasts
 * of the past were off says how far this one may be: with few runs by Student's distribution, which is exact where the
 * errors are normal; with 1/rate − 1 runs and more by rank (conformal prediction), which asks nothing of their distribution.
 */
export function usual(earlier: readonly Point[], at: number, options: UsualOptions): Usual | undefined {
  const { side, unit } = options;
  const points = earlier.slice(-MOST_RUNS).map((point) => ({ at: point.at, value: point.value / unit }));
  if (points.length < LEAST_RUNS || isNewTime(points, at)) return undefined;
  const expected = forecast(points, at);
  if (expected === undefined) return undefined;
  const { reach, method } = reachOf(expected, options);
  const middle = Math.log1p(expected.value);
  return {
    from: side === 'high' ? 0 : Math.max(0, Math.expm1(middle - reach) * unit),
    to: Math.expm1(middle + reach) * unit,
    method,
    forecast: expected.by,
    runs: points.length,
  };
}

const HOUR = 3_600_000;

/** Has no run been on this day of the week, or at this hour, in a history too short to tell what is usual then? */
function isNewTime(points: readonly Point[], at: number): boolean {
  const first = points[0]?.at ?? at;
  const dayOf = (time: number): number => new Date(time).getUTCDay();
  const hourOf = (time: number): number => new Date(time).getUTCHours();
  if (at - first < 14 * 24 * HOUR && !points.some((point) => dayOf(point.at) === dayOf(at))) return true;
  const hours = new Set(points.map((point) => hourOf(point.at)));
  return at - first < 48 * HOUR && hours.size > 2 && !hours.has(hourOf(at));
}

/** How far from the forecast a figure may be. */
function reachOf(
  { errors, widening }: Expected,
  { falseAlarmRate: rate, side, leastError }: UsualOptions,
): { readonly reach: number; readonly method: Usual['method'] } {
  const sizes = errors.map((error) => (side === 'both' ? Math.abs(error) : error)).sort((a, b) => b - a);
  const allowed = Math.floor(rate * (sizes.length + 1));
  if (allowed >= 1) {
    // A figure fails when fewer than `allowed` of the past errors were as large as its own.
    const limit = sizes[allowed - 1] ?? 0;
    return { reach: Math.max(limit, leastError) * widening, method: 'rank' };
  }
  const spread = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length);
  const quantile = studentQuantile(side === 'both' ? rate / 2 : rate, errors.length);
  return { reach: Math.max(quantile * spread, leastError) * widening, method: 'student' };
}
