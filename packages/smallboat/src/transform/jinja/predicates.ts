import { contains, equals, order } from './operators.ts';
import type { Value } from './value.ts';
import { Dict, Float, Fn, PyError, PyObject, PySet, Tuple, Undefined, numberOf } from './value.ts';

/** What stands after `is`: `x is divisibleby 3` is `divisibleby(x, [3])`. */
export type Predicate = (value: Value, given: readonly Value[]) => boolean;

const whole = (value: Value | undefined): number => Number(numberOf(value ?? null));
const isInteger = (value: Value): boolean => typeof value === 'number' || typeof value === 'bigint';
const isNumber = (value: Value): boolean => numberOf(value) !== undefined;
const isSequence = (value: Value): boolean =>
  typeof value === 'string' ||
  Array.isArray(value) ||
  value instanceof Tuple ||
  value instanceof Dict ||
  (value instanceof PyObject && !(value instanceof PySet) && 'items' in value && Array.isArray(value.items));

const equal: Predicate = (value, [other = null]) => equals(value, other);
const greater: Predicate = (value, [other = null]) => order(value, other) > 0;
const atLeast: Predicate = (value, [other = null]) => order(value, other) >= 0;
const less: Predicate = (value, [other = null]) => order(value, other) < 0;
const atMost: Predicate = (value, [other = null]) => order(value, other) <= 0;
const differs: Predicate = (value, [other = null]) => !equals(value, other);

const PREDICATES: Readonly<Record<string, Predicate>> = {
  defined: (value) => !(value instanceof Undefined),
  undefined: (value) => value instanceof Undefined,
  none: (value) => value === null,
  boolean: (value) => typeof value === 'boolean',
  true: (value) => value === true,
  false: (value) => value === false,
  integer: isInteger,
  float: (value) => value instanceof Float,
  number: isNumber,
  string: (value) => typeof value === 'string',
  mapping: (value) => value instanceof Dict || (value instanceof PyObject && value.isMapping === true),
  sequence: isSequence,
  iterable: (value) =>
    isSequence(value) || value instanceof Undefined || (value instanceof PyObject && 'items' in value),
  callable: (value) => value instanceof Fn,
  sameas: (value, [other = null]) => value === other,
  odd: (value) => Math.abs(whole(value) % 2) === 1,
  even: (value) => whole(value) % 2 === 0,
  divisibleby: (value, [by]) => whole(value) % whole(by) === 0,
  in: (value, [container = null]) => contains(container, value),
  lower: (value) => typeof value === 'string' && value !== value.toUpperCase() && value === value.toLowerCase(),
  upper: (value) => typeof value === 'string' && value !== value.toLowerCase() && value === value.toUpperCase(),
  '==': equal,
  eq: equal,
  equalto: equal,
  '!=': differs,
  ne: differs,
  '>': greater,
  gt: greater,
  greaterthan: greater,
  '>=': atLeast,
  ge: atLeast,
  '<': less,
  lt: less,
  lessthan: less,
  '<=': atMost,
  le: atMost,
};

export function predicateOf(name: string): Predicate {
  const predicate = Object.hasOwn(PREDICATES, name) ? PREDICATES[name] : undefined;
  if (predicate === undefined) throw new PyError(`No test named '${name}'`);
  return predicate;
}
