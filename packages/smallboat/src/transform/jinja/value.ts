/**
 * Python's values as templates see them, so that they print and compare as in dbt: SQL files rely on `['a', 'b']`,
 * `True` and `None`. Integers are JavaScript numbers (bigints beyond 2^53), floats a class of their own because
 * `10 / 5` prints `2.0`; lists are arrays.
 */
export type Value = null | boolean | number | bigint | string | Value[] | PyObject;

/** What a template may hold beside plain values: attributes by name, and a text for printing. */
export abstract class PyObject {
  /** What Python calls the type, for messages: `dict`, `Relation`. */
  abstract readonly type: string;

  /** The value of `object.name`; undefined where there is none. */
  attribute(_name: string): Value | undefined {
    return undefined;
  }

  /** The value of `object[key]`; undefined where there is none. */
  item(_key: Value): Value | undefined {
    return undefined;
  }

  abstract print(): string;

  /** True for what templates see as a mapping without being a dict: relations. */
  readonly isMapping?: boolean;

  /** What `==` says, for objects that are equal without being the same. */
  equals?(other: Value): boolean;

  /** What Python's `repr` gives, where that is not what it prints. */
  repr(): string {
    return this.print();
  }
}

/** Something that went wrong while a template ran, before the place in the template is known. */
export class PyError extends Error {
  override readonly name = 'PyError';
}

/** A float; an integer is a plain number. */
export class Float extends PyObject {
  readonly type: string = 'float';
  readonly number: number;
  constructor(number: number) {
    super();
    this.number = number;
  }
  /** As Python prints floats: `1.0`, `1e+16`, `1e-05`. */
  print(): string {
    const n = this.number;
    if (Number.isNaN(n)) return 'nan';
    if (!Number.isFinite(n)) return n > 0 ? 'inf' : '-inf';
    if (Object.is(n, -0)) return '-0.0';
    const size = Math.abs(n);
    if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
      const [mantissa = '', exponent = ''] = n.toExponential().split('e');
      const sign = exponent.startsWith('-') ? '-' : '+';
      return `${mantissa}e${sign}${exponent.replace(/^[+-]/, '').padStart(2, '0')}`;
    }
    return Number.isInteger(n) ? `${n}.0` : String(n);
  }
}

/** A number with its digits as the warehouse gave them: Python's `Decimal`. Counts with as a float. */
export class Decimal extends Float {
  override readonly type: string = 'Decimal';
  private readonly digits: string;
  constructor(digits: string) {
    super(Number(digits));
    this.digits = digits;
  }
  override print(): string {
    return this.digits;
  }
  override repr(): string {
    return `Decimal('${this.digits}')`;
  }
}

export class Tuple extends PyObject {
  readonly type = 'tuple';
  readonly items: readonly Value[];
  constructor(items: readonly Value[]) {
    super();
    this.items = items;
  }
  print(): string {
    return this.items.length === 1 ? `(${repr(this.items[0] ?? null)},)` : `(${this.items.map(repr).join(', ')})`;
  }
}

/** A dict; keeps the order of insertion. */
export class Dict extends PyObject {
  readonly type = 'dict';
  private readonly byKey = new Map<string, readonly [Value, Value]>();

  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    super();
    for (const [key, value] of entries) this.set(key, value);
  }
  get size(): number {
    return this.byKey.size;
  }
  get(key: Value): Value | undefined {
    return this.byKey.get(keyOf(key))?.[1];
  }
  set(key: Value, value: Value): void {
    const id = keyOf(key);
    this.byKey.set(id, [this.byKey.get(id)?.[0] ?? key, value]);
  }
  delete(key: Value): boolean {
    return this.byKey.delete(keyOf(key));
  }
  clear(): void {
    this.byKey.clear();
  }
  has(key: Value): boolean {
    return this.byKey.has(keyOf(key));
  }
  entries(): (readonly [Value, Value])[] {
    return [...this.byKey.values()];
  }
  override item(key: Value): Value | undefined {
    return this.get(key);
  }
  print(): string {
    return `{${this.entries()
      .map(([key, value]) => `${repr(key)}: ${repr(value)}`)
      .join(', ')}}`;
  }
}

/** A set; prints in the order of insertion, where Python has none. */
export class PySet extends PyObject {
  readonly type = 'set';
  private readonly dict = new Dict();
  constructor(items: Iterable<Value> = []) {
    super();
    for (const item of items) this.add(item);
  }
  get items(): Value[] {
    return this.dict.entries().map(([key]) => key);
  }
  add(item: Value): void {
    this.dict.set(item, null);
  }
  delete(item: Value): boolean {
    return this.dict.delete(item);
  }
  has(item: Value): boolean {
    return this.dict.has(item);
  }
  print(): string {
    return this.items.length === 0 ? 'set()' : `{${this.items.map(repr).join(', ')}}`;
  }
}

/** The value of a name that nothing gave a value: prints as nothing, is false, and fails where it is used. */
export class Undefined extends PyObject {
  readonly type = 'Undefined';
  /** What is missing, in words: `'x' is undefined`. */
  readonly problem: string;
  /** True while a project is read: uses of it give it again instead of failing, as dbt does then. */
  readonly isLenient: boolean;
  constructor(problem: string, isLenient = false) {
    super();
    this.problem = problem;
    this.isLenient = isLenient;
  }
  print(): string {
    return '';
  }
}

