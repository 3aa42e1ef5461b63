import { types } from 'node:util';
import { Boxed } from '../packages/smallboat/src/flow/store/generated-values.ts';
import { dtypeOf, NdArray } from '../packages/smallboat/src/flow/store/nd-array.ts';

/** What a value is, in the words of `values.py`. */
export type View = readonly unknown[];

function hexOf(view: ArrayBufferView | ArrayBuffer): string {
  const bytes = ArrayBuffer.isView(view)
    ? Buffer.from(view.buffer, view.byteOffset, view.byteLength)
    : Buffer.from(view);
  return bytes.toString('hex');
}

function hexOfFloat(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return Number.isNaN(value) ? 'nan' : bytes.toString('hex');
}

/** Sets have no order: both sides are put in the same one. */
export function sorted(view: unknown): unknown {
  if (!Array.isArray(view)) return view;
  const inner = view.map(sorted);
  const [kind, items] = inner;
  if ((kind !== 'set' && kind !== 'frozenset') || !Array.isArray(items)) return inner;
  return [kind, items.toSorted((a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))];
}

/** What Python should see of a value that is stored here. A list or dict that was seen before is a reference to it. */
export function pythonView(value: unknown): unknown {
  const seen = new Map<unknown, number>();
  const known = (of: unknown, make: () => View): View => {
    const number = seen.get(of);
    if (number !== undefined) return ['ref', number];
    seen.set(of, seen.size);
    return make();
  };
  const dict = (of: unknown, entries: readonly (readonly [unknown, unknown])[]): View =>
    known(of, () => ['dict', entries.map(([key, item]) => [keyView(key), see(item)])]);
  const see = (of: unknown): View => {
    if (Array.isArray(of)) return known(of, () => ['list', Array.from(of, see)]);
    if (of instanceof Boxed) return dict(of, [['inside', of.inside]]);
    if (of instanceof Set)
      return areApart([...of]) ? ['set', Array.from(of, keyView)] : known(of, () => ['list', Array.from(of, see)]);
    if (of instanceof Map) {
      if (areApart([...of.keys()])) return dict(of, [...of]);
      return known(of, () => ['list', Array.from(of, ([key, item]) => ['tuple', [see(key), see(item)]])]);
    }
    return leafView(of) ?? dict(of, Object.entries(of as object));
  };
  return sorted(see(value));
}

function leafView(of: unknown): View | undefined {
  if (of === null || of === undefined) return ['none'];
  if (typeof of === 'boolean') return ['bool', of];
  if (typeof of === 'bigint') return ['int', String(of)];
  if (typeof of === 'string') return ['str', of];
  if (typeof of === 'number') {
    return Number.isSafeInteger(of) && !Object.is(of, -0) ? ['int', String(of)] : ['float', hexOfFloat(of)];
  }
  if (of instanceof Date)
    return ['datetime', of.toISOString().replace(/\.000Z$|Z$/, (end) => (end === 'Z' ? '000+00:00' : '+00:00'))];
  if (of instanceof NdArray) return ['ndarray', dtypeOf(of.data), of.shape, hexOf(of.data)];
  if (of instanceof Uint8Array || of instanceof DataView || of instanceof ArrayBuffer) return ['bytes', hexOf(of)];
  if (types.isTypedArray(of)) return ['ndarray', dtypeOf(of) ?? 'u1', [of.length], hexOf(of)];
  return undefined;
}

/** A key: in Python a list is a tuple there, a set a frozenset. */
function keyView(key: unknown): View {
  if (Array.isArray(key)) return ['tuple', key.map(keyView)];
  if (key instanceof Set) return ['frozenset', Array.from(key, keyView)];
  return leafView(key) ?? [];
}

/** By UTF-16 code units. */
const compareTexts = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** Whether Python can have these in one set, and tells them apart. */
function areApart(keys: readonly unknown[]): boolean {
  const names = keys.map(nameOf);
  return !names.includes(undefined) && new Set(names).size === names.length;
}

function nameOf(key: unknown): string | undefined {
  if (Array.isArray(key) || key instanceof Set) {
    if (Array.isArray(key) && Object.keys(key).length !== key.length) return undefined;
    const names = Array.from(key, nameOf);
    if (names.includes(undefined) || (key instanceof Set && new Set(names).size < names.length)) return undefined;
    return Array.isArray(key) ? `(${names.join()})` : `{${names.map(String).toSorted(compareTexts).join()}}`;
  }
  const [kind, content] = leafView(key) ?? [];
  // To Python True is 1 is 1.0.
  if (kind === 'bool') return `number ${content === true ? 1 : 0}`;
  if (kind === 'int') return `number ${String(content)}`;
  if (kind === 'float') return Number.isInteger(key) ? `number ${BigInt(Number(key))}` : `number ${String(key)}`;
  const isKey = kind === 'none' || kind === 'str' || kind === 'datetime' || key instanceof Uint8Array;
  return isKey ? JSON.stringify([kind, content]) : undefined;
}

/** What a value that was read is, in the words in which Python says what it should be. */
export function readView(value: unknown): unknown {
  return sorted(see(value));
}

function see(of: unknown): View {
  if (of === null) return ['null'];
  if (typeof of === 'number') return ['number', hexOfFloat(of)];
  if (typeof of === 'bigint') return ['bigint', String(of)];
  if (typeof of === 'boolean' || typeof of === 'string') return [typeof of, of];
  if (of instanceof Date) return ['date', of.getTime()];
  // Python has bytes, and arrays of bytes: both are read as the same.
  if (of instanceof NdArray) return ['nd', of.shape, of.data.constructor.name, hexOf(of.data)];
  if (of instanceof Uint8Array) return ['bytes', hexOf(of)];
  if (types.isTypedArray(of)) return ['array', of.constructor.name, hexOf(of)];
  if (Array.isArray(of)) return ['list', of.map(see)];
  if (of instanceof Set) return ['set', Array.from(of, see)];
  if (of instanceof Map) return ['map', Array.from(of, ([key, item]) => [see(key), see(item)])];
  const entries = Object.entries(of as object).map(([key, item]) => [see(key), see(item)]);
  return ['record', entries.toSorted(([a], [b]) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))];
}

/** Python's view, with what cannot be told apart here said in one way, and the entries of records in one order. */
export function asRead(view: unknown): unknown {
  if (!Array.isArray(view)) return view;
  const [kind, ...rest]: unknown[] = view;
  if (kind === 'array' && rest[0] === 'Uint8Array') return ['bytes', rest[1]];
  const inner = view.map(asRead);
  if (kind !== 'record' || !Array.isArray(inner[1])) return sorted(inner);
  return [
    'record',
    inner[1].toSorted(([a]: unknown[], [b]: unknown[]) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  ];
}
