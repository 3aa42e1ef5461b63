import { tmpdir } from 'node:os';
import type { WorkOptions } from '../kernel/index.ts';
import { ingestFile } from './ingest-file.ts';
import type { Loaded, Target } from './ingest-file.ts';
import { ledgerOf, relationIn } from './ledger.ts';
import { openWarehouse } from './open-warehouse.ts';
import type { RawFile } from './raw-files.ts';
import { findRawFiles } from './raw-files.ts';
import { createTableSql } from './raw-sql.ts';
import type { RawTable } from './raw-table.ts';
import { fetchFolder } from './s3/fetch-folder.ts';
import type { Warehouse } from './warehouse.ts';

export interface IngestOptions extends WorkOptions {
  /** Folder that has the files, here or in S3 (`s3://bucket/folder`). */
  readonly folder: string;
  readonly tables: readonly RawTable[];
  /** Schema of the raw tables; made if it is not there. */
  readonly schema: string;
  /**
   * Rows of a file that may be wrong: up to that many are left out, and kept in `_rejected_rows` with line and reason. Default 0: a file
   * is loaded whole or not at all.
   */
  readonly badRowsAtMost?: number;
  /** Where files lie on their way to a warehouse that is not here. Default: the machine's folder for temporary files. */
  readonly temporaryFolder?: string;
  /** The time that goes on record as that of the load. Default: now. */
  readonly now?: Date;
}

/** What became of one file. */
export interface IngestedFile {
  /** Path, or URL in S3. */
  readonly path: string;
  /** `schema.table`. */
  readonly table: string;
  /** `already loaded`: a file of exactly these bytes went into this table before, so nothing was added. */
  readonly outcome: Loaded['outcome'];
  /** Rows that were loaded. */
  readonly rows: number;
  /** Rows that were left out, now in `_rejected_rows`. */
  readonly rejected: number;
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

/**
 * Loads raw files into their tables. Rows are added, never changed, and each is kept as it is, duplicates too. A file is one transaction
 * with its row in `_ingested_files` (path, sha256, rows, bytes, loaded_at, table): all of it is there or nothing, and
 * the same bytes a second time add nothing, also where several load at once.
 *
 * All files are looked for, and their columns checked, before the first is loaded. Columns are matched by name. DuckDB reads the files,
 * whatever the warehouse: into others they go as CSV by their own way of loading (COPY; PUT and COPY INTO; COPY from S3).
 *
 * @throws INGEST_… with the file, the line and the value, when a file is missing, damaged or has a row that cannot be right.
 */
export async function ingest(warehouse: Warehouse, options: IngestOptions): Promise<IngestReport> {
  const { folder, tables, temporaryFolder = tmpdir(), signal, onProgress } = options;
  if (!folder.startsWith('s3://')) return ingestFolder(warehouse, options, (path) => path);
  // A share of the bar goes to fetching.
  const share = (from: number, to: number) => (fraction: number, message?: string) =>
    onProgress?.(from + fraction * (to - from), message);
  await using fetched = await fetchFolder(folder, {
    files: tables.map(({ file }) => file),
    temporaryFolder,
    onProgress: share(0, 0.3),
    ...(signal === undefined ? {} : { signal }),
  });
  return await ingestFolder(warehouse, { ...options, folder: fetched.path, onProgress: share(0.3, 1) }, (path) =>
    fetched.nameOf(path),
  );
}

async function ingestFolder(
  warehouse: Warehouse,
  options: IngestOptions,
  nameOf: (path: string) => string,
): Promise<IngestReport> {
  const { folder, tables, schema, signal, onProgress } = options;
  const isDuckDb = warehouse.dialect === 'duckdb';
  const own = isDuckDb ? undefined : await openWarehouse('duckdb::memory:');
  try {
    const reader = own ?? warehouse;
    const files: RawFile[] = [];
    for (const table of tables) files.push(...(await findRawFiles(reader, folder, table, nameOf)));
    const ledger = ledgerOf(warehouse, schema);
    await ledger.prepare();
    for (const table of tables) {
      const relation = relationIn(warehouse.dialect, schema, table.table);
      await warehouse.execute(createTableSql(warehouse.dialect, relation, table));
    }
    const target: Target = {
      warehouse,
      reader,
      ledger,
      schema,
      now: options.now ?? new Date(),
      badRowsAtMost: options.badRowsAtMost ?? 0,
      temporaryFolder: options.temporaryFolder ?? tmpdir(),
      ...(signal === undefined ? {} : { signal }),
    };
    const allBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
    const done: IngestedFile[] = [];
    let doneBytes = 0;
    for (const file of files) {
      signal?.throwIfAborted();
      const before = doneBytes;
      const start = performance.now();
      const progress = (fraction: number): void =>
        onProgress?.(
          (before + fraction * file.bytes) / allBytes,
          progressText(file, fraction, performance.now() - start),
        );
      progress(0);
      const loaded = await ingestFile({ ...target, onProgress: progress }, file);
      done.push(reportOf(file, schema, loaded, (performance.now() - start) / 1000));
      doneBytes += file.bytes;
    }
    onProgress?.(1, 'loaded');
    const rowsAdded = done.reduce((sum, { outcome, rows }) => sum + (outcome === 'loaded' ? rows : 0), 0);
    return { files: done, rowsAdded };
  } finally {
    await own?.[Symbol.asyncDispose]();
  }
}

function reportOf(file: RawFile, schema: string, loaded: Loaded, seconds: number): IngestedFile {
  const taken = file.table.source.map(({ name }) => name);
  return {
    path: file.name,
    table: `${schema}.${file.table.table}`,
    bytes: file.bytes,
    ignoredColumns: file.columns.map(({ name }) => name).filter((name) => !taken.includes(name)),
    ...loaded,
    seconds,
  };
}

/** `loading browsing_train.csv: about 12.3 million rows, 1,400,000 rows/s`. */
function progressText({ name, rowsGuess }: RawFile, fraction: number, ms: number): string {
  const rows = rowsGuess * fraction;
  const short = name.split('/').at(-1) ?? name;
  if (rows < 1 || ms < 200) return `loading ${short}`;
  const perSecond = Math.round(rows / ms) * 1000;
  const many = rows >= 1e6 ? `${(rows / 1e6).toFixed(1)} million` : Math.round(rows).toLocaleString('en-US');
  return `loading ${short}: about ${many} rows, ${perSecond.toLocaleString('en-US')} rows/s`;
}
