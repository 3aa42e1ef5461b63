import { dtypeNamed, dtypeWith, latinBytes, numpyArray, scalar } from './pickle-numpy.ts';
import { Part, type Reading, refusedType } from './pickle-part.ts';
import { date, dateTime, zoneNamed } from './pickle-times.ts';

/** Numbers that a `range` may stand for, all ranges of a pickle together. */
const MAX_RANGE = 1 << 20;

type Build = (args: readonly unknown[], reading: Reading) => unknown;

/** All that may be called in a pickle, and what we do in place of calling it. */
const CALLS: Readonly<Record<string, Build>> = {
  'builtins.set': ([items], reading) => new Set(listOf(items, reading)),
  'builtins.frozenset': ([items], reading) => new Set(listOf(items, reading)),
  'builtins.list': ([items], reading) => [...listOf(items, reading)],
  'builtins.tuple': ([items], reading) => [...listOf(items, reading)],
  'builtins.bytearray': ([content], reading) => bytesOf(content, reading),
  'builtins.bytes': ([content], reading) => bytesOf(content, reading),
  'builtins.range': range,
  'collections.OrderedDict': ([pairs], reading) => dictOf(pairs, reading),
  'collections.defaultdict': () => ({}),
  'collections.Counter': ([counts], reading) => mapping(counts, reading),
  'collections.deque': ([items], reading) => [...listOf(items, reading)],
  '_codecs.encode': ([text], reading) => latinBytes(text, reading),
  'datetime.datetime': ([packed, zone], reading) => dateTime(bytesOf(packed, reading), zone, reading),
  'datetime.date': ([packed], reading) => date(bytesOf(packed, reading), reading),
  'datetime.timedelta': ([days = 0, seconds = 0, micros = 0], reading) =>
    new Part(
      'timedelta',
      'datetime.timedelta',
      864e5 * count(days, reading) + 1e3 * count(seconds, reading) + count(micros, reading) / 1e3,
    ),
  'datetime.timezone': ([offset], reading) => timezone(offset, reading),
  'zoneinfo.ZoneInfo._unpickle': ([name]) => zoneNamed(name),
  'builtins.getattr': ([of, name], reading) => attribute(of, name, reading),
  'pytz._UTC': () => new Part('timezone', 'pytz.UTC', 0),
  'numpy.dtype': ([name], reading) => dtypeNamed(name, reading),
  'numpy.core.multiarray._reconstruct': ([of], reading) => emptyArray(of, reading),
  'numpy.core.multiarray.scalar': ([dtype, content], reading) => scalar(dtype, content, reading),
  'numpy.core.numeric._frombuffer': ([content, dtype, shape, order], reading) =>
    numpyArray({ content, dtype, shape, isFortran: order === 'F' }, reading),
  'types.SimpleNamespace': () => new Part('object', 'types.SimpleNamespace'),
  // Metaflow's own, as their fields.
  'metaflow.user_configs.config_parameters.ConfigValue': ([values], reading) => mapping(values, reading),
  'metaflow.exception.MetaflowExceptionWrapper': () =>
    new Part('object', 'metaflow.exception.MetaflowExceptionWrapper'),
  // How an Arrow table is written: see `writeArrow`. Only whole does it mean anything.
  'builtins.next': ([from, otherwise], reading) => nextOf(from, otherwise, reading),
  'builtins.map': () => lazy('builtins.map'),
  'builtins.filter': () => lazy('builtins.filter'),
  'operator.methodcaller': () => lazy('operator.methodcaller'),
  'pydoc.locate': () => lazy('pydoc.locate'),
};

/** Names that may stand in a pickle without being called: what something is made of. */
const NAMES: ReadonlySet<string> = new Set([
  'numpy.ndarray',
  'zoneinfo.ZoneInfo',
  ...['int', 'float', 'str', 'bool', 'dict'].map((name) => `builtins.${name}`),
]);

/** Classes that are made empty and then given their fields, and what we make of the fields. */
const OBJECTS: Readonly<Record<string, (fields: Readonly<Record<string, unknown>>) => unknown>> = {
  'types.SimpleNamespace': (fields) => fields,
  'metaflow.exception.MetaflowExceptionWrapper': (fields) => fields,
  'metaflow.includefile.IncludedFile': ({ _descriptor: descriptor }) => descriptor,
};

/** Named tuples of Metaflow's own, and their fields. */
const TUPLES: Readonly<Record<string, readonly string[]>> = {
  '__main__.ForeachFrame': ['step', 'var', 'num_splits', 'index', 'value'],
};

/** Modules from which no named tuple comes, only functions and worse. */
const NO_TUPLES: ReadonlySet<string> = new Set(
  'builtins os posix nt sys subprocess pty socket shutil importlib runpy code codeop timeit ctypes pickle marshal pip'.split(
    ' ',
  ),
);

/** Names of Python 2, in which Python writes what it calls otherwise where the protocol is below 3. */
const OLD_NAMES: Readonly<Record<string, string>> = { xrange: 'range', long: 'int', unicode: 'str' };

/** Python 2's names, and numpy 2's, of the same things. */
function canonical(module: string, name: string): string {
  if (module !== '__builtin__') return `${module.replace(/^numpy\._core\./, 'numpy.core.')}.${name}`;
  return `builtins.${Object.hasOwn(OLD_NAMES, name) ? OLD_NAMES[name] : name}`;
}

