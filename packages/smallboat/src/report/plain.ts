import { types } from 'node:util';

/** Values that are kept of one tree: a card stays small. */
const MOST = 5000;

/**
 * A copy of a value as a JSON viewer shows it, made of numbers, texts, lists and objects: it can be stored whatever the value holds, and does not change
 * when the value does. Typed arrays become the list of their first hundred numbers; what is beyond 5,000 values, or inside itself, becomes `…`.
 */
export function plainOf(value: unknown): unknown {
  const budget = { left: MOST };
  return copy(value, budget, []);
}

function copy(value: unknown, budget: { left: number }, around: readonly unknown[]): unknown {
  budget.left -= 1;
  if (value === null || value === undefined || typeof value === 'boolean' || typeof value === 'number')
    return value ?? null;
  if (typeof value === 'string') return value.length <= 10_000 ? value : `${value.slice(0, 10_000)}…`;
  if (typeof value !== 'object') return typeof value === 'bigint' ? `${value}n` : typeof value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'no date' : value.toISOString();
  if (budget.left <= 0 || around.includes(value) || around.length > 50) return '…';
  const inner = (one: unknown): unknown => copy(one, budget, [...around, value]);
  const some = (all: Iterable<unknown>, most = MOST): unknown[] => {
    const kept: unknown[] = [];
    for (const one of all) {
      if (budget.left <= 0 || kept.length >= most) {
        kept.push('…');
        break;
      }
      kept.push(inner(one));
    }
    return kept;
  };
  if (types.isTypedArray(value)) return some(value as Iterable<unknown>, 100); // Every kind of them iterates.
  if (value instanceof ArrayBuffer) return `ArrayBuffer of ${value.byteLength} bytes`;
  if (Array.isArray(value) || value instanceof Set || value instanceof Map) return some(value);
  const entries: [string, unknown][] = [];
  for (const key of Object.keys(value)) {
    if (budget.left <= 0) break;
    entries.push([key, inner(Reflect.get(value, key))]);
  }
  return Object.fromEntries(entries);
}
