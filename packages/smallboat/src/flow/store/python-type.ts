import { NdArray } from './nd-array.ts';

/** What Python says of the type of a stored value: `<class 'dict'>`. */
export function pythonTypeOf(value: unknown): string {
  return `<class '${nameOf(value)}'>`;
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return 'NoneType';
  if (typeof value === 'number') return Number.isSafeInteger(value) && !Object.is(value, -0) ? 'int' : 'float';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'str';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Set) return 'set';
  if (value instanceof Date) return 'datetime.datetime';
  if (value instanceof Uint8Array) return 'bytes';
  return value instanceof NdArray || ArrayBuffer.isView(value) ? 'numpy.ndarray' : 'dict';
}
