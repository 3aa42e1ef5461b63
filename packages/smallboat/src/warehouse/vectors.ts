import type { Batch, Cell, ColumnVector, Table, Values } from './warehouse.ts';

/** What the cells of a column become. */
export type VectorKind = 'boolean' | 'int32' | 'int64' | 'float' | 'text';

/** The kind for a type as a warehouse names it: `integer`, `BIGINT`, `numeric(9,2)`. */
export function kindOf(type: string): VectorKind {
  const name = type.toLowerCase();
  if (name.startsWith('bool')) return 'boolean';
  if (/^(?:bigint|int8)/.test(name)) return 'int64';
  if (/^(?:tinyint|smallint|integer|int\b|int2|int4)/.test(name)) return 'int32';
  if (/^(?:decimal|numeric|double|real|float)/.test(name) && !name.endsWith(']')) return 'float';
  return 'text';
}

/** Rows of cells by column. */
export function batchOf({ columns, rows }: Table, kinds = columns.map(({ type }) => kindOf(type))): Batch {
  const vectors = columns.map(({ name }, i) =>
    vectorOf(
      name,
      kinds[i] ?? 'text',
      rows.map((row) => row[i] ?? null),
    ),
  );
  return { length: rows.length, columns: vectors };
}

function vectorOf(name: string, kind: VectorKind, cells: readonly Cell[]): ColumnVector {
  const values = valuesOf(kind, cells);
  if (!cells.includes(null)) return { name, values };
  return { name, values, nulls: Uint8Array.from(cells, (cell) => (cell === null ? 1 : 0)) };
}

function valuesOf(kind: VectorKind, cells: readonly Cell[]): Values {
  switch (kind) {
    case 'boolean':
      return Uint8Array.from(cells, (cell) => (cell === true ? 1 : 0));
    case 'int32':
      return Int32Array.from(cells, (cell) => Number(cell ?? 0));
    case 'int64':
      return BigInt64Array.from(cells, (cell) =>
        BigInt(typeof cell === 'number' || typeof cell === 'bigint' ? cell : 0),
      );
    case 'float':
      return Float64Array.from(cells, (cell) => Number(cell ?? 0));
    case 'text':
    default:
      return cells.map(textOf);
  }
}

/** A cell as a text: lists and structs as JSON, a missing one as the empty text. */
export function textOf(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell !== 'object') return String(cell);
  return JSON.stringify(cell, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item));
}
