import type { Value } from './value.ts';
import { Dict, Float, PyError, Tuple, numberOf, repr, str, typeName } from './value.ts';

const PERCENT = /%(?:\((?<name>[^)]*)\))?(?<flags>[-+ 0#]*)(?<width>\d+)?(?:\.(?<precision>\d+))?(?<kind>[a-zA-Z%])/g;

/** Python's `'%s_%03d' % values`. */
export function formatPercent(text: string, given: Value): string {
  const values = given instanceof Tuple ? given.items : [given];
  let next = 0;
  const out = text.replace(PERCENT, (_all, ...rest) => {
    const { name, flags = '', width, precision, kind = '' } = rest.at(-1) as Record<string, string | undefined>;
    if (kind === '%') return '%';
    if (name === undefined && next >= values.length) throw new PyError('not enough arguments for format string');
    const value = name === undefined ? (values[next++] ?? null) : given instanceof Dict ? given.get(name) : undefined;
    if (value === undefined) throw new PyError(`format string has no value for '${name ?? ''}'`);
    const spec = {
      isLeft: flags.includes('-'),
      sign: flags.includes('+') ? '+' : '',
      fill: flags.includes('0') ? '0' : ' ',
      width: Number(width ?? 0),
    };
    return pad(percentValue(kind, value, precision), spec);
  });
  if (next < values.length && !(given instanceof Dict) && given instanceof Tuple) {
    throw new PyError('not all arguments converted during string formatting');
  }
  return out;
}

function percentValue(kind: string, value: Value, precision: string | undefined): string {
  if (kind === 's') return str(value).slice(0, precision === undefined ? undefined : Number(precision));
  if (kind === 'r') return repr(value);
  const number = numberOf(value);
  if (number === undefined) throw new PyError(`%${kind} format: a number is required, not ${typeName(value)}`);
  if (kind === 'd' || kind === 'i') return String(typeof number === 'bigint' ? number : Math.trunc(number));
  if (kind === 'x') return number.toString(16);
  if (kind === 'f' || kind === 'F') return fixed(Number(number), Number(precision ?? 6));
  if (kind === 'e')
    return Number(number)
      .toExponential(Number(precision ?? 6))
      .replace(/e([+-])(\d)$/, 'e$10$2');
  throw new PyError(`unsupported format character '${kind}'`);
}

interface Pad {
  readonly isLeft: boolean;
  readonly sign: string;
  readonly fill: string;
  readonly width: number;
}

function pad(text: string, { isLeft, sign, fill, width }: Pad): string {
  const isNumber = /^-?\d/.test(text);
  const signed = sign !== '' && isNumber && !text.startsWith('-') ? sign + text : text;
  if (isLeft) return signed.padEnd(width);
  if (fill !== '0' || !isNumber) return signed.padStart(width, fill === '0' ? ' ' : fill);
  const head = /^[+-]/.exec(signed)?.[0] ?? '';
  return head + signed.slice(head.length).padStart(width - head.length, '0');
}

/** A number with `digits` decimals; a value half-way goes to the even digit where it is exactly half, as in Python. */
export function fixed(number: number, digits: number): string {
  const text = number.toFixed(digits);
  const scaled = number * 10 ** digits;
  if (digits <= 15 && Math.abs(scaled % 1) === 0.5 && Math.abs(scaled) < 2 ** 52 && scaled / 10 ** digits === number) {
    const even = 2 * Math.round(scaled / 2);
    return (even / 10 ** digits).toFixed(digits);
  }
  return text;
}

/** Python's `'{}-{name:>5}'.format(…)`. */
export function formatBraces(text: string, positional: readonly Value[], named: ReadonlyMap<string, Value>): string {
  let next = 0;
  return text.replace(
    /\{\{|\}\}|\{([^{}:!]*)(?:!([rs]))?(?::([^{}]*))?\}/g,
    (all, field?: string, how?: string, spec?: string) => {
      if (all === '{{' || all === '}}') return all.slice(1);
      const name = field ?? '';
      const value = name === '' ? positional[next++] : /^\d+$/.test(name) ? positional[Number(name)] : named.get(name);
      if (value === undefined) throw new PyError(`format has no value for '{${name}}'`);
      const shown = how === 'r' ? repr(value) : value;
      return spec === undefined || spec === '' ? str(shown) : formatSpec(shown, spec);
    },
  );
}

function formatSpec(value: Value, spec: string): string {
  const parts = /^(?:(.)?([<>^]))?([+ ])?(0)?(\d+)?(,)?(?:\.(\d+))?([a-z%])?$/.exec(spec);
  if (parts === null) throw new PyError(`Invalid format specifier '${spec}'`);
  const [, fill = ' ', align, sign = '', zero, width = '0', comma, precision, kind] = parts;
  const number = numberOf(value);
  let text = str(value);
  if (kind === 'f' || (kind === undefined && precision !== undefined && value instanceof Float)) {
    text = fixed(Number(number), Number(precision ?? 6));
  } else if (kind === '%') text = `${fixed(Number(number) * 100, Number(precision ?? 6))}%`;
  else if (precision !== undefined && typeof value === 'string') text = text.slice(0, Number(precision));
  if (comma !== undefined) text = text.replace(/^-?\d+/, (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ','));
  const size = Number(width);
  if (align === '^') {
    const left = Math.max(0, Math.floor((size - text.length) / 2));
    return (fill.repeat(left) + text).padEnd(size, fill);
  }
  const isLeft = align === '<' || (align === undefined && number === undefined);
  if (isLeft) return text.padEnd(size, fill);
  return pad(text, { isLeft, sign, fill: zero ?? fill, width: size });
}
