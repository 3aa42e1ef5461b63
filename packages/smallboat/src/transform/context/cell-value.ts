import type { Cell, Table } from '../../warehouse/index.ts';
import { toJson } from '../jinja/json.ts';
import { DateTime } from '../jinja/datetime.ts';
import type { Value } from '../jinja/value.ts';
import { Decimal, Dict, Float } from '../jinja/value.ts';
import { TableValue } from './table-value.ts';

/** agate's name of a type of the warehouse. */
function kindOf(type: string): string {
  const name = type.toLowerCase();
  if (/\[\]|^(struct|map|list|array|union|json|variant|super|object)/.test(name)) return 'Text';
  if (/^u?(tiny|small|big|huge)?int(eger)?\d?$|^(fixed|oid|serial|bigserial|int[248])$/.test(name)) return 'Integer';
  if (/^(decimal|numeric|number|float|double|real)/.test(name)) return 'Number';
  if (name.startsWith('bool')) return 'Boolean';
  if (name === 'date') return 'Date';
  if (/^(timestamp|datetime)/.test(name)) return 'DateTime';
  return 'Text';
}

/** A result of the warehouse as a template sees it. */
export function tableValue(table: Table): TableValue {
  const kinds = table.columns.map(({ type }) => kindOf(type));
  const scales = table.columns.map(({ type }) =>
    /^(float|double|real)/i.test(type)
      ? undefined
      : Number(/^(?:decimal|numeric|number)\(\d+,\s*(\d+)\)/i.exec(type)?.[1] ?? 0),
  );
  // One whole number with decimals among integers makes a column of numbers, as agate has it.
  const rows = table.rows.map((row) => row.map((cell, i) => valueOf(cell, kinds[i] ?? 'Text', scales[i])));
  return new TableValue(
    table.columns.map(({ name }) => name),
    rows,
    kinds,
  );
}

/** `scale`: digits behind the point; undefined for floating point. */
function valueOf(cell: Cell, kind: string, scale: number | undefined): Value {
  if (cell === null || typeof cell === 'boolean') return cell;
  switch (kind) {
    case 'Number':
      if (typeof cell === 'number')
        return new Decimal(
          scale === undefined || (!Number.isInteger(cell) && scale === 0) ? pythonDecimal(cell) : cell.toFixed(scale),
        );
      return typeof cell === 'string' ? new Decimal(cell) : fromCell(cell);
    case 'Date':
    case 'DateTime':
      return typeof cell === 'string' ? timeOf(cell, kind === 'DateTime') : fromCell(cell);
    default:
      return typeof cell === 'object' ? toJson(fromCell(cell)) : fromCell(cell);
  }
}

/** As Python prints a Decimal that was made of a float: `7.0`. */
function pythonDecimal(number: number): string {
  return new Float(number).print().replace('e', 'E');
}

function timeOf(text: string, hasTime: boolean): Value {
  const at = new Date(hasTime ? `${text.replace(' ', 'T').replace(/([+-]\d\d)(:?\d\d)?$/, '')}Z` : `${text}T00:00:00Z`);
  return Number.isNaN(at.getTime()) ? text : new DateTime(at, hasTime);
}

/** A value of the warehouse by itself. */
export function fromCell(cell: Cell): Value {
  if (cell === null || typeof cell === 'boolean' || typeof cell === 'string' || typeof cell === 'bigint') return cell;
  if (typeof cell === 'number') return Number.isInteger(cell) ? cell : new Float(cell);
  if (Array.isArray(cell)) return cell.map(fromCell);
  return new Dict(Object.entries(cell).map(([key, value]) => [key, fromCell(value)] as const));
}
