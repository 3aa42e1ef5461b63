import { stat } from 'node:fs/promises';
import type { WorkOptions } from '../kernel/index.ts';
import { SmallboatError } from '../kernel/index.ts';
import { WANTED, findBadValue } from './find-bad-value.ts';
import { ingestErrors } from './ingest-errors.ts';
import type { RawFile } from './raw-files.ts';
import { findRawFile, parquetDamage } from './raw-files.ts';
import { BAD_VALUE, createTableSql, loadSql } from './raw-sql.ts';
import type { RawTable } from './raw-table.ts';
import { readThrough } from './read-through.ts';
import { quoteName, shortSql } from './sql-text.ts';
import type { Warehouse } from './warehouse.ts';

export interface IngestOptions extends WorkOptions {
  /** Folder that has the files. */
  readonly folder: string;
  readonly tables: readonly RawTable[];
  /** Schema of the raw tables; made if it is not there. */
  readonly schema: string;
  /** The time that goes on record as that of the load. Default: now. */
  readonly now?: Date;
}

/** What became of one file. */
export interface IngestedFile {
  readonly path: string;
  /** `schema.table`. */
  readonly table: string;
  /** `already loaded`: a file of exactly these bytes went into this table before, so nothing was added. */
  readonly outcome: 'loaded' | 'already loaded';
  /** Rows of the file. */
  readonly rows: number;
  readonly bytes: number;
  /** SHA-256 of the file, in lower-case hex. */
  readonly sha256: string;
  /** Columns of the file that the table does not take. */
  readonly ignoredColumns: readonly string[];
  readonly seconds: number;
}

export interface IngestReport {
  readonly files: readonly IngestedFile[];
  /** Rows added by this call. */
  readonly rowsAdded: number;
}

/** The table that has a row for every file that was ever loaded, beside the raw tables. */
const LEDGER = '_ingested_files';

/**
 * Loads raw files into their tables. Rows are added, never changed, and each is kept as it is, duplicates too. A file is one transaction
 * with its row in `_ingested_files` (path, sha256, rows, bytes, loaded_at, table): all of it is there or nothing, and
 * the same bytes a second time add nothing.
 *
 * All files are looked for, and their columns checked, before the first is loaded. Columns are matched by name.
 *
 * @throws INGEST_… with the file, the line and the value, when a file is missing, damaged or has a row that cannot be right.
 */
export async function ingest(warehouse: Warehouse, options: IngestOptions): Promise<IngestReport> {
  const { folder, tables, schema, signal, onProgress } = options;
  const files: RawFile[] = [];
  for (const table of tables) files.push(await findRawFile(warehouse, folder, table));
  await prepare(warehouse, schema, tables);
  const allBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const done: IngestedFile[] = [];
  let doneBytes = 0;
  for (const file of files) {
    signal?.throwIfAborted();
    const before = doneBytes;
    const progress = (fraction: number): void =>
      onProgress?.((before + fraction * file.bytes) / allBytes, `loading ${file.path}`);
    progress(0);
    done.push(await ingestFile(warehouse, file, { ...options, onProgress: progress }));
    doneBytes += file.bytes;
  }
  onProgress?.(1, 'loaded');
  const rowsAdded = done.reduce((sum, { outcome, rows }) => sum + (outcome === 'loaded' ? rows : 0), 0);
  return { files: done, rowsAdded };
}

async function prepare(warehouse: Warehouse, schema: string, tables: readonly RawTable[]): Promise<void> {
  await warehouse.execute(`CREATE SCHEMA IF NOT EXISTS ${quoteName(schema)}`);
  await warehouse.execute(
    `CREATE TABLE IF NOT EXISTS ${relationOf(schema, LEDGER)}
       (path VARCHAR, sha256 VARCHAR, "rows" BIGINT, bytes BIGINT, loaded_at TIMESTAMP, "table" VARCHAR)`,
  );
  for (const table of tables) await warehouse.execute(createTableSql(relationOf(schema, table.table), table));
}

function relationOf(schema: string, table: string): string {
  return `${quoteName(schema)}.${quoteName(table)}`;
}

async function ingestFile(warehouse: Warehouse, file: RawFile, options: IngestOptions): Promise<IngestedFile> {
  const start = performance.now();
  const { schema, signal } = options;
  const taken = file.table.source.map(({ name }) => name);
  const facts = {
    path: file.path,
    table: `${schema}.${file.table.table}`,
    bytes: file.bytes,
    ignoredColumns: file.columns.map(({ name }) => name).filter((name) => !taken.includes(name)),
  };
  const finish = (outcome: IngestedFile['outcome'], rows: number, sha256: string): IngestedFile => ({
    ...facts,
    outcome,
    rows,
    sha256,
    seconds: (performance.now() - start) / 1000,
  });
  // Only a file of this size can be this file: for others the hash is made while they are loaded.
  const alike = await warehouse.query<{ sha256: string; rows: number }>(
    `SELECT sha256, "rows" FROM ${relationOf(schema, LEDGER)} WHERE "table" = ? AND bytes = ?`,
    { parameters: [file.table.table, file.bytes] },
  );
  if (alike.length > 0) {
    const sha256 = await readThrough(file, signal);
    const known = alike.find((row) => row.sha256 === sha256);
    if (known !== undefined) return finish('already loaded', known.rows, sha256);
  }
  const { rows, sha256 } = await load(warehouse, file, options);
  return finish('loaded', rows, sha256);
}

