import { SmallboatError, defineErrors } from 'smallboat/kernel';
import type { Warehouse } from 'smallboat/warehouse';
import { openWarehouse } from 'smallboat/warehouse';
import { RAW_SCHEMA } from '../raw-tables.ts';
import { elsewhereErrors, isElsewhere } from './home.ts';

/** Tables travel between steps as where they are, not as what is in them. */
export interface Tables {
  /** URL of the warehouse that holds them. */
  readonly warehouse: string;
  /** Absolute: where the pipeline keeps everything else. */
  readonly home: string;
  /** Memory that the warehouse may take before it spills to disk; 0 for its own choice, by the machine. */
  readonly memoryLimitMiB: number;
}

export const tablesErrors = defineErrors({
  RAW_TABLES_GONE: (f: { warehouse: string; home: string }) =>
    `${f.warehouse} does not hold the raw tables that this run loaded: it was moved away or replaced. Put it back, or load the files again: smallboat resume --from ingest --home ${f.home}`,
  DATA_REFUSED: (f: { refused: string; problem: string; empty: string }) =>
    `${f.refused}: ${f.problem}\nThe raw tables keep all that was ever loaded. To go on with corrected files, begin with empty ones: ${f.empty}, and start again. 'resume' goes on with the rows that are there, after a change of a model, a test or a suite.`,
});

/** Opens the warehouse to load tables into it. The caller closes it. Rejects with `WAREHOUSE_NOT_SHARED`. */
export async function openWarehouseOf({ warehouse, memoryLimitMiB }: Tables, signal: AbortSignal): Promise<Warehouse> {
  if (warehouse.startsWith('duckdb:') && isElsewhere()) throw elsewhereErrors.WAREHOUSE_NOT_SHARED({ warehouse });
  return openWarehouse(warehouse, { signal, waitSeconds: 60, ...(memoryLimitMiB > 0 ? { memoryLimitMiB } : {}) });
}

/** Opens the warehouse that the tables are in. The caller closes it. Rejects with `RAW_TABLES_GONE`, `WAREHOUSE_NOT_SHARED`. */
export async function openTables(tables: Tables, signal: AbortSignal): Promise<Warehouse> {
  const warehouse = await openWarehouseOf(tables, signal);
  const found = await warehouse.relations({ schema: RAW_SCHEMA });
  if (found.length > 0) return warehouse;
  await warehouse[Symbol.asyncDispose]();
  throw tablesErrors.RAW_TABLES_GONE({ warehouse: warehouse.location, home: tables.home });
}

/** Adds to the error of data that is not as it should be how to go on with other data. Rejects with `DATA_REFUSED`. */
export async function refusing<T>({ warehouse }: Tables, codes: readonly string[], work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof SmallboatError) || !codes.includes(error.code)) throw error;
    const [, file] = /^duckdb:(.+)$/.exec(warehouse) ?? [];
    const empty = file === undefined ? `drop the schema ${RAW_SCHEMA}` : `move them away ('mv ${file} ${file}.bad')`;
    throw tablesErrors.DATA_REFUSED({ refused: error.code, problem: error.message, empty });
  }
}
