import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SmallboatError } from '../kernel/index.ts';
import { REJECT_COLUMNS, cleanFile } from './clean-file.ts';
import type { Cleaned } from './clean-file.ts';
import { ingestErrors } from './ingest-errors.ts';
import { WANTED, firstFault } from './judge-rows.ts';
import type { Ledger } from './ledger.ts';
import { relationIn } from './ledger.ts';
import type { RawFile } from './raw-files.ts';
import { parquetDamage } from './raw-files.ts';
import { BAD_VALUE, readSql } from './raw-sql.ts';
import { readThrough } from './read-through.ts';
import { nameIn, quoteText, shortSql } from './sql-text.ts';
import type { Dialect, Warehouse } from './warehouse.ts';

/** Where files go, and how. */
export interface Target {
  readonly warehouse: Warehouse;
  /** A DuckDB that reads files: the warehouse itself where it is one. */
  readonly reader: Warehouse;
  readonly ledger: Ledger;
  readonly schema: string;
  readonly now: Date;
  /** Rows of a file that may be wrong and left out; more, or one if it is 0, and nothing of the file is loaded. */
  readonly badRowsAtMost: number;
  readonly temporaryFolder: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (fraction: number) => void;
}

/** What became of a file. */
export interface Loaded {
  readonly outcome: 'loaded' | 'already loaded';
  readonly rows: number;
  readonly rejected: number;
  readonly sha256: string;
}

