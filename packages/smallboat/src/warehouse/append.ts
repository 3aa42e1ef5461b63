import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkOptions } from '../kernel/index.ts';
import type { Batch, Cell, ColumnVector, Dialect, Parameter, Values, Warehouse } from './warehouse.ts';

export interface AppendOptions extends WorkOptions {
  /** Folder for the file on the way. Default: the machine's for temporary files. */
  readonly temporaryFolder?: string;
}

/**
 * Adds rows to a table in bulk, all or none. Columns are found by name, and the warehouse makes of a text what the column
 * holds: a time, a decimal, JSON. Takes what `stream` gives, so that this copies from one warehouse to another.
 *
 * They go through a file on disk (memory does not grow) and from there by the warehouse's own way of loading files.
 *
 * @param relation `schema.table`, quoted as needed. @returns how many rows.
 */
export async function append(
  warehouse: Warehouse,
  relation: string,
  batches: Iterable<Batch> | AsyncIterable<Batch>,
  { temporaryFolder = tmpdir(), signal, onProgress }: AppendOptions = {},
): Promise<number> {
  const folder = await mkdtemp(join(temporaryFolder, 'smallboat-append-'));
  const path = join(folder, 'rows.csv');
  try {
    const columns = await writeCsv(path, warehouse.dialect, batches, signal);
    if (columns === undefined) return 0;
    return await warehouse.load(relation, {
      paths: [path],
      columns,
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress: (fraction: number) => onProgress(fraction) }),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @returns names of the columns, undefined where there is no row. */
async function writeCsv(
  path: string,
  dialect: Dialect,
  batches: Iterable<Batch> | AsyncIterable<Batch>,
  signal?: AbortSignal,
): Promise<readonly string[] | undefined> {
  const file = await open(path, 'wx', 0o600);
  try {
    let names: readonly string[] | undefined;
    for await (const batch of batches) {
      signal?.throwIfAborted();
      const found = batch.columns.map(({ name }) => name);
      names ??= batch.length === 0 ? undefined : found;
      if (names === undefined) continue;
      if (found.join('\0') !== names.join('\0'))
        throw new TypeError(`a batch has ${found.join()}, not ${names.join()}`);
      await file.write(toCsv(batch, dialect));
    }
    return names;
  } finally {
    await file.close();
  }
}

/** Rows as lists of values as a batch, for `append`. A column's type is that of its values; all must be of one. */
export function batchOfRows(names: readonly string[], rows: readonly (readonly Parameter[])[]): Batch {
  const columns = names.map((name, i): ColumnVector => {
    const cells = rows.map((row) => row[i] ?? null);
    return {
      name,
      values: cells.map((cell) => (cell === null ? '' : String(cell))),
      ...(cells.includes(null) ? { nulls: Uint8Array.from(cells, (cell) => (cell === null ? 1 : 0)) } : {}),
    };
  });
  return { length: rows.length, columns };
}

/** A batch in the form of `CsvFiles`. Booleans are 1 and 0, lists `[1,2]`, on PostgreSQL `{1,2}`. */
export function toCsv({ length, columns }: Batch, dialect: Dialect): string {
  const fields = columns.map((column) => fieldsOf(column, length, dialect));
  let text = '';
  for (let row = 0; row < length; row++) {
    for (let i = 0; i < fields.length; i++) text += (i === 0 ? '' : ',') + (fields[i]?.[row] ?? '');
    text += '\n';
  }
  return text;
}

function fieldsOf(column: ColumnVector, length: number, dialect: Dialect): string[] {
  const { values, nulls, offsets } = column;
  const fields = Array.from<string>({ length });
  for (let row = 0; row < length; row++) {
    if (nulls?.[row] === 1) fields[row] = '';
    else if (offsets !== undefined) {
      fields[row] = listField(values, offsets[row] ?? 0, offsets[row + 1] ?? 0, dialect);
    } else fields[row] = field(values, row);
  }
  return fields;
}

function field(values: Values, at: number): string {
  const value = values[at];
  if (typeof value === 'string') return quoted(value);
  return String(value); // of a boolean too: 1 and 0, since a small integer looks the same
}

function quoted(text: string): string {
  return `"${text.includes('"') ? text.replaceAll('"', '""') : text}"`;
}

function listField(values: Values, from: number, to: number, dialect: Dialect): string {
  const isPostgres = dialect === 'postgres';
  const items: string[] = [];
  for (let at = from; at < to; at++) {
    const value: Cell = values[at] ?? null;
    if (typeof value !== 'string') items.push(String(value));
    else items.push(isPostgres ? `"${value.replaceAll(/["\\]/g, '\\$&')}"` : JSON.stringify(value));
  }
  return quoted(isPostgres ? `{${items.join(',')}}` : `[${items.join(',')}]`);
}
