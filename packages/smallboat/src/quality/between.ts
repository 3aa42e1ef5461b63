import * as z from 'zod';
import type { Cell, ColumnType } from '../warehouse/index.ts';
import { literal } from './dialect/sql.ts';
import { familyOf, isNumeric, isTemporal } from './dialect/type-family.ts';
import { jsonOf } from './json-value.ts';
import type { TableFacts, Verdict } from './kind.ts';
import { kindErrors } from './kind.ts';
import { readTime } from './time/read-time.ts';
import { timeLiteral } from './time/time-sql.ts';

/** A number, the infinities among them, which zod leaves out of its own. */
export const AnyNumber = z.custom<number>((value) => typeof value === 'number', 'a number is needed');

const Bound = z.union([AnyNumber, z.string()]).nullish();

/** Arguments of every expectation that names a range. */
export const BOUNDS = {
  min_value: Bound,
  max_value: Bound,
  strict_min: z.boolean().nullish(),
  strict_max: z.boolean().nullish(),
} as const;

/** Arguments of ranges and sets that older versions also take. */
export const OLD_TIMES = {
  /** Texts of the suite and of the column are read as times. Times in the suite are read in either case. */
  parse_strings_as_datetimes: z.boolean().nullish(),
  // How older versions print times, and a comparison that none of them makes.
  output_strftime_format: z.string().nullish(),
  allow_cross_type_comparisons: z.boolean().nullish(),
} as const;

export interface Bounds {
  readonly min_value?: number | string | null | undefined;
  readonly max_value?: number | string | null | undefined;
  readonly strict_min?: boolean | null | undefined;
  readonly strict_max?: boolean | null | undefined;
}

/** Both ends are missing, or the lower lies above the upper: what is wrong with it in words. */
export function boundsProblem({ min_value: low, max_value: high }: Bounds): string | undefined {
  if ((low ?? null) === null && (high ?? null) === null) return 'min_value and max_value cannot both be None';
  return lowAboveHigh({ min_value: low, max_value: high });
}

/** The lower bound lies above the upper one. */
export function lowAboveHigh({ min_value: low, max_value: high }: Bounds): string | undefined {
  if (typeof low !== typeof high || low === null || high === null || low === undefined || high === undefined)
    return undefined;
  return low > high && !(typeof low === 'string' && isLater(high, low))
    ? 'min_value cannot be greater than max_value'
    : undefined;
}

function isLater(high: string | number, low: string): boolean {
  const [a, b] = [readTime(low, new Date(0)), readTime(String(high), new Date(0))];
  return a !== undefined && b !== undefined && a.micros <= b.micros;
}

/** Conditions in SQL that a value of a column within the bounds meets; none where there is no bound. */
export function withinSql(value: string, column: ColumnType, bounds: Bounds, table: TableFacts): readonly string[] {
  const { min_value, max_value, strict_min, strict_max } = bounds;
  const ends = [
    [min_value, strict_min ? '>' : '>='],
    [max_value, strict_max ? '<' : '<='],
  ] as const;
  return ends.flatMap(([bound, sign]) =>
    bound === null || bound === undefined ? [] : [`${value} ${sign} ${boundSql(bound, column, table)}`],
  );
}

/** A bound as SQL of the column's own type. Throws `EXPECTATION_UNFIT` where a text is compared with numbers, or the like. */
function boundSql(bound: number | string, { name, type }: ColumnType, table: TableFacts): string {
  if (typeof bound === 'string' && isTemporal(type)) {
    const time = readTime(bound, table.now);
    if (time === undefined)
      throw kindErrors.EXPECTATION_UNFIT({ problem: `'${bound}' is no date or time, and ${name} is a ${type}.` });
    return timeLiteral(time, type);
  }
  const isMixed = typeof bound === 'string' ? isNumeric(type) && Number.isNaN(Number(bound)) : isTextOrTime(type);
  if (isMixed) {
    throw kindErrors.EXPECTATION_UNFIT({
      problem: `Column values, min_value, and max_value must either be None or of the same type: ${name} is a ${type}, and ${JSON.stringify(bound)} is not.`,
    });
  }
  return literal(table.sql, bound);
}

function isTextOrTime(type: string): boolean {
  return familyOf(type) === 'text' || isTemporal(type);
}

/**
 * Is an observed figure within the bounds? One that is not there is not. `type` is the column's where the figure is one of
 * its values.
 */
export function judgeBetween(figure: Cell, bounds: Bounds, { type = '', now = new Date(0) } = {}): Verdict {
  const observed = numberOf(figure, type);
  if (observed === null || Number.isNaN(observed)) return { success: false, result: { observed_value: null } };
  const { min_value, max_value, strict_min, strict_max } = bounds;
  const compare = (bound: number | string): number => order(observed, bound, { type, now });
  const low = min_value === null || min_value === undefined ? 1 : compare(min_value);
  const high = max_value === null || max_value === undefined ? -1 : compare(max_value);
  const success = (strict_min ? low > 0 : low >= 0) && (strict_max ? high < 0 : high <= 0);
  return { success, result: { observed_value: jsonOf(observed, type) } };
}

/** A decimal of many digits comes as text: as a number, unless it is a value of a column of texts or times. */
function numberOf(figure: Cell, type: string): Cell {
  if (typeof figure !== 'string' || isTextOrTime(type) || figure.trim() === '') return figure;
  return Number.isNaN(Number(figure)) ? figure : Number(figure);
}

/** Below 0, 0 or above 0. Throws `EXPECTATION_UNFIT` for what cannot be compared. */
function order(a: Cell, b: number | string, { type, now }: { readonly type: string; readonly now: Date }): number {
  if (typeof a === 'number' || typeof a === 'bigint' || typeof a === 'boolean') {
    const bound = Number(b);
    if (typeof b === 'string' && (b.trim() === '' || Number.isNaN(bound))) throw mixed(a, b);
    return Number(a) === bound ? 0 : Number(a) - bound;
  }
  if (typeof a !== 'string' || typeof b !== 'string') throw mixed(a, b);
  if (!isTemporal(type)) return a < b ? -1 : a > b ? 1 : 0;
  const [x, y] = [readTime(a, now), readTime(b, now)];
  if (x === undefined || y === undefined) throw mixed(a, b);
  return x.micros < y.micros ? -1 : x.micros > y.micros ? 1 : 0;
}

function mixed(observed: Cell, bound: number | string): Error {
  return kindErrors.EXPECTATION_UNFIT({
    problem: `min_value and max_value must be a datetime (for datetime columns) or number: ${JSON.stringify(bound)} cannot be compared with ${typeof observed === 'object' ? 'a list' : String(observed)}.`,
  });
}

/** The bounds in words: `between 1 and 10`, `at least 1`. */
export function boundsInWords({ min_value, max_value, strict_min, strict_max }: Bounds): string {
  const low =
    min_value === null || min_value === undefined ? '' : `${strict_min ? 'more than' : 'at least'} ${min_value}`;
  const high =
    max_value === null || max_value === undefined ? '' : `${strict_max ? 'less than' : 'at most'} ${max_value}`;
  if (low !== '' && high !== '') {
    if (strict_min || strict_max) return `${low} and ${high}`;
    return min_value === max_value ? `${min_value ?? ''}` : `between ${min_value ?? ''} and ${max_value ?? ''}`;
  }
  return low || high || 'anything';
}
