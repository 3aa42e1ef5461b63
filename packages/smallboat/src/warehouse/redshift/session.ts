import type { PostgresPlace } from '../postgres/connection.ts';
import { postgresConnection } from '../postgres/connection.ts';
import { tableReader } from '../postgres/session.ts';
import type { Session } from '../session.ts';
import { partsOf } from '../sql-text.ts';
import { textOf } from '../vectors.ts';
import type { ColumnType, Relation } from '../warehouse.ts';
import { cursorStream } from './cursor-stream.ts';
import { loadByCopy } from './load-by-copy.ts';
import { loadByInsert } from './load-by-insert.ts';
import type { RedshiftStage } from './stage.ts';

/** A session of Redshift: PostgreSQL's protocol, and a catalogue, cursors and a COPY of its own. */
export async function redshiftSession(place: PostgresPlace & { readonly stage?: RedshiftStage }): Promise<Session> {
  const connection = await postgresConnection(place);
  const table = tableReader(connection);
  const { location, stage } = place;
  const texts = async (sql: string, parameters: readonly (string | null)[]): Promise<readonly string[][]> =>
    (await table(sql, { parameters })).rows.map((row) => row.map(textOf));
  const columns = async (relation: string): Promise<readonly ColumnType[]> => {
    const [name = '', given] = partsOf(relation).toReversed();
    // In a statement of its own: it is answered where the views of the catalogue are not.
    const schema = given ?? (await texts('SELECT current_schema()', []))[0]?.[0] ?? 'public';
    const rows = await texts(
      `SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale FROM svv_all_columns
       WHERE database_name = current_database() AND LOWER(schema_name) = LOWER(?) AND LOWER(table_name) = LOWER(?) ORDER BY ordinal_position`,
      [schema, name],
    );
    return rows.map(([name = '', type = '', length = '', precision = '', scale = '']) => ({
      name,
      type: sizedType({ type, length, precision, scale }),
    }));
  };
  return {
    dialect: 'redshift',
    location,
    secrets: place.secrets,
    table,
    columns,
    execute: async (sql, options) => (await connection.run(sql, options)).rowCount ?? 0,
    stream: (sql, options) => cursorStream({ connection, table }, sql, options),
    load: (relation, files) =>
      stage === undefined
        ? loadByInsert({ connection, columns }, relation, files)
        : loadByCopy({ connection, location, stage }, relation, files),

    async relations({ database, schema }) {
      const views = await texts('SELECT schema_name, name FROM svv_mv_info', []);
      const materialized = new Set(views.map((parts) => parts.map((part) => part.trim()).join('.')));
      const rows = await texts(
        `SELECT database_name, schema_name, table_name, table_type FROM svv_all_tables
         WHERE LOWER(database_name) = ${database === undefined ? 'LOWER(current_database())' : 'LOWER(?)'}
           ${schema === undefined ? '' : 'AND LOWER(schema_name) = LOWER(?)'}
           AND schema_name NOT IN ('information_schema', 'pg_catalog', 'pg_internal', 'pg_automv') ORDER BY 2, 3`,
        [database, schema].filter((name) => name !== undefined),
      );
      return rows.map(([database = '', schema = '', name = '', type = '']): Relation => ({
        database,
        schema,
        name,
        kind: materialized.has(`${schema}.${name}`) ? 'materialized view' : type === 'VIEW' ? 'view' : 'table',
      }));
    },

    close: () => connection.close(),
    again: () => redshiftSession(place),
  };
}

interface Sized {
  readonly type: string;
  readonly length: string;
  readonly precision: string;
  readonly scale: string;
}

function sizedType({ type, length, precision, scale }: Sized): string {
  if (type.startsWith('character') && length !== '') return `${type}(${length})`;
  if (type === 'numeric' && precision !== '') return `${type}(${precision},${scale})`;
  return type;
}
