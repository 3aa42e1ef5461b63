import { types } from 'node:util';
import { Boxed } from './generated-values.ts';
import { NdArray } from './nd-array.ts';

/**
 * For tests: where two values differ, as a path; undefined where they are the same in all that can be seen of them: classes, order, empty
 * places, the sign of 0, and which objects are one.
 */
export function differenceOf(one: unknown, other: unknown): string | undefined {
  const pairs = new Map<object, object>();
  const taken = new Set<object>();
  const waiting: { readonly a: unknown; readonly b: unknown; readonly path: string }[] = [
    { a: one, b: other, path: '$' },
  ];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { a, b, path } = next;
    if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) {
      if (!Object.is(a, b)) return path;
      continue;
    }
    const pair = pairs.get(a);
    if (pair !== undefined || taken.has(b)) {
      if (pair !== b) return `${path} (another object)`;
      continue;
    }
    pairs.set(a, b);
    taken.add(b);
    if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${path} (another class)`;
    const [partsA, partsB] = [partsOf(a), partsOf(b)];
    if (partsA.length !== partsB.length) return `${path} (another size)`;
    for (const [i, part] of partsA.entries()) waiting.push({ a: part, b: partsB[i], path: `${path}/${i}` });
  }
  return undefined;
}

/** All that makes an object what it is, in an order. */
function partsOf(value: object): readonly unknown[] {
  if (value instanceof Map) return [...value].flat();
  if (value instanceof Set) return [...value];
  if (value instanceof Date) return [value.getTime()];
  if (value instanceof NdArray) return [value.shape.join(), value.data];
  if (value instanceof Boxed) return [value.inside];
  if (types.isAnyArrayBuffer(value)) return [Buffer.from(value).toString('hex')];
  if (ArrayBuffer.isView(value)) return [Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')];
  const keys = Object.keys(value);
  return [Array.isArray(value) ? value.length : 0, ...keys, ...keys.map((key) => Reflect.get(value, key))];
}