/** Arguments of a call: those by place, and those by name. */
export interface Arguments {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

/** Something that can be called. May be awaited: `run_query` asks the warehouse. */
export class Fn extends PyObject {
  readonly type = 'function';
  readonly name: string;
  readonly call: (given: Arguments) => Value | Promise<Value>;
  /** Attributes beside the call, as `config.get` has. */
  private readonly attributes: ReadonlyMap<string, Value>;

  constructor(
    name: string,
    call: (given: Arguments) => Value | Promise<Value>,
    attributes: Readonly<Record<string, Value>> = {},
  ) {
    super();
    this.name = name;
    this.call = call;
    this.attributes = new Map(Object.entries(attributes));
  }
  override attribute(name: string): Value | undefined {
    return this.attributes.get(name);
  }
  print(): string {
    return `<function ${this.name}>`;
  }
}

/** Fixed attributes under one name, as `target` and `modules` are. Reads like a dict too: `target['name']`. */
export class Bag extends PyObject {
  readonly type: string;
  private readonly values: ReadonlyMap<string, Value>;
  private readonly text: string | undefined;
  constructor(type: string, values: Readonly<Record<string, Value>>, text?: string) {
    super();
    this.type = type;
    this.values = new Map(Object.entries(values));
    this.text = text;
  }
  override attribute(name: string): Value | undefined {
    return this.values.get(name);
  }
  override item(key: Value): Value | undefined {
    return typeof key === 'string' ? this.values.get(key) : undefined;
  }
  print(): string {
    return this.text ?? new Dict(this.values).print();
  }
}

/** `namespace(…)`: the one object whose attributes `set` may change. */
export class Namespace extends PyObject {
  readonly type = 'Namespace';
  private readonly values = new Map<string, Value>();
  constructor(entries: Iterable<readonly [string, Value]>) {
    super();
    for (const [name, value] of entries) this.values.set(name, value);
  }
  override attribute(name: string): Value | undefined {
    return this.values.get(name);
  }
  override item(key: Value): Value | undefined {
    return typeof key === 'string' ? this.values.get(key) : undefined;
  }
  put(name: string, value: Value): void {
    this.values.set(name, value);
  }
  print(): string {
    return `<Namespace ${new Dict(this.values).print()}>`;
  }
}

/** The first that is there. `??` will not do for values: it passes over `null`, which is Python's None, a value like others. */
export function firstOf(...candidates: readonly (Value | undefined)[]): Value | undefined {
  return candidates.find((candidate) => candidate !== undefined);
}

/** What Python's `str` gives. */
export function str(value: Value): string {
  if (typeof value === 'string') return value;
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`;
  if (typeof value === 'object') return value.print();
  return String(value);
}

/** What Python's `repr` gives: text in quotes, as inside a printed list. */
export function repr(value: Value): string {
  if (value instanceof Undefined) return 'Undefined';
  if (value instanceof PyObject) return value.repr();
  return typeof value === 'string' ? quote(value) : str(value);
}

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (character === mark || character === '\\') out += `\\${character}`;
    else if (character === '\n') out += '\\n';
    else if (character === '\r') out += '\\r';
    else if (character === '\t') out += '\\t';
    else if (code < 32 || code === 127) out += `\\x${code.toString(16).padStart(2, '0')}`;
    else out += character;
  }
  return `${mark}${out}${mark}`;
}

export function isTrue(value: Value): boolean {
  if (value === null || value === false || value === 0 || value === 0n || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Undefined) return false;
  if (value instanceof Float) return value.number !== 0;
  if (value instanceof Tuple || value instanceof PySet) return value.items.length > 0;
  if (value instanceof Dict) return value.size > 0;
  if (value instanceof PyObject && 'items' in value && Array.isArray(value.items)) return value.items.length > 0;
  return true;
}

/** One text for all values that Python holds equal as keys: `1`, `1.0` and `True` are one key. */
export function keyOf(value: Value): string {
  if (typeof value === 'string') return `s${value}`;
  if (value === null) return 'none';
  if (value === true) return 'n1';
  if (value === false) return 'n0';
  if (typeof value === 'number' || typeof value === 'bigint') return `n${value}`;
  if (value instanceof Float) return `n${value.number}`;
  if (value instanceof Tuple) return `t${JSON.stringify(value.items.map(keyOf))}`;
  if (Array.isArray(value) || value instanceof Dict || value instanceof PySet) {
    throw new PyError(`unhashable type: '${typeName(value)}'`);
  }
  return `o${value.type}:${value.print()}`;
}

/** The items that a `for` goes through. */
export function iterate(value: Value): readonly Value[] {
  if (Array.isArray(value)) return value;
  if (typeof value === 'string') return Array.from(value);
  if (value instanceof Tuple || value instanceof PySet) return value.items;
  if (value instanceof Dict) return value.entries().map(([key]) => key);
  if (value instanceof Undefined) return [];
  if (value instanceof PyObject && 'items' in value && Array.isArray(value.items)) return value.items as Value[];
  throw new PyError(`'${typeName(value)}' object is not iterable`);
}

export function typeName(value: Value): string {
  if (value === null) return 'NoneType';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'number' || typeof value === 'bigint') return 'int';
  return Array.isArray(value) ? 'list' : value.type;
}

/** The number of an int, a float or a bool; undefined for what is no number. */
export function numberOf(value: Value): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value instanceof Float ? value.number : undefined;
}
