/** A property of an event that is one of a few values. Its byte is the value's number; 0 is "not known". */
export interface CategoryColumn {
  readonly kind: 'category';
  readonly name: string;
  /** Values that there are, with "not known": bytes are 0 to `size − 1`. At most 256. */
  readonly size: number;
}

/** A property of an event that is a number, kept in a byte: 0 is "not known", 1 to 255 are equal steps. */
export interface NumberColumn {
  readonly kind: 'number';
  readonly name: string;
  /** What the model sees for byte 1 and for byte 255; it sees 0 for byte 0. */
  readonly low: number;
  readonly high: number;
}

/**
 * One byte of an event's row, beside its token. Rows of bytes are what goes from the warehouse to the model and from a request to the
 * model: the two sides are equal where their bytes are.
 */
export type Column = CategoryColumn | NumberColumn;

/** Bytes of a number: steps between the lowest and the highest. */
const STEPS = 254;

/** The byte for a number of which `from` to `to` is the range; beyond it the nearest end, and 0 for NaN. */
export function byteOf(value: number, from: number, to: number): number {
  if (Number.isNaN(value)) return 0;
  const share = (Math.min(Math.max(value, from), to) - from) / (to - from);
  return 1 + Math.round(share * STEPS);
}

/** What the model sees for each byte of a number: 256 values. */
export function valuesOf({ low, high }: NumberColumn): Float32Array {
  return Float32Array.from({ length: 256 }, (_, byte) => (byte === 0 ? 0 : low + ((byte - 1) / STEPS) * (high - low)));
}
