import { inspect, types } from 'node:util';

/** A value in one line: typed arrays by their kind, length and first elements, the rest cut where it gets long. */
export function summaryOf(value: unknown): string {
  return inspect(value, {
    breakLength: Number.POSITIVE_INFINITY,
    depth: 3,
    maxArrayLength: 6,
    maxStringLength: 200,
    compact: true,
  });
}

/**
 * A value as JSON can hold it: typed arrays as `{ typedArray, length, first }` unless `isFull`, then as lists; big
 * integers as text, sets as lists, maps as lists of pairs.
 */
export function toJson(value: unknown, isFull: boolean): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (types.isTypedArray(value)) {
    const list = Array.from(value as Iterable<number | bigint>, (n) => toJson(n, isFull)); // Any of the kinds iterates over these.
    const kind = Object.prototype.toString.call(value).slice(8, -1);
    return isFull ? list : { typedArray: kind, length: list.length, first: list.slice(0, 10) };
  }
  if (value instanceof Set) return [...value].map((v) => toJson(v, isFull));
  if (value instanceof Map) return [...value].map(([k, v]) => [toJson(k, isFull), toJson(v, isFull)]);
  if (Array.isArray(value)) return value.map((v) => toJson(v, isFull));
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, toJson(v, isFull)]));
}
