import { DTYPES, HOST_ORDER, isDtypeName, NdArray } from './nd-array.ts';
import type { DtypeName, NumericArray } from './nd-array.ts';
import { pickleDecodeErrors } from './pickle-errors.ts';

const { PICKLE_INVALID, PICKLE_TYPE_REFUSED } = pickleDecodeErrors;

/** Bytes from which an array is a view of the pickle rather than a copy of its part. */
const LARGE = 1 << 14;

/** What Python would make by a call, taken apart: only for building the next thing, never a value by itself. */
export class Part {
  readonly kind: 'global' | 'dtype' | 'timedelta' | 'timezone' | 'ndarray';
  /** What Python calls it, for messages. */
  readonly name: string;
  /** Minutes and the like: milliseconds of a timedelta or a timezone's offset. */
  readonly milliseconds: number;
  order: string = HOST_ORDER;

  constructor(kind: Part['kind'], name: string, milliseconds = 0) {
    this.kind = kind;
    this.name = name;
    this.milliseconds = milliseconds;
  }
}

type Build = (args: readonly unknown[], offset: number) => unknown;

/** All that may be named in a pickle, and what we do in place of calling it. */
const GLOBALS: Readonly<Record<string, Build | undefined>> = {
  'builtins.set': ([items]) => new Set(listOf(items)),
  'builtins.frozenset': ([items]) => new Set(listOf(items)),
  'builtins.list': ([items]) => [...listOf(items)],
  'builtins.tuple': ([items]) => [...listOf(items)],
  'builtins.bytearray': ([content]) => (content === undefined ? new Uint8Array(0) : bytesOf(content)),
  'builtins.bytes': ([content]) => (content === undefined ? new Uint8Array(0) : bytesOf(content)),
  'collections.OrderedDict': ([pairs]) => dictOf(listOf(pairs)),
  '_codecs.encode': ([text]) => bytesOf(text),
  'datetime.datetime': ([packed, zone]) => dateTime(bytesOf(packed), zone),
  'datetime.date': ([packed]) => date(bytesOf(packed)),
  'datetime.timedelta': ([days = 0, seconds = 0, micros = 0]) =>
    new Part('timedelta', 'datetime.timedelta', 864e5 * count(days) + 1e3 * count(seconds) + count(micros) / 1e3),
  'datetime.timezone': ([offset]) =>
    new Part('timezone', 'datetime.timezone', offset instanceof Part ? offset.milliseconds : 0),
  'numpy.dtype': ([name]) => new Part('dtype', String(name)),
  'numpy.ndarray': undefined,
  'numpy.core.multiarray._reconstruct': () => new Part('ndarray', 'numpy.ndarray'),
  'numpy.core.multiarray.scalar': ([dtype, content]) => scalar(dtype, content),
  'numpy.core.numeric._frombuffer': ([content, dtype, shape, order]) =>
    numbers({ content, dtype, shape, isFortran: order === 'F' }),
};

/** Python 2's names, and numpy 2's, of the same things. */
function canonical(module: string, name: string): string {
  return `${module === '__builtin__' ? 'builtins' : module.replace(/^numpy\._core\./, 'numpy.core.')}.${name}`;
}

/** Looks a name up. Throws `PICKLE_TYPE_REFUSED` for any that is not on the list. */
export function globalNamed(module: string, name: string): Part {
  const known = canonical(module, name);
  if (!Object.hasOwn(GLOBALS, known)) throw PICKLE_TYPE_REFUSED({ type: `${module}.${name}` });
  return new Part('global', known);
}

/** What a call of a listed name with these arguments makes. */
export function reduce(callable: unknown, args: unknown, offset: number): unknown {
  const build = callable instanceof Part && callable.kind === 'global' ? GLOBALS[callable.name] : undefined;
  if (build === undefined || !Array.isArray(args)) {
    throw PICKLE_INVALID({ problem: 'a call of something that is not called so', offset });
  }
  return build(args, offset);
}

/** What `target` becomes by the state that Python would set on it. */
export function build(target: unknown, state: unknown, offset: number): unknown {
  if (target instanceof Part && Array.isArray(state)) {
    if (target.kind === 'dtype') {
      target.order = String(state[1]);
      return target;
    }
    if (target.kind === 'ndarray') {
      const [, shape, dtype, isFortran, content]: unknown[] = state;
      return numbers({ content, dtype, shape, isFortran: isFortran === true });
    }
  }
  throw PICKLE_INVALID({ problem: 'a state for something that has none', offset });
}

function listOf(items: unknown): readonly unknown[] {
  if (items === undefined) return [];
  if (Array.isArray(items)) return items;
  throw PICKLE_INVALID({ problem: 'a list was expected', offset: -1 });
}

