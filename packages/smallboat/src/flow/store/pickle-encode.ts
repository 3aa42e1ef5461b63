import { defineErrors } from '../../kernel/index.ts';
import { dtypeOf, HOST_ORDER, NdArray } from './nd-array.ts';
import { pickleWriter } from './pickle-writer.ts';
import type { PickleWriter } from './pickle-writer.ts';

export const pickleEncodeErrors = defineErrors({
  VALUE_NOT_STORABLE: (f: { path: string; problem: string }) =>
    `${f.path} ${f.problem}. Artifacts are plain data: null, booleans, numbers, bigints, strings, dates, arrays, plain objects, Map, Set and typed arrays.`,
});

/** Levels of nesting that a value may have. Deeper ones are data by mistake, and would overflow the stack. */
const MAX_DEPTH = 1000;

interface Encoding {
  readonly out: PickleWriter;
  /** Keys from the root to the value that is written now, up to the current depth. */
  readonly path: (string | number)[];
  /** Memo number of what is written; -1 while it is being written. */
  readonly seen: Map<object, number>;
  readonly keys: Map<string, number>;
}

/**
 * A value as a Python pickle of protocol 4, in pieces to be written one after the other. Large arrays and bytes are
 * not copied: their pieces are views of the caller's memory, so write them before the value changes.
 *
 * null → None, boolean → bool, safe integers → int, other numbers (and -0) → float, bigint → int, string → str, Date →
 * datetime in UTC, arrays → list, plain objects and Map → dict, Set → set, Uint8Array → bytes, other typed arrays and
 * `NdArray` → numpy arrays of their type. A property that is undefined is left out; undefined elsewhere is an error. An
 * object that occurs twice is stored once and comes back as one object; a value inside itself is an error.
 *
 * What comes back differs in this: a bigint within ±2^53 as a number, a Map with only string keys as a plain object.
 *
 * Throws `VALUE_NOT_STORABLE`, with the path inside the value (`$.rows[3].fn`).
 */
export function encodePickle(value: unknown): readonly Uint8Array[] {
  const e: Encoding = { out: pickleWriter(), path: [], seen: new Map(), keys: new Map() };
  e.out.start();
  writeValue(e, value, 0);
  return e.out.finish();
}

function writeValue(e: Encoding, value: unknown, depth: number): void {
  const { out } = e;
  switch (typeof value) {
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? out.integer(value) : out.float(value);
    case 'string':
      return out.string(value);
    case 'boolean':
      return out.boolean(value);
    case 'bigint':
      return out.bigint(value);
    case 'object':
      return value === null ? out.none() : writeObject(e, value, depth);
    case 'undefined':
      return refuse(e, depth, 'is undefined; use null');
    case 'function':
      return refuse(e, depth, `is a function${value.name ? ` (${value.name})` : ''}`);
    case 'symbol':
      return refuse(e, depth, 'is a symbol');
  }
}

function writeObject(e: Encoding, value: object, depth: number): void {
  const known = e.seen.get(value);
  if (known === -1) return refuse(e, depth, 'contains itself');
  if (known !== undefined) return e.out.get(known);
  if (depth >= MAX_DEPTH) return refuse(e, depth, `is nested more than ${MAX_DEPTH} levels deep`);
  if (Array.isArray(value)) return writeArray(e, value, depth);
  if (value instanceof Map) return writeMap(e, value, depth);
  if (value instanceof Set) return writeSet(e, value, depth);
  if (value instanceof Date) return writeDate(e, value, depth);
  if (value instanceof NdArray) return writeNumbers(e, value, value.shape, depth);
  if (ArrayBuffer.isView(value)) return writeView(e, value, depth);
  const parent: unknown = Object.getPrototypeOf(value);
  // A parent without a parent is Object.prototype, of this realm or of another.
  if (parent !== null && Object.getPrototypeOf(parent) !== null) {
    return refuse(e, depth, `is an instance of ${value.constructor.name || 'a class'}`);
  }
  return writeRecord(e, value, depth);
}

function writeArray(e: Encoding, values: readonly unknown[], depth: number): void {
  const memo = open(e, values, ']');
  if (values.length > 0) {
    e.out.op('(');
    for (let i = 0; i < values.length; i += 1) {
      e.path[depth] = i;
      writeValue(e, values[i], depth + 1);
    }
    e.out.op('e');
  }
  e.seen.set(values, memo);
}

function writeRecord(e: Encoding, value: object, depth: number): void {
  if (Object.getOwnPropertySymbols(value).length > 0) return refuse(e, depth, 'has a symbol as a key');
  const memo = open(e, value, '}');
  e.out.op('(');
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    e.path[depth] = key;
    writeKey(e, key);
    writeValue(e, item, depth + 1);
  }
  e.out.op('u');
  e.seen.set(value, memo);
}

