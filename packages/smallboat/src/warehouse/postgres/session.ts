import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { loadSdk } from '../sdk.ts';
import type { Session } from '../session.ts';
import { distinctNames } from '../session.ts';
import { quoteName } from '../sql-text.ts';
import type { ColumnType, CsvFiles, Relation, StatementOptions, Table } from '../warehouse.ts';
import { typeName } from './cells.ts';
import type { PostgresConnection, PostgresPlace } from './connection.ts';
import { postgresConnection } from './connection.ts';
import { copyStream } from './copy-stream.ts';

/** A session of PostgreSQL. */
export async function postgresSession(place: PostgresPlace): Promise<Session> {
  const connection = await postgresConnection(place);
  const table = tableReader(connection);
  return {
    dialect: 'postgres',
    location: place.location,
    secrets: place.secrets,
    table,
    execute: async (sql, options) => (await connection.run(sql, options)).rowCount ?? 0,
    stream: (sql, options) => copyStream({ connection, location: place.location, table }, sql, options),
    load: (relation, files) => copyIn(connection, place.location, relation, files),

    async columns(relation) {
      const { rows } = await connection.run(
        `SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
         WHERE attrelid = to_regclass(?) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
        { parameters: [relation] },
      );
      return rows.map(([name, type]): ColumnType => ({ name: String(name), type: String(type) }));
    },

    async relations({ database, schema }) {
      const { rows } = await connection.run(
        `SELECT current_database()::text, nspname::text, relname::text,
           CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'table' END
         FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
         WHERE relkind IN ('r', 'p', 'f', 'v', 'm') AND nspname !~ '^pg_' AND nspname <> 'information_schema'
           AND (?::text IS NULL OR lower(?) = lower(current_database())) AND (?::text IS NULL OR lower(?) = lower(nspname))
         ORDER BY 2, 3`,
        { parameters: [database ?? null, database ?? null, schema ?? null, schema ?? null] },
      );
      return rows.map(([database, schema, name, kind]): Relation => ({ database, schema, name, kind }));
    },

    close: () => connection.close(),
    again: () => postgresSession(place),
  };
}

/** Runs statements and names the types of the columns, asking once for each that is not PostgreSQL's own. */
export function tableReader(
  connection: PostgresConnection,
): (sql: string, options: StatementOptions) => Promise<Table> {
  const names = new Map<string, string>();
  const nameOf = async (oid: number, modifier: number): Promise<string> => {
    const known = typeName(oid, modifier) ?? names.get(`${oid} ${modifier}`);
    if (known !== undefined) return known;
    const { rows } = await connection.run(`SELECT format_type(${oid}, ${modifier})`);
    const name = String(rows[0]?.[0]);
    names.set(`${oid} ${modifier}`, name);
    return name;
  };
  return async (sql, options) => {
    const { fields, rows } = await connection.run(sql, options);
    const distinct = distinctNames(fields.map(({ name }) => name));
    const columns: ColumnType[] = [];
    for (const [i, { dataTypeID, dataTypeModifier }] of fields.entries()) {
      columns.push({ name: distinct[i] ?? '', type: await nameOf(dataTypeID, dataTypeModifier) });
    }
    return { columns, rows };
  };
}

/** One COPY over all files: they are one stream of rows to the server. */
async function copyIn(
  connection: PostgresConnection,
  location: string,
  relation: string,
  { paths, columns, compression, signal, onProgress }: CsvFiles,
): Promise<number> {
  const { from } = (await loadSdk('pg-copy-streams', location, () => import('pg-copy-streams'))).default;
  const sql = `COPY ${relation} (${columns.map(quoteName).join(', ')}) FROM STDIN (FORMAT csv, NULL '')`;
  const query = from(sql);
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let done = 0;
  const feed = async function* (): AsyncGenerator<Buffer> {
    for (const path of paths) {
      const counted = new Transform({
        transform(part: Buffer, _encoding, next) {
          done += part.length;
          onProgress?.(Math.min(1, done / total));
          next(null, part);
        },
      });
      const file = createReadStream(path, { highWaterMark: 1 << 18 }).pipe(counted);
      for await (const part of compression === 'gzip' ? file.pipe(createGunzip()) : file) yield part as Buffer;
    }
  };
  await connection.copy(sql, query, (query) => pipeline(feed, query, signal === undefined ? {} : { signal }), signal);
  return query.rowCount;
}
