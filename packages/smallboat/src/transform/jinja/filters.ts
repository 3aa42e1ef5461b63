import { attributeOf, pathOf } from './access.ts';
import { fixed, formatPercent } from './format.ts';
import { toJson } from './json.ts';
import { capitalize, methodOf } from './methods.ts';
import { binary, equals, order } from './operators.ts';
import { predicateOf } from './predicates.ts';
import type { Arguments, Value } from './value.ts';
import {
  Dict,
  Float,
  PyError,
  PyObject,
  Tuple,
  Undefined,
  firstOf,
  isTrue,
  iterate,
  keyOf,
  numberOf,
  str,
  typeName,
} from './value.ts';

type Filter = (value: Value, given: Arguments) => Value;

const NONE: Arguments = { positional: [], named: new Map() };
const argument = (given: Arguments, place: number, name: string): Value | undefined =>
  given.positional[place] ?? given.named.get(name);
const whole = (value: Value | undefined, otherwise: number): number =>
  value === undefined || value === null ? otherwise : Math.trunc(Number(numberOf(value)));

function itemAt(value: Value, place: 0 | -1): Value {
  return (
    firstOf(
      iterate(value).at(place),
      new Undefined(`No ${place === 0 ? 'first' : 'last'} item, sequence was empty.`),
    ) ?? null
  );
}

function isSized(value: Value): boolean {
  return value instanceof PyObject && 'items' in value;
}

function lengthOf(value: Value): number {
  if (typeof value === 'string') return Array.from(value).length;
  if (value instanceof Dict) return value.size;
  if (value instanceof Undefined) return 0;
  if (Array.isArray(value) || isSized(value)) return iterate(value).length;
  throw new PyError(`object of type '${typeName(value)}' has no len()`);
}

/** Text that differs in case alone counts as the same, as in Jinja, unless `case_sensitive` is given. */
function comparable(given: Arguments, place: number): (value: Value) => Value {
  const isSensitive = isTrue(argument(given, place, 'case_sensitive') ?? false);
  return (value) => (typeof value === 'string' && !isSensitive ? value.toLowerCase() : value);
}

function sort(value: Value, given: Arguments): Value {
  const path = argument(given, 2, 'attribute');
  const fold = comparable(given, 1);
  const paths = typeof path === 'string' ? path.split(',') : path === undefined || path === null ? [] : [path];
  const keyed = iterate(value).map((item) => ({
    item,
    keys: paths.length === 0 ? [fold(item)] : paths.map((one) => fold(pathOf(item, one))),
  }));
  const sign = isTrue(argument(given, 0, 'reverse') ?? false) ? -1 : 1;
  keyed.sort((a, b) => sign * order(a.keys, b.keys));
  return keyed.map(({ item }) => item);
}

function unique(value: Value, given: Arguments): Value {
  const fold = comparable(given, 0);
  const path = argument(given, 1, 'attribute') ?? null;
  const seen = new Set<string>();
  return iterate(value).filter((item) => {
    const key = keyOf(fold(path === null ? item : pathOf(item, path)));
    return seen.has(key) ? false : seen.add(key);
  });
}

function extreme(sign: 1 | -1): Filter {
  return (value, given) => {
    const fold = comparable(given, 0);
    const path = argument(given, 1, 'attribute') ?? null;
    const key = (item: Value): Value => fold(path === null ? item : pathOf(item, path));
    const items = iterate(value);
    const [first = new Undefined('No aggregated item, sequence was empty.'), ...rest] = items;
    return rest.reduce((best, item) => (sign * order(key(item), key(best)) < 0 ? item : best), first);
  };
}

function groupby(value: Value, given: Arguments): Value {
  const path = argument(given, 0, 'attribute') ?? '';
  const fallback = argument(given, 1, 'default');
  const fold = comparable(given, 2);
  const key = (item: Value): Value => {
    const found = pathOf(item, path);
    return found instanceof Undefined && fallback !== undefined ? fallback : found;
  };
  const groups: { key: Value; folded: Value; items: Value[] }[] = [];
  for (const item of iterate(value)) {
    const one = key(item);
    const folded = fold(one);
    const group = groups.find((candidate) => equals(candidate.folded, folded));
    if (group) group.items.push(item);
    else groups.push({ key: one, folded, items: [item] });
  }
  groups.sort((a, b) => order(a.folded, b.folded));
  return groups.map((group) => new Tuple([group.key, group.items]));
}

