import type { ColumnType, Row } from '../../warehouse/index.ts';
import { quoteName } from '../../warehouse/index.ts';
import { jsonRow } from '../json-value.ts';
import { sourceOf } from '../source.ts';
import type { Compiled } from './compile.ts';
import type { RowSample } from './result.ts';
import type { Settled } from './settle.ts';

export interface DetailContext {
  readonly relation: string;
  readonly columns: readonly ColumnType[];
  readonly sample: readonly Row[];
}

/** The rows of a sample as a result shows them: values, whole rows, index columns, and the query that finds them. */
export function detailsOf(
  settled: Settled,
  { format }: Compiled,
  { relation, columns, sample }: DetailContext,
): RowSample {
  if (settled.is !== 'counted') return { values: [], rows: [] };
  const { columns: asked, shows, failing } = settled.question;
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const rows = sample.map((row) => jsonRow(row, types));
  const values = rows.map((row) => {
    const found = asked.map((name) => row[name] ?? null);
    if (shows === 'value') return found[0] ?? null;
    return shows === 'pair' ? found : Object.fromEntries(asked.map((name, i) => [name, found[i]]));
  });
  const { indexColumns, level } = format;
  const own = format.withoutValues ? [] : asked;
  const selected = [...new Set([...(indexColumns ?? []), ...asked])].map(quoteName).join(', ');
  const isPlain = !/ over \(/.test(failing);
  return {
    values,
    rows,
    ...(indexColumns === undefined || level === 'BASIC' || level === 'BOOLEAN_ONLY'
      ? {}
      : {
          index: rows.map((row) =>
            Object.fromEntries([...own, ...indexColumns].map((name) => [name, row[name] ?? null])),
          ),
        }),
    ...(isPlain ? { query: `SELECT ${selected} \nFROM ${sourceOf(relation)} \nWHERE ${failing};` } : {}),
  };
}
