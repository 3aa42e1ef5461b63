import type { PickleWriter } from './pickle-writer.ts';

/**
 * What Python has no word for. After a value the pickle may say: mark, one of these numbers, perhaps a name, pop to the mark. Python forgets
 * that at once and goes on with the plain value; here the note says what the value was. Python writes a mark and at least four values where
 * it pops to a mark, so none of its pickles holds a note.
 *
 * A note follows a scalar directly, and a container while it is empty, so that what is inside may refer to it.
 */
export const NOTES = {
  /** None that is undefined. */
  undefined: 1,
  /** None that is an empty place of a list. */
  hole: 2,
  /** An int that is a bigint although a number could hold it. */
  bigint: 3,
  /** A dict that is a Map, or a list of pairs that is a Map whose keys Python cannot have in a dict. */
  map: 4,
  /** A list that is a Set whose members Python cannot have in a set. */
  set: 5,
  /** Bytes that are a Buffer, an ArrayBuffer, a DataView. */
  buffer: 6,
  arrayBuffer: 7,
  dataView: 8,
  /** A numpy array of uint8 that is a Uint8ClampedArray. */
  clamped: 9,
  /** A numpy array of one dimension that is an `NdArray`. */
  ndArray: 10,
  /** A dict that is an object without a prototype. */
  bare: 11,
  /** What the codec of the name that follows packed. */
  packed: 12,
  /** What makes an Arrow table in Python. */
  arrow: 13,
} as const;

export type Note = keyof typeof NOTES;

/** Says of the value on top what it is. */
export function writeNote(out: PickleWriter, note: Note): void {
  out.op('(');
  out.integer(NOTES[note]);
  out.op('1');
}

/** Says of the value on top which codec packed it. */
export function writePackedNote(out: PickleWriter, codec: string): void {
  out.op('(');
  out.integer(NOTES.packed);
  out.text(codec);
  out.op('1');
}
