import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import type { Column, RowStatement } from 'snowflake-sdk';
import { SmallboatError } from '../../kernel/index.ts';
import type { RowStream, Session } from '../session.ts';
import { distinctNames } from '../session.ts';
import { nameIn, quoteName, textIn } from '../sql-text.ts';
import { batchOf, textOf } from '../vectors.ts';
import type { Batch, Cell, ColumnType, CsvFiles, Relation, StatementOptions, Table } from '../warehouse.ts';
import { warehouseErrors } from '../warehouse.ts';
import { kindOfColumn, parserOf, typeName } from './cells.ts';
import type { SnowflakeConnection } from './connection.ts';
import { snowflakeConnection } from './connection.ts';
import type { SnowflakePlace } from './place.ts';

const MAKES_SCHEMA = /^\s*create\s+(?:or\s+replace\s+)?(?:transient\s+)?schema\b/i;

/** A session of Snowflake. */
export async function snowflakeSession(place: SnowflakePlace): Promise<Session> {
  const { location } = place;
  const connection = await snowflakeConnection(place);
  const table = async (sql: string, options: StatementOptions = {}): Promise<Table> => {
    const { statement, rows } = await connection.run(sql, options);
    return tableOf(statement, rows);
  };
  const columns = async (relation: string): Promise<readonly ColumnType[]> => {
    try {
      const { columns, rows } = await table(`DESCRIBE TABLE ${relation}`);
      const at = (name: string): number => columns.findIndex((column) => column.name.toLowerCase() === name);
      return rows.map((row) => ({ name: textOf(row[at('name')] ?? null), type: textOf(row[at('type')] ?? null) }));
    } catch (error) {
      // 42S02: no such table, view, schema or database, or none that one may see.
      if (!(error instanceof SmallboatError) || !isMissingObject(error)) throw error;
      return [];
    }
  };
  return {
    dialect: 'snowflake',
    location,
    secrets: place.secrets,
    table,
    columns,

    async execute(sql, options) {
      // Snowflake goes into a schema that it makes; names without a schema must mean the same after it as before, as elsewhere.
      const [now] = MAKES_SCHEMA.test(sql) ? (await table('SELECT current_schema()')).rows : [];
      const { statement } = await connection.run(sql, options);
      const schema = now?.[0];
      if (typeof schema === 'string') await connection.run(`USE SCHEMA ${quoteName(schema)}`, options);
      return Math.max(0, statement.getNumUpdatedRows() ?? 0);
    },

    async stream(sql, options) {
      const { statement } = await connection.run(sql, options, { stream: true });
      return rowStream({ connection, location, statement, sql }, options);
    },

    load: (relation, files) => load(connection, columns, relation, files),

    async relations({ database, schema }) {
      const from = database === undefined ? '' : `${nameIn('snowflake', database)}.`;
      const { rows } = await table(
        `SELECT * FROM (
           SELECT table_catalog, table_schema, table_name, table_type FROM ${from}information_schema.tables
           UNION SELECT table_catalog, table_schema, table_name, 'VIEW' FROM ${from}information_schema.views) AS every
         WHERE table_schema <> 'INFORMATION_SCHEMA' AND (CAST(? AS VARCHAR) IS NULL OR LOWER(table_schema) = LOWER(?))
         ORDER BY 2, 3`,
        { parameters: [schema ?? null, schema ?? null] },
      );
      return rows.map(([database = null, schema = null, name = null, type = null]): Relation => ({
        database: textOf(database),
        schema: textOf(schema),
        name: textOf(name),
        kind: type === 'VIEW' ? 'view' : type === 'MATERIALIZED VIEW' ? 'materialized view' : 'table',
      }));
    },

    close: () => connection.close(),
    again: () => snowflakeSession(place),
  };
}

function isMissingObject({ facts }: SmallboatError): boolean {
  const { state, problem = '' } = facts as { readonly state?: string; readonly problem?: string };
  return state === '42S02' || state === '02000' || /does not exist or not authorized/.test(problem);
}

function tableOf(statement: RowStatement, rows: readonly (readonly unknown[])[]): Table {
  const found = statement.getColumns() ?? [];
  const names = distinctNames(found.map((column) => column.getName()));
  const parsers = found.map(parserOf);
  return {
    columns: found.map((column, i) => ({ name: names[i] ?? '', type: typeName(column) })),
    rows: rows.map((row) => parsers.map((parse, i): Cell => parse(row[i]))),
  };
}

