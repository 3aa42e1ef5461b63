import { aliased } from './aliased.ts';
import type { Cell, Warehouse } from '../../warehouse/index.ts';

/** What one expectation wants of the scan: aggregates as SQL. Two that want the same share it. */
export interface Wanted {
  readonly aggregates: readonly string[];
}

export interface ScanOptions {
  /** What follows `from`. */
  readonly source: string;
  readonly signal?: AbortSignal | undefined;
}

export interface Scanned {
  /** Values of the aggregates, by their SQL; an error for what could not be computed, by who wanted it. */
  readonly values: ReadonlyMap<string, Cell>;
  readonly failures: ReadonlyMap<number, Error>;
  /** Statements that were sent: one, unless something failed. */
  readonly statements: number;
}

/** Aggregates in one statement at most: PostgreSQL takes 1664 columns. */
const MOST_COLUMNS = 1200;

/**
 * Computes the aggregates of all expectations in one statement, so in one scan of the relation. If the statement fails,
 * each half is tried alone, and so on until the expectations that cannot be computed stand alone with their error: a
 * scan for each halving, only when something is wrong.
 */
export async function scan(warehouse: Warehouse, wanted: readonly Wanted[], options: ScanOptions): Promise<Scanned> {
  const values = new Map<string, Cell>();
  const failures = new Map<number, Error>();
  let statements = 0;
  const halves = async (members: readonly number[]): Promise<void> => {
    const half = members.length >> 1;
    await attempt(members.slice(0, half));
    await attempt(members.slice(half));
  };
  const attempt = async (members: readonly number[]): Promise<void> => {
    const aggregates = [...new Set(members.flatMap((i) => wanted[i]?.aggregates ?? []))].filter((a) => !values.has(a));
    if (aggregates.length === 0) return;
    if (aggregates.length > MOST_COLUMNS && members.length > 1) return halves(members);
    const columns = aggregates.map((aggregate, i) => `${aggregate} as a${i}`).join(',\n');
    const signal = options.signal === undefined ? {} : { signal: options.signal };
    statements += 1;
    try {
      const [found] = await warehouse.query(`select\n${columns}\nfrom ${options.source}`, signal);
      const row = aliased(found ?? {});
      aggregates.forEach((aggregate, i) => values.set(aggregate, row[`a${i}`] ?? null));
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof Error)) throw error;
      const [only] = members;
      if (members.length === 1 && only !== undefined) {
        failures.set(only, error);
        return undefined;
      }
      await halves(members);
    }
    return undefined;
  };
  await attempt(wanted.map((_, i) => i));
  return { values, failures, statements };
}
