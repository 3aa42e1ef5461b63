import { rm } from 'node:fs/promises';
import type { DuckDBConnection, DuckDBInstance, DuckDBResult, DuckDBType } from '@duckdb/node-api';
import { columnOf, toCell } from './duckdb-values.ts';
import { quoteText, shortSql } from './sql-text.ts';
import type { Batch, ColumnType, Parameter, Row, StatementOptions, Warehouse } from './warehouse.ts';
import { warehouseErrors } from './warehouse.ts';

export interface DuckDbOptions {
  /** Path of the file, or `:memory:`. Its folder must be there. */
  readonly path: string;
  /** DuckDB's `memory_limit`: above it, sorts, joins and groups go to the temporary folder. */
  readonly memoryLimitMiB: number;
  /** Where DuckDB puts what does not fit into memory; made when needed, removed on close. */
  readonly temporaryFolder: string;
  /** Default: as many as the machine has cores. */
  readonly threads?: number;
  readonly readOnly?: boolean;
}

/** Files that this process has open, by path: connections to one file must share one instance or they lose writes. */
const open = new Map<string, { readonly instance: DuckDBInstance; readonly readOnly: boolean; users: number }>();

/**
 * A connection to a DuckDB file. Several in one process share the file, each with its own transactions and temporary
 * tables; the first one's settings hold for all. Use `openWarehouse`, which also deals with other processes.
 *
 * Extensions are neither installed nor loaded on their own (that would need the network), rows keep no order of their
 * own, and the zone is UTC.
 */
export async function duckdbWarehouse(options: DuckDbOptions): Promise<Warehouse> {
  const location = `duckdb:${options.path}`;
  const { instance, release } = await acquire(options);
  let connection: DuckDBConnection;
  try {
    connection = await instance.connect();
    await configure(connection, options);
  } catch (error) {
    await release();
    throw error;
  }
  const { BIGINT } = await import('@duckdb/node-api');
  return connected({
    location,
    connection,
    path: options.path,
    release,
    BIGINT,
    again: () => duckdbWarehouse(options),
  });
}

async function acquire(options: DuckDbOptions): Promise<{ instance: DuckDBInstance; release: () => Promise<void> }> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const config = {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    access_mode: options.readOnly === true ? 'READ_ONLY' : 'AUTOMATIC',
  };
  const clean = (): Promise<void> => rm(options.temporaryFolder, { recursive: true, force: true });
  if (options.path === ':memory:') {
    const instance = await DuckDBInstance.create(':memory:', { ...config, access_mode: 'AUTOMATIC' });
    return {
      instance,
      release: async () => {
        instance.closeSync();
        await clean();
      },
    };
  }
  const instance = await DuckDBInstance.fromCache(options.path, config);
  const shared = open.get(options.path) ?? { instance, readOnly: options.readOnly ?? false, users: 0 };
  shared.users++;
  open.set(options.path, shared);
  return {
    instance,
    release: async () => {
      instance.closeSync();
      shared.users--;
      if (shared.users > 0) return;
      open.delete(options.path);
      await clean();
    },
  };
}

async function configure(connection: DuckDBConnection, options: DuckDbOptions): Promise<void> {
  const first = (open.get(options.path)?.users ?? 1) === 1;
  if (first) {
    await connection.run(`SET GLOBAL memory_limit = ${quoteText(`${options.memoryLimitMiB}MiB`)}`);
    await connection.run(`SET GLOBAL temp_directory = ${quoteText(options.temporaryFolder)}`);
    await connection.run('SET GLOBAL preserve_insertion_order = false');
    if (options.threads !== undefined) await connection.run(`SET GLOBAL threads = ${options.threads}`);
  }
  await connection.run('SET enable_progress_bar = true');
  await connection.run('SET enable_progress_bar_print = false');
}

interface Connected {
  readonly location: string;
  readonly path: string;
  readonly connection: DuckDBConnection;
  readonly release: () => Promise<void>;
  readonly BIGINT: DuckDBType;
  readonly again: () => Promise<Warehouse>;
}

