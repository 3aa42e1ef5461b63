import { types } from 'node:util';
import { arrowTable } from './arrow-table.ts';
import { dtypeOf, NdArray, type NumericArray } from './nd-array.ts';
import { NOTES } from './pickle-notes.ts';
import { Part, type Reading } from './pickle-part.ts';

/** What a value is by a note about it. Throws `PICKLE_INVALID` where the note does not fit the value. */
export function noted(value: unknown, note: number, reading: Reading): unknown {
  const result = fitting(value, note, reading);
  if (result === misfit) throw reading.invalid(`note ${note} on a value that it does not fit`);
  return result;
}

const misfit = Symbol('misfit');

function fitting(value: unknown, note: number, reading: Reading): unknown {
  switch (note) {
    case NOTES.undefined:
      return value === null ? undefined : misfit;
    case NOTES.bigint:
      return Number.isSafeInteger(value) ? BigInt(Number(value)) : misfit;
    case NOTES.map:
      return isEmpty(value) ? new Map() : misfit;
    case NOTES.set:
      return isEmpty(value) && Array.isArray(value) ? new Set() : misfit;
    case NOTES.bare:
      return isEmpty(value) && !Array.isArray(value) ? Object.create(null) : misfit;
    case NOTES.ndArray:
      return isNumeric(value) ? new NdArray([value.length], value) : misfit;
    case NOTES.arrow:
      return value instanceof Part && value.kind === 'arrow' ? tableIn(value.held, reading) : misfit;
    default:
      return value instanceof Uint8Array ? ofBytes(value, note, reading) : misfit;
  }
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value !== 'object' || value === null) return false;
  return Object.getPrototypeOf(value) === Object.prototype && Object.keys(value).length === 0;
}

function isNumeric(value: unknown): value is NumericArray {
  return types.isTypedArray(value) && dtypeOf(value) !== undefined;
}

function ofBytes(bytes: Uint8Array, note: number, reading: Reading): unknown {
  const { buffer, byteOffset, byteLength } = bytes;
  switch (note) {
    case NOTES.buffer:
      return Buffer.from(buffer, byteOffset, byteLength);
    case NOTES.dataView:
      return new DataView(buffer, byteOffset, byteLength);
    case NOTES.clamped:
      return new Uint8ClampedArray(buffer, byteOffset, byteLength);
    case NOTES.arrayBuffer:
      reading.charge(byteLength);
      return bytes.slice().buffer;
    default:
      return misfit;
  }
}

function tableIn(file: unknown, reading: Reading): unknown {
  if (!(file instanceof Uint8Array)) return misfit;
  return arrowTable(file, (problem) => reading.invalid(`an Arrow table that cannot be read: ${problem}`));
}
