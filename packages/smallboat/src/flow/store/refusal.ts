import { types } from 'node:util';

/** Why a value cannot be stored, as the end of a sentence about it, and what to do instead. */
export interface Refusal {
  readonly problem: string;
  readonly hint: string;
}

/** What to return in place of instances of classes that are met most. */
const INSTEAD: Readonly<Record<string, string>> = {
  URL: 'Return its `href`.',
  RegExp: 'Return its `source` and `flags`.',
  WeakMap: 'Return a Map.',
  WeakSet: 'Return a Set.',
  WeakRef: 'Return what it refers to.',
  SharedArrayBuffer: 'Return a copy that is not shared: new Uint8Array(buffer).slice().',
  RecordBatch: 'Make a table of it: new Table(batch).',
  Vector: 'Make a table of it, new Table({ name: vector }), or a typed array: vector.toArray().',
};

/** What is said of a value that is no plain data. */
export function refusalOf(value: unknown): Refusal {
  if (typeof value === 'function') {
    const problem = `is a function${value.name ? ` (${value.name})` : ''}`;
    return { problem, hint: 'Return the data that it works on, and import the function where it is called.' };
  }
  if (typeof value === 'object' && value !== null) return refusalOfObject(value);
  return { problem: 'is a symbol', hint: 'Use a string.' };
}

function refusalOfObject(value: object): Refusal {
  const name = classNameOf(value);
  const problem = `is an instance of ${name ?? 'a class without a name'}`;
  const instead = name !== undefined && Object.hasOwn(INSTEAD, name) ? INSTEAD[name] : undefined;
  if (instead !== undefined) return { problem, hint: instead };
  if (typeof Reflect.get(value, 'then') === 'function') return { problem, hint: 'Await it first.' };
  if (types.isNativeError(value)) return { problem, hint: 'Return its message and its stack.' };
  if (types.isBoxedPrimitive(value)) return { problem, hint: 'Return its `valueOf()`.' };
  if (types.isGeneratorObject(value) || name?.endsWith('Iterator')) {
    return { problem, hint: 'Return a list of what it gives: [...it].' };
  }
  const register = `storable(${name ?? 'Class'}, { name, pack, unpack })`;
  return { problem, hint: `Return its data as a plain object, or register the class: ${register}.` };
}

function classNameOf(value: object): string | undefined {
  const { constructor } = value;
  if (typeof constructor === 'function' && constructor.name !== '' && constructor.name !== 'Object') {
    return constructor.name;
  }
  const tag = Object.prototype.toString.call(value).slice('[object '.length, -1);
  return tag === 'Object' ? undefined : tag;
}

/** What is said of a list that has more than its items. */
export function refusalOfProperty(property: string): Refusal {
  const problem = `is a list that has the property ${JSON.stringify(property)} beside its items`;
  return { problem, hint: 'Return both as one object: { items: [...list], … }.' };
}

/** What is said of a list that is nearly empty. */
export function refusalOfSparse(list: readonly unknown[]): Refusal {
  const problem = `is a list of ${list.length} places of which ${Object.keys(list).length} are filled`;
  return { problem, hint: 'Return a Map from place to item.' };
}

/** What is said of an instance that holds itself. */
export function refusalOfPacked(codec: string): Refusal {
  const problem = `is inside what the codec '${codec}' packs of it`;
  return { problem, hint: 'Pack an id in its place, or return the two apart.' };
}

/** What is said of a date that Python cannot have; undefined of any other. */
export function refusalOfDate(date: Date): Refusal | undefined {
  const year = date.getUTCFullYear();
  if (Number.isNaN(year)) return { problem: 'is an invalid date', hint: 'Return null in its place.' };
  if (year >= 1 && year <= 9999) return undefined;
  const problem = `is of the year ${year}; Python's dates are of the years 1 to 9999`;
  return { problem, hint: 'Return its `getTime()`.' };
}

/** What is said of an Arrow table that the package found from here cannot write. */
export const refusalOfTable: Refusal = {
  problem: 'is a table of another copy of apache-arrow than the one installed beside smallboat',
  hint: "Install one version for both, or return the bytes: tableToIPC(table, 'file').",
};
