/** How much a result says: as in Great Expectations. */
export type ResultFormat = 'BOOLEAN_ONLY' | 'BASIC' | 'SUMMARY' | 'COMPLETE';

const LEVELS: readonly ResultFormat[] = ['BOOLEAN_ONLY', 'BASIC', 'SUMMARY', 'COMPLETE'];

/** Values that a `COMPLETE` result lists at most: as many as Great Expectations fetches. */
export const MOST_LISTED = 200;

/** How one result is written. */
export interface Format {
  readonly level: ResultFormat;
  /** Values and rows that the `partial_…` lists hold at most. */
  readonly partial: number;
  /** Columns that say which row it is: `unexpected_index_column_names`. */
  readonly indexColumns?: readonly string[];
  /** Whole rows beside the values. */
  readonly withRows: boolean;
  /** No values at all: only counts, and rows by their index columns. */
  readonly withoutValues: boolean;
  /** A query for the rows; by default in `COMPLETE` results only. */
  readonly withQuery?: boolean;
}

/** A format as a suite, a checkpoint or a caller writes it: its level, or a dictionary of Great Expectations. */
export type ResultFormatOption = ResultFormat | Readonly<Record<string, unknown>>;

/** Reads a format; `SUMMARY` where none is given, and for a level that there is not. */
export function formatOf(given: unknown): Format {
  const options =
    typeof given === 'object' && given !== null
      ? (given as Readonly<Record<string, unknown>>)
      : { result_format: given };
  const level = LEVELS.find((one) => one === options['result_format']) ?? 'SUMMARY';
  const {
    partial_unexpected_count: partial,
    unexpected_index_column_names: names,
    return_unexpected_index_query: query,
  } = options;
  const indexColumns = typeof names === 'string' ? [names] : Array.isArray(names) ? names.map(String) : undefined;
  return {
    level,
    partial: typeof partial === 'number' && partial >= 0 ? partial : 20,
    withRows: options['include_unexpected_rows'] === true,
    withoutValues: options['exclude_unexpected_values'] === true,
    ...(indexColumns === undefined ? {} : { indexColumns }),
    ...(typeof query === 'boolean' ? { withQuery: query } : {}),
  };
}

/** Failing rows that a result of this format needs. */
export function rowsNeeded({ level, partial }: Format): number {
  if (level === 'BOOLEAN_ONLY') return 0;
  return level === 'COMPLETE' ? MOST_LISTED : partial;
}
