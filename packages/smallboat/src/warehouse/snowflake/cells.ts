import type { Column } from 'snowflake-sdk';
import { exactInteger, exactNumber } from '../decimal.ts';
import type { VectorKind } from '../vectors.ts';
import type { Cell } from '../warehouse.ts';

/** What of the SDK's values is asked for as text: the rest would lose digits, or be parsed by more than JSON.parse. */
export const AS_TEXT: ('Number' | 'JSON' | 'Buffer')[] = ['Number', 'JSON', 'Buffer'];

/** How the SDK's values of a column become cells. */
export function parserOf(column: Column): (value: unknown) => Cell {
  const parse = parserOfGiven(column);
  return (value) => (value === null || value === undefined ? null : parse(value));
}

function parserOfGiven(column: Column): (value: unknown) => Cell {
  switch (column.getType()) {
    case 'fixed':
      return column.getScale() === 0 ? (value) => exactInteger(String(value)) : (value) => exactNumber(String(value));
    case 'real':
      return (value) => realOf(String(value));
    case 'boolean':
      return (value) => value === true || value === 'TRUE' || value === 'true';
    case 'date':
      return (value) => (value instanceof Date ? value.toISOString().slice(0, 10) : String(value));
    case 'timestamp_ntz':
      return (value) => momentText(value);
    case 'timestamp_ltz':
    case 'timestamp_tz':
      return (value) => `${momentText(value)}+00`;
    case 'array':
      return (value) => JSON.parse(String(value)) as Cell; // an array of Snowflake's is one of JSON
    default:
      return (value) => String(value);
  }
}

function realOf(text: string): number {
  if (/^-?inf$/i.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(text);
}

/** A Date with nine digits behind the second, as the SDK makes them. */
interface Moment {
  getEpochSeconds(): number;
  getNanoSeconds(): number;
}

function momentText(value: unknown): string {
  if (!(value instanceof Date)) return String(value);
  const { getEpochSeconds, getNanoSeconds } = value as Date & Partial<Moment>;
  const seconds = getEpochSeconds?.call(value) ?? Math.floor(value.getTime() / 1000);
  const nanos = getNanoSeconds?.call(value) ?? (((value.getTime() % 1000) + 1000) % 1000) * 1_000_000;
  const text = new Date(seconds * 1000).toISOString().replace('T', ' ').replace('.000Z', '');
  const fraction = String(nanos).padStart(9, '0').replace(/0+$/, '');
  return fraction === '' ? text : `${text}.${fraction}`;
}

/** The type as SQL has it: `NUMBER(38,0)`, `TIMESTAMP_NTZ(9)`, `VARCHAR`. */
export function typeName(column: Column): string {
  const type = column.getType();
  if (type === 'fixed') return `NUMBER(${column.getPrecision() ?? 38},${column.getScale()})`;
  if (type === 'real') return 'FLOAT';
  if (type === 'text') return 'VARCHAR';
  return type.toUpperCase();
}

/** Snowflake has one type for all integers: what fits is told by its digits; without any said, it may be all of 64 bits. */
export function kindOfColumn(column: Column): VectorKind {
  switch (column.getType()) {
    case 'boolean':
      return 'boolean';
    case 'real':
      return 'float';
    case 'fixed':
      if (column.getScale() > 0) return 'float';
      return (column.getPrecision() ?? 38) <= 9 ? 'int32' : 'int64';
    default:
      return 'text';
  }
}
