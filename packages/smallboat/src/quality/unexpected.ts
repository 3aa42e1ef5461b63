import type { Cell, Row, Warehouse } from '../warehouse/index.ts';
import { quoteName, quoteText } from '../warehouse/index.ts';
import type { Compiled, RowQuestion } from './compile.ts';
import type { Quarantine } from './result.ts';

export interface UnexpectedOptions {
  readonly source: string;
  readonly signal?: AbortSignal | undefined;
}

/** Schema of the tables that failing rows go to. */
export const QUARANTINE_SCHEMA = 'quality_quarantine';

/** Some of the rows that an expectation rejects, as Great Expectations shows them: values, pairs or records. */
export async function sampleUnexpected(
  warehouse: Warehouse,
  { columns, shows, failing }: RowQuestion,
  limit: number,
  { source, signal }: UnexpectedOptions,
): Promise<readonly unknown[]> {
  const names = columns.map(quoteName);
  // Windows may stand in `qualify` only.
  const filter = failing.includes(' over (') ? `qualify ${failing}` : `where ${failing}`;
  const sql = `select ${names.join(', ')} from ${source} ${filter} limit ${limit}`;
  const rows = await warehouse.query(sql, signal === undefined ? {} : { signal });
  return rows.map((row) => shown(row, columns, shows));
}

function shown(row: Row, columns: readonly string[], shows: RowQuestion['shows']): unknown {
  const values = columns.map((name) => jsonOf(row[name] ?? null));
  if (shows === 'value') return values[0];
  if (shows === 'pair') return values;
  return Object.fromEntries(columns.map((name, i) => [name, values[i]]));
}

/** A cell as JSON can hold it: integers beyond 2^53 as text, NaN and infinities as null. */
export function jsonOf(cell: Cell | undefined): unknown {
  if (cell === undefined || cell === null) return null;
  if (typeof cell === 'bigint') return String(cell);
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell : null;
  if (typeof cell !== 'object') return cell;
  if (Array.isArray(cell)) return cell.map((item: Cell) => jsonOf(item));
  return Object.fromEntries(Object.entries(cell).map(([key, item]) => [key, jsonOf(item)]));
}

export interface QuarantineOptions extends UnexpectedOptions {
  /** Name of the table, in the schema `quality_quarantine`. */
  readonly name: string;
  readonly runName: string;
}

/**
 * Copies every row that a failed expectation rejects to a table of its own: the relation's columns, `failed_expectations`
 * (which expectations, as texts) and `quality_run`. One more scan. Where there is no such row, a table left by
 * an earlier run goes.
 */
export async function quarantine(
  warehouse: Warehouse,
  failed: readonly Compiled[],
  { source, name, runName, signal }: QuarantineOptions,
): Promise<Quarantine | null> {
  const table = `${QUARANTINE_SCHEMA}.${quoteName(name)}`;
  const options = signal === undefined ? {} : { signal };
  const questions = failed.flatMap(({ rows, config }) => (rows === undefined ? [] : [{ ...rows, type: config.type }]));
  if (questions.length === 0) {
    const there = await warehouse.columns(table);
    if (there.length > 0) await warehouse.execute(`drop table if exists ${table}`, options);
    return null;
  }
  await warehouse.execute(`create schema if not exists ${QUARANTINE_SCHEMA}`, options);
  const marks = questions.map((q, i) => `coalesce(${q.failing}, false) as __failed_${i}`);
  const reasons = questions.map(
    (q, i) => `case when __failed_${i} then ${quoteText(`${q.type}: ${q.columns.join(', ')}`)} end`,
  );
  const flags = questions.map((_, i) => `__failed_${i}`);
  await warehouse.execute(
    `create or replace table ${table} as
with marked as (select *, ${marks.join(', ')} from ${source})
select * exclude (${flags.join(', ')}),
list_filter([${reasons.join(', ')}], reason -> reason is not null) as failed_expectations,
${quoteText(runName)} as quality_run
from marked where ${flags.join(' or ')}`,
    options,
  );
  const rows = await warehouse.query(`select count(*) as n from ${table}`, options);
  return { table, rows: Number(rows[0]?.['n'] ?? 0) };
}
