import { endianness } from 'node:os';

/** The typed arrays that are stored as numpy arrays. `Uint8Array` is not among them: it is stored as `bytes`. */
export type NumericArray =
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

export function isDtypeName(name: string): name is DtypeName {
  return Object.hasOwn(DTYPES, name);
}

/** The numpy element type of a typed array; undefined where numpy has none that comes back as the same (clamped arrays). */
export function dtypeOf(array: ArrayBufferView): DtypeName | undefined {
  for (const [name, type] of Object.entries(DTYPES)) {
    if (array instanceof type && isDtypeName(name)) return name;
  }
  return undefined;
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
