import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { recordsOf } from '../csv-records.ts';
import type { PostgresConnection } from '../postgres/connection.ts';
import { literal } from '../postgres/inlined.ts';
import { quoteName } from '../sql-text.ts';
import type { ColumnType, CsvFiles } from '../warehouse.ts';

interface Asked {
  readonly connection: PostgresConnection;
  readonly columns: (relation: string) => Promise<readonly ColumnType[]>;
}

/** A statement of Redshift's has 16 MB at most. */
const LONGEST = 4_000_000;

/** Loads rows by INSERTs of many rows, in a transaction: for where there is no place in S3. */
export async function loadByInsert(
  { connection, columns: columnsOf }: Asked,
  relation: string,
  files: CsvFiles,
): Promise<number> {
  const { paths, columns, compression, signal, onProgress } = files;
  const under = signal === undefined ? {} : { signal };
  const known = await columnsOf(relation);
  const types = columns.map((name) => known.find((one) => one.name === name)?.type ?? 'varchar');
  const hasJson = types.includes('super');
  const isOwn = !connection.inTransaction();
  if (isOwn) await connection.run('BEGIN', under);
  let count = 0;
  let waiting: string[] = [];
  let length = 0;
  const flush = async (): Promise<void> => {
    if (waiting.length === 0) return;
    // VALUES of Redshift take no functions; in SELECT … UNION ALL a text is no number by itself.
    const rows = hasJson
      ? waiting.map((row) => `SELECT ${row}`).join(' UNION ALL ')
      : `VALUES ${waiting.map((row) => `(${row})`).join(', ')}`;
    await connection.run(`INSERT INTO ${relation} (${columns.map(quoteName).join(', ')}) ${rows}`, under);
    count += waiting.length;
    waiting = [];
    length = 0;
  };
  try {
    for (const [i, path] of paths.entries()) {
      const bytes = createReadStream(path);
      for await (const { fields, isMissing } of recordsOf(
        compression === 'gzip' ? bytes.pipe(createGunzip()) : bytes,
      )) {
        const values = fields.map((field, at) => {
          const value = literal(isMissing[at] === true ? null : field);
          if (!hasJson) return value;
          if (types[at] === 'super' && value !== 'NULL') return `JSON_PARSE(${value})`;
          return `CAST(${value} AS ${types[at]})`;
        });
        const row = values.join(', ');
        waiting.push(row);
        length += row.length;
        if (length > LONGEST || waiting.length === 1000) await flush();
      }
      onProgress?.((i + 1) / paths.length);
    }
    await flush();
    if (isOwn) await connection.run('COMMIT');
    return count;
  } catch (error) {
    if (isOwn) await connection.run('ROLLBACK').catch(() => undefined); // the failure is told
    throw error;
  }
}
