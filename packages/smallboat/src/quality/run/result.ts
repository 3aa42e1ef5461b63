import type { ExpectationConfig } from '../suite/suite.ts';
import type { Format } from './result-format.ts';

export interface ExceptionInfo {
  readonly raised_exception: boolean;
  readonly exception_message: string | null;
  readonly exception_traceback: string | null;
}

export interface ResultMeta {
  /** What was expected, in plain words. */
  readonly sentence?: string;
  /** A few whole rows that it rejects. */
  readonly sample_rows?: readonly Readonly<Record<string, unknown>>[];
  readonly [key: string]: unknown;
}

/** What became of one expectation, in the shape of Great Expectations 1.x. `meta.sentence` says it in plain words. */
export interface ExpectationResult {
  readonly success: boolean;
  readonly expectation_config: ExpectationConfig;
  readonly result: Readonly<Record<string, unknown>>;
  readonly meta: ResultMeta;
  readonly exception_info: ExceptionInfo;
}

export interface Statistics {
  readonly evaluated_expectations: number;
  readonly successful_expectations: number;
  readonly unsuccessful_expectations: number;
  /** From 0 to 100; null where nothing was evaluated. */
  readonly success_percent: number | null;
}

/** The result of a suite over a relation, in the shape of Great Expectations 1.x: JSON values only. */
export interface ValidationResult {
  readonly success: boolean;
  readonly results: readonly ExpectationResult[];
  readonly suite_name: string;
  readonly suite_parameters: Readonly<Record<string, unknown>>;
  readonly statistics: Statistics;
  readonly meta: ValidationMeta;
  readonly id: string | null;
}

export interface ValidationMeta {
  readonly run_id: { readonly run_name: string; readonly run_time: string };
  readonly validation_id: string;
  readonly validation_time: string;
  readonly checkpoint_id: string | null;
  readonly batch_parameters: null;
  readonly active_batch_definition: {
    readonly datasource_name: string;
    readonly data_connector_name: string;
    readonly data_asset_name: string;
    readonly batch_identifiers: Readonly<Record<string, unknown>>;
  };
  /** Ours: what was validated, how long it took, and where the failing rows are. */
  readonly smallboat: {
    readonly relation: string;
    readonly seconds: number;
    readonly statements: number;
    readonly quarantine: Quarantine | null;
    /** Rows of the relation; null where no expectation needed them counted. */
    readonly rows?: number | null;
    readonly columns?: readonly { readonly name: string; readonly type: string }[];
    /** The table that the rows without fault went to. */
    readonly goodRows?: string;
    /** Why nothing could be validated at all: the suite or the table is not there. */
    readonly problem?: { readonly code: string; readonly message: string };
  };
}

/** Where the rows went that a failed expectation rejects. */
export interface Quarantine {
  /** The table's name as SQL: `quality_quarantine."session_stats"`. */
  readonly table: string;
  readonly rows: number;
}

/** Counts of an expectation that asks every row. */
export interface RowCounts {
  readonly elements: number;
  /** Rows that were asked; null where the expectation is about missing values itself. */
  readonly asked: number | null;
  readonly unexpected: number;
}

/** Some of the rows that an expectation rejects. */
export interface RowSample {
  /** What is wrong with each: a value, a pair of values, a record. */
  readonly values: readonly unknown[];
  /** The rows as a whole. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Its index columns, and the columns asked, of each row. */
  readonly index?: readonly Readonly<Record<string, unknown>>[];
  readonly query?: string;
}

/** Did enough rows meet it? No rows, no objection. */
export function isMet({ elements, asked, unexpected }: RowCounts, mostly: number): boolean {
  const considered = asked ?? elements;
  return elements === 0 || considered === 0 || (considered - unexpected) / considered >= mostly;
}

