import { types } from 'node:util';
import type { ArtifactComponent, Brief } from './components.ts';
import { formatNumber } from './number.ts';

/** Characters of a value's text. */
const LONGEST = 160;
/** Entries of a list or an object that are written out. */
const ENTRIES = 6;
/** Levels that are written out. */
const LEVELS = 2;

/** A value in short. It looks at the first entries only, so that a large value costs no more than a small one. */
export function briefOf(value: unknown): Brief {
  const text = textOf(value, LEVELS);
  return { type: typeOf(value), text: text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…` };
}

/** A value in short, as a component. */
export function artifact(name: string, value: unknown): ArtifactComponent {
  return { kind: 'artifact', name, ...briefOf(value) };
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  if (Array.isArray(value)) return `list of ${formatNumber(value.length)}`;
  if (types.isTypedArray(value)) return `${nameOf(value)}(${formatNumber(value.length)})`;
  if (value instanceof ArrayBuffer) return `ArrayBuffer(${formatNumber(value.byteLength)})`;
  if (value instanceof Map || value instanceof Set) return `${nameOf(value)}(${formatNumber(value.size)})`;
  const name = nameOf(value);
  const rows: unknown = name === 'Table' ? Reflect.get(value, 'numRows') : undefined;
  if (typeof rows === 'number') return `table of ${formatNumber(rows)} rows`;
  return name === 'Object' ? 'object' : name;
}

/** The name of its class; Node's buffers by their own. */
function nameOf(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || typeof prototype !== 'object' || !('constructor' in prototype)) return 'Object';
  return typeof prototype.constructor === 'function' ? prototype.constructor.name : 'Object';
}

function textOf(value: unknown, levels: number): string {
  if (typeof value === 'string') return levels === LEVELS ? oneLine(value) : JSON.stringify(value.slice(0, LONGEST));
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'function';
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'no date' : value.toISOString();
  if (value instanceof ArrayBuffer) return '';
  if (Array.isArray(value) || types.isTypedArray(value)) {
    const all = value as ArrayLike<unknown>; // Both are.
    if (levels === 0 && all.length > 0) return '[…]';
    const shown = Array.from({ length: Math.min(ENTRIES, all.length) }, (_, i) => textOf(all[i], levels - 1));
    return `[${[...shown, ...rest(all.length)].join(', ')}]`;
  }
  if (levels === 0) return '{…}';
  const isPaired = value instanceof Map;
  const keys = isPaired || value instanceof Set ? undefined : Object.keys(value);
  const entries = keys?.slice(0, ENTRIES) ?? firstOf(value as Iterable<unknown>); // Else it is one of those two.
  const count = keys?.length ?? (value as Set<unknown>).size;
  const shown = entries.map((entry) => {
    if (isPaired) {
      const [key, inner] = entry as [unknown, unknown]; // Entries of a map are pairs.
      return `${textOf(key, 0)} → ${textOf(inner, levels - 1)}`;
    }
    if (value instanceof Set) return textOf(entry, levels - 1);
    return `${String(entry)}: ${textOf(Reflect.get(value, entry as string), levels - 1)}`; // A name, from above.
  });
  return `{ ${[...shown, ...rest(count)].join(', ')} }`;
}

function firstOf(values: Iterable<unknown>): unknown[] {
  const first: unknown[] = [];
  for (const value of values) {
    if (first.length >= ENTRIES) break;
    first.push(value);
  }
  return first;
}

function rest(count: number): readonly string[] {
  return count > ENTRIES ? [`… ${formatNumber(count - ENTRIES)} more`] : [];
}

function oneLine(text: string): string {
  return text.slice(0, LONGEST + 1).replaceAll(/\s+/g, ' ');
}
