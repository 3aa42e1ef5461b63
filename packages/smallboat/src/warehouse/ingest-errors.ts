import { defineErrors } from '../kernel/index.ts';

/** Names shown at most: a folder may have thousands of files. */
const SHOWN = 20;

const list = (names: readonly string[]): string =>
  [
    ...(names.length === 0 ? ['none'] : names.slice(0, SHOWN)),
    ...(names.length > SHOWN ? [`and ${names.length - SHOWN} more`] : []),
  ].join(', ');

/** What can be wrong with the files that are loaded. Each names the file; nothing of that file is in the table then. */
export const ingestErrors = defineErrors({
  INGEST_FILE_MISSING: (f: { folder: string; file: string; found: readonly string[]; nearest?: string }) =>
    `${f.folder} has no ${f.file}.csv, ${f.file}.jsonl (or either with .gz), ${f.file}.parquet, or folder ${f.file} of such files. ${
      f.nearest === undefined ? `Files there: ${list(f.found)}.` : `Is it ${f.nearest}? Rename it to ${f.file}.`
    }`,
  INGEST_FOLDER_MISSING: (f: { folder: string; file: string; problem: string }) =>
    `${f.folder} ${f.problem}. Give the folder that has ${f.file}.csv, ${f.file}.jsonl or ${f.file}.parquet.`,
  INGEST_FILE_AMBIGUOUS: (f: { folder: string; file: string; found: readonly string[] }) =>
    `${f.folder} has ${f.found.join(' and ')}, which may be the same rows. Keep one of them there.`,
  INGEST_FILE_EMPTY: (f: { path: string; problem: string }) =>
    `${f.path} ${f.problem}. Was it written to the end? Put a complete file in its place.`,
  INGEST_COLUMNS_WRONG: (f: { path: string; problem: string; found: readonly string[] }) =>
    `${f.path}: ${f.problem}. Its columns are ${list(f.found)}. Columns are matched by name, in any order: rename them in the first line of the file.`,
  INGEST_ROW_BROKEN: (f: { path: string; line: number; problem: string; text: string }) =>
    `${f.path}, line ${f.line}: ${f.problem}, in '${f.text}'. Mend or remove that line; nothing of this file was loaded.`,
  /** Parquet has no lines. */
  INGEST_VALUE_WRONG: (f: { path: string; line?: number; column: string; value: string; wanted: string }) =>
    `${f.path}${f.line === undefined ? '' : `, line ${f.line}`}: ${f.column} is '${f.value}', not ${f.wanted}. Mend or remove that row; nothing of this file was loaded.`,
  INGEST_TOO_MANY_BAD: (f: { path: string; atMost: number; line: number; reason: string }) =>
    `${f.path} has more than ${f.atMost} rows that cannot be loaded; the first is on line ${f.line}: ${f.reason}. Mend the file, or allow more; nothing of this file was loaded.`,
  INGEST_GZIP_DAMAGED: (f: { path: string; problem: string }) =>
    `${f.path} ${f.problem}. Copy or download it again; nothing of this file was loaded.`,
  INGEST_PARQUET_DAMAGED: (f: { path: string; problem: string }) =>
    `${f.path} cannot be read as Parquet: ${f.problem} Copy or download it again; nothing of this file was loaded.`,
  INGEST_FILE_CHANGED: (f: { path: string }) =>
    `${f.path} changed while it was being loaded. Load it again when it is complete; nothing of this file was loaded.`,
});
