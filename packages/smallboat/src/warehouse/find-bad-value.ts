import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import type { RawFile } from './raw-files.ts';
import type { RawKind } from './raw-table.ts';
import { EPOCH_MS_RANGE } from './raw-table.ts';

/** What each kind of column wants, for messages. */
export const WANTED: Readonly<Record<RawKind, string>> = {
  text: 'a text',
  epochMs: 'a time in milliseconds since 1970, from the years 2000 to 2099 (13 digits; seconds have 10)',
  list: "a list, as in [0.1, 0.2] or ['a', 'b']",
};

export interface BadValue {
  readonly line: number;
  readonly column: string;
  readonly value: string;
  readonly kind: RawKind;
}

/**
 * The first value of a CSV file that its column cannot hold, and the line it is on. It reads the file from its start, slower
 * than the load and only after the load found that there is one: DuckDB, which reads in parallel, knows the value but not its line.
 */
export async function findBadValue(file: RawFile, signal?: AbortSignal): Promise<BadValue | undefined> {
  const checked = file.table.source
    .filter(({ kind }) => kind !== 'text')
    .map((column) => ({ ...column, at: file.columns.findIndex(({ name }) => name === column.name) }));
  for await (const { line, fields } of recordsOf(file, signal)) {
    if (line === 1 || (fields.length === 1 && fields[0] === '')) continue;
    for (const { name, kind, at } of checked) {
      const value = fields[at] ?? '';
      if (!holds(kind, value)) return { line, column: name, value, kind };
    }
  }
  return undefined;
}

function holds(kind: RawKind, value: string): boolean {
  if (kind === 'epochMs') {
    return value.trim() !== '' && Number(value) >= EPOCH_MS_RANGE[0] && Number(value) <= EPOCH_MS_RANGE[1];
  }
  return value === '' || isList(value);
}

function isList(value: string): boolean {
  try {
    return Array.isArray(JSON.parse(value.replaceAll("'", '"')));
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** A record may run over several lines where a quoted field has line breaks; `line` is where it begins, from 1. */
async function* recordsOf(
  file: RawFile,
  signal?: AbortSignal,
): AsyncGenerator<{ readonly line: number; readonly fields: readonly string[] }> {
  let line = 0;
  let begun = '';
  let begunAt = 0;
  for await (const text of linesOf(file, signal)) {
    line++;
    const record = begun === '' ? text : `${begun}\n${text}`;
    if (begun === '') begunAt = line;
    if (record.includes('"') && [...record.matchAll(/"/g)].length % 2 === 1) {
      begun = record;
      continue;
    }
    begun = '';
    yield { line: begunAt, fields: fieldsOf(record) };
  }
}

function fieldsOf(record: string): readonly string[] {
  const line = record.endsWith('\r') ? record.slice(0, -1) : record;
  if (!line.includes('"')) return line.split(',');
  const fields: string[] = [];
  for (let at = 0; at <= line.length;) {
    const isQuoted = line[at] === '"';
    let end = isQuoted ? closingQuote(line, at) + 1 : at;
    end = line.indexOf(',', end);
    if (end === -1) end = line.length;
    const field = line.slice(at, end);
    fields.push(isQuoted ? field.slice(1, -1).replaceAll('""', '"') : field);
    at = end + 1;
  }
  return fields;
}

function closingQuote(line: string, open: number): number {
  for (let at = line.indexOf('"', open + 1); at !== -1; at = line.indexOf('"', at + 2)) {
    if (line[at + 1] !== '"') return at;
  }
  return line.length - 1;
}

async function* linesOf({ path, format }: RawFile, signal?: AbortSignal): AsyncGenerator<string> {
  const bytes = createReadStream(path, { highWaterMark: 1 << 20, ...(signal === undefined ? {} : { signal }) });
  let rest: Buffer = Buffer.alloc(0);
  for await (const part of format === 'csv.gz' ? bytes.pipe(createGunzip()) : bytes) {
    const chunk = Buffer.concat([rest, part as Buffer]); // no encoding is set, so it is bytes
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      yield decoded(chunk.subarray(from, end));
      from = end + 1;
    }
    rest = chunk.subarray(from);
  }
  if (rest.length > 0) yield decoded(rest);
}

function decoded(line: Buffer): string {
  return line.toString(isUtf8(line) ? 'utf8' : 'latin1');
}