function dictOf(pairs: readonly unknown[]): object {
  const entries = pairs.map((pair): [unknown, unknown] => [listOf(pair)[0], listOf(pair)[1]]);
  return entries.every(([key]) => typeof key === 'string') ? Object.fromEntries(entries) : new Map(entries);
}

function bytesOf(content: unknown): Uint8Array {
  if (content instanceof Uint8Array) return content;
  if (typeof content === 'string') return new Uint8Array(Buffer.from(content, 'latin1'));
  throw PICKLE_INVALID({ problem: 'bytes were expected', offset: -1 });
}

function count(value: unknown): number {
  if (typeof value === 'number') return value;
  throw PICKLE_INVALID({ problem: 'a number was expected', offset: -1 });
}

function dateTime(packed: Uint8Array, zone: unknown): Date {
  const [high = 0, low = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, m2 = 0, m1 = 0, m0 = 0] = packed;
  const at = new Date(0);
  // The highest bit of the month says which of two equal local times is meant; none are equal in UTC.
  at.setUTCFullYear(high * 256 + low, (month & 127) - 1, day);
  at.setUTCHours(hour, minute, second, Math.floor(((m2 << 16) | (m1 << 8) | m0) / 1000));
  if (zone instanceof Part && zone.kind === 'timezone') return new Date(at.getTime() - zone.milliseconds);
  if (zone === undefined || zone === null) return at;
  throw PICKLE_TYPE_REFUSED({ type: 'a datetime with a timezone of a class of its own' });
}

function date(packed: Uint8Array): Date {
  return dateTime(Uint8Array.of(...packed.subarray(0, 4), 0, 0, 0, 0, 0, 0), undefined);
}

function scalar(dtype: unknown, content: unknown): unknown {
  const values = numbers({ content, dtype, shape: [1], isFortran: false });
  const value = Array.isArray(values) || ArrayBuffer.isView(values) ? Reflect.get(values, 0) : undefined;
  return typeof value === 'bigint' && BigInt.asIntN(53, value) === value ? Number(value) : value;
}

interface NumpyArray {
  readonly content: unknown;
  readonly dtype: unknown;
  readonly shape: unknown;
  readonly isFortran: boolean;
}

/** A numpy array as a typed array, as `NdArray` if it has not one dimension; arrays of bools and objects as lists. */
function numbers({ content, dtype, shape, isFortran }: NumpyArray): unknown {
  if (!(dtype instanceof Part) || dtype.kind !== 'dtype') {
    throw PICKLE_INVALID({ problem: 'a numpy array without an element type', offset: -1 });
  }
  const sizes = listOf(shape).map(count);
  const isFlat = sizes.length === 1;
  if (dtype.name === 'b1' && isFlat) return Array.from(bytesOf(content), (bit) => bit === 1);
  if (dtype.name.startsWith('O') && isFlat) return listOf(content);
  if (!isDtypeName(dtype.name)) throw PICKLE_TYPE_REFUSED({ type: `a numpy array of ${dtype.name}` });
  const flat = typed(bytesOf(content), dtype.name, dtype.order);
  if (flat.length !== sizes.reduce((product, size) => product * size, 1)) {
    throw PICKLE_INVALID({ problem: `${flat.length} numbers for the shape [${sizes.join(', ')}]`, offset: -1 });
  }
  if (isFlat) return flat;
  return new NdArray(sizes, isFortran ? toRowMajor(flat, sizes) : flat);
}

function typed(content: Uint8Array, name: DtypeName, order: string): NumericArray {
  const Type = DTYPES[name];
  const { BYTES_PER_ELEMENT: width } = Type;
  if (content.length % width !== 0) {
    throw PICKLE_INVALID({ problem: `${content.length} bytes are no whole number of ${name}`, offset: -1 });
  }
  const isForeign = width > 1 && (order === '<' || order === '>') && order !== HOST_ORDER;
  const mayView = content.length >= LARGE && content.byteOffset % width === 0 && !isForeign;
  const bytes = mayView ? content : new Uint8Array(content);
  if (isForeign) for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
  // Only plain buffers get here: the pickle was read from a file.
  return new Type(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / width);
}

/** The same numbers with the last dimension running fastest in place of the first. */
function toRowMajor(flat: NumericArray, shape: readonly number[]): NumericArray {
  const result = flat.slice();
  const place = shape.map(() => 0);
  for (let to = 0; to < flat.length; to += 1) {
    let from = 0;
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) from = from * (shape[axis] ?? 1) + (place[axis] ?? 0);
    Reflect.set(result, to, flat[from]);
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      const next = (place[axis] ?? 0) + 1;
      place[axis] = next === shape[axis] ? 0 : next;
      if (next !== shape[axis]) break;
    }
  }
  return result;
}