function connected({ location, path, connection, release, BIGINT, again }: Connected): Warehouse {
  let last: Promise<unknown> = Promise.resolve();
  let streaming: string | undefined;
  let closed: Promise<void> | undefined;

  /** Waits for its turn, then runs; the order is that of the calls. */
  const inTurn = async <T>(sql: string, work: () => Promise<T>): Promise<T> => {
    if (streaming !== undefined) throw warehouseErrors.STREAM_OPEN({ location, sql: shortSql(streaming) });
    if (closed !== undefined) throw warehouseErrors.WAREHOUSE_CLOSED({ location, sql: shortSql(sql) });
    const turn = last.then(work);
    last = turn.catch(() => undefined); // its caller hears of it
    return turn;
  };

  const run = (sql: string, options: StatementOptions): Promise<DuckDBResult> =>
    watched({ connection, location, path, sql }, options, () =>
      connection.run(sql, ...boundTo(BIGINT, options.parameters)),
    );

  return {
    dialect: 'duckdb',
    location,

    execute: (sql, options = {}) => inTurn(sql, async () => rowsChangedBy(await run(sql, options))),

    query: <R extends Row>(sql: string, options: StatementOptions = {}) =>
      inTurn(sql, async () => {
        const result = await run(sql, options);
        return (await result.convertRowObjects(toCell)) as unknown as readonly R[]; // the caller names the columns
      }),

    table: (sql, options = {}) =>
      inTurn(sql, async () => {
        const result = await run(sql, options);
        const types = result.columnTypes();
        const columns = result.deduplicatedColumnNames().map((name, i) => ({ name, type: String(types[i]) }));
        return { columns, rows: await result.convertRows(toCell) };
      }),

    connect: again,

    async *stream(sql, options = {}) {
      const statement = { connection, location, path, sql };
      const result = await inTurn(sql, async () => {
        const started = await watched(statement, options, () =>
          connection.stream(sql, ...boundTo(BIGINT, options.parameters)),
        );
        streaming = sql;
        return started;
      });
      let ended = false;
      try {
        for await (const batch of batchesOf(result, (fetch) => watched(statement, options, fetch))) yield batch;
        ended = true;
      } finally {
        if (!ended) await abandon(connection, result);
        streaming = undefined;
      }
    },

    async columns(relation) {
      const [schema, table] = splitRelation(relation);
      return inTurn(relation, async () => {
        const result = await run(
          `SELECT column_name AS name, data_type AS type FROM duckdb_columns()
           WHERE lower(table_name) = lower(?) AND (? IS NULL OR lower(schema_name) = lower(?))
             AND (? IS NOT NULL OR schema_name = current_schema() OR database_name = 'temp')
             AND database_name IN (current_database(), 'temp')
           ORDER BY database_name = 'temp' DESC, column_index`,
          { parameters: [table, schema, schema, schema] },
        );
        return (await result.convertRowObjects(toCell)) as unknown as readonly ColumnType[]; // two texts, as selected
      });
    },

    [Symbol.asyncDispose]() {
      closed ??= last.then(async () => {
        connection.closeSync();
        await release();
      });
      return closed;
    },
  };
}

/** `CREATE TABLE … AS` says its count in a row of its result only. */
async function rowsChangedBy(result: DuckDBResult): Promise<number> {
  if (result.rowsChanged > 0 || result.columnCount !== 1 || result.columnName(0) !== 'Count') return result.rowsChanged;
  const [count] = (await result.convertColumns(toCell))[0] ?? [];
  return typeof count === 'number' ? count : 0;
}

interface Statement {
  readonly connection: DuckDBConnection;
  readonly location: string;
  readonly path: string;
  readonly sql: string;
}

