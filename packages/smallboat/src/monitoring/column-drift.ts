import { defineErrors } from '../kernel/index.ts';
import type { ColumnSample, DriftMethod } from './drift-methods.ts';
import { DRIFT_METHODS, isFiniteSample } from './drift-methods.ts';

export const columnDriftErrors = defineErrors({
  DRIFT_COLUMN_MISSING: (f: { column: string; where: string }) =>
    `Column ${f.column} is not in the ${f.where} data. Hand in the same columns for both.`,
  DRIFT_COLUMN_EMPTY: (f: { column: string; where: string }) =>
    `Column ${f.column} has no value in the ${f.where} data. Leave it out, or look why it is empty.`,
  DRIFT_COLUMN_KINDS: (f: { column: string; problem: string }) => `Column ${f.column}: ${f.problem}`,
});

/**
 * The values of a column. Numbers as a typed array (one of whole numbers, such as `Int32Array`, has bins at least 1 wide);
 * NaN and infinities count as missing. All else as texts, null where missing: these are categories.
 */
export type DriftColumn =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array
  | readonly (string | null)[];

export interface DataDriftOptions {
  /** A method by column; default: by size and kind, see `dataDrift`. */
  readonly methods?: Readonly<Record<string, DriftMethod>>;
  /** A threshold by column; default that of the method. */
  readonly thresholds?: Readonly<Record<string, number>>;
  /** Share of drifted columns from which on the data as a whole has drifted. Default 0.5. */
  readonly share?: number;
}

export interface ColumnDrift {
  readonly column: string;
  readonly kind: 'numeric' | 'categorical';
  readonly method: DriftMethod;
  /** A p-value where the method is a test (drift below the threshold), else a distance (drift from the threshold on). */
  readonly score: number;
  readonly threshold: number;
  readonly isDrifted: boolean;
}

export interface DataDrift {
  readonly columns: readonly ColumnDrift[];
  /** Share of the columns that drifted, 0 to 1. */
  readonly share: number;
  readonly isDrifted: boolean;
}

/**
 * Drift of any columns, with the methods and the defaults of Evidently 0.7, and its numbers:
 *
 * | rows in the reference | numbers, more than 5 different | numbers, up to 5 different | categories |
 * |---|---|---|---|
 * | up to 1,000 | Kolmogorov–Smirnov, p < 0.05 | chi-square (more than 2) or z, p < 0.05 | as on the left |
 * | more | Wasserstein distance over the reference's deviation, ≥ 0.1 | Jensen–Shannon distance, ≥ 0.1 | as on the left |
 *
 * One pass and a sort for each column. @throws DRIFT_COLUMN_MISSING, DRIFT_COLUMN_EMPTY, DRIFT_COLUMN_KINDS
 */
export function dataDrift(
  reference: Readonly<Record<string, DriftColumn>>,
  live: Readonly<Record<string, DriftColumn>>,
  options: DataDriftOptions = {},
): DataDrift {
  const columns = Object.entries(reference).map(([column, values]): ColumnDrift => {
    const current = live[column];
    if (current === undefined) throw columnDriftErrors.DRIFT_COLUMN_MISSING({ column, where: 'live' });
    const r = sampleOf(column, values, 'reference');
    const l = sampleOf(column, current, 'live');
    if (r.kind !== l.kind) {
      const problem = `the reference holds ${wordsOf(r)}, and the live data ${wordsOf(l)}. Hand in the same kind for both.`;
      throw columnDriftErrors.DRIFT_COLUMN_KINDS({ column, problem });
    }
    const method = options.methods?.[column] ?? defaultMethod(r, l);
    const { score, isTest, threshold: usual, kinds } = DRIFT_METHODS[method];
    if (kinds !== undefined && kinds !== r.kind) {
      const problem = `method ${method} is for ${kinds} columns, and this is ${r.kind}. Choose another, or none.`;
      throw columnDriftErrors.DRIFT_COLUMN_KINDS({ column, problem });
    }
    const threshold = options.thresholds?.[column] ?? usual;
    const value = score(r, l);
    const isDrifted = isTest ? value < threshold : value >= threshold;
    return { column, kind: r.kind, method, score: value, threshold, isDrifted };
  });
  const missing = Object.keys(live).find((column) => reference[column] === undefined);
  if (missing !== undefined) throw columnDriftErrors.DRIFT_COLUMN_MISSING({ column: missing, where: 'reference' });
  const share = columns.filter((c) => c.isDrifted).length / columns.length;
  return { columns, share, isDrifted: share >= (options.share ?? 0.5) };
}

function wordsOf({ kind }: ColumnSample): string {
  return kind === 'numeric' ? 'numbers' : 'categories';
}

function sampleOf(column: string, values: DriftColumn, where: string): ColumnSample {
  const sample: ColumnSample = ArrayBuffer.isView(values)
    ? {
        kind: 'numeric',
        isWhole: !(values instanceof Float64Array || values instanceof Float32Array),
        sorted: isFiniteSample(values).sort(),
      }
    : { kind: 'categorical', counts: countsOf(values) };
  const size = sample.kind === 'numeric' ? sample.sorted.length : sample.counts.size;
  if (size === 0) throw columnDriftErrors.DRIFT_COLUMN_EMPTY({ column, where });
  return sample;
}

function countsOf(values: readonly (string | null)[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function defaultMethod(reference: ColumnSample, live: ColumnSample): DriftMethod {
  const different = differentIn(reference, live);
  const isNumber = reference.kind === 'numeric' && different > 5;
  if (rowsOf(reference) > 1_000) return isNumber ? 'wasserstein' : 'jensenshannon';
  if (isNumber) return 'ks';
  return different > 2 ? 'chisquare' : 'z';
}

function rowsOf(sample: ColumnSample): number {
  if (sample.kind === 'numeric') return sample.sorted.length;
  return [...sample.counts.values()].reduce((sum, count) => sum + count, 0);
}

function differentIn(a: ColumnSample, b: ColumnSample): number {
  const keys = (sample: ColumnSample): Iterable<string | number> =>
    sample.kind === 'numeric' ? sample.sorted : sample.counts.keys();
  const all = new Set<string | number>(keys(a));
  for (const key of keys(b)) all.add(key);
  return all.size;
}
