import { open, readdir, stat } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { isMissing } from '../kernel/index.ts';
import { ingestErrors } from './ingest-errors.ts';
import { nearestOf } from './nearest.ts';
import type { RawTable } from './raw-table.ts';
import { quoteText } from './sql-text.ts';
import type { Warehouse } from './warehouse.ts';

/** A raw file that is there and has the columns it should have. */
export interface RawFile {
  readonly table: RawTable;
  /** Where it lies on this machine. */
  readonly path: string;
  /** What it is called in messages and in the ledger: its path, or its URL in S3. */
  readonly name: string;
  readonly kind: 'csv' | 'json' | 'parquet';
  readonly isGzip: boolean;
  readonly bytes: number;
  /** When it was last changed, in ms. */
  readonly changedAtMs: number;
  /** All columns of the file, in its order; the type is that of Parquet, TEXT otherwise. Of JSON those of its first lines. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** A guess from its first rows (exact for Parquet), for how far a load is. */
  readonly rowsGuess: number;
}

/** What a file's name may end in. */
export const FORMATS = [
  ['csv', 'csv', false],
  ['csv.gz', 'csv', true],
  ['jsonl', 'json', false],
  ['jsonl.gz', 'json', true],
  ['ndjson', 'json', false],
  ['ndjson.gz', 'json', true],
  ['parquet', 'parquet', false],
] as const satisfies readonly (readonly [string, RawFile['kind'], boolean])[];

/** A file that is there, before anything of it was read. */
export interface Located {
  readonly path: string;
  readonly name: string;
}

/**
 * The files of a raw table in a folder, in order of their names: `<file>.csv` and the like, or all that are in a folder `<file>/`.
 * Reads their columns. @throws INGEST_… when something is wrong with either.
 *
 * @param reader A DuckDB, to look into Parquet. @param nameOf What a file is called in messages.
 */
export async function findRawFiles(
  reader: Warehouse,
  folder: string,
  table: RawTable,
  nameOf: (path: string) => string = (path) => path,
): Promise<readonly RawFile[]> {
  const files: RawFile[] = [];
  for (const path of await locate(folder, table.file, nameOf)) {
    files.push(await rawFile(reader, { path, name: nameOf(path) }, table));
  }
  return files;
}

async function rawFile(reader: Warehouse, { path, name }: Located, table: RawTable): Promise<RawFile> {
  const { size: bytes, mtimeMs: changedAtMs } = await stat(path);
  if (bytes === 0) throw ingestErrors.INGEST_FILE_EMPTY({ path: name, problem: 'is empty (0 bytes)' });
  const [, kind = 'csv', isGzip = false] = FORMATS.find(([ending]) => path.endsWith(`.${ending}`)) ?? [];
  if (isGzip) await checkMagic(path, name);
  const { columns, rowsGuess } =
    kind === 'parquet'
      ? await parquetColumns(reader, path, name)
      : await textColumns({ path, name, kind, isGzip, bytes });
  check(name, table, columns);
  return { table, path, name, kind, isGzip, bytes, changedAtMs, columns, rowsGuess };
}

async function locate(folder: string, file: string, nameOf: (path: string) => string): Promise<readonly string[]> {
  const at = nameOf(folder);
  const found = (
    await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
      const isFile = cause instanceof Error && 'code' in cause && cause.code === 'ENOTDIR';
      if (!isFile && !isMissing(cause)) throw cause;
      throw ingestErrors.INGEST_FOLDER_MISSING({
        folder: at,
        file,
        problem: isFile ? 'is no folder' : 'does not exist',
      });
    })
  ).sort((a, b) => (a.name < b.name ? -1 : 1));
  const names = found.map(({ name }) => name);
  const here = names.filter((name) => FORMATS.some(([ending]) => name === `${file}.${ending}`));
  const parts = found.some((entry) => entry.name === file && entry.isDirectory())
    ? await partsIn(join(folder, file))
    : [];
  if (here.length > 1 || (here.length === 1 && parts.length > 0)) {
    throw ingestErrors.INGEST_FILE_AMBIGUOUS({
      folder: at,
      file,
      found: [...here, ...(parts.length > 0 ? [`${file}/`] : [])],
    });
  }
  const [only] = here;
  if (only !== undefined) return [join(folder, only)];
  if (parts.length > 0) return parts;
  const nearest = nearestOf(file, names, (name) => name.replace(/\.(?:csv|jsonl|ndjson|parquet)(?:\.gz)?$/, ''));
  throw ingestErrors.INGEST_FILE_MISSING({
    folder: at,
    file,
    found: names,
    ...(nearest === undefined ? {} : { nearest }),
  });
}