/** Loads a file, or finds that it was. @throws INGEST_… */
export async function ingestFile(target: Target, file: RawFile): Promise<Loaded> {
  const { ledger, badRowsAtMost, temporaryFolder, signal } = target;
  // Only a file of this size can be this file: for others the hash is made while they are loaded.
  const alike = await ledger.alike(file.table.table, file.bytes);
  if (alike.length > 0) {
    const sha256 = await readThrough(file, signal);
    const known = alike.find((row) => row.sha256 === sha256);
    if (known !== undefined) return { outcome: 'already loaded', rows: known.rows, rejected: 0, sha256 };
  }
  try {
    return await load(target, file);
  } catch (error) {
    if (badRowsAtMost === 0 || !isBadRow(error)) throw error;
  }
  const folder = await mkdtemp(join(temporaryFolder, 'smallboat-clean-'));
  try {
    const { reader, warehouse, now } = target;
    const under = signal === undefined ? {} : { signal };
    const cleaned = await cleanFile(file, {
      reader,
      folder,
      dialect: warehouse.dialect,
      atMost: badRowsAtMost,
      now,
      ...under,
    });
    return await load(target, file, cleaned);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isBadRow(error: unknown): boolean {
  return ingestErrors.INGEST_ROW_BROKEN.is(error) || ingestErrors.INGEST_VALUE_WRONG.is(error);
}

/** Work of this process that adds to the same raw tables, one after another. Of other processes the warehouse takes care: see `claim`. */
const lines = new Map<string, Promise<unknown>>();

async function inLine<T>(key: string, work: () => Promise<T>): Promise<T> {
  const turn = (lines.get(key) ?? Promise.resolve()).then(work);
  const quiet = turn.catch(() => undefined); // its caller hears of it
  lines.set(key, quiet);
  try {
    return await turn;
  } finally {
    if (lines.get(key) === quiet) lines.delete(key);
  }
}

async function load(target: Target, file: RawFile, cleaned?: Cleaned): Promise<Loaded> {
  const { warehouse, schema, temporaryFolder, signal } = target;
  // Stopped as soon as either the load or the reading beside it fails.
  const failed = new AbortController();
  const both = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const reading = readThrough(file, both);
  reading.catch((error: unknown) => failed.abort(error)); // awaited below
  const run = { ...target, signal: both };
  const alone = <T>(work: () => Promise<T>): Promise<T> => inLine(`${warehouse.location} ${schema}`, work);
  const folder = await mkdtemp(join(temporaryFolder, 'smallboat-load-'));
  try {
    const more = cleaned === undefined ? {} : { cleaned };
    if (warehouse.dialect === 'duckdb')
      return await alone(() => committed(run, { file, sha256: () => reading, ...more }));
    const staged = await stage(run, cleaned?.file ?? file, folder);
    const sha256 = await reading;
    return await alone(() => committed(run, { file, sha256: async () => sha256, staged, ...more }));
  } catch (error) {
    signal?.throwIfAborted();
    // Damage to the file as a whole explains whatever DuckDB stumbled over.
    if (file.isGzip) await reading;
    failed.abort();
    throw await explain(file, error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Committing {
  readonly file: RawFile;
  /** Known when the file was read to its end: for DuckDB, whose load is that reading, after the rows. */
  readonly sha256: () => Promise<string>;
  readonly staged?: Staged;
  readonly cleaned?: Cleaned;
}

/** Rows, rejects and the row of the ledger in one transaction. */
async function committed(target: Target, { file, sha256: hash, staged, cleaned }: Committing): Promise<Loaded> {
  const { warehouse, ledger, now, signal } = target;
  const under = signal === undefined ? {} : { signal };
  const rejected = cleaned?.rejected ?? 0;
  const entry = { path: file.name, bytes: file.bytes, loadedAt: now, table: file.table.table };
  await warehouse.execute('BEGIN');
  try {
    const done = staged === undefined ? await insert(target, cleaned?.file ?? file) : undefined;
    const sha256 = await hash();
    const known = await ledger.claim({ ...entry, sha256 });
    if (known !== undefined) {
      await warehouse.execute('ROLLBACK');
      return { outcome: 'already loaded', rows: known, rejected: 0, sha256 };
    }
    const rows = done ?? (staged === undefined ? 0 : await loadStaged(target, file, staged));
    if (rows + rejected === 0) {
      throw ingestErrors.INGEST_FILE_EMPTY({ path: file.name, problem: 'has the names of its columns and no row' });
    }
    await mustBeUnchanged(file);
    if (cleaned !== undefined && rejected > 0) {
      const columns = REJECT_COLUMNS.map((name) => storedName(warehouse.dialect, name));
      await warehouse.load(ledger.rejects, { paths: [cleaned.rejects], columns, ...under });
    }
    await ledger.write({ ...entry, rows, sha256 });
    await warehouse.execute('COMMIT');
    return { outcome: 'loaded', rows, rejected, sha256 };
  } catch (error) {
    // Where the failure has ended the transaction there is nothing to roll back, which is said by another error.
    await warehouse.execute('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

async function insert({ warehouse, schema, now, signal, onProgress }: Target, file: RawFile): Promise<number> {
  const relation = relationIn(warehouse.dialect, schema, file.table.table);
  return warehouse.execute(`INSERT INTO ${relation} ${readSql(file, now)}`, {
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
}

/** Files of CSV, ready for the warehouse. */
interface Staged {
  readonly paths: readonly string[];
}

/** A part of what goes to the warehouse, in bytes: Snowflake and Redshift load several at once. */
const PART = '128MB';

async function stage(
  { reader, warehouse, now, signal, onProgress }: Target,
  file: RawFile,
  folder: string,
): Promise<Staged> {
  const isPacked = warehouse.dialect === 'snowflake';
  const parts = join(folder, 'parts');
  const names = file.table.columns.map((_, i) => `c${i}`);
  await reader.execute(
    `COPY (SELECT * FROM (${readSql(file, now)}) AS rows (${names.join(', ')})) TO ${quoteText(parts)}
     (FORMAT csv, HEADER false, NULLSTR '', FORCE_QUOTE (${textColumns(file).join(', ')}), FILE_SIZE_BYTES '${PART}'${isPacked ? ', COMPRESSION gzip' : ''})`,
    {
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress: (fraction: number) => onProgress(fraction / 2) }),
    },
  );
  return { paths: (await readdir(parts)).sort().map((name) => join(parts, name)) };
}

/** Those whose empty text has to be told from a missing value. */
function textColumns({ table }: RawFile): readonly string[] {
  const isText = (column: string): boolean => table.source.find(({ name }) => name === column)?.kind !== 'epochMs';
  return table.columns.flatMap(({ from }, i) =>
    from.kind === 'loadedAt' || (from.kind === 'column' && !isText(from.column)) ? [] : [`c${i}`],
  );
}

async function loadStaged(
  { warehouse, schema, signal, onProgress }: Target,
  file: RawFile,
  { paths }: Staged,
): Promise<number> {
  const { dialect } = warehouse;
  return warehouse.load(relationIn(dialect, schema, file.table.table), {
    paths,
    columns: file.table.columns.map(({ name }) => storedName(dialect, name)),
    ...(dialect === 'snowflake' ? { compression: 'gzip' as const } : {}),
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress: (fraction: number) => onProgress(0.5 + fraction / 2) }),
  });
}

/** The name as the warehouse keeps it, when the table was made with it. */
function storedName(dialect: Dialect, name: string): string {
  return nameIn(dialect, name) === name && dialect === 'snowflake' ? name.toUpperCase() : name;
}

async function mustBeUnchanged(file: RawFile): Promise<void> {
  const { size, mtimeMs } = await stat(file.path);
  if (size !== file.bytes || mtimeMs !== file.changedAtMs) {
    throw ingestErrors.INGEST_FILE_CHANGED({ path: file.name });
  }
}

/** Puts what DuckDB says about a row or a value into an error about the file. Others stay as they are. */
async function explain(file: RawFile, error: unknown): Promise<unknown> {
  if (!(error instanceof SmallboatError) || error.code !== 'STATEMENT_FAILED') return error;
  const { problem = '' } = error.facts as { readonly problem?: string };
  const cause = { cause: error };
  const isOfFile =
    problem.includes(BAD_VALUE) ||
    /Could not convert string|Malformed JSON|JSON transform error|CSV Error on Line/.test(problem);
  if (file.kind === 'parquet')
    return problem.includes(BAD_VALUE)
      ? (parquetValue(file, problem, error) ?? error)
      : parquetDamage(file.name, error);
  if (!isOfFile) return error;
  const fault = await firstFault(file);
  if (fault === undefined) return brokenRow(file, problem, error);
  const { line, value, reason } = fault;
  if (value !== undefined) {
    const facts = { path: file.name, line, column: value.column, value: value.text, wanted: WANTED[value.kind] };
    return ingestErrors.INGEST_VALUE_WRONG(facts, cause);
  }
  const text = shortSql(/Original Line: ([^\n]*)/.exec(problem)?.[1] ?? '', 120);
  return ingestErrors.INGEST_ROW_BROKEN({ path: file.name, line, problem: reason, text }, cause);
}

/** DuckDB found a row broken that we did not: its words have to do. */
function brokenRow({ name }: RawFile, problem: string, cause: Error): Error {
  const line = Number(
    /on Line: (\d+)|in line (\d+)/
      .exec(problem)
      ?.slice(1)
      .find((number) => number !== undefined) ?? 0,
  );
  const text = shortSql(/Original Line: ([^\n]*)/.exec(problem)?.[1] ?? '', 120);
  return ingestErrors.INGEST_ROW_BROKEN(
    { path: name, line, text, problem: problem.split('\n').slice(0, 3).join(' ') },
    { cause },
  );
}

function parquetValue({ name, table }: RawFile, problem: string, cause: Error): Error | undefined {
  const [, at, value = ''] = new RegExp(`${BAD_VALUE} (\\d+) (.*)`).exec(problem) ?? [];
  const column = table.source[Number(at)];
  if (column === undefined) return undefined;
  const facts = { path: name, column: column.name, value, wanted: WANTED[column.kind] };
  return ingestErrors.INGEST_VALUE_WRONG(facts, { cause });
}
