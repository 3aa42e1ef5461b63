import type { DuckDBDataChunk, DuckDBType, DuckDBValue, DuckDBValueConverter, DuckDBVector } from '@duckdb/node-api';
import { exactNumber } from '../decimal.ts';
import { textOf } from '../vectors.ts';
import type { Cell, ColumnVector, Values } from '../warehouse.ts';

/** The numbers of DuckDB's types in its C API, which do not change; a copy, because the API is loaded late. */
const TYPE = {
  BOOLEAN: 1,
  TINYINT: 2,
  SMALLINT: 3,
  INTEGER: 4,
  BIGINT: 5,
  UTINYINT: 6,
  USMALLINT: 7,
  UINTEGER: 8,
  FLOAT: 10,
  DOUBLE: 11,
  HUGEINT: 16,
  VARCHAR: 17,
  BLOB: 18,
  DECIMAL: 19,
  ENUM: 23,
  LIST: 24,
  STRUCT: 25,
  MAP: 26,
  TIMESTAMP_TZ: 31,
  ARRAY: 33,
} as const;

/** Turns one value of DuckDB's API into a cell. For `DuckDBResult.convertRowObjects` and its like. */
export const toCell: DuckDBValueConverter<Cell> = (value) => cellOf(value);

function cellOf(value: DuckDBValue): Cell {
  if (typeof value === 'bigint') return value >= -MAX_EXACT && value <= MAX_EXACT ? Number(value) : value;
  return typeof value === 'object' && value !== null ? cellOfObject(value) : value;
}

const MAX_EXACT = BigInt(Number.MAX_SAFE_INTEGER);

/** The classes of the API are known by their fields: `instanceof` would load the API. */
function cellOfObject(value: object): Cell {
  if ('items' in value && Array.isArray(value.items)) return value.items.map(cellOf);
  if ('entries' in value && Array.isArray(value.entries)) {
    return mapCell(value.entries as readonly { readonly key: DuckDBValue; readonly value: DuckDBValue }[]);
  }
  if ('entries' in value && typeof value.entries === 'object') {
    return structCell(value.entries as Readonly<Record<string, DuckDBValue>>);
  }
  if ('toDouble' in value) return exactNumber(printed(value));
  if ('tag' in value && 'value' in value) return cellOf(value.value as DuckDBValue);
  return printed(value);
}

function structCell(entries: Readonly<Record<string, DuckDBValue>>): Cell {
  return Object.fromEntries(Object.entries(entries).map(([field, item]) => [field, cellOf(item)]));
}

function mapCell(entries: readonly { readonly key: DuckDBValue; readonly value: DuckDBValue }[]): Cell {
  return Object.fromEntries(entries.map(({ key, value }) => [textOf(cellOf(key)), cellOf(value)]));
}

const DAY_MICROS = 86_400_000_000n;

/** The API prints a time with zone in the zone of the machine; we print it in UTC, as the warehouse is set to. */
function printed(value: { toString(): string }): string {
  if (value.constructor.name !== 'DuckDBTimestampTZValue') return value.toString();
  const { micros } = value as { readonly micros: bigint };
  if (micros > 9_000_000_000_000_000_000n || micros < -9_000_000_000_000_000_000n) return value.toString();
  const second = (micros / 1_000_000n) * 1_000_000n - (micros % 1_000_000n < 0n ? 1_000_000n : 0n);
  const text = new Date(Number(second / 1000n)).toISOString().slice(0, 19).replace('T', ' ');
  const fraction = String(((micros % DAY_MICROS) + DAY_MICROS) % 1_000_000n)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return `${text}${fraction === '' ? '' : `.${fraction}`}+00`;
}

/** What we read of a vector: its raw memory, which the API keeps in private fields of this shape. */
interface RawVector {
  readonly items?:
    | Int8Array
    | Int16Array
    | Int32Array
    | Uint8Array
    | Uint16Array
    | Uint32Array
    | BigInt64Array
    | Float32Array
    | Float64Array;
  readonly validity?: { readonly data: BigUint64Array | null; readonly offset: number };
  readonly enumType?: { readonly values: readonly string[] };
  readonly dataView?: DataView;
  readonly entryData?: BigUint64Array;
  readonly childData?: DuckDBVector;
}

/** Column `index` of a chunk, copied out of DuckDB's memory. */
export function columnOf(
  chunk: DuckDBDataChunk,
  index: number,
  column: { name: string; type: DuckDBType },
): ColumnVector {
  const { name, type } = column;
  const vector = chunk.getColumnVector(index);
  const length = chunk.rowCount;
  const nulls = nullsOf(vector, length);
  const missing = nulls === undefined ? {} : { nulls };
  if (typeNumber(type) === TYPE.LIST && 'valueType' in type && isFlat(type.valueType)) {
    return { name, ...listOf(vector, length, nulls, type.valueType), ...missing };
  }
  return { name, values: valuesOf(vector, length, type, nulls), ...missing };
}

/** The API's enum as the number that it is. */
function typeNumber(type: { readonly typeId: number }): number {
  return type.typeId;
}

function isFlat(type: DuckDBType): boolean {
  return !([TYPE.LIST, TYPE.STRUCT, TYPE.MAP, TYPE.ARRAY] as readonly number[]).includes(typeNumber(type));
}

