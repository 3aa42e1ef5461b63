import { kindOf, placesOf } from './value-kind.ts';

/** Values that one key may hold: one of more, or one that holds itself, is not for Python. */
const MAX_INSIDE = 1000;

/**
 * Whether Python can have the keys of a Map as those of one dict, or the members of a Set in one set: all of them hashable, and no two of
 * them equal. To Python 1, 1.0 and True are equal, and so are two dates of one moment. Lists count as hashable where they can be tuples, sets
 * where they can be frozensets without losing a member: where `isFree` says that they were not written as lists and sets already.
 */
export function areDictKeys(
  of: Pick<ReadonlyMap<unknown, unknown>, 'keys'>,
  isFree: (key: object) => boolean,
): boolean {
  const types = new Set<string>();
  for (const key of of.keys()) types.add(key === null ? 'null' : typeof key);
  const isPlain = !types.has('object') && !types.has('function') && !types.has('symbol');
  const numeric = ['number', 'bigint', 'boolean'].filter((type) => types.has(type)).length;
  if (isPlain && numeric < 2 && !(types.has('null') && types.has('undefined'))) return true;
  const names = new Set<string>();
  let count = 0;
  for (const key of of.keys()) {
    const name = nameOf(key, { isFree, left: MAX_INSIDE });
    if (name === undefined) return false;
    names.add(name);
    count += 1;
  }
  return names.size === count;
}

interface Naming {
  readonly isFree: (key: object) => boolean;
  /** Values that may still be looked at. */
  left: number;
}

/** The same text for what Python takes to be equal; undefined for what it cannot hash. */
function nameOf(key: unknown, naming: Naming): string | undefined {
  naming.left -= 1;
  if (naming.left < 0) return undefined;
  if (typeof key === 'string') return JSON.stringify(key);
  if (typeof key === 'number') return Number.isInteger(key) ? String(BigInt(key)) : String(key);
  if (typeof key === 'bigint') return String(key);
  if (typeof key === 'boolean') return key ? '1' : '0';
  if (key === undefined || key === null) return 'None';
  return typeof key === 'object' ? nameOfObject(key, naming) : undefined;
}

function nameOfObject(key: object, naming: Naming): string | undefined {
  const kind = kindOf(key);
  if (key instanceof Date && kind === 'date') return `date ${key.getTime()}`;
  if (key instanceof Uint8Array && (kind === 'bytes' || kind === 'buffer'))
    return `b${Buffer.from(key).toString('hex')}`;
  if (!isComposite(key) || !naming.isFree(key)) return undefined;
  if (Array.isArray(key) && placesOf(key) !== 'dense') return undefined;
  const names: string[] = [];
  for (const item of key) {
    const name = nameOf(item, naming);
    if (name === undefined) return undefined;
    names.push(name);
  }
  if (Array.isArray(key)) return `(${names.join()})`;
  // A frozenset would have lost one of two that are equal.
  return new Set(names).size === names.length ? `{${names.sort().join()}}` : undefined;
}

/** Whether a key is one that Python has only as a tuple or a frozenset. */
export function isComposite(key: unknown): key is readonly unknown[] | ReadonlySet<unknown> {
  if (typeof key !== 'object' || key === null) return false;
  const kind = kindOf(key);
  return kind === 'list' || kind === 'set';
}
