import { endianness } from 'node:os';

/** The typed arrays that are stored as numpy arrays. `Uint8Array` by itself is not among them: it is stored as `bytes`. */
export type NumericArray =
  | Float16Array
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** The order of bytes of this machine, as numpy writes it in a dtype. */
export const HOST_ORDER: '<' | '>' = endianness() === 'LE' ? '<' : '>';

/** What numpy calls an element type, without the order of bytes, and the typed array that holds it. */
export const DTYPES = {
  // Undefined before Node 24.
  f2: globalThis.Float16Array,
  f4: Float32Array,
  f8: Float64Array,
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  i8: BigInt64Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  u8: BigUint64Array,
} as const;

export type DtypeName = keyof typeof DTYPES;

/** Whether numpy's element type has a typed array here. */
export function isDtypeName(name: string): name is DtypeName {
  return Object.hasOwn(DTYPES, name) && Reflect.get(DTYPES, name) !== undefined;
}

const NAMES: ReadonlyMap<string, DtypeName> = new Map(
  Object.entries(DTYPES).flatMap(([name, Type]) => (isDtypeName(name) ? [[Type.name, name] as const] : [])),
);

/** The numpy element type of a typed array, of this realm or another; undefined for what numpy has not: clamped arrays, `DataView`. */
export function dtypeOf(array: ArrayBufferView): DtypeName | undefined {
  return NAMES.get(Object.prototype.toString.call(array).slice('[object '.length, -1));
}

/**
 * An array of numbers with a shape: what a numpy array of other than one dimension comes back as, and how to store
 * one. One-dimensional arrays are plain typed arrays.
 */
export class NdArray {
  /** Sizes of the dimensions, the outermost first; empty for a single number. */
  readonly shape: readonly number[];
  /** The numbers, the last dimension running fastest (C order). Length: the product of `shape`. */
  readonly data: NumericArray;

  /** Throws a `RangeError` if the shape does not have as many places as there are numbers. */
  constructor(shape: readonly number[], data: NumericArray) {
    const places = shape.reduce((product, size) => product * size, 1);
    if (places !== data.length) {
      throw new RangeError(`Shape [${shape.join(', ')}] has ${places} places and the data ${data.length} numbers.`);
    }
    this.shape = shape;
    this.data = data;
  }
}
