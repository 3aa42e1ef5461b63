import { DTYPES, type DtypeName, HOST_ORDER, isDtypeName, NdArray, type NumericArray } from './nd-array.ts';
import { Part, type Reading, refusedType } from './pickle-part.ts';

/** Dimensions that a numpy array may have. */
const MAX_DIMENSIONS = 64;

/** A numpy element type: `f4`, `U12`, `M8`, the order of its bytes, and for times what they count. */
interface Dtype {
  readonly name: string;
  readonly order: string;
  readonly unit?: string;
}

/** `numpy.dtype(name, …)`. */
export function dtypeNamed(name: unknown, reading: Reading): Part {
  if (typeof name !== 'string') throw reading.invalid('an element type without a name');
  return new Part('dtype', `a numpy array of ${name}`, { name, order: HOST_ORDER } satisfies Dtype);
}

/** What the state that numpy sets on an element type says of it. */
export function dtypeWith(part: Part, state: readonly unknown[], reading: Reading): Part {
  const [, order, subtype, names] = state;
  if (typeof order !== 'string') throw reading.invalid('an element type without an order of bytes');
  const { name } = dtypeOf(part, reading);
  if (subtype !== null || names !== null) throw refusedType('a numpy array of records');
  const unit = unitIn(state.at(8));
  return new Part('dtype', part.name, { name, order, ...(unit === undefined ? {} : { unit }) } satisfies Dtype);
}

/** Of the metadata of an element type, `((b'ns', 1, 1, 1), {})` or `({}, (b'ns', 1, 1, 1))`, the unit; undefined where it counts several of it. */
function unitIn(metadata: unknown): string | undefined {
  if (!Array.isArray(metadata)) return undefined;
  const [unit, ...counts]: unknown[] = metadata.find(Array.isArray) ?? [];
  const isSingle = counts.every((count) => count === 1);
  return isSingle && unit instanceof Uint8Array ? Buffer.from(unit).toString('latin1') : undefined;
}

function dtypeOf(part: unknown, reading: Reading): Dtype {
  if (part instanceof Part && part.kind === 'dtype') return part.held as Dtype; // Made above.
  throw reading.invalid('a numpy array without an element type');
}

interface NumpyArray {
  readonly content: unknown;
  readonly dtype: unknown;
  readonly shape: unknown;
  readonly isFortran: boolean;
}

/** A numpy scalar as what one element of an array would be: a number, a bigint where it must be, a boolean, a text, a date. */
export function scalar(dtype: unknown, content: unknown, reading: Reading): unknown {
  const values = numpyArray({ content, dtype, shape: [1], isFortran: false }, reading);
  const value: unknown = Array.isArray(values) || ArrayBuffer.isView(values) ? Reflect.get(values, 0) : undefined;
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/**
 * A numpy array of numbers as a typed array, as `NdArray` if it has not one dimension. Arrays of bools, texts, bytes, times and objects as
 * lists, in lists where they have more dimensions.
 */
export function numpyArray({ content, dtype, shape, isFortran }: NumpyArray, reading: Reading): unknown {
  const type = dtypeOf(dtype, reading);
  const sizes = sizesOf(shape, reading);
  const places = sizes.reduce((product, size) => product * size, 1);
  if (isDtypeName(type.name)) {
    const flat = typed(bytesOf(content, reading), type.name, type.order, reading);
    if (flat.length !== places) throw reading.invalid(`${flat.length} numbers for the shape [${sizes.join(', ')}]`);
    if (sizes.length === 1) return flat;
    if (!isFortran || sizes.length === 0) return new NdArray(sizes, flat);
    reading.charge(flat.byteLength);
    const inOrder = flat.slice();
    reorder(flat, inOrder, sizes);
    return new NdArray(sizes, inOrder);
  }
  reading.charge(places);
  const items = itemsOf({ content, type, places }, reading);
  if (items.length !== places) throw reading.invalid(`${items.length} items for the shape [${sizes.join(', ')}]`);
  if (sizes.length === 0) return items[0];
  const inOrder = [...items];
  if (isFortran) reorder(items, inOrder, sizes);
  return nested(inOrder, sizes);
}

function sizesOf(shape: unknown, reading: Reading): readonly number[] {
  if (!Array.isArray(shape) || shape.length > MAX_DIMENSIONS || !shape.every(isSize)) {
    throw reading.invalid('a numpy array without a shape');
  }
  return shape;
}

function isSize(size: unknown): size is number {
  return typeof size === 'number' && Number.isSafeInteger(size) && size >= 0;
}

function bytesOf(content: unknown, reading: Reading): Uint8Array {
  if (content instanceof Uint8Array) return content;
  throw reading.invalid('a numpy array without its bytes');
}

function typed(content: Uint8Array, name: DtypeName, order: string, reading: Reading): NumericArray {
  const Type = DTYPES[name];
  const { BYTES_PER_ELEMENT: width } = Type;
  if (content.length % width !== 0) throw reading.invalid(`${content.length} bytes are no whole number of ${name}`);
  const isForeign = width > 1 && (order === '<' || order === '>') && order !== HOST_ORDER;
  const mayView = content.byteOffset % width === 0 && !isForeign;
  if (!mayView) reading.charge(content.length);
  const bytes = mayView ? content : new Uint8Array(content);
  if (isForeign) swapBytes(bytes, width);
  // Only plain buffers get here: the pickle was read from a file.
  return new Type(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / width);
}

function swapBytes({ buffer, byteOffset, length }: Uint8Array, width: number): void {
  const bytes = Buffer.from(buffer, byteOffset, length);
  if (width === 2) bytes.swap16();
  else if (width === 4) bytes.swap32();
  else bytes.swap64();
}

/** What has elements by number: an array of any kind. */
interface Places {
  [place: number]: unknown;
}

/** Copies what lies with its first dimension running fastest, so that the last one does. */
function reorder(from: Places, to: Places, shape: readonly number[]): void {
  const places = shape.reduce((product, size) => product * size, 1);
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, size) => product * size, 1));
  const index = shape.map(() => 0);
  const last = shape.length - 1;
  const [size = 0, step = 0] = [shape[last], strides[last]];
  for (let at = 0; at < places; at += size) {
    let source = index.reduce((sum, place, axis) => sum + place * (strides[axis] ?? 0), 0);
    for (let i = 0; i < size; i += 1, source += step) to[at + i] = from[source];
    for (let axis = last - 1; axis >= 0; axis -= 1) {
      const next = (index[axis] ?? 0) + 1;
      index[axis] = next === shape[axis] ? 0 : next;
      if (next !== shape[axis]) break;
    }
  }
}

