import { defineErrors } from '../kernel/index.ts';

/** The SQL that a warehouse speaks; the name is that of the dbt adapter for it. */
export type Dialect = 'duckdb';

/**
 * One value of a row. Integers are numbers while they are exact (up to 2^53) and bigints beyond; decimals are
 * numbers; timestamps, dates and intervals are text as the warehouse prints them (`2016-08-01 00:00:00`); JSON is
 * the text of it; lists and structs are arrays and objects.
 */
export type Cell = null | boolean | number | bigint | string | readonly Cell[] | { readonly [field: string]: Cell };

export type Row = Readonly<Record<string, Cell>>;

/** Values for the `?` of a statement, in order. */
export type Parameter = null | boolean | number | bigint | string;

export interface StatementOptions {
  readonly parameters?: readonly Parameter[];
  /** Interrupts the statement; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Fraction done from 0 to 1, never falling, as the warehouse guesses it, a few times a second at most. */
  readonly onProgress?: (fraction: number) => void;
}

/** What a column's values come as; the arrays are the caller's to keep, no later batch writes into them. */
export type Values = Int32Array | BigInt64Array | Float64Array | Uint8Array | readonly string[];

/**
 * One column of a batch: `values[i]` means nothing where `nulls[i]` is 1.
 *
 * | column | values |
 * |---|---|
 * | integers of up to 32 bits with a sign, or 16 without | `Int32Array` |
 * | BOOLEAN (0 and 1), UTINYINT | `Uint8Array` |
 * | BIGINT | `BigInt64Array` |
 * | UINTEGER, HUGEINT (a sum of integers), FLOAT, DOUBLE, DECIMAL | `Float64Array` |
 * | a list of any of these | the items of all rows one after another, and `offsets`; a missing item is 0 or '' |
 * | all else | texts, as in a `Cell`; lists and structs in other places as JSON |
 */
export interface ColumnVector {
  readonly name: string;
  readonly values: Values;
  /** 1 where the value is missing; left out where none is. */
  readonly nulls?: Uint8Array;
  /** Of a list: the items of row i are `values[offsets[i]]` up to, without, `values[offsets[i + 1]]`; length rows + 1. */
  readonly offsets?: Uint32Array;
}

/** Some rows of a result, by column. */
export interface Batch {
  readonly length: number;
  readonly columns: readonly ColumnVector[];
}

/** A column of a table or a query: its name, and its type in the warehouse's own words (`BIGINT`, `VARCHAR`). */
export interface ColumnType {
  readonly name: string;
  readonly type: string;
}

/** A result with its columns, which are there also where there are no rows. Of two columns of one name the second is `name:1`. */
export interface Table {
  readonly columns: readonly ColumnType[];
  /** Cells in the order of the columns. */
  readonly rows: readonly (readonly Cell[])[];
}

/**
 * A SQL warehouse: one connection to it, which runs one statement at a time in the order of the calls.
 *
 * Table names in SQL are the caller's to quote. A statement that fails rejects with `STATEMENT_FAILED`, which names
 * the statement and what the warehouse said. Whoever opened the warehouse closes it.
 */
export interface Warehouse extends AsyncDisposable {
  readonly dialect: Dialect;
  /** For messages and logs: `duckdb:/data/warehouse.duckdb`. Holds no secret. */
  readonly location: string;

  /** Runs one statement for its effect. @returns rows inserted, updated or deleted. */
  execute(sql: string, options?: StatementOptions): Promise<number>;

  /** Runs one statement and gives all of its rows: for small results. */
  query<R extends Row = Row>(sql: string, options?: StatementOptions): Promise<readonly R[]>;

  /** Like `query`, with the names and types of the columns, and rows as lists of cells. */
  table(sql: string, options?: StatementOptions): Promise<Table>;

  /**
   * Runs one statement and gives its rows by column, a batch at a time, in constant memory: for large results.
   * Read it to its end or break out of the loop: until then every other call rejects with `STREAM_OPEN`, since it
   * would have to wait for the loop that waits for it. To write while reading, open the warehouse a second time.
   */
  stream(sql: string, options?: StatementOptions): AsyncIterable<Batch>;

  /** Columns of a table or view (`schema.table`, quoted as needed), in order; empty if there is no such relation. */
  columns(relation: string): Promise<readonly ColumnType[]>;

  /** Another connection to the same place, with a session and transactions of its own. Whoever asks for it closes it. */
  connect(): Promise<Warehouse>;
}

export const warehouseErrors = defineErrors({
  STATEMENT_FAILED: (f: { location: string; sql: string; problem: string }) =>
    `${f.location} could not run '${f.sql}': ${f.problem}`,
  STREAM_OPEN: (f: { location: string; sql: string }) =>
    `${f.location} is still giving the rows of '${f.sql}'. Read them to the end, break out of the loop, or open the warehouse a second time.`,
  WAREHOUSE_CLOSED: (f: { location: string; sql: string }) =>
    `${f.location} was closed before '${f.sql}' was run. Open it again, or close it later.`,
  WAREHOUSE_FULL: (f: { location: string; sql: string; problem: string }) =>
    `${f.location} has no room left on its disk for '${f.sql}' (${f.problem}). What was committed before is safe. Free some space, or put the warehouse or its temporary folder on another disk, and run again.`,
  WAREHOUSE_CORRUPT: (f: { location: string; path: string; problem: string }) =>
    `${f.path} is not a sound DuckDB file (${f.problem}). Move it away ('mv ${f.path} ${f.path}.bad') and load the raw files again, or put back a copy of it.`,
});
