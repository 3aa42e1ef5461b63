import * as z from 'zod';
import type { Cell } from '../warehouse/index.ts';
import type { Verdict } from './kind.ts';
import { literal } from './sql.ts';

const Bound = z.union([z.number(), z.string()]).nullish();

/** Arguments of every expectation that names a range. */
export const BOUNDS = {
  min_value: Bound,
  max_value: Bound,
  strict_min: z.boolean().nullish(),
  strict_max: z.boolean().nullish(),
} as const;

export interface Bounds {
  readonly min_value?: number | string | null | undefined;
  readonly max_value?: number | string | null | undefined;
  readonly strict_min?: boolean | null | undefined;
  readonly strict_max?: boolean | null | undefined;
}

/** Conditions in SQL that a value within the bounds meets; none where there is no bound. */
export function withinSql(value: string, { min_value, max_value, strict_min, strict_max }: Bounds): readonly string[] {
  return [
    ...(min_value === null || min_value === undefined
      ? []
      : [`${value} ${strict_min ? '>' : '>='} ${literal(min_value)}`]),
    ...(max_value === null || max_value === undefined
      ? []
      : [`${value} ${strict_max ? '<' : '<='} ${literal(max_value)}`]),
  ];
}

/** Is an observed value within the bounds? A value that is not there is not. */
export function judgeBetween(observed: Cell, bounds: Bounds): Verdict {
  const { min_value, max_value, strict_min, strict_max } = bounds;
  if (observed === null || Number.isNaN(observed)) return { success: false, result: { observed_value: null } };
  const low = min_value === null || min_value === undefined ? 1 : compare(observed, min_value);
  const high = max_value === null || max_value === undefined ? -1 : compare(observed, max_value);
  const success = (strict_min ? low > 0 : low >= 0) && (strict_max ? high < 0 : high <= 0);
  return { success, result: { observed_value: observed } };
}

/** The bounds in words: `between 1 and 10`, `at least 1`. */
export function boundsInWords({ min_value, max_value, strict_min, strict_max }: Bounds): string {
  const low =
    min_value === null || min_value === undefined ? '' : `${strict_min ? 'more than' : 'at least'} ${min_value}`;
  const high =
    max_value === null || max_value === undefined ? '' : `${strict_max ? 'less than' : 'at most'} ${max_value}`;
  if (low !== '' && high !== '') {
    return strict_min || strict_max ? `${low} and ${high}` : `between ${min_value ?? ''} and ${max_value ?? ''}`;
  }
  return low || high || 'anything';
}

/** Below 0, 0 or above 0. Times are texts that sort as they follow each other, once they are written alike. */
function compare(a: Cell, b: number | string): number {
  if (typeof a === 'string' || typeof b === 'string') {
    const [x, y] =
      typeof b === 'string' ? [timeText(typeof a === 'string' ? a : JSON.stringify(a)), timeText(b)] : [Number(a), b];
    return x < y ? -1 : x > y ? 1 : x === y ? 0 : Number.NaN;
  }
  return a === null || typeof a === 'object' ? Number.NaN : Number(a) - b;
}

function timeText(text: string): string {
  if (!/^\d{4}-\d\d-\d\d/.test(text)) return text;
  const plain = text
    .replace('T', ' ')
    .replace(/(?:Z|\+00(?::?00)?)$/, '')
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '');
  return plain.length === 10 ? `${plain} 00:00:00` : plain;
}
