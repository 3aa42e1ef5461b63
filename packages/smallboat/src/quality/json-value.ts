import type { Cell, Row } from '../warehouse/index.ts';
import { familyOf } from './dialect/type-family.ts';

/**
 * A cell as Great Expectations writes it in a result: times as ISO 8601 (`2016-08-01T00:00:00`), integers beyond 2^53 as
 * text. JSON has no NaN and no infinities: they become null.
 */
export function jsonOf(cell: Cell | undefined, type?: string): unknown {
  if (cell === undefined || cell === null) return null;
  if (typeof cell === 'bigint') return String(cell);
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell : null;
  if (typeof cell === 'string') {
    if (type === undefined) return cell;
    // A decimal of many digits comes as text; in a result it is a number, as in Great Expectations.
    return familyOf(type) === 'decimal' ? jsonOf(Number(cell)) : isoTime(cell, type);
  }
  if (typeof cell !== 'object') return cell;
  if (Array.isArray(cell)) return cell.map((item: Cell) => jsonOf(item, type));
  return Object.fromEntries(Object.entries(cell).map(([key, item]) => [key, jsonOf(item)]));
}

/** A cell as text: itself where it is one. */
export function textOf(cell: Cell | undefined): string {
  if (typeof cell === 'string') return cell;
  return typeof cell === 'object' && cell !== null ? JSON.stringify(jsonOf(cell)) : String(cell ?? '');
}

/** A row as an object of JSON values. */
export function jsonRow(row: Row, types: ReadonlyMap<string, string>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, jsonOf(cell, types.get(name))]));
}

/** `2016-08-01 10:00:00.5` → `2016-08-01T10:00:00.500000`, `… +00` → `…+00:00`; anything but a timestamp stays as it is. */
function isoTime(text: string, type: string): string {
  const family = familyOf(type);
  if (family !== 'timestamp' && family !== 'timestamptz') return text;
  const parts = /^(\d{4,}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d+))?\s?(?:Z|([+-]\d\d)(?::?(\d\d))?)?$/.exec(text);
  if (parts === null) return text;
  const [, day = '', time = '', fraction = '', hours, minutes = '00'] = parts;
  const micros = fraction === '' || /^0+$/.test(fraction) ? '' : `.${fraction.padEnd(6, '0').slice(0, 6)}`;
  const zone = family === 'timestamp' ? '' : `${hours ?? '+00'}:${minutes}`;
  return `${day}T${time}${micros}${zone}`;
}