/** The `result` of an expectation that asks every row, as Great Expectations lays it out for each format. */
export function rowResult(
  { elements, asked, unexpected }: RowCounts,
  sample: RowSample,
  format: Format,
  namesIndex = true,
): Readonly<Record<string, unknown>> {
  const { level, partial, indexColumns, withQuery, withRows, withoutValues } = format;
  const isComplete = level === 'COMPLETE';
  const query = sample.query !== undefined && (withQuery ?? isComplete) ? { unexpected_index_query: sample.query } : {};
  const names = indexColumns === undefined || !namesIndex ? {} : { unexpected_index_column_names: indexColumns };
  if (level === 'BOOLEAN_ONLY') return { ...query, ...('unexpected_index_query' in query ? names : {}) };
  const percent = (of: number): number | null => (of > 0 ? (unexpected / of) * 100 : null);
  const shown = sample.values.slice(0, partial);
  const listed = isComplete ? sample.values : shown;
  const index = sample.index?.slice(0, partial);
  const shownIndex =
    withoutValues && index !== undefined && index.length > 0 ? [byColumn(index, indexColumns ?? [])] : index;
  const counts = partial > 0 && !withoutValues ? countsOf(listed, partial) : undefined;
  return {
    element_count: elements,
    unexpected_count: unexpected,
    unexpected_percent: elements === 0 ? null : percent(asked ?? elements),
    ...(withoutValues ? {} : { partial_unexpected_list: shown }),
    ...names,
    ...(asked === null
      ? {}
      : {
          missing_count: elements - asked,
          missing_percent: elements > 0 ? ((elements - asked) / elements) * 100 : null,
          unexpected_percent_total: percent(elements),
          unexpected_percent_nonmissing: elements === 0 ? null : percent(asked),
        }),
    ...(withRows ? { unexpected_rows: sample.rows.slice(0, partial) } : {}),
    ...(level === 'BASIC' || counts === undefined ? {} : { partial_unexpected_counts: counts }),
    ...(level === 'BASIC' || shownIndex === undefined || partial === 0
      ? {}
      : { partial_unexpected_index_list: shownIndex }),
    ...(isComplete && !withoutValues ? { unexpected_list: listed } : {}),
    ...(isComplete && shownIndex !== undefined ? { unexpected_index_list: shownIndex } : {}),
    ...query,
  };
}

/** Index columns alone come as one list a column. */
function byColumn(
  index: readonly Readonly<Record<string, unknown>>[],
  names: readonly string[],
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(names.map((name) => [name, index.map((row) => row[name] ?? null)]));
}

/**
 * How often each of the listed values is among them, the most frequent first, then in the order of the values. Undefined
 * where two that are as frequent have no order (rows with a null and a number), as Great Expectations leaves it out then.
 */
function countsOf(
  values: readonly unknown[],
  most: number,
): readonly { readonly value: unknown; readonly count: number }[] | undefined {
  const counts = new Map<string, { value: unknown; count: number }>();
  for (const value of values) {
    const plain: unknown = isRecord(value) ? Object.values(value) : value;
    const key = JSON.stringify(plain) ?? 'null';
    const entry = counts.get(key) ?? { value: plain, count: 0 };
    entry.count += 1;
    counts.set(key, entry);
  }
  let isOrdered = true;
  const sorted = [...counts.values()]
    .sort((x, y) => y.count - x.count)
    .slice(0, most)
    .sort((x, y) => {
      if (x.count !== y.count) return y.count - x.count;
      // No value that fails alone is missing: a null stands for a NaN or an infinity, which JSON has not.
      const alone = Number(x.value === null) - Number(y.value === null);
      const order = alone === 0 ? compare(x.value, y.value) : alone;
      if (order === undefined) isOrdered = false;
      return order ?? 0;
    });
  return isOrdered ? sorted : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Python's order of two values; undefined where it has none. */
function compare(a: unknown, b: unknown): number | undefined {
  if (Array.isArray(a) && Array.isArray(b)) {
    for (const [i, item] of a.entries()) {
      if (i >= b.length) return 1;
      const order = JSON.stringify(item) === JSON.stringify(b[i]) ? 0 : compare(item, b[i]);
      if (order !== 0) return order;
    }
    return a.length - b.length;
  }
  if (isNumber(a) && isNumber(b)) return Number(a) - Number(b);
  return typeof a === 'string' && typeof b === 'string' ? (a < b ? -1 : a > b ? 1 : 0) : undefined;
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'boolean';
}

export function statisticsOf(results: readonly ExpectationResult[]): Statistics {
  const successful = results.filter((r) => r.success).length;
  return {
    evaluated_expectations: results.length,
    successful_expectations: successful,
    unsuccessful_expectations: results.length - successful,
    success_percent: results.length === 0 ? null : (successful / results.length) * 100,
  };
}