async function partsIn(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).sort();
  return names
    .filter((name) => FORMATS.some(([ending]) => name.endsWith(`.${ending}`)))
    .map((name) => join(folder, name));
}

interface Columns {
  readonly columns: RawFile['columns'];
  readonly rowsGuess: number;
}

async function parquetColumns(reader: Warehouse, path: string, name: string): Promise<Columns> {
  try {
    const rows = await reader.query<{ column_name: string; column_type: string }>(
      `DESCRIBE SELECT * FROM read_parquet(${quoteText(path)})`,
    );
    const [size] = await reader.query<{ n: number }>(
      `SELECT CAST(num_rows AS BIGINT) AS n FROM parquet_file_metadata(${quoteText(path)})`,
    );
    const columns = rows.map((row) => ({ name: row.column_name, type: row.column_type }));
    return { columns, rowsGuess: size?.n ?? 0 };
  } catch (cause) {
    throw parquetDamage(name, cause);
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
const START_BYTES = 1 << 16;

/** Lines of JSON of which one must have a key for it to be a column. */
const JSON_LINES = 1000;

interface TextFile extends Located {
  readonly kind: RawFile['kind'];
  readonly isGzip: boolean;
  readonly bytes: number;
}

async function textColumns({ path, name, kind, isGzip, bytes }: TextFile): Promise<Columns> {
  const { start, readBytes, isWhole } = await firstBytes(path, isGzip, kind === 'json' ? 16 : 1);
  const text = start.toString('utf8').replace(/^\uFEFF/, '');
  const lines = text.split('\n');
  const rowsGuess = Math.round((lines.length - 1) * (bytes / Math.max(1, readBytes)));
  if (kind === 'json') {
    const names = jsonKeys(isWhole ? lines : lines.slice(0, -1));
    if (text.trim() === '') throw ingestErrors.INGEST_FILE_EMPTY({ path: name, problem: 'is empty' });
    return { columns: names.map((key) => ({ name: key, type: 'VARCHAR' })), rowsGuess };
  }
  const [header = ''] = text.split(/\r?\n/, 1);
  if (header === '' && lines.length < 2) throw ingestErrors.INGEST_FILE_EMPTY({ path: name, problem: 'is empty' });
  const found = header.split(',').map((name) =>
    name
      .trim()
      .replace(/^"(.*)"$/, '$1')
      .replaceAll('""', '"'),
  );
  return { columns: found.map((name) => ({ name, type: 'VARCHAR' })), rowsGuess };
}

function jsonKeys(lines: readonly string[]): readonly string[] {
  const keys = new Set<string>();
  for (const line of lines.slice(0, JSON_LINES)) {
    try {
      const row: unknown = line.trim() === '' ? {} : JSON.parse(line);
      if (typeof row === 'object' && row !== null) for (const key of Object.keys(row)) keys.add(key);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error; // the load finds it again, and says where
    }
  }
  return [...keys];
}

async function checkMagic(path: string, name: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    if (bytesRead < 2 || buffer.readUInt16BE() !== 0x1f8b) {
      const problem = `is not compressed with gzip, though its name says so: if it is plain, rename it to .${name.replace(/^.*\.(\w+)\.gz$/, '$1')}`;
      throw ingestErrors.INGEST_GZIP_DAMAGED({ path: name, problem });
    }
  } finally {
    await file.close();
  }
}

interface Start {
  readonly start: Buffer;
  /** Bytes of the file that it took: fewer than those of `start` where it is packed. */
  readonly readBytes: number;
  readonly isWhole: boolean;
}

/** The first bytes of a file, unpacked, up to a line break behind `parts` times 64 KiB. */
async function firstBytes(path: string, isGzip: boolean, parts: number): Promise<Start> {
  const file = createReadStream(path, { highWaterMark: START_BYTES });
  const stream = isGzip ? file.pipe(createGunzip()) : file;
  const read: Buffer[] = [];
  let size = 0;
  let isWhole = true;
  try {
    for await (const part of stream) {
      read.push(part as Buffer); // no encoding is set, so it is bytes
      size += (part as Buffer).length;
      const isEnough = size >= parts * START_BYTES && read.some((one) => one.includes(10));
      if (isEnough || size > 64 * START_BYTES) {
        isWhole = false;
        break;
      }
    }
  } catch (error) {
    // A .gz that ends too early: what came before the end is enough here, and the load finds the damage again.
    if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))) throw error;
  } finally {
    file.destroy();
  }
  return { start: Buffer.concat(read), readBytes: file.bytesRead, isWhole };
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
