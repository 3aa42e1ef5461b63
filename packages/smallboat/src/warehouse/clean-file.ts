import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { toCsv } from './append.ts';
import { ingestErrors } from './ingest-errors.ts';
import type { Fault } from './judge-rows.ts';
import { WANTED, judgedRows } from './judge-rows.ts';
import { faultSql } from './raw-sql.ts';
import type { RawFile } from './raw-files.ts';
import { quoteName, quoteText } from './sql-text.ts';
import { textOf } from './vectors.ts';
import type { Dialect, Warehouse } from './warehouse.ts';

/** A row that was not loaded. */
interface Reject extends Fault {
  /** The row as it lies in the file, cut at 10,000 characters. */
  readonly row: string;
}

export interface CleanOptions {
  /** A DuckDB, for Parquet. */
  readonly reader: Warehouse;
  /** Folder for the files that are made. */
  readonly folder: string;
  /** Dialect that the list of rejects is written for. */
  readonly dialect: Dialect;
  /** More rejects than that and the file is refused. */
  readonly atMost: number;
  readonly now: Date;
  readonly signal?: AbortSignal;
}

/** A file without its bad rows, and a list of them. */
export interface Cleaned {
  readonly file: RawFile;
  /** CSV of the columns `REJECT_COLUMNS`. */
  readonly rejects: string;
  readonly rejected: number;
}

/** Columns of the table of rejects, beside the raw tables. */
export const REJECT_COLUMNS = ['path', 'table', 'line', 'reason', 'column', 'row', 'rejected_at'] as const;

/**
 * Writes the rows of a file that can be loaded to another one, and lists the others with line and reason. For text a line counts from
 * 1 as in an editor; for Parquet it is the number of the row. @throws INGEST_TOO_MANY_BAD
 */
export async function cleanFile(file: RawFile, options: CleanOptions): Promise<Cleaned> {
  const path = join(options.folder, file.kind === 'json' ? 'clean.jsonl' : `clean.${file.kind}`);
  const list = join(options.folder, 'rejects.csv');
  const rejects = await rejectList(list, file, options);
  try {
    if (file.kind === 'parquet') await cleanParquet(file, path, rejects.add, options);
    else await cleanText(file, path, rejects.add, options);
  } finally {
    await rejects.close();
  }
  return { file: { ...file, path, isGzip: false }, rejects: list, rejected: rejects.count() };
}

type Add = (reject: Reject) => Promise<void>;

interface RejectList {
  readonly add: Add;
  readonly count: () => number;
  readonly close: () => Promise<void>;
}

async function rejectList(path: string, file: RawFile, { dialect, atMost, now }: CleanOptions): Promise<RejectList> {
  const out = await open(path, 'wx', 0o600);
  let count = 0;
  let first: Reject | undefined;
  return {
    async add(reject) {
      first ??= reject;
      count++;
      if (count > atMost) {
        throw ingestErrors.INGEST_TOO_MANY_BAD({ path: file.name, atMost, line: first.line, reason: first.reason });
      }
      const { line, reason, value, row } = reject;
      const at = now.toISOString().slice(0, 23).replace('T', ' ');
      const cells = [file.name, file.table.table, String(line), reason, value?.column ?? '', row, at];
      const columns = REJECT_COLUMNS.map((name, i) => ({ name, values: [cells[i] ?? ''] }));
      await out.write(toCsv({ length: 1, columns }, dialect));
    },
    count: () => count,
    close: () => out.close(),
  };
}

const LINE = Buffer.from('\n');
const CHUNK = 1 << 20;

async function cleanText(file: RawFile, path: string, reject: Add, { signal }: CleanOptions): Promise<void> {
  const out = await open(path, 'wx', 0o600);
  try {
    let waiting: Buffer[] = [];
    let size = 0;
    const put = async (bytes: Buffer): Promise<void> => {
      waiting.push(bytes, LINE);
      size += bytes.length + 1;
      if (size < CHUNK) return;
      await out.writev(waiting);
      waiting = [];
      size = 0;
    };
    if (file.kind === 'csv') await put(Buffer.from(file.columns.map(({ name }) => quoteName(name)).join(',')));
    for await (const { bytes, line, fault } of judgedRows(file, signal)) {
      if (fault === undefined) await put(bytes);
      else await reject({ ...fault, line, row: bytes.toString('utf8').replaceAll('\0', '\uFFFD').slice(0, 10_000) });
    }
    await out.writev(waiting);
  } finally {
    await out.close();
  }
}

async function cleanParquet(file: RawFile, path: string, reject: Add, { reader, signal }: CleanOptions): Promise<void> {
  const from = `read_parquet(${quoteText(file.path)}, file_row_number = true)`;
  const under = signal === undefined ? {} : { signal };
  const bad = await reader.table(
    `SELECT file_row_number + 1, fault, CAST(to_json(rows) AS VARCHAR) FROM (SELECT *, ${faultSql(file)} AS fault FROM ${from}) AS rows
     WHERE fault IS NOT NULL ORDER BY 1`,
    under,
  );
  for (const [line, at, row = null] of bad.rows) {
    const column = file.table.source[Number(at)];
    if (column === undefined) continue;
    const { fault: _fault, file_row_number: _number, ...values } = JSON.parse(textOf(row)) as Record<string, unknown>;
    const text = textOf((values[column.name] ?? null) as string | null);
    const reason = `${column.name} is '${text}', not ${WANTED[column.kind]}`;
    await reject({
      line: Number(line),
      value: { column: column.name, text, kind: column.kind },
      reason,
      row: JSON.stringify(values).slice(0, 10_000),
    });
  }
  await reader.execute(
    `COPY (SELECT * EXCLUDE (file_row_number) FROM ${from} WHERE ${faultSql(file)} IS NULL) TO ${quoteText(path)} (FORMAT parquet)`,
    under,
  );
}