/** Runs a piece of a statement under its signal and progress, and puts what DuckDB says into our errors. */
async function watched<T>(statement: Statement, options: StatementOptions, work: () => Promise<T>): Promise<T> {
  const { connection } = statement;
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  // An interrupt that comes before DuckDB has begun is lost: it is said again until the statement ends.
  let again: NodeJS.Timeout | undefined;
  const interrupt = (): void => {
    connection.interrupt();
    again ??= setInterval(() => connection.interrupt(), 20);
  };
  signal?.addEventListener('abort', interrupt, { once: true });
  let furthest = 0;
  const poll =
    onProgress &&
    setInterval(() => {
      furthest = Math.min(1, Math.max(furthest, connection.progress.percentage / 100));
      onProgress(furthest);
    }, 250);
  try {
    return await work();
  } catch (cause) {
    signal?.throwIfAborted();
    throw failureOf(statement, cause);
  } finally {
    clearInterval(again);
    clearInterval(poll);
    signal?.removeEventListener('abort', interrupt);
  }
}

function failureOf({ location, path, sql }: Statement, cause: unknown): Error {
  const problem = cause instanceof Error ? cause.message : String(cause);
  const facts = { location, sql: shortSql(sql), problem: problem.trim() };
  if (isFullDisk(problem)) return warehouseErrors.WAREHOUSE_FULL(facts, { cause });
  if (isCorruption(problem))
    return warehouseErrors.WAREHOUSE_CORRUPT({ location, path, problem: problem.trim() }, { cause });
  return warehouseErrors.STATEMENT_FAILED(facts, { cause });
}

/** What DuckDB says when a disk, or its own `max_temp_directory_size`, is full. */
function isFullDisk(problem: string): boolean {
  return /no space left on device|enospc|disk quota exceeded|max_temp_directory_size/i.test(problem);
}

/** What DuckDB says of its own file when it is damaged, not of another file that it reads. */
export function isCorruption(problem: string): boolean {
  return /corrupt database file|not a valid duckdb database file|failure while replaying wal|failed to deserialize|Serialization Error|database has been invalidated.*checksum/i.test(
    problem,
  );
}

async function* batchesOf(
  result: DuckDBResult,
  watch: <T>(fetch: () => Promise<T>) => Promise<T>,
): AsyncGenerator<Batch> {
  const types = result.columnTypes();
  const columns = result.deduplicatedColumnNames().map((name, i) => ({ name, type: types[i] }));
  for (;;) {
    const chunk = await watch(() => result.fetchChunk());
    if (chunk === null || chunk.rowCount === 0) return;
    yield {
      length: chunk.rowCount,
      columns: columns.flatMap(({ name, type }, i) => (type === undefined ? [] : [columnOf(chunk, i, { name, type })])),
    };
  }
}

/** Ends a stream that nobody reads any further, so that it holds neither the connection nor the file. */
async function abandon(connection: DuckDBConnection, result: DuckDBResult): Promise<void> {
  const again = setInterval(() => connection.interrupt(), 5);
  try {
    connection.interrupt();
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error; // the interrupt that we asked for
  } finally {
    clearInterval(again);
  }
}

/** `"my schema".t` → ['my schema', 't']; without a schema, null. */
function splitRelation(relation: string): readonly [string | null, string] {
  const parts = [...relation.matchAll(/"((?:[^"]|"")*)"|([^".]+)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );
  return [parts.at(-2) ?? null, parts.at(-1) ?? ''];
}

/** The API would send an integer as a DOUBLE, which LIMIT and a BIGINT column do not take as it is. */
function boundTo(BIGINT: DuckDBType, parameters?: readonly Parameter[]): [Parameter[]?, DuckDBType[]?] {
  if (parameters === undefined) return [];
  const isInteger = (value: Parameter): boolean => Number.isSafeInteger(value) || isBigInt64(value);
  const types: DuckDBType[] = [];
  for (const [i, value] of parameters.entries()) if (isInteger(value)) types[i] = BIGINT;
  return [parameters.map((value) => (isInteger(value) ? BigInt(value ?? 0) : value)), types];
}

function isBigInt64(value: Parameter): boolean {
  return typeof value === 'bigint' && value === BigInt.asIntN(64, value);
}
