/** When the generated shop opens its books: 2019-01-15 00:00 UTC, in ms. */
const FIRST_MS = Date.UTC(2019, 0, 15);
const DAYS = 91;
const HOUR_MS = 3_600_000;

/** Visits by the hour of the day (UTC) and the day of the week (Sunday first), as weights: a shop of one time zone. */
const BY_HOUR = [12, 8, 5, 4, 4, 5, 9, 16, 26, 36, 43, 47, 48, 47, 46, 46, 47, 49, 53, 58, 60, 52, 37, 22];
const BY_WEEKDAY = [1.08, 1.05, 1, 0.98, 0.97, 0.94, 0.98];

const CUMULATIVE = cumulative();

function cumulative(): Float64Array {
  const sums = new Float64Array(DAYS * 24 + 1);
  for (let hour = 0; hour < DAYS * 24; hour++) {
    const weekday = new Date(FIRST_MS + hour * HOUR_MS).getUTCDay();
    sums[hour + 1] = (sums[hour] ?? 0) + (BY_HOUR[hour % 24] ?? 0) * (BY_WEEKDAY[weekday] ?? 0);
  }
  return sums;
}

/**
 * The time at which a share of all visits has begun: the inverse of the visits' distribution over 13 weeks with a rhythm of
 * day and week.
 *
 * @param share From 0 up to, without, 1.
 * @returns ms since 1970, a whole number.
 */
export function timeOf(share: number): number {
  const wanted = share * (CUMULATIVE.at(-1) ?? 1);
  let low = 0;
  let high = CUMULATIVE.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((CUMULATIVE[middle] ?? 0) <= wanted) low = middle;
    else high = middle;
  }
  const start = CUMULATIVE[low] ?? 0;
  const within = (wanted - start) / ((CUMULATIVE[high] ?? 1) - start);
  return Math.floor(FIRST_MS + (low + within) * HOUR_MS);
}
