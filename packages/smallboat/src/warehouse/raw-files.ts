import { open, readdir, stat } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { isMissing } from '../kernel/index.ts';
import { ingestErrors } from './ingest-errors.ts';
import type { RawTable } from './raw-table.ts';
import { quoteText } from './sql-text.ts';
import type { Warehouse } from './warehouse.ts';

export type RawFormat = 'csv' | 'csv.gz' | 'parquet';

/** A raw file that is there and has the columns it should have. */
export interface RawFile {
  readonly table: RawTable;
  readonly path: string;
  readonly format: RawFormat;
  readonly bytes: number;
  /** When it was last changed, in ms. */
  readonly changedAtMs: number;
  /** All columns of the file, in its order; the type is that of Parquet, TEXT otherwise. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

const FORMATS: readonly RawFormat[] = ['csv', 'csv.gz', 'parquet'];

/** Finds the file of a raw table in a folder and reads its columns. @throws INGEST_… when something is wrong with either. */
export async function findRawFile(warehouse: Warehouse, folder: string, table: RawTable): Promise<RawFile> {
  const { path, format } = await locate(folder, table.file);
  const { size: bytes, mtimeMs: changedAtMs } = await stat(path);
  if (bytes === 0) throw ingestErrors.INGEST_FILE_EMPTY({ path, problem: 'is empty (0 bytes)' });
  const columns = format === 'parquet' ? await parquetColumns(warehouse, path) : await csvColumns(path, format);
  check(path, table, columns);
  return { table, path, format, bytes, changedAtMs, columns };
}

async function locate(folder: string, file: string): Promise<{ path: string; format: RawFormat }> {
  const found = (
    await readdir(folder).catch((cause: unknown) => {
      const isFile = cause instanceof Error && 'code' in cause && cause.code === 'ENOTDIR';
      if (!isFile && !isMissing(cause)) throw cause;
      throw ingestErrors.INGEST_FOLDER_MISSING({ folder, file, problem: isFile ? 'is no folder' : 'does not exist' });
    })
  ).sort();
  const here = FORMATS.filter((format) => found.includes(`${file}.${format}`));
  const [format] = here;
  if (format === undefined) {
    const nearest = nearestOf(file, found);
    throw ingestErrors.INGEST_FILE_MISSING({ folder, file, found, ...(nearest === undefined ? {} : { nearest }) });
  }
  if (here.length > 1) {
    throw ingestErrors.INGEST_FILE_AMBIGUOUS({ folder, file, found: here.map((format) => `${file}.${format}`) });
  }
  return { path: join(folder, `${file}.${format}`), format };
}

/** The name that differs in the fewest letters, if it is less than half of them. Upper and lower case are the same. */
export function nearestOf(wanted: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((name) => ({
      name,
      away: distance(wanted.toLowerCase(), name.toLowerCase().replace(/\.(csv(\.gz)?|parquet)$/, '')),
    }))
    .sort((a, b) => a.away - b.away);
  const [best] = ranked;
  return best !== undefined && best.away < wanted.length / 2 ? best.name : undefined;
}

/** Levenshtein's distance: letters to add, remove or replace to come from one text to the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swap));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

async function parquetColumns(warehouse: Warehouse, path: string): Promise<RawFile['columns']> {
  try {
    const rows = await warehouse.query<{ column_name: string; column_type: string }>(
      `DESCRIBE SELECT * FROM read_parquet(${quoteText(path)})`,
    );
    return rows.map((row) => ({ name: row.column_name, type: row.column_type }));
  } catch (cause) {
    throw parquetDamage(path, cause);
  }
}

/** What DuckDB says about a Parquet file, as an error about that file. */
export function parquetDamage(path: string, cause: unknown): Error {
  const facts = cause instanceof Error && 'facts' in cause ? (cause.facts as { problem?: unknown }) : {};
  const [problem = ''] = String(facts.problem ?? cause).split('\n');
  return ingestErrors.INGEST_PARQUET_DAMAGED(
    { path, problem: problem.endsWith('.') ? problem : `${problem}.` },
    { cause },
  );
}

/** Enough for the names of a few thousand columns. */
const HEADER_BYTES = 1 << 16;

async function csvColumns(path: string, format: RawFormat): Promise<RawFile['columns']> {
  if (format === 'csv.gz') await checkMagic(path);
  const start = await firstBytes(path, format);
  const text = start.toString('utf8').replace(/^\uFEFF/, '');
  const end = text.search(/\r?\n/);
  const header = end === -1 ? text : text.slice(0, end);
  if (header === '' && end === -1) throw ingestErrors.INGEST_FILE_EMPTY({ path, problem: 'is empty' });
  const found = header.split(',').map((name) =>
    name
      .trim()
      .replace(/^"(.*)"$/, '$1')
      .replaceAll('""', '"'),
  );
  return found.map((name) => ({ name, type: 'VARCHAR' }));
}

async function checkMagic(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    if (bytesRead < 2 || buffer.readUInt16BE() !== 0x1f8b) {
      const problem = 'is not compressed with gzip, though its name says so: if it is plain CSV, rename it to .csv';
      throw ingestErrors.INGEST_GZIP_DAMAGED({ path, problem });
    }
  } finally {
    await file.close();
  }
}

async function firstBytes(path: string, format: RawFormat): Promise<Buffer> {
  const file = createReadStream(path, { highWaterMark: HEADER_BYTES });
  const stream = format === 'csv.gz' ? file.pipe(createGunzip()) : file;
  const parts: Buffer[] = [];
  try {
    for await (const part of stream) {
      parts.push(part as Buffer); // no encoding is set, so it is bytes
      if (Buffer.concat(parts).includes(10) || parts.length * HEADER_BYTES > 4 * HEADER_BYTES) break;
    }
  } catch (error) {
    // A .gz that ends too early: what came before the end is enough here, and the load finds the damage again.
    if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))) throw error;
  } finally {
    file.destroy();
  }
  return Buffer.concat(parts);
}

function check(path: string, table: RawTable, columns: RawFile['columns']): void {
  const found = columns.map(({ name }) => name);
  const twice = found.find((name, i) => found.indexOf(name) !== i);
  if (twice !== undefined) {
    throw ingestErrors.INGEST_COLUMNS_WRONG({ path, found, problem: `the column ${twice} is there twice` });
  }
  const missing = table.source.filter(({ name }) => !found.includes(name)).map(({ name }) => name);
  if (missing.length === 0) return;
  const spare = found.filter((name) => !table.source.some((column) => column.name === name));
  const words = missing.map((name) => {
    const nearest = nearestOf(name, spare);
    return nearest === undefined ? name : `${name} (is it ${nearest}?)`;
  });
  const problem = `${missing.length === 1 ? 'the column' : 'the columns'} ${words.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing`;
  throw ingestErrors.INGEST_COLUMNS_WRONG({ path, found, problem });
}
