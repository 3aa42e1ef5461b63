import type { Value } from './value.ts';
import { Dict, Float, PyError, PySet, Tuple, numberOf, str, typeName } from './value.ts';

/** JSON as Python's `json.dumps` writes it: a space after `:` and `,`, and nothing beyond ASCII. */
export function toJson(value: Value, isSorted = false): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return ascii(JSON.stringify(value));
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (value instanceof Float) return value.print();
  if (Array.isArray(value) || value instanceof Tuple) {
    const items = Array.isArray(value) ? value : value.items;
    return `[${items.map((item) => toJson(item, isSorted)).join(', ')}]`;
  }
  if (value instanceof Dict) {
    const entries = value.entries().map(([key, item]) => [keyText(key), item] as const);
    if (isSorted) entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, item]) => `${ascii(JSON.stringify(key))}: ${toJson(item, isSorted)}`).join(', ')}}`;
  }
  throw new PyError(`Object of type ${typeName(value)} is not JSON serializable`);
}

function keyText(key: Value): string {
  return key === null || typeof key === 'boolean' ? String(key) : str(key);
}

function ascii(text: string): string {
  return text.replace(/[^\0-\x7f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A whole number that YAML wrote as a float, `5.0`: Python prints it so, and a JavaScript number does not know. */
export class WholeFloat {
  readonly number: number;
  constructor(number: number) {
    this.number = number;
  }
  toJSON(): number {
    return this.number;
  }
  toString(): string {
    return new Float(this.number).print();
  }
}

/** Plain data, as JSON and YAML parsers give it, as values of a template. A number that is not whole becomes a float. */
export function fromPlain(data: unknown): Value {
  if (data === null || data === undefined) return null;
  if (typeof data === 'string' || typeof data === 'boolean' || typeof data === 'bigint') return data;
  if (typeof data === 'number') return Number.isInteger(data) ? data : new Float(data);
  if (data instanceof WholeFloat) return new Float(data.number);
  if (Array.isArray(data)) return data.map(fromPlain);
  if (data instanceof Date) return data.toISOString();
  if (typeof data === 'object')
    return new Dict(Object.entries(data).map(([key, value]) => [key, fromPlain(value)] as const));
  throw new PyError(`a ${typeof data} cannot be used in a template`);
}

/** Values of a template as plain data: what `config(…)` is read as. */
export function toPlain(value: Value): unknown {
  if (Array.isArray(value)) return value.map(toPlain);
  if (value instanceof Tuple || value instanceof PySet) return value.items.map(toPlain);
  if (value instanceof Dict) return Object.fromEntries(value.entries().map(([key, item]) => [str(key), toPlain(item)]));
  const number = typeof value === 'boolean' ? undefined : numberOf(value);
  if (number !== undefined) return number;
  return typeof value === 'object' && value !== null ? value.print() : value;
}
