import { codecOf } from './codecs.ts';
import { areDictKeys } from './python-keys.ts';
import { type ValueKind, kindOf } from './value-kind.ts';

/** By kind; of what Python cannot always have as a dict or a set, the one that it mostly is. */
const NAMES: Readonly<Record<ValueKind, string>> = {
  list: 'list',
  record: 'dict',
  bare: 'dict',
  map: 'dict',
  set: 'set',
  date: 'datetime.datetime',
  bytes: 'bytes',
  buffer: 'bytes',
  dataView: 'bytes',
  arrayBuffer: 'bytes',
  numbers: 'numpy.ndarray',
  clamped: 'numpy.ndarray',
  ndArray: 'numpy.ndarray',
  table: 'pyarrow.lib.Table',
};

/** What Python says of the type of a stored value: `<class 'dict'>`. Of what a codec packs it is not looked for. */
export function pythonTypeOf(value: unknown): string {
  return `<class '${nameOf(value)}'>`;
}

function nameOf(value: unknown): string {
  if (typeof value === 'number') return Number.isSafeInteger(value) && !Object.is(value, -0) ? 'int' : 'float';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'str';
  return typeof value === 'object' && value !== null ? nameOfObject(value) : 'NoneType';
}

function nameOfObject(value: object): string {
  const kind = codecOf(value) === undefined ? kindOf(value) : undefined;
  if (kind === undefined) return 'object';
  const isList =
    (kind === 'map' || kind === 'set') && !areDictKeys(value as Map<unknown, unknown> | Set<unknown>, () => true);
  return isList ? 'list' : NAMES[kind];
}
