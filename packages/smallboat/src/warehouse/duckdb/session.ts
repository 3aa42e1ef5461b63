import type { DuckDBConnection, DuckDBInstance, DuckDBResult, DuckDBType } from '@duckdb/node-api';
import type { RowStream, Session } from '../session.ts';
import { partsOf, quoteName, quoteText } from '../sql-text.ts';
import type { Batch, ColumnType, CsvFiles, Parameter, Relation, StatementOptions, Table } from '../warehouse.ts';
import { textOf } from '../vectors.ts';
import { failureOf } from './failure.ts';
import { columnOf, toCell } from './values.ts';

interface Opened {
  readonly location: string;
  readonly path: string;
  readonly instance: DuckDBInstance;
  /** Counts one more user of the file. @returns what that user calls at its end. */
  readonly keep: () => () => Promise<void>;
  readonly release: () => Promise<void>;
}

/** A connection to a DuckDB that is open. */
export async function duckdbSession(opened: Opened): Promise<Session> {
  const { location, path, instance, keep, release } = opened;
  const connection = await instance.connect();
  await connection.run('SET enable_progress_bar = true');
  await connection.run('SET enable_progress_bar_print = false');
  await connection.run('SET errors_as_json = true'); // so that they say where
  const { BIGINT } = await import('@duckdb/node-api');

  const watch = <T>(sql: string, options: StatementOptions, work: () => Promise<T>): Promise<T> =>
    watched({ connection, location, path, sql }, options, work);
  const run = (sql: string, options: StatementOptions): Promise<DuckDBResult> =>
    watch(sql, options, () => connection.run(sql, ...boundTo(BIGINT, options.parameters)));
  const table = async (sql: string, options: StatementOptions): Promise<Table> => {
    const result = await run(sql, options);
    const types = result.columnTypes();
    const columns = result.deduplicatedColumnNames().map((name, i) => ({ name, type: types[i]?.toString() ?? '' }));
    return { columns, rows: await result.convertRows(toCell) };
  };
  const columns = async (relation: string): Promise<readonly ColumnType[]> => {
    const [name = null, schema = null, database = null] = partsOf(relation).toReversed();
    const { rows } = await table(
      `SELECT column_name, data_type FROM duckdb_columns()
       WHERE lower(table_name) = lower($1) AND ($2 IS NULL OR lower(schema_name) = lower($2))
         AND ($2 IS NOT NULL OR schema_name = current_schema() OR database_name = 'temp')
         AND CASE WHEN $3 IS NULL THEN database_name IN (current_database(), 'temp') ELSE lower(database_name) = lower($3) END
       ORDER BY database_name = 'temp' DESC, column_index`,
      { parameters: [name, schema, database] },
    );
    return rows.map(([name = null, type = null]) => ({ name: textOf(name), type: textOf(type) }));
  };

  return {
    dialect: 'duckdb',
    location,
    table,
    columns,
    execute: async (sql, options) => rowsChangedBy(await run(sql, options)),

    async stream(sql, options) {
      const result = await watch(sql, options, () => connection.stream(sql, ...boundTo(BIGINT, options.parameters)));
      return rowStream(connection, result, (fetch) => watch(sql, options, fetch));
    },

    async load(relation, files) {
      const sql = loadSql(relation, files, await columns(relation));
      return rowsChangedBy(await run(sql, files));
    },

    async relations({ database, schema }) {
      const { rows } = await table(
        `SELECT table_catalog, table_schema, table_name, table_type FROM information_schema.tables
         WHERE lower(table_catalog) = lower(coalesce($1, current_database()))
           AND ($2 IS NULL OR lower(table_schema) = lower($2)) ORDER BY ALL`,
        { parameters: [database ?? null, schema ?? null] },
      );
      return rows.map(([database = null, schema = null, name = null, kind]): Relation => ({
        database: textOf(database),
        schema: textOf(schema),
        name: textOf(name),
        kind: kind === 'VIEW' ? 'view' : 'table',
      }));
    },

    async close() {
      connection.closeSync();
      await release();
    },

    async again() {
      const release = keep();
      try {
        return await duckdbSession({ ...opened, release });
      } catch (error) {
        await release();
        throw error;
      }
    },
  };
}

function loadSql(relation: string, files: CsvFiles, known: readonly ColumnType[]): string {
  const typeOf = (name: string): string =>
    known.find((column) => column.name.toLowerCase() === name.toLowerCase())?.type ?? 'VARCHAR';
  const fields = files.columns.map((name) => `${quoteText(name)}: ${quoteText(typeOf(name))}`);
  return `INSERT INTO ${relation} (${files.columns.map(quoteName).join(', ')})
    SELECT * FROM read_csv([${files.paths.map(quoteText).join(', ')}], columns = {${fields.join(', ')}}, header = false,
      delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, auto_detect = false, strict_mode = true,
      compression = '${files.compression ?? 'none'}', max_line_size = 16777216, buffer_size = 33554432)`;
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

function rowStream(
  connection: DuckDBConnection,
  result: DuckDBResult,
  watch: <T>(fetch: () => Promise<T>) => Promise<T>,
): RowStream {
  const types = result.columnTypes();
  const columns = result.deduplicatedColumnNames().map((name, i) => ({ name, type: types[i] }));
  let ended = false;
  return {
    async next(): Promise<Batch | undefined> {
      const chunk = await watch(() => result.fetchChunk());
      if (chunk === null || chunk.rowCount === 0) {
        ended = true;
        return undefined;
      }
      return {
        length: chunk.rowCount,
        columns: columns.flatMap(({ name, type }, i) =>
          type === undefined ? [] : [columnOf(chunk, i, { name, type })],
        ),
      };
    },
    close: async () => {
      if (!ended) await abandon(connection, result);
    },
  };
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