/** What `map`, `select` and `reject` go over: Jinja asks for an iterable only where there is something. */
function itemsOf(value: Value): readonly Value[] {
  return isTrue(value) ? iterate(value) : [];
}

function map(value: Value, given: Arguments): Value {
  const path = given.named.get('attribute');
  if (path !== undefined) {
    const fallback = given.named.get('default');
    return itemsOf(value).map((item) => {
      const found = pathOf(item, path);
      return found instanceof Undefined && fallback !== undefined ? fallback : found;
    });
  }
  const [name, ...positional] = given.positional;
  if (name === undefined) throw new PyError('map requires a filter argument');
  const filter = filterOf(str(name));
  return itemsOf(value).map((item) => filter(item, { positional, named: given.named }));
}

function choose(keeps: boolean, byAttribute: boolean): Filter {
  return (value, given) => {
    const positional = [...given.positional];
    const path = byAttribute ? positional.shift() : undefined;
    if (byAttribute && path === undefined) throw new PyError('Missing parameter for attribute name');
    const [name, ...rest] = positional;
    const predicate = name === undefined ? isTrue : predicateOf(str(name));
    return itemsOf(value).filter((item) => predicate(path === undefined ? item : pathOf(item, path), rest) === keeps);
  };
}

function toInt(value: Value, given: Arguments): Value {
  const fallback = argument(given, 0, 'default') ?? 0;
  const number = numberOf(value);
  if (number !== undefined)
    return typeof number === 'bigint' ? number : Number.isFinite(number) ? Math.trunc(number) : fallback;
  if (typeof value !== 'string' || !/^\s*[+-]?(\d[\d_]*)(\.\d*)?(e[+-]?\d+)?\s*$/i.test(value)) return fallback;
  return Math.trunc(Number(value.replaceAll('_', '')));
}

function toFloat(value: Value, given: Arguments): Value {
  const number =
    numberOf(value) ?? (typeof value === 'string' && value.trim() !== '' ? Number(value.replaceAll('_', '')) : NaN);
  return Number.isNaN(Number(number)) ? (argument(given, 0, 'default') ?? new Float(0)) : new Float(Number(number));
}

function round(value: Value, given: Arguments): Value {
  const digits = whole(argument(given, 0, 'precision'), 0);
  const how = str(argument(given, 1, 'method') ?? 'common');
  const number = Number(numberOf(value));
  if (Number.isNaN(number)) throw new PyError(`type ${typeName(value)} doesn't define round`);
  if (how === 'common' && !(value instanceof Float) && digits >= 0) return value;
  if (how === 'common') {
    if (digits >= 0) return new Float(Number(fixed(number, digits)));
    return new Float(Math.round(number / 10 ** -digits) * 10 ** -digits);
  }
  return new Float(Math[how === 'ceil' ? 'ceil' : 'floor'](number * 10 ** digits) / 10 ** digits);
}

function batch(value: Value, given: Arguments): Value {
  const size = whole(argument(given, 0, 'linecount'), 1);
  const fill = argument(given, 1, 'fill_with') ?? null;
  const items = iterate(value);
  const rows: Value[][] = [];
  for (let at = 0; at < items.length; at += size) rows.push(items.slice(at, at + size));
  const last = rows.at(-1);
  if (fill !== null && last) while (last.length < size) last.push(fill);
  return rows;
}

function indent(value: Value, given: Arguments): Value {
  const width = argument(given, 0, 'width') ?? 4;
  const margin = typeof width === 'string' ? width : ' '.repeat(whole(width, 4));
  const first = isTrue(argument(given, 1, 'first') ?? false);
  const blank = isTrue(argument(given, 2, 'blank') ?? false);
  return str(value)
    .split('\n')
    .map((line, i) => ((i === 0 ? first : blank || line !== '') ? margin + line : line))
    .join('\n');
}

function replace(value: Value, given: Arguments): Value {
  return methodOf(str(value), 'replace')?.call(given) as Value; // A string always has it, and it is not async.
}

