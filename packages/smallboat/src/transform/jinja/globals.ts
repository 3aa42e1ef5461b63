import { entriesOf } from './methods.ts';
import type { Arguments, Value } from './value.ts';
import { Dict, Fn, Namespace, PyError, PySet, Tuple, iterate, numberOf } from './value.ts';
import { str } from './value.ts';

function range({ positional }: Arguments): Value {
  const numbers = positional.map((value) => Number(numberOf(value)));
  const [start = 0, stop = 0, step = 1] = numbers.length === 1 ? [0, ...numbers] : numbers;
  if (step === 0) throw new PyError('range() arg 3 must not be zero');
  const out: number[] = [];
  for (let i = start; step > 0 ? i < stop : i > stop; i += step) out.push(i);
  return out;
}

function zip(lists: readonly Value[]): Value[] {
  const columns = lists.map(iterate);
  const length = Math.min(...columns.map((column) => column.length));
  return Array.from(
    { length: columns.length === 0 ? 0 : length },
    (_, i) => new Tuple(columns.map((column) => column[i] ?? null)),
  );
}

/** Functions that every Jinja template has. */
export const JINJA_GLOBALS: Readonly<Record<string, Value>> = {
  range: new Fn('range', range),
  dict: new Fn('dict', (given) => new Dict(entriesOf(given))),
  namespace: new Fn(
    'namespace',
    (given) => new Namespace(entriesOf(given).map(([key, value]) => [str(key), value] as const)),
  ),
  // dbt's own: sets and zips, and the forms that fail instead of giving the default.
  set: new Fn('set', ({ positional }) => new PySet(iterate(positional[0] ?? []))),
  set_strict: new Fn('set_strict', ({ positional }) => new PySet(iterate(positional[0] ?? []))),
  zip: new Fn('zip', ({ positional }) => zip(positional)),
  zip_strict: new Fn('zip_strict', ({ positional }) => zip(positional)),
};
