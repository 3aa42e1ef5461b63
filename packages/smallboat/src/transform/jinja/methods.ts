import { formatBraces } from './format.ts';
import { equals, order } from './operators.ts';
import type { Arguments, Value } from './value.ts';
import { Dict, Fn, PyError, PySet, Tuple, firstOf, iterate, numberOf, str } from './value.ts';

type Method<T> = (self: T, given: Arguments) => Value;

const argument = (given: Arguments, place: number, name = ''): Value | undefined =>
  given.positional[place] ?? given.named.get(name);
const text = (given: Arguments, place: number, name = ''): string => str(argument(given, place, name) ?? '');
const whole = (value: Value | undefined, otherwise: number): number =>
  value === undefined || value === null ? otherwise : Number(numberOf(value));

function stripped(self: string, given: Arguments, sides: 'left' | 'right' | 'both'): string {
  const characters = argument(given, 0, 'chars');
  const isDropped = (c: string): boolean =>
    characters === undefined || characters === null ? /\s/.test(c) : str(characters).includes(c);
  let start = 0;
  let end = self.length;
  if (sides !== 'right') while (start < end && isDropped(self[start] ?? '')) start += 1;
  if (sides !== 'left') while (end > start && isDropped(self[end - 1] ?? '')) end -= 1;
  return self.slice(start, end);
}

function split(self: string, given: Arguments): string[] {
  const by = argument(given, 0, 'sep') ?? null;
  const most = whole(argument(given, 1, 'maxsplit'), -1);
  if (by === null) {
    const words = self
      .trim()
      .split(/\s+/)
      .filter((word) => word !== '');
    if (most < 0 || words.length <= most) return words;
    const rest = new RegExp(`^\\s*(?:\\S+\\s+){${most}}`).exec(self)?.[0].length ?? 0;
    return [...words.slice(0, most), self.slice(rest).trimEnd()];
  }
  if (by === '') throw new PyError('empty separator');
  const parts = self.split(str(by));
  return most < 0 || parts.length <= most + 1 ? parts : [...parts.slice(0, most), parts.slice(most).join(str(by))];
}

function rsplit(self: string, given: Arguments): string[] {
  const by = str(argument(given, 0, 'sep') ?? ' ');
  const most = whole(argument(given, 1, 'maxsplit'), -1);
  const parts = self.split(by);
  if (most < 0 || parts.length <= most + 1) return parts;
  return [parts.slice(0, parts.length - most).join(by), ...parts.slice(parts.length - most)];
}

function oneOf(given: Arguments, fits: (part: string) => boolean): boolean {
  const parts = given.positional[0] ?? '';
  return parts instanceof Tuple ? parts.items.some((part) => fits(str(part))) : fits(str(parts));
}

export const capitalize = (self: string): string => self.slice(0, 1).toUpperCase() + self.slice(1).toLowerCase();
const title = (self: string): string => self.toLowerCase().replace(/\p{L}+/gu, capitalize);

function replace(self: string, given: Arguments): string {
  const from = text(given, 0, 'old');
  const to = text(given, 1, 'new');
  let left = whole(argument(given, 2, 'count'), -1);
  return left < 0 ? self.replaceAll(from, () => to) : self.replaceAll(from, () => (left-- > 0 ? to : from));
}

const STRING: Readonly<Record<string, Method<string>>> = {
  upper: (self) => self.toUpperCase(),
  lower: (self) => self.toLowerCase(),
  casefold: (self) => self.toLowerCase(),
  strip: (self, given) => stripped(self, given, 'both'),
  lstrip: (self, given) => stripped(self, given, 'left'),
  rstrip: (self, given) => stripped(self, given, 'right'),
  split,
  rsplit,
  splitlines: (self) => self.replace(/\r?\n$/, '').split(/\r?\n/),
  join: (self, given) =>
    iterate(given.positional[0] ?? [])
      .map((item) => joined(item))
      .join(self),
  startswith: (self, given) => oneOf(given, (part) => self.startsWith(part)),
  endswith: (self, given) => oneOf(given, (part) => self.endsWith(part)),
  replace,
  format: (self, given) => formatBraces(self, given.positional, given.named),
  title,
  capitalize,
  find: (self, given) => self.indexOf(text(given, 0)),
  rfind: (self, given) => self.lastIndexOf(text(given, 0)),
  index: (self, given) => {
    const at = self.indexOf(text(given, 0));
    if (at === -1) throw new PyError('substring not found');
    return at;
  },
  count: (self, given) => self.split(text(given, 0)).length - 1,
  isdigit: (self) => /^\p{Nd}+$/u.test(self),
  isnumeric: (self) => /^\p{N}+$/u.test(self),
  isalpha: (self) => /^\p{L}+$/u.test(self),
  isalnum: (self) => /^[\p{L}\p{N}]+$/u.test(self),
  isspace: (self) => /^\s+$/.test(self),
  isupper: (self) => self !== self.toLowerCase() && self === self.toUpperCase(),
  islower: (self) => self !== self.toUpperCase() && self === self.toLowerCase(),
  zfill: (self, given) => {
    const sign = /^[+-]/.exec(self)?.[0] ?? '';
    return sign + self.slice(sign.length).padStart(whole(given.positional[0], 0) - sign.length, '0');
  },
  ljust: (self, given) => self.padEnd(whole(given.positional[0], 0), text(given, 1) || ' '),
  rjust: (self, given) => self.padStart(whole(given.positional[0], 0), text(given, 1) || ' '),
  partition: (self, given) => {
    const by = text(given, 0);
    const at = self.indexOf(by);
    return new Tuple(at === -1 ? [self, '', ''] : [self.slice(0, at), by, self.slice(at + by.length)]);
  },
};