/** 1 where a value is missing; undefined where none is. The API's mask has one bit a row, set where it is valid. */
function nullsOf(vector: DuckDBVector, length: number): Uint8Array | undefined {
  const { validity } = vector as unknown as RawVector;
  if (validity?.data === null || validity === undefined) return undefined;
  const mask = new Uint32Array(validity.data.buffer, validity.data.byteOffset, validity.data.length * 2);
  const nulls = new Uint8Array(length);
  let any = 0;
  for (let row = 0; row < length; row++) {
    const bit = validity.offset + row;
    const missing = (((mask[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) ^ 1;
    nulls[row] = missing;
    any |= missing;
  }
  return any === 0 ? undefined : nulls;
}

function listOf(
  vector: DuckDBVector,
  length: number,
  nulls: Uint8Array | undefined,
  itemType: DuckDBType,
): { readonly values: Values; readonly offsets: Uint32Array } {
  const { entryData = new BigUint64Array(), childData } = vector as unknown as RawVector;
  const entries = new Uint32Array(entryData.buffer, entryData.byteOffset, entryData.length * 2);
  const offsets = new Uint32Array(length + 1);
  let inOrder = true;
  for (let row = 0; row < length; row++) {
    const size = nulls?.[row] === 1 ? 0 : (entries[row * 4 + 2] ?? 0);
    if (size > 0 && entries[row * 4] !== offsets[row]) inOrder = false;
    offsets[row + 1] = (offsets[row] ?? 0) + size;
  }
  const total = offsets[length] ?? 0;
  if (childData === undefined || total === 0) return { values: new Int32Array(), offsets };
  const count = childData.itemCount;
  const all = valuesOf(childData, count, itemType, nullsOf(childData, count));
  if (inOrder) return { values: all.slice(0, total), offsets };
  return { values: gather(all, entries, offsets), offsets };
}

/** Items in the order of the rows, where DuckDB keeps them in another (after a filter or a sort). */
function gather(all: Values, entries: Uint32Array, offsets: Uint32Array): Values {
  const pick = new Uint32Array(offsets.at(-1) ?? 0);
  for (let row = 0, at = 0; row + 1 < offsets.length; row++) {
    const start = entries[row * 4] ?? 0;
    for (let i = 0; at < (offsets[row + 1] ?? 0); i++) pick[at++] = start + i;
  }
  if (isTexts(all)) return Array.from(pick, (i) => all[i] ?? '');
  if (all instanceof BigInt64Array) return BigInt64Array.from(pick, (i) => all[i] ?? 0n);
  const made =
    all instanceof Int32Array
      ? new Int32Array(pick.length)
      : all instanceof Uint8Array
        ? new Uint8Array(pick.length)
        : new Float64Array(pick.length);
  for (let i = 0; i < pick.length; i++) made[i] = all[pick[i] ?? 0] ?? 0;
  return made;
}

function isTexts(values: Values): values is readonly string[] {
  return Array.isArray(values);
}

function valuesOf(vector: DuckDBVector, length: number, type: DuckDBType, nulls?: Uint8Array): Values {
  const { items, enumType, dataView } = vector as unknown as RawVector;
  switch (typeNumber(type)) {
    case TYPE.BOOLEAN:
      return booleans(vector, length);
    case TYPE.UTINYINT:
      return (items as Uint8Array).slice(0, length);
    case TYPE.INTEGER:
      return (items as Int32Array).slice(0, length);
    case TYPE.TINYINT:
    case TYPE.SMALLINT:
    case TYPE.USMALLINT:
      return Int32Array.from((items as Int16Array).subarray(0, length));
    case TYPE.BIGINT:
      return (items as BigInt64Array).slice(0, length);
    case TYPE.DOUBLE:
      return (items as Float64Array).slice(0, length);
    case TYPE.UINTEGER:
    case TYPE.FLOAT:
      return Float64Array.from((items as Float32Array).subarray(0, length));
    case TYPE.HUGEINT:
    case TYPE.DECIMAL:
      return Float64Array.from({ length }, (_, row) => Number(cellOf(vector.getItem(row)) ?? 0));
    case TYPE.ENUM:
      return enumTexts(items as Uint32Array, length, enumType?.values ?? [], nulls);
    case TYPE.VARCHAR:
      return dataView === undefined ? [] : texts(vector, dataView, length, nulls);
    default:
      return Array.from({ length }, (_, row) => textOf(cellOf(vector.getItem(row))));
  }
}

/** The API keeps booleans in a DataView or a typed array by the size of a C bool; going through it is safe. */
function booleans(vector: DuckDBVector, length: number): Uint8Array {
  const values = new Uint8Array(length);
  for (let row = 0; row < length; row++) values[row] = vector.getItem(row) === true ? 1 : 0;
  return values;
}

function enumTexts(codes: Uint32Array, length: number, names: readonly string[], nulls?: Uint8Array): string[] {
  const values = Array.from<string>({ length });
  // The slot of a missing value holds whatever was there before.
  for (let row = 0; row < length; row++) values[row] = nulls?.[row] === 1 ? '' : (names[codes[row] ?? 0] ?? '');
  return values;
}

/**
 * Texts of up to 12 bytes lie in the vector itself: those that are ASCII are made from there, without the call into
 * DuckDB that a longer one takes (0.7 µs each; ten times as much).
 */
function texts(vector: DuckDBVector, view: DataView, length: number, nulls?: Uint8Array): string[] {
  const values = Array.from<string>({ length });
  const bytes = Buffer.from(view.buffer, view.byteOffset, length * 16);
  for (let row = 0; row < length; row++) {
    if (nulls?.[row] === 1) {
      values[row] = '';
      continue;
    }
    const at = row * 16;
    const size = view.getUint32(at, true);
    values[row] =
      size === 0 ? '' : size <= 12 ? bytes.toString('utf8', at + 4, at + 4 + size) : String(vector.getItem(row));
  }
  return values;
}
