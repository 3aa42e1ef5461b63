import type { ExpectationConfig } from './suite.ts';

/** How much a result says: as in Great Expectations. `COMPLETE` lists up to 200 unexpected values, `SUMMARY` and `BASIC` up to 20. */
export type ResultFormat = 'BOOLEAN_ONLY' | 'BASIC' | 'SUMMARY' | 'COMPLETE';

/** Values listed at most: as many as Great Expectations fetches. */
export const LISTED: Readonly<Record<ResultFormat, number>> = {
  BOOLEAN_ONLY: 0,
  BASIC: 20,
  SUMMARY: 20,
  COMPLETE: 200,
};

export interface ExceptionInfo {
  readonly raised_exception: boolean;
  readonly exception_message: string | null;
  readonly exception_traceback: string | null;
}

/** What became of one expectation, in the shape of Great Expectations 1.x. `meta.sentence` says it in plain words. */
export interface ExpectationResult {
  readonly success: boolean;
  readonly expectation_config: ExpectationConfig;
  readonly result: Readonly<Record<string, unknown>>;
  readonly meta: Readonly<Record<string, unknown>>;
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
  readonly checkpoint_id: null;
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

/** Did enough rows meet it? No rows, no objection. */
export function isMet({ elements, asked, unexpected }: RowCounts, mostly: number): boolean {
  const considered = asked ?? elements;
  return elements === 0 || considered === 0 || (considered - unexpected) / considered >= mostly;
}

/** The `result` of an expectation that asks every row, as Great Expectations' `_format_map_output` lays it out. */
export function rowResult(
  { elements, asked, unexpected }: RowCounts,
  values: readonly unknown[],
  format: ResultFormat,
): Readonly<Record<string, unknown>> {
  if (format === 'BOOLEAN_ONLY') return {};
  const percent = (of: number): number | null => (of > 0 ? (unexpected / of) * 100 : null);
  const shown = values.slice(0, LISTED.BASIC);
  return {
    element_count: elements,
    unexpected_count: unexpected,
    unexpected_percent: elements === 0 ? null : percent(asked ?? elements),
    partial_unexpected_list: shown,
    ...(asked === null
      ? {}
      : {
          missing_count: elements - asked,
          missing_percent: elements > 0 ? ((elements - asked) / elements) * 100 : null,
          unexpected_percent_total: percent(elements),
          unexpected_percent_nonmissing: elements === 0 ? null : percent(asked),
        }),
    ...(format === 'BASIC' ? {} : { partial_unexpected_counts: countsOf(shown) }),
    ...(format === 'COMPLETE' ? { unexpected_list: values } : {}),
  };
}

/** How often each of the listed values is among them, the most frequent first. */
function countsOf(values: readonly unknown[]): readonly { readonly value: unknown; readonly count: number }[] {
  const counts = new Map<string, { value: unknown; count: number }>();
  for (const value of values) {
    const key = JSON.stringify(value) ?? 'null';
    const entry = counts.get(key) ?? { value, count: 0 };
    entry.count += 1;
    counts.set(key, entry);
  }
  return [...counts].sort(([a, x], [b, y]) => y.count - x.count || (a < b ? -1 : 1)).map(([, entry]) => entry);
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
