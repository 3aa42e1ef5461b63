import type { BinaryOperator, CompareOperator } from './ast.ts';
import { formatPercent } from './format.ts';
import { orderOfDates, shiftDate } from './datetime.ts';
import type { Value } from './value.ts';
import { Dict, Float, PyError, PyObject, PySet, Tuple, Undefined, iterate, numberOf, str, typeName } from './value.ts';

/** An integer as a number while it is exact, as a bigint beyond. */
export function integer(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

/** `left operator right` as Python computes it. */
export function binary(operator: BinaryOperator, left: Value, right: Value): Value {
  if (operator === '~') return str(left) + str(right);
  for (const value of [left, right]) {
    if (value instanceof Undefined) {
      if (value.isLenient) return value;
      throw new PyError(value.problem);
    }
  }
  if (operator === '%' && typeof left === 'string') return formatPercent(left, right);
  if (operator === '+') {
    if (typeof left === 'string' && typeof right === 'string') return left + right;
    if (Array.isArray(left) && Array.isArray(right)) return [...left, ...right];
    if (left instanceof Tuple && right instanceof Tuple) return new Tuple([...left.items, ...right.items]);
  }
  if (operator === '+' || operator === '-') {
    const shifted = shiftDate(operator, left, right);
    if (shifted !== undefined) return shifted;
  }
  if (operator === '*') {
    const repeated = repeat(left, right) ?? repeat(right, left);
    if (repeated !== undefined) return repeated;
  }
  if (operator === '-' && left instanceof PySet && right instanceof PySet) {
    return new PySet(left.items.filter((item) => !right.has(item)));
  }
  const a = numberOf(left);
  const b = numberOf(right);
  if (a === undefined || b === undefined) {
    throw new PyError(`unsupported operand type(s) for ${operator}: '${typeName(left)}' and '${typeName(right)}'`);
  }
  if (operator === '/' || left instanceof Float || right instanceof Float)
    return floats(operator, Number(a), Number(b));
  return integers(operator, BigInt(a), BigInt(b));
}

function repeat(value: Value, times: Value): Value | undefined {
  if (typeof times !== 'number') return undefined;
  const count = Math.max(0, times);
  if (typeof value === 'string') return value.repeat(count);
  return Array.isArray(value) ? Array.from({ length: count }, () => value).flat() : undefined;
}

function floats(operator: Exclude<BinaryOperator, '~'>, a: number, b: number): Float {
  if (b === 0 && (operator === '/' || operator === '//' || operator === '%')) throw new PyError('division by zero');
  switch (operator) {
    case '+':
      return new Float(a + b);
    case '-':
      return new Float(a - b);
    case '*':
      return new Float(a * b);
    case '**':
      return new Float(a ** b);
    case '/':
      return new Float(a / b);
    case '//':
      return new Float(Math.floor(a / b));
    case '%':
      return new Float(a - b * Math.floor(a / b));
    default:
      return operator;
  }
}

function integers(operator: Exclude<BinaryOperator, '~' | '/'>, a: bigint, b: bigint): Value {
  if (b === 0n && (operator === '//' || operator === '%')) throw new PyError('integer division or modulo by zero');
  // Python rounds down where JavaScript cuts: -7 // 2 is -4.
  const down = (): bigint => a / b - (a % b !== 0n && a < 0n !== b < 0n ? 1n : 0n);
  switch (operator) {
    case '+':
      return integer(a + b);
    case '-':
      return integer(a - b);
    case '*':
      return integer(a * b);
    case '**':
      return b < 0n ? new Float(Number(a) ** Number(b)) : integer(a ** b);
    case '//':
      return integer(down());
    case '%':
      return integer(a - b * down());
    default:
      return operator;
  }
}

export function equals(left: Value, right: Value): boolean {
  if (left === right) return true;
  const a = numberOf(left);
  const b = numberOf(right);
  if (a !== undefined && b !== undefined) return typeof a === typeof b ? a === b : !(a < b) && !(a > b);
  if (Array.isArray(left)) return Array.isArray(right) && sameItems(left, right);
  if (left instanceof Tuple) return right instanceof Tuple && sameItems(left.items, right.items);
  if (left instanceof Dict && right instanceof Dict) {
    return (
      left.size === right.size &&
      left.entries().every(([key, value]) => {
        const other = right.get(key);
        return other !== undefined && equals(value, other);
      })
    );
  }
  if (left instanceof PySet && right instanceof PySet) {
    return left.items.length === right.items.length && left.items.every((item) => right.has(item));
  }
  if (left instanceof PyObject && left.equals) return left.equals(right);
  if (orderOfDates(left, right) === 0) return true;
  return left instanceof Undefined && right instanceof Undefined;
}

function sameItems(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((item, i) => equals(item, b[i] ?? null));
}

/** Below 0 where `left` comes first, above 0 where `right` does. */
export function order(left: Value, right: Value): number {
  const a = numberOf(left);
  const b = numberOf(right);
  if (a !== undefined && b !== undefined) return a < b ? -1 : a > b ? 1 : 0;
  // By code point, as Python compares: JavaScript's own order differs beyond the basic plane.
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right);
  const dates = orderOfDates(left, right);
  if (dates !== undefined) return dates;
  const x = sequence(left);
  const y = sequence(right);
  if (x !== undefined && y !== undefined && Array.isArray(left) === Array.isArray(right)) {
    for (let i = 0; i < Math.min(x.length, y.length); i += 1) {
      const [one = null, other = null] = [x[i], y[i]];
      if (!equals(one, other)) return order(one, other);
    }
    return x.length - y.length;
  }
  throw new PyError(`'<' not supported between instances of '${typeName(left)}' and '${typeName(right)}'`);
}

