import type { PostgresConnection } from '../postgres/connection.ts';
import { inlined } from '../postgres/inlined.ts';
import type { RowStream } from '../session.ts';
import { oneBatch } from '../session.ts';
import { firstWords } from '../sql-scan.ts';
import { batchOf } from '../vectors.ts';
import type { StatementOptions, Table } from '../warehouse.ts';

interface Asked {
  readonly connection: PostgresConnection;
  readonly table: (sql: string, options: StatementOptions) => Promise<Table>;
}

/** Rows that one FETCH brings. */
const FETCH = 8192;

/** Rows of a query by a cursor, which Redshift keeps on its leader node. It lives in a transaction: its own, or the one that is open. */
export async function cursorStream(
  { connection, table }: Asked,
  sql: string,
  options: StatementOptions,
): Promise<RowStream> {
  if (!/^(?:select|with)$/.test(firstWords(sql))) return oneBatch(await table(sql, options));
  const { signal } = options;
  const under = signal === undefined ? {} : { signal };
  const isOwn = !connection.inTransaction();
  if (isOwn) await connection.run('BEGIN', under);
  const query = inlined(sql, options.parameters);
  const head = 'DECLARE smallboat_rows CURSOR FOR ';
  const end = async (): Promise<void> => {
    await connection.run(isOwn ? 'ROLLBACK' : 'CLOSE smallboat_rows');
  };
  try {
    await connection.run(head + query.sql, under, { sql, original: (offset) => query.original(offset - head.length) });
  } catch (error) {
    if (isOwn) await connection.run('ROLLBACK').catch(() => undefined); // the failure is told
    throw error;
  }
  let ended = false;
  return {
    async next() {
      if (ended) return undefined;
      const rows = await table(`FETCH FORWARD ${FETCH} FROM smallboat_rows`, under);
      ended = rows.rows.length < FETCH;
      return rows.rows.length === 0 ? undefined : batchOf(rows);
    },
    close: end,
  };
}