/** Lists in lists: the items by the sizes of the dimensions. */
function nested(items: readonly unknown[], [size = 0, ...inner]: readonly number[]): readonly unknown[] {
  if (inner.length === 0) return items;
  const step = size === 0 ? 0 : items.length / size;
  return Array.from({ length: size }, (_, i) => nested(items.slice(i * step, (i + 1) * step), inner));
}

interface Elements {
  readonly content: unknown;
  readonly type: Dtype;
  /** How many there should be. */
  readonly places: number;
}

/** The elements of an array whose type is no number. */
function itemsOf({ content, type, places }: Elements, reading: Reading): readonly unknown[] {
  const { name, order, unit } = type;
  const width = Number(name.slice(1));
  if (name.startsWith('O') && Array.isArray(content)) return content;
  const { buffer, byteOffset, byteLength } = bytesOf(content, reading);
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  reading.charge(byteLength);
  if (name === 'b1') return Array.from(bytes, (bit) => bit !== 0);
  if (!/^[US]\d+$|^M8$/.test(name)) throw refusedType(`a numpy array of ${name}`);
  const size = name.startsWith('U') ? 4 * width : width;
  // numpy's scalars of an empty text: of no width, and as many as the shape says.
  if (size === 0 && bytes.length === 0)
    return Array.from({ length: places }, () => (name.startsWith('U') ? '' : new Uint8Array(0)));
  if (size === 0 || bytes.length % size !== 0)
    throw reading.invalid(`${bytes.length} bytes are no whole number of ${name}`);
  const isLittle = order === '<' || (order !== '>' && HOST_ORDER === '<');
  return Array.from({ length: bytes.length / size }, (_, i) => {
    const item = bytes.subarray(i * size, (i + 1) * size);
    if (name.startsWith('U')) return fixedText(item, isLittle);
    if (name.startsWith('S')) return new Uint8Array(item.subarray(0, lengthOf(item)));
    return moment(isLittle ? item.readBigInt64LE() : item.readBigInt64BE(), unit);
  });
}

/** Where the zeros at the end begin: numpy fills up with them. */
function lengthOf(item: Uint8Array): number {
  return item.findLastIndex((byte) => byte !== 0) + 1;
}

/** A text in four bytes a character, filled up with zeros. */
function fixedText(item: Buffer, isLittle: boolean): string {
  let end = item.length;
  while (end > 0 && item.readUInt32LE(end - 4) === 0) end -= 4;
  let text = '';
  for (let at = 0; at < end; at += 4) {
    const code = isLittle ? item.readUInt32LE(at) : item.readUInt32BE(at);
    text += code > 0x10ffff ? '�' : String.fromCodePoint(code);
  }
  return text;
}

/** Milliseconds a unit. */
const UNITS: Readonly<Record<string, number>> = { W: 7 * 864e5, D: 864e5, h: 36e5, m: 6e4, s: 1e3, ms: 1 };
/** Units a millisecond. */
const FINER: Readonly<Record<string, bigint>> = {
  us: 1000n,
  ns: 1_000_000n,
  ps: 10n ** 9n,
  fs: 10n ** 12n,
  as: 10n ** 15n,
};
const NOT_A_TIME = -(2n ** 63n);

/** A numpy time as a date, cut to milliseconds; null where it is none. */
function moment(count: bigint, unit = ''): Date | null {
  if (count === NOT_A_TIME) return null;
  const finer = Object.hasOwn(FINER, unit) ? FINER[unit] : undefined;
  const coarser = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  let date = new Date(Number.NaN);
  if (finer !== undefined) date = new Date(Number((count - (((count % finer) + finer) % finer)) / finer));
  else if (coarser !== undefined) date = new Date(Number(count) * coarser);
  else if (unit === 'Y' || unit === 'M') {
    date = new Date(0);
    date.setUTCFullYear(1970 + (unit === 'Y' ? Number(count) : 0), unit === 'M' ? Number(count) : 0);
  }
  if (Number.isNaN(date.getTime())) throw refusedType(`a numpy time of ${count} ${unit || 'of no unit'}`);
  return date;
}

/** The text of bytes that Python 2, and pickle's protocol 2, hold as a text of the same codes. */
export function latinBytes(text: unknown, reading: Reading): Uint8Array {
  if (typeof text !== 'string') throw reading.invalid('bytes were expected');
  reading.charge(text.length);
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