async function load(
  warehouse: Warehouse,
  file: RawFile,
  { schema, now = new Date(), signal, onProgress }: IngestOptions,
): Promise<{ readonly rows: number; readonly sha256: string }> {
  // Stopped as soon as either the load or the reading beside it fails.
  const failed = new AbortController();
  const both = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const reading = readThrough(file, both);
  reading.catch((error: unknown) => failed.abort(error)); // awaited below
  await warehouse.execute('BEGIN TRANSACTION');
  try {
    const relation = relationOf(schema, file.table.table);
    const rows = await warehouse.execute(loadSql(relation, file), {
      ...(usesTime(file.table) ? { parameters: [now.getTime()] } : {}),
      signal: both,
      ...(onProgress === undefined ? {} : { onProgress: (fraction: number) => onProgress(fraction) }),
    });
    const sha256 = await reading;
    if (rows === 0) {
      throw ingestErrors.INGEST_FILE_EMPTY({ path: file.path, problem: 'has the names of its columns and no row' });
    }
    await mustBeUnchanged(file);
    await warehouse.execute(`INSERT INTO ${relationOf(schema, LEDGER)} VALUES (?, ?, ?, ?, make_timestamp_ms(?), ?)`, {
      parameters: [file.path, sha256, rows, file.bytes, now.getTime(), file.table.table],
    });
    await warehouse.execute('COMMIT');
    return { rows, sha256 };
  } catch (error) {
    await rollBack(warehouse);
    signal?.throwIfAborted();
    // Damage to the file as a whole explains whatever DuckDB stumbled over.
    if (file.format === 'csv.gz') await reading;
    failed.abort();
    throw await explain(file, error);
  }
}

function usesTime(table: RawTable): boolean {
  return table.columns.some(({ from }) => from.kind === 'loadedAt');
}

async function mustBeUnchanged(file: RawFile): Promise<void> {
  const { size, mtimeMs } = await stat(file.path);
  if (size !== file.bytes || mtimeMs !== file.changedAtMs) {
    throw ingestErrors.INGEST_FILE_CHANGED({ path: file.path });
  }
}

/** Where the failure has ended the transaction there is nothing to roll back, which DuckDB says by another error. */
async function rollBack(warehouse: Warehouse): Promise<void> {
  await warehouse.execute('ROLLBACK').catch(() => undefined);
}

/** Puts what DuckDB says about a row or a value into an error about the file. Others stay as they are. */
async function explain(file: RawFile, error: unknown): Promise<unknown> {
  if (!(error instanceof SmallboatError) || error.code !== 'STATEMENT_FAILED') return error;
  const { problem = '' } = error.facts as { readonly problem?: string };
  const { path } = file;
  const cause = { cause: error };
  if (/Could not convert string|Malformed JSON/.test(problem) || problem.includes(BAD_VALUE)) {
    return (await badValueError(file, problem, error)) ?? error;
  }
  if (file.format === 'parquet') return parquetDamage(path, error);
  const line = Number(/CSV Error on Line: (\d+)/.exec(problem)?.[1] ?? 0);
  if (line === 0) return error;
  const text = shortSql(/Original Line: ([^\n]*)/.exec(problem)?.[1] ?? '', 120);
  return ingestErrors.INGEST_ROW_BROKEN({ path, line, text, problem: rowProblem(problem) }, cause);
}

function rowProblem(problem: string): string {
  const [, wanted, found] = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(problem) ?? [];
  // DuckDB stops counting at the first column too many.
  if (Number(found) > Number(wanted)) return `it has more columns than the first line, which has ${wanted}`;
  if (wanted !== undefined) return `it has ${found} columns where the first line has ${wanted}`;
  if (/unterminated quote/i.test(problem)) return 'a quote is opened and not closed';
  if (/invalid unicode|not utf-8/i.test(problem)) return 'it is not UTF-8';
  return problem.split('\n').slice(2, 3).join('') || problem;
}

async function badValueError(file: RawFile, problem: string, cause: Error): Promise<Error | undefined> {
  const { path, table } = file;
  if (file.format !== 'parquet') {
    const bad = await findBadValue(file);
    if (bad === undefined) return undefined;
    return ingestErrors.INGEST_VALUE_WRONG({ path, ...bad, wanted: WANTED[bad.kind] }, { cause });
  }
  const [, at, value = ''] = new RegExp(`${BAD_VALUE} (\\d+) (.*)`).exec(problem) ?? [];
  const column = table.source[Number(at)];
  if (column === undefined) return undefined;
  const facts = { path, column: column.name, value, wanted: WANTED[column.kind] };
  return ingestErrors.INGEST_VALUE_WRONG(facts, { cause });
}