/** What a name stands for: one that we know, or a class of which we only know the name. */
export function globalNamed(module: string, name: string): Part {
  const known = canonical(module, name);
  if (Object.hasOwn(CALLS, known) || Object.hasOwn(OBJECTS, known) || NAMES.has(known))
    return new Part('global', known);
  const isTuple = !NO_TUPLES.has(module.split('.', 1)[0] ?? '') && module !== '__builtin__';
  if (!isTuple) throw refusedType(known);
  return new Part('class', `${module}.${name}`);
}

/** What a call of a listed name with these arguments makes. Throws `PICKLE_TYPE_REFUSED` for any other name. */
export function reduce(callable: unknown, args: unknown, reading: Reading): unknown {
  if (callable instanceof Part && callable.kind === 'class') throw refusedType(callable.name);
  const isGlobal = callable instanceof Part && callable.kind === 'global';
  const build = isGlobal && Object.hasOwn(CALLS, callable.name) ? CALLS[callable.name] : undefined;
  if (build === undefined || !Array.isArray(args)) throw reading.invalid('a call of something that is not called so');
  return build(args, reading);
}

/**
 * What `cls.__new__(cls, *args)` is: a named tuple as a list of its values, as an object where we know its fields; an object that waits for
 * its fields. A class of one value or none could be anything, and is refused.
 */
export function newObject(cls: unknown, args: unknown, reading: Reading): unknown {
  if (!(cls instanceof Part) || !Array.isArray(args)) throw reading.invalid('an instance of no class');
  if (cls.kind === 'global' && Object.hasOwn(OBJECTS, cls.name) && args.length === 0)
    return new Part('object', cls.name);
  if (cls.kind !== 'class' || args.length < 2) throw refusedType(cls.name);
  const fields = Object.hasOwn(TUPLES, cls.name) ? TUPLES[cls.name] : undefined;
  reading.charge(args.length);
  return fields ? Object.fromEntries(fields.map((field, i) => [field, args[i] ?? null])) : [...args];
}

/** What `target` becomes by the state that Python would set on it. */
export function build(target: unknown, state: unknown, reading: Reading): unknown {
  if (target instanceof Part && target.kind === 'dtype' && Array.isArray(state))
    return dtypeWith(target, state, reading);
  if (target instanceof Part && target.kind === 'array' && Array.isArray(state)) {
    const [, shape, dtype, isFortran, content]: unknown[] = state;
    return numpyArray({ content, dtype, shape, isFortran: isFortran === true }, reading);
  }
  if (target instanceof Part && target.kind === 'object' && isRecord(state)) {
    return Object.hasOwn(OBJECTS, target.name) ? OBJECTS[target.name]?.(state) : undefined;
  }
  throw reading.invalid('a state for something that has none');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function listOf(items: unknown, reading: Reading): readonly unknown[] {
  if (items === undefined) return [];
  if (!Array.isArray(items)) throw reading.invalid('a list was expected');
  reading.charge(items.length);
  return items;
}

function bytesOf(content: unknown, reading: Reading): Uint8Array {
  if (content === undefined) return new Uint8Array(0);
  return content instanceof Uint8Array ? content : latinBytes(content, reading);
}

function dictOf(pairs: unknown, reading: Reading): object {
  const entries = listOf(pairs, reading).map((pair): [unknown, unknown] => {
    const [key, value]: unknown[] = Array.isArray(pair) ? pair : [];
    return [key, value];
  });
  return entries.every(([key]) => typeof key === 'string') ? Object.fromEntries(entries) : new Map(entries);
}

function mapping(values: unknown, reading: Reading): unknown {
  if (values === undefined) return {};
  if (values instanceof Map || isRecord(values)) return values;
  throw reading.invalid('a dict was expected');
}

function count(value: unknown, reading: Reading): number {
  if (typeof value === 'number') return value;
  throw reading.invalid('a number was expected');
}

function timezone(offset: unknown, reading: Reading): Part {
  if (!(offset instanceof Part) || offset.kind !== 'timedelta') throw reading.invalid('a timezone without an offset');
  return new Part('timezone', 'datetime.timezone', offset.held);
}

function range(args: readonly unknown[], reading: Reading): readonly number[] {
  const [start, stop, step] = args.map((arg) => count(arg, reading));
  if (start === undefined || stop === undefined || step === undefined || step === 0)
    throw reading.invalid('a range of nothing');
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (length > MAX_RANGE) throw refusedType(`a range of ${length} numbers`);
  reading.charge(length);
  return Array.from({ length }, (_, i) => start + i * step);
}

function emptyArray(of: unknown, reading: Reading): Part {
  if (!(of instanceof Part)) throw reading.invalid('an array of no class');
  if (of.name !== 'numpy.ndarray') throw refusedType(of.name);
  return new Part('array', 'numpy.ndarray');
}

/** `ZoneInfo._unpickle`, as protocols below 4 name it. */
function attribute(of: unknown, name: unknown, reading: Reading): Part {
  if (!(of instanceof Part) || typeof name !== 'string') throw reading.invalid('an attribute of nothing');
  if (of.name !== 'zoneinfo.ZoneInfo' || name !== '_unpickle') throw refusedType(`${of.name}.${name}`);
  return new Part('global', 'zoneinfo.ZoneInfo._unpickle');
}

function lazy(name: string): Part {
  return new Part('lazy', name);
}

function nextOf(from: unknown, otherwise: unknown, reading: Reading): Part {
  const file = isRecord(otherwise) ? otherwise['arrow'] : undefined;
  if (!(from instanceof Part) || from.kind !== 'lazy' || !(file instanceof Uint8Array)) {
    throw reading.invalid('a call of something that is not called so');
  }
  return new Part('arrow', 'builtins.next', file);
}