function compareText(a: string, b: string): number {
  const x = Array.from(a);
  const y = Array.from(b);
  for (let i = 0; i < Math.min(x.length, y.length); i += 1) {
    const difference = (x[i]?.codePointAt(0) ?? 0) - (y[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return x.length - y.length;
}

function sequence(value: Value): readonly Value[] | undefined {
  if (Array.isArray(value)) return value;
  return value instanceof Tuple ? value.items : undefined;
}

export function contains(container: Value, item: Value): boolean {
  if (typeof container === 'string') {
    if (typeof item !== 'string') {
      throw new PyError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
    }
    return container.includes(item);
  }
  if (container instanceof Dict || container instanceof PySet) return container.has(item);
  return iterate(container).some((one) => equals(one, item));
}

export function compare(operator: CompareOperator, left: Value, right: Value): boolean {
  switch (operator) {
    case '==':
      return equals(left, right);
    case '!=':
      return !equals(left, right);
    case 'in':
      return contains(right, left);
    case 'not in':
      return !contains(right, left);
    case '<':
      return order(left, right) < 0;
    case '<=':
      return order(left, right) <= 0;
    case '>':
      return order(left, right) > 0;
    case '>=':
      return order(left, right) >= 0;
    default:
      return operator;
  }
}

/** `value[start:stop:step]`. */
export function slice(value: Value, bounds: readonly [Value, Value, Value]): Value {
  const items = typeof value === 'string' ? Array.from(value) : sequence(value);
  if (items === undefined) throw new PyError(`'${typeName(value)}' object is not subscriptable by a slice`);
  const [start, stop, by] = bounds.map((bound) => (bound === null ? undefined : Number(numberOf(bound))));
  const step = by ?? 1;
  if (step === 0) throw new PyError('slice step cannot be zero');
  const [low, high] = step > 0 ? [0, items.length] : [-1, items.length - 1];
  const place = (bound: number | undefined, otherwise: number): number =>
    bound === undefined ? otherwise : Math.min(high, Math.max(low, bound < 0 ? bound + items.length : bound));
  const from = place(start, step > 0 ? low : high);
  const to = place(stop, step > 0 ? high : low);
  const taken: Value[] = [];
  for (let i = from; step > 0 ? i < to : i > to; i += step) taken.push(items[i] ?? null);
  if (typeof value === 'string') return taken.map(str).join('');
  return value instanceof Tuple ? new Tuple(taken) : taken;
}