interface Streamed {
  readonly connection: SnowflakeConnection;
  readonly location: string;
  readonly statement: RowStatement;
  readonly sql: string;
}

const BATCH = 4096;

function rowStream({ connection, location, statement, sql }: Streamed, { signal }: StatementOptions): RowStream {
  const columns = statement.getColumns() ?? [];
  const rows: AsyncIterator<readonly unknown[]> = statement.streamRows()[Symbol.asyncIterator]();
  const kinds = columns.map(kindOfColumn);
  let ended = false;
  return {
    async next(): Promise<Batch | undefined> {
      const some: (readonly unknown[])[] = [];
      try {
        while (!ended && some.length < BATCH) {
          signal?.throwIfAborted();
          const { done, value } = await rows.next();
          if (done === true) ended = true;
          else some.push(value);
        }
      } catch (cause) {
        ended = true;
        signal?.throwIfAborted();
        throw connection.failed(sql, cause);
      }
      if (some.length === 0) return undefined;
      const batch = tableOf(statement, some);
      mustFit(batch, columns, { location, sql });
      return batchOf(batch, kinds);
    },
    close: async () => {
      if (!ended) await rows.return?.();
    },
  };
}

/** A NUMBER may have 38 digits, a BigInt64Array 18 and a bit. */
function mustFit(
  { rows }: Table,
  columns: readonly Column[],
  told: { readonly location: string; readonly sql: string },
): void {
  for (const [i, column] of columns.entries()) {
    if (column.getType() !== 'fixed' || column.getScale() > 0) continue;
    const large = rows.find((row) => typeof row[i] === 'bigint' && row[i] !== BigInt.asIntN(64, row[i]));
    if (large === undefined) continue;
    const problem = `${column.getName()} has ${textOf(large[i] ?? null)}, which is more than 64 bits: cast it to FLOAT or VARCHAR`;
    throw warehouseErrors.STATEMENT_FAILED({ ...told, problem });
  }
}

/** Files go to the user's own stage, which is always there, and from it into the table in one statement: all rows or none. */
async function load(
  connection: SnowflakeConnection,
  columnsOf: (relation: string) => Promise<readonly ColumnType[]>,
  relation: string,
  files: CsvFiles,
): Promise<number> {
  const { paths, columns, compression, signal, onProgress } = files;
  const under = signal === undefined ? {} : { signal };
  const stage = `@~/smallboat/${randomUUID()}`;
  const known = await columnsOf(relation);
  const isJson = columns.map((name) =>
    /^(?:VARIANT|OBJECT|ARRAY)/.test(known.find((one) => one.name === name)?.type ?? ''),
  );
  const fields = columns.map((_, i) => (isJson[i] ? `PARSE_JSON($${i + 1})` : `$${i + 1}`)).join(', ');
  try {
    for (const [i, path] of paths.entries()) {
      const how = compression === 'gzip' ? 'SOURCE_COMPRESSION = GZIP AUTO_COMPRESS = FALSE' : 'AUTO_COMPRESS = TRUE';
      // One folder a file: two may have one name.
      await connection.run(`PUT ${textIn('snowflake', fileUrl(path))} '${stage}/${i}' ${how}`, under);
      onProgress?.((i + 1) / (paths.length + 1));
    }
    const { statement, rows } = await connection.run(
      `COPY INTO ${relation} (${columns.map(quoteName).join(', ')}) FROM (SELECT ${fields} FROM '${stage}/')
       FILE_FORMAT = (TYPE = CSV FIELD_OPTIONALLY_ENCLOSED_BY = '"' NULL_IF = () EMPTY_FIELD_AS_NULL = TRUE ESCAPE_UNENCLOSED_FIELD = NONE COMPRESSION = GZIP)
       ON_ERROR = ABORT_STATEMENT`,
      under,
    );
    onProgress?.(1);
    const loaded = tableOf(statement, rows);
    const at = loaded.columns.findIndex(({ name }) => name.toLowerCase() === 'rows_loaded');
    return loaded.rows.reduce((sum, row) => sum + Number(row[at] ?? 0), 0);
  } finally {
    await connection.run(`REMOVE '${stage}/'`).catch(() => undefined); // what is left there harms nobody
  }
}

/** PUT reads `file://` and a path in which nothing is escaped but what SQL needs. */
function fileUrl(path: string): string {
  return process.platform === 'win32' ? pathToFileURL(path).href : `file://${path}`;
}
