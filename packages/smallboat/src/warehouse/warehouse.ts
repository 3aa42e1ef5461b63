import { defineErrors } from '../kernel/index.ts';

/** The SQL that a warehouse speaks; the name is that of the dbt adapter for it. */
export type Dialect = 'duckdb' | 'postgres' | 'redshift' | 'snowflake';

/**
 * One value of a row, the same for every warehouse:
 *
 * | in the warehouse | cell |
 * |---|---|
 * | integers | a number while it is exact (up to 2^53), a bigint beyond |
 * | decimals | a number where it has all of the digits, their text where it has not (`12345678901234567.89`) |
 * | floating point | a number |
 * | timestamps, dates, times, intervals | text: `2016-08-01 10:00:00.25`, with a zone in UTC: `2016-08-01 10:00:00.25+00` |
 * | JSON, VARIANT, SUPER | the text of it |
 * | lists, structs | arrays and objects |
 * | all else | text as the warehouse prints it |
 */
export type Cell = null | boolean | number | bigint | string | readonly Cell[] | { readonly [field: string]: Cell };

export type Row = Readonly<Record<string, Cell>>;

/** Values for the `?` of a statement, in order. */
export type Parameter = null | boolean | number | bigint | string;

export interface StatementOptions {
  /** For each `?` outside of quotes and comments one value. PostgreSQL's own operator `?` is written `??` then. */
  readonly parameters?: readonly Parameter[];
  /** Interrupts the statement in the warehouse; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Fraction done from 0 to 1, never falling, as the warehouse guesses it, a few times a second at most. Only DuckDB guesses. */
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
 *
 * Snowflake has one type for all integers: declared with up to 9 digits they are `Int32Array`, else (as INTEGER, of 38) `BigInt64Array`.
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

/** A column of a table or a query: its name, and its type in the warehouse's own words (`BIGINT`, `character varying(20)`). */
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

/** A table or a view that the warehouse has. */
export interface Relation {
  readonly database: string;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'table' | 'view' | 'materialized view';
}

/**
 * CSV files on this machine, as `toCsv` writes them: UTF-8, no line of names, commas, fields quoted by `"` where needed (or
 * all of them), a quote doubled. Nothing between two commas is a missing value, `""` the empty text. JSON is its text.
 */
export interface CsvFiles {
  readonly paths: readonly string[];
  /** Columns of the table, in the order of the fields. Those left out take their default. */
  readonly columns: readonly string[];
  readonly compression?: 'gzip';
  readonly signal?: AbortSignal;
  /** Fraction of the bytes that the warehouse has, 0 to 1. */
  readonly onProgress?: (fraction: number) => void;
}

/**
 * A SQL warehouse: one connection to it, which runs one statement at a time in the order of the calls.
 *
 * - Names in SQL, also those of `relation` arguments, are the caller's to quote: see `nameIn`.
 * - A statement that fails rejects with `STATEMENT_FAILED`: the statement, what the warehouse said, and where in the text.
 *   No message or fact holds a password or a key.
 * - BEGIN, COMMIT and ROLLBACK are statements like others; `inTransaction` is made of them. Snowflake ends a transaction
 *   at every CREATE, DROP or ALTER.
 * - Where the connection is lost the statement rejects with `WAREHOUSE_GONE`. The next one connects again, unless
 *   a transaction was open: then all reject with `TRANSACTION_LOST` up to its COMMIT (which rejects too) or ROLLBACK.
 *
 * Whoever opened the warehouse closes it.
 */
export interface Warehouse extends AsyncDisposable {
  readonly dialect: Dialect;
  /** For messages and logs: `duckdb:/data/warehouse.duckdb`, `postgres://anna@db.example/shop`. Holds no secret. */
  readonly location: string;

  /** Runs one statement for its effect. @returns rows inserted, updated or deleted. */
  execute(sql: string, options?: StatementOptions): Promise<number>;

  /** Runs one statement and gives all of its rows: for small results. */
  query<R extends Row = Row>(sql: string, options?: StatementOptions): Promise<readonly R[]>;

  /** Like `query`, with the names and types of the columns, and rows as lists of cells. */
  table(sql: string, options?: StatementOptions): Promise<Table>;

  /**
   * Runs one query and gives its rows by column, a batch at a time, in constant memory: for large results.
   * Read it to its end or break out of the loop: until then every other call rejects with `STREAM_OPEN`, since it
   * would have to wait for the loop that waits for it. To write while reading, `connect` a second time.
   */
  stream(sql: string, options?: StatementOptions): AsyncIterable<Batch>;

  /** Adds the rows of files to a table (`schema.table`, quoted as needed) in bulk, all or none. @returns how many. */
  load(relation: string, files: CsvFiles): Promise<number>;

  /** Columns of a table or view (`schema.table`, quoted as needed), in order; empty if there is no such relation. */
  columns(relation: string): Promise<readonly ColumnType[]>;

  /** Tables and views, without those of the warehouse itself. Names as the warehouse has them, compared without case. */
  relations(within?: { readonly database?: string; readonly schema?: string }): Promise<readonly Relation[]>;

  /** Another connection to the same place, with a session and transactions of its own. Whoever asks for it closes it. */
  connect(): Promise<Warehouse>;
}

/** Where in a statement an error is: line and column, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

interface Failed {
  readonly location: string;
  readonly sql: string;
  readonly problem: string;
}

export const warehouseErrors = defineErrors({
  STATEMENT_FAILED: (
    f: Failed & { readonly at?: Position; /** SQLSTATE, where it has one. */ readonly state?: string },
  ) =>
    `${f.location} could not run '${f.sql}'${f.at === undefined ? '' : `, at line ${f.at.line}, column ${f.at.column}`}: ${f.problem}`,
  STREAM_OPEN: (f: { location: string; sql: string }) =>
    `${f.location} is still giving the rows of '${f.sql}'. Read them to the end, break out of the loop, or open the warehouse a second time.`,
  WAREHOUSE_CLOSED: (f: { location: string; sql: string }) =>
    `${f.location} was closed before '${f.sql}' was run. Open it again, or close it later.`,
  WAREHOUSE_GONE: (f: Failed) =>
    `${f.location} went away while it ran '${f.sql}' (${f.problem}). What was not committed is undone. Look whether it is up and reachable, then run it again.`,
  TRANSACTION_LOST: (f: { location: string; sql: string }) =>
    `${f.location} went away inside a transaction, which is undone, so that '${f.sql}' was not run. Roll back, and run the whole transaction again.`,
  WAREHOUSE_FULL: (f: Failed) =>
    `${f.location} has no room left on its disk for '${f.sql}' (${f.problem}). What was committed before is safe. Free some space, or put the warehouse or its temporary folder on another disk, and run again.`,
  WAREHOUSE_CORRUPT: (f: { location: string; path: string; problem: string }) =>
    `${f.path} is not a sound DuckDB file (${f.problem}). Move it away ('mv ${f.path} ${f.path}.bad') and load the raw files again, or put back a copy of it.`,
});
