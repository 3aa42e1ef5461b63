import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { linesOf, recordsOf } from './csv-records.ts';
import type { RawFile } from './raw-files.ts';
import type { RawKind } from './raw-table.ts';
import { EPOCH_MS_RANGE } from './raw-table.ts';

/** What each kind of column wants, for messages. */
export const WANTED: Readonly<Record<RawKind, string>> = {
  text: 'a text',
  epochMs: 'a time in milliseconds since 1970, from the years 2000 to 2099 (13 digits; seconds have 10)',
  list: "a list, as in [0.1, 0.2] or ['a', 'b']",
};

/** Why a row cannot be loaded. */
export interface Fault {
  readonly line: number;
  /** Where the row as such is sound and a value of it is not. */
  readonly value?: { readonly column: string; readonly text: string; readonly kind: RawKind };
  /** In words: `at is 'soon', not a time in …`. */
  readonly reason: string;
}

/** A row of a file, and whether it can be loaded. The line of names is not among them. */
export interface JudgedRow {
  readonly bytes: Buffer;
  readonly line: number;
  readonly fault?: Fault;
}

/**
 * Looks at each row of a CSV or JSON file as the load will. Slower than the load, and done only after that has found that
 * something is wrong: DuckDB, which reads in parallel, knows the value but not its line.
 */
export function judgedRows(file: RawFile, signal?: AbortSignal): AsyncGenerator<JudgedRow> {
  const bytes = createReadStream(file.path, { highWaterMark: 1 << 20, ...(signal === undefined ? {} : { signal }) });
  const plain = file.isGzip ? bytes.pipe(createGunzip()) : bytes;
  return file.kind === 'json' ? jsonRows(file, plain) : csvRows(file, plain);
}

/** The first row that cannot be loaded. */
export async function firstFault(file: RawFile, signal?: AbortSignal): Promise<Fault | undefined> {
  for await (const { fault } of judgedRows(file, signal)) if (fault !== undefined) return fault;
  return undefined;
}

async function* csvRows(file: RawFile, plain: Readable): AsyncGenerator<JudgedRow> {
  const checked = file.table.source
    .filter(({ kind }) => kind !== 'text')
    .map((column) => ({ ...column, at: file.columns.findIndex(({ name }) => name === column.name) }));
  for await (const { line, fields, bytes, problem } of recordsOf(plain)) {
    if (line === 1 || (bytes.length === 0 && file.columns.length > 1)) continue;
    const reason = problem ?? wrongCount(fields.length, file.columns.length);
    if (reason !== undefined) {
      yield { bytes, line, fault: { line, reason } };
      continue;
    }
    const bad = checked.find(({ kind, at }) => !holds(kind, fields[at] ?? ''));
    yield bad === undefined ? { bytes, line } : { bytes, line, fault: valueFault(line, bad, fields[bad.at] ?? '') };
  }
}

function wrongCount(found: number, wanted: number): string | undefined {
  if (found === wanted) return undefined;
  if (found > wanted) return `it has more columns than the first line, which has ${wanted}`;
  return `it has ${found} columns where the first line has ${wanted}`;
}

function valueFault(
  line: number,
  { name, kind }: { readonly name: string; readonly kind: RawKind },
  text: string,
): Fault {
  return { line, value: { column: name, text, kind }, reason: `${name} is '${text}', not ${WANTED[kind]}` };
}

function holds(kind: RawKind, value: string): boolean {
  if (kind === 'epochMs') return isTime(value);
  return value === '' || Array.isArray(parsed(value.replaceAll("'", '"')));
}

function isTime(value: string): boolean {
  return value.trim() !== '' && Number(value) >= EPOCH_MS_RANGE[0] && Number(value) <= EPOCH_MS_RANGE[1];
}

async function* jsonRows({ table }: RawFile, plain: Readable): AsyncGenerator<JudgedRow> {
  let line = 0;
  for await (const bytes of linesOf(plain)) {
    line++;
    const text = bytes.toString('utf8').trim();
    if (text === '') continue;
    const fault = jsonFault(text, line, table.source, bytes);
    yield fault === undefined ? { bytes, line } : { bytes, line, fault };
  }
}

function jsonFault(text: string, line: number, source: RawFile['table']['source'], bytes: Buffer): Fault | undefined {
  if (text.includes('\uFFFD') && !bytes.includes(Buffer.from('\uFFFD'))) return { line, reason: 'it is not UTF-8' };
  const row = parsed(text);
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    return { line, reason: row === undefined ? 'it is not JSON' : 'it is no JSON object' };
  }
  const values = row as Readonly<Record<string, unknown>>;
  for (const column of source) {
    const value = values[column.name];
    const isFine =
      column.kind === 'text' ||
      (column.kind === 'list' && (value === undefined || value === null || Array.isArray(value))) ||
      (column.kind === 'epochMs' && (typeof value === 'number' || typeof value === 'string') && isTime(String(value)));
    if (!isFine) return valueFault(line, column, typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
  }
  return undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