function writeKey(e: Encoding, key: string): void {
  const known = e.keys.get(key);
  if (known !== undefined) return e.out.get(known);
  e.out.string(key);
  e.keys.set(key, e.out.memoize());
}

function writeMap(e: Encoding, value: ReadonlyMap<unknown, unknown>, depth: number): void {
  const memo = open(e, value, '}');
  e.out.op('(');
  for (const [key, item] of value) {
    e.path[depth] = `${String(key)} (key)`;
    writeHashable(e, key, depth + 1);
    e.path[depth] = String(key);
    writeValue(e, item, depth + 1);
  }
  e.out.op('u');
  e.seen.set(value, memo);
}

function writeSet(e: Encoding, value: ReadonlySet<unknown>, depth: number): void {
  const memo = open(e, value, '\x8f');
  e.out.op('(');
  let place = 0;
  for (const item of value) {
    e.path[depth] = place;
    writeHashable(e, item, depth + 1);
    place += 1;
  }
  e.out.op('\x90');
  e.seen.set(value, memo);
}

function writeHashable(e: Encoding, value: unknown, depth: number): void {
  if (typeof value === 'object' && value !== null) {
    return refuse(e, depth, 'is an object where Python needs something hashable: a string, number, boolean or null');
  }
  if (typeof value === 'string') return writeKey(e, value);
  return writeValue(e, value, depth);
}

function writeDate(e: Encoding, value: Date, depth: number): void {
  const year = value.getUTCFullYear();
  if (Number.isNaN(year)) return refuse(e, depth, 'is an invalid date');
  if (year < 1 || year > 9999)
    return refuse(e, depth, `is of the year ${year}; Python's dates are of the years 1 to 9999`);
  const micro = value.getUTCMilliseconds() * 1000;
  const { out } = e;
  out.global('datetime', 'datetime');
  out.bytes(
    Uint8Array.of(
      year >> 8,
      year & 255,
      value.getUTCMonth() + 1,
      value.getUTCDate(),
      value.getUTCHours(),
      value.getUTCMinutes(),
      value.getUTCSeconds(),
      micro >> 16,
      (micro >> 8) & 255,
      micro & 255,
    ),
  );
  out.global('datetime', 'timezone');
  out.global('datetime', 'timedelta');
  out.integer(0);
  // timezone(timedelta(0)), then datetime(bytes, timezone).
  out.op('\x85R\x85R\x86R');
  e.seen.set(value, out.memoize());
}

function writeView(e: Encoding, value: ArrayBufferView, depth: number): void {
  if (value instanceof Uint8Array) {
    e.out.bytes(value);
    e.seen.set(value, e.out.memoize());
    return;
  }
  const { constructor } = value;
  if (dtypeOf(value) === undefined) {
    return refuse(e, depth, `is a ${constructor.name}; copy it into a Uint8Array or a Float32Array`);
  }
  // `dtypeOf` knows it, so it is one of the numeric arrays.
  const data = value as NdArray['data'];
  writeNumbers(e, { data }, [data.length], depth);
  const memo = e.out.memoize();
  e.seen.set(value, memo);
}

/** The call and the state by which numpy pickles an array; `numpy.core` is a name that numpy 1 and 2 both know. */
function writeNumbers(
  e: Encoding,
  array: { readonly data: NdArray['data'] },
  shape: readonly number[],
  depth: number,
): void {
  const { out } = e;
  const { data } = array;
  const dtype = dtypeOf(data);
  if (dtype === undefined) return refuse(e, depth, 'has data that is no typed array of numbers');
  out.global('numpy.core.multiarray', '_reconstruct');
  out.global('numpy', 'ndarray');
  out.integer(0);
  out.op('\x85');
  out.bytes(Uint8Array.of(0x62));
  out.op('\x87R(');
  out.integer(1);
  out.op('(');
  for (const size of shape) out.integer(size);
  out.op('t');
  out.global('numpy', 'dtype');
  out.string(dtype);
  out.op('\x89\x88\x87R(');
  out.integer(3);
  out.string(dtype.endsWith('1') ? '|' : HOST_ORDER);
  out.op('NNN');
  out.integer(-1);
  out.integer(-1);
  out.integer(0);
  out.op('tb\x89');
  out.bytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  out.op('tb');
  if (array instanceof NdArray) e.seen.set(array, out.memoize());
}

function open(e: Encoding, value: object, empty: string): number {
  e.seen.set(value, -1);
  e.out.op(empty);
  return e.out.memoize();
}

function refuse(e: Encoding, depth: number, problem: string): never {
  let path = '$';
  for (const part of e.path.slice(0, depth)) {
    if (typeof part === 'number') path += `[${part}]`;
    else path += /^[A-Za-z_$][\w$]*$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`;
  }
  throw pickleEncodeErrors.VALUE_NOT_STORABLE({ path, problem });
}
