/** A number that is part of a date, before it is known which part. */
export interface DatePart {
  readonly value: number;
  /** What is known of it: a month by its name, a year by its digits. */
  readonly is?: 'year' | 'month';
}

export interface YearMonthDay {
  readonly year?: number;
  readonly month?: number;
  readonly day?: number;
}

type Order = readonly ('year' | 'month' | 'day')[];

/**
 * Which of up to three numbers is the year, the month and the day, as dateutil decides by default: a month's name is the
 * month, what is above 31 is the year, what is above 12 is no month, and else the order is month, day, year. Undefined
 * where there are more than three, or two that claim the same.
 */
export function yearMonthDay(parts: readonly DatePart[]): YearMonthDay | undefined {
  const claims = parts.flatMap((p) => p.is ?? []);
  if (parts.length > 3 || new Set(claims).size < claims.length) return undefined;
  const order = isKnown(parts) ? known(parts) : guess(parts);
  return Object.fromEntries(order.map((name, i) => [name, parts[i]?.value]));
}

/** All are known, or two of three, so that the third is what is left. */
function isKnown(parts: readonly DatePart[]): boolean {
  const claims = parts.filter((p) => p.is !== undefined).length;
  return (claims > 0 && claims === parts.length) || (parts.length === 3 && claims === 2);
}

function known(parts: readonly DatePart[]): Order {
  const left = (['day', 'month', 'year'] as const).find((name) => parts.every((p) => p.is !== name)) ?? 'day';
  return parts.map((p) => p.is ?? left);
}

function guess(parts: readonly DatePart[]): Order {
  const [a = 0, b = 0] = parts.map((p) => p.value);
  const named = parts.findIndex((p) => p.is === 'month');
  if (parts.length === 1) return [a > 31 ? 'year' : 'day'];
  if (parts.length === 2) {
    if (named >= 0) return named === 0 ? ['month', b > 31 ? 'year' : 'day'] : [a > 31 ? 'year' : 'day', 'month'];
    return a > 31 ? ['year', 'month'] : ['month', b > 31 ? 'year' : 'day'];
  }
  if (parts.length < 2) return [];
  if (named === 0) return b > 31 ? ['month', 'year', 'day'] : ['month', 'day', 'year'];
  if (named === 1) return a > 31 ? ['year', 'month', 'day'] : ['day', 'month', 'year'];
  if (named === 2) return b > 31 ? ['day', 'year', 'month'] : ['year', 'day', 'month'];
  if (a > 31 || parts[0]?.is === 'year') return ['year', 'month', 'day'];
  return a > 12 ? ['day', 'month', 'year'] : ['month', 'day', 'year'];
}