function joined(item: Value): string {
  if (typeof item !== 'string') throw new PyError(`sequence item: expected str instance, found ${str(item)}`);
  return item;
}

function place(self: readonly Value[], item: Value): number {
  const at = self.findIndex((one) => equals(one, item));
  if (at === -1) throw new PyError(`${str(item)} is not in list`);
  return at;
}

const LIST: Readonly<Record<string, Method<Value[]>>> = {
  append: (self, given) => {
    self.push(given.positional[0] ?? null);
    return null;
  },
  extend: (self, given) => {
    self.push(...iterate(given.positional[0] ?? []));
    return null;
  },
  insert: (self, given) => {
    self.splice(whole(given.positional[0], 0), 0, given.positional[1] ?? null);
    return null;
  },
  pop: (self, given) => {
    if (self.length === 0) throw new PyError('pop from empty list');
    return self.splice(whole(given.positional[0], -1), 1)[0] ?? null;
  },
  remove: (self, given) => {
    self.splice(place(self, given.positional[0] ?? null), 1);
    return null;
  },
  clear: (self) => {
    self.length = 0;
    return null;
  },
  copy: (self) => [...self],
  index: (self, given) => place(self, given.positional[0] ?? null),
  count: (self, given) => self.filter((one) => equals(one, given.positional[0] ?? null)).length,
  reverse: (self) => {
    self.reverse();
    return null;
  },
  sort: (self, given) => {
    self.sort(order);
    if (given.named.get('reverse') === true) self.reverse();
    return null;
  },
};

const DICT: Readonly<Record<string, Method<Dict>>> = {
  keys: (self) => self.entries().map(([key]) => key),
  values: (self) => self.entries().map(([, value]) => value),
  items: (self) => self.entries().map((entry) => new Tuple(entry)),
  get: (self, given) => firstOf(self.get(given.positional[0] ?? null), argument(given, 1, 'default')) ?? null,
  update: (self, given) => {
    for (const [key, value] of entriesOf(given)) self.set(key, value);
    return null;
  },
  pop: (self, given) => {
    const key = given.positional[0] ?? null;
    const value = firstOf(self.get(key), given.positional[1]);
    if (value === undefined) throw new PyError(`KeyError: ${str(key)}`);
    self.delete(key);
    return value;
  },
  setdefault: (self, given) => {
    const key = given.positional[0] ?? null;
    const value = firstOf(self.get(key), given.positional[1]) ?? null;
    self.set(key, value);
    return value;
  },
  copy: (self) => new Dict(self.entries()),
  clear: (self) => {
    self.clear();
    return null;
  },
};

/** What `dict(…)` and `update(…)` take: a dict, or pairs, and values by name. */
export function entriesOf(given: Arguments): (readonly [Value, Value])[] {
  const first = given.positional[0];
  const entries: (readonly [Value, Value])[] =
    first === undefined
      ? []
      : first instanceof Dict
        ? first.entries()
        : iterate(first).map((pair) => {
            const [key = null, value = null] = iterate(pair);
            return [key, value] as const;
          });
  return [...entries, ...given.named];
}

const SET: Readonly<Record<string, Method<PySet>>> = {
  add: (self, given) => {
    self.add(given.positional[0] ?? null);
    return null;
  },
  discard: (self, given) => {
    self.delete(given.positional[0] ?? null);
    return null;
  },
  update: (self, given) => {
    for (const item of iterate(given.positional[0] ?? [])) self.add(item);
    return null;
  },
  union: (self, given) => new PySet([...self.items, ...iterate(given.positional[0] ?? [])]),
  difference: (self, given) => {
    const other = new PySet(iterate(given.positional[0] ?? []));
    return new PySet(self.items.filter((item) => !other.has(item)));
  },
  intersection: (self, given) => {
    const other = new PySet(iterate(given.positional[0] ?? []));
    return new PySet(self.items.filter((item) => other.has(item)));
  },
};

/** The method `name` of a string, list, dict or set, bound to it; undefined where there is none. */
export function methodOf(self: Value, name: string): Fn | undefined {
  const bind = <T>(methods: Readonly<Record<string, Method<T>>>, value: T): Fn | undefined => {
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
    return method && new Fn(name, (given) => method(value, given));
  };
  if (typeof self === 'string') return bind(STRING, self);
  if (Array.isArray(self)) return bind(LIST, self);
  if (self instanceof Dict) return bind(DICT, self);
  if (self instanceof PySet) return bind(SET, self);
  if (self instanceof Tuple && (name === 'index' || name === 'count')) return bind(LIST, [...self.items]);
  return undefined;
}
