import { types } from 'node:util';
import { NdArray } from './nd-array.ts';

/** The kinds of objects that can be stored without a codec. */
export type ValueKind =
  | 'list'
  | 'record'
  | 'bare'
  | 'map'
  | 'set'
  | 'date'
  | 'bytes'
  | 'buffer'
  | 'clamped'
  | 'numbers'
  | 'ndArray'
  | 'dataView'
  | 'arrayBuffer'
  | 'table';

interface BuiltIn {
  readonly kind: ValueKind;
  /** Whether a value is one by its inside, whatever its prototype says. */
  readonly isOne: (value: object) => boolean;
}

const numbers: BuiltIn = { kind: 'numbers', isOne: types.isTypedArray };

/** By the name of the constructor. */
const BUILT_IN: Readonly<Record<string, BuiltIn>> = {
  Object: { kind: 'record', isOne: () => true },
  Array: { kind: 'list', isOne: Array.isArray },
  Map: { kind: 'map', isOne: types.isMap },
  Set: { kind: 'set', isOne: types.isSet },
  Date: { kind: 'date', isOne: types.isDate },
  ArrayBuffer: { kind: 'arrayBuffer', isOne: types.isArrayBuffer },
  DataView: { kind: 'dataView', isOne: types.isDataView },
  Uint8Array: { kind: 'bytes', isOne: types.isUint8Array },
  Uint8ClampedArray: { kind: 'clamped', isOne: types.isUint8ClampedArray },
  Float16Array: numbers,
  Float32Array: numbers,
  Float64Array: numbers,
  Int8Array: numbers,
  Int16Array: numbers,
  Int32Array: numbers,
  Uint16Array: numbers,
  Uint32Array: numbers,
  BigInt64Array: numbers,
  BigUint64Array: numbers,
};

const here = new Map<unknown, BuiltIn>([
  [Buffer.prototype, { kind: 'buffer', isOne: types.isUint8Array }],
  [
    NdArray.prototype,
    { kind: 'ndArray', isOne: (value) => value instanceof NdArray && types.isTypedArray(value.data) },
  ],
]);

/** Which kind an object is; undefined for an instance of any class but those, subclasses of them among it. */
export function kindOf(value: object): ValueKind | undefined {
  const parent: unknown = Object.getPrototypeOf(value);
  if (parent === Object.prototype) return 'record';
  if (parent === null) return 'bare';
  const builtIn = here.get(parent) ?? builtInOf(parent);
  if (builtIn?.isOne(value)) return builtIn.kind;
  return isTable(value) ? 'table' : undefined;
}

/** A prototype is that of something built in, of this realm or another, if its constructor is code of the engine's own. */
function builtInOf(parent: unknown): BuiltIn | undefined {
  if (typeof parent !== 'object' || parent === null || !Object.hasOwn(parent, 'constructor')) return undefined;
  const { constructor }: { readonly constructor?: unknown } = parent;
  if (typeof constructor !== 'function') return undefined;
  const { name } = constructor;
  const builtIn = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
  if (Function.prototype.toString.call(constructor) !== `function ${name}() { [native code] }`) return undefined;
  if (builtIn) here.set(parent, builtIn);
  return builtIn;
}

/** Apache Arrow's table, of whatever copy of the package: known by its shape. */
function isTable(value: object): boolean {
  // Some objects have no constructor, whatever their type says.
  const { constructor }: { readonly constructor?: unknown } = value;
  if (typeof constructor !== 'function' || constructor.name !== 'Table') return false;
  return 'schema' in value && 'batches' in value && Array.isArray(value.batches);
}

/**
 * Whether all places of a list are filled and it has nothing else: `dense`; `sparse` if some places are empty; else the name of a property
 * that it has beside its items.
 */
export function placesOf(list: readonly unknown[]): 'dense' | 'sparse' | { readonly property: string } {
  // Places come first and in order, so the last key says whether there is anything but places.
  const keys = Object.keys(list);
  const last = keys.at(-1);
  if (last === undefined) return list.length === 0 ? 'dense' : 'sparse';
  const place = Number(last);
  if (String(place) !== last || !(place < list.length)) return { property: last };
  return keys.length === list.length ? 'dense' : 'sparse';
}