const asBool: Filter = (value) => {
  if (typeof value !== 'string') return value;
  const text = value.toLowerCase();
  if (text === 'true' || text === 'false') return text === 'true';
  throw new PyError(`Could not convert value '${value}' into type 'bool'`);
};

const FILTERS: Readonly<Record<string, Filter>> = {
  abs: (value) => (isTrue(value) && order(value, 0) < 0 ? binary('-', 0, value) : value),
  attr: (value, given) => attributeOf(value, str(given.positional[0] ?? '')),
  batch,
  capitalize: (value) => capitalize(str(value)),
  center: (value, given) => {
    const text = str(value);
    const width = whole(argument(given, 0, 'width'), 80);
    const left = Math.max(0, Math.floor((width - text.length) / 2));
    return (' '.repeat(left) + text).padEnd(width);
  },
  count: lengthOf,
  length: lengthOf,
  default: (value, given) => {
    const isMissing = value instanceof Undefined || (isTrue(argument(given, 1, 'boolean') ?? false) && !isTrue(value));
    return isMissing ? (firstOf(given.positional[0], given.named.get('default_value'), '') ?? null) : value;
  },
  dictsort: (value, given) => {
    if (!(value instanceof Dict)) throw new PyError('dictsort needs a dict');
    const by = str(argument(given, 1, 'by') ?? 'key') === 'key' ? 0 : 1;
    const fold = comparable(given, 0);
    const sign = isTrue(argument(given, 2, 'reverse') ?? false) ? -1 : 1;
    const entries = value.entries().toSorted((a, b) => sign * order(fold(a[by]), fold(b[by])));
    return entries.map((entry) => new Tuple(entry));
  },
  first: (value) => itemAt(value, 0),
  last: (value) => itemAt(value, -1),
  float: toFloat,
  int: toInt,
  format: (value, given) =>
    formatPercent(str(value), given.named.size > 0 ? new Dict(given.named) : new Tuple(given.positional)),
  groupby,
  indent,
  items: (value) => (value instanceof Dict ? value.entries().map((entry) => new Tuple(entry)) : []),
  join: (value, given) => {
    const path = argument(given, 1, 'attribute') ?? null;
    const items = iterate(value).map((item) => str(path === null ? item : pathOf(item, path)));
    return items.join(str(argument(given, 0, 'd') ?? ''));
  },
  list: (value) => [...iterate(value)],
  lower: (value) => str(value).toLowerCase(),
  upper: (value) => str(value).toUpperCase(),
  map,
  max: extreme(-1),
  min: extreme(1),
  reject: choose(false, false),
  rejectattr: choose(false, true),
  select: choose(true, false),
  selectattr: choose(true, true),
  replace,
  reverse: (value) =>
    typeof value === 'string' ? Array.from(value).reverse().join('') : [...iterate(value)].reverse(),
  round,
  safe: (value) => value,
  sort,
  string: str,
  sum: (value, given) => {
    const path = argument(given, 0, 'attribute') ?? null;
    const start = argument(given, 1, 'start') ?? 0;
    return iterate(value).reduce((total, item) => binary('+', total, path === null ? item : pathOf(item, path)), start);
  },
  title: (value) => str(value).replace(/[^-\s({[<]+/g, capitalize),
  tojson: (value) => toJson(value, true),
  trim: (value, given) => methodOf(str(value), 'strip')?.call(given) as Value, // As with `replace`.
  unique,
  wordcount: (value) => str(value).match(/\w+/g)?.length ?? 0,
  // dbt's own, which say what type a text in YAML is meant to have.
  as_text: (value) => (value === null ? '' : str(value)),
  is_list: (value) => Array.isArray(value),
  as_bool: asBool,
  as_native: (value) => value,
  as_number: (value) => (typeof value === 'string' && !value.includes('.') ? toInt(value, NONE) : toFloat(value, NONE)),
};

const ALIASES: Readonly<Record<string, string>> = { d: 'default', e: 'safe', escape: 'safe' };

/** The filter of that name. @throws PyError if there is none. */
export function filterOf(name: string): Filter {
  const known = ALIASES[name] ?? name;
  const filter = Object.hasOwn(FILTERS, known) ? FILTERS[known] : undefined;
  if (filter === undefined) throw new PyError(`No filter named '${name}'`);
  return filter;
}
