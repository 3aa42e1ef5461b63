import { DateTime, dateOf, fromIso, makeDate, makeDelta } from './datetime.ts';
import { order } from './operators.ts';
import { re } from './regex.ts';
import { TimeZone, UTC, zoneNamed } from './time-zone.ts';
import type { Value } from './value.ts';
import { Bag, Fn, Tuple, iterate, numberOf, str } from './value.ts';

/** `modules` of dbt: the parts of Python's `datetime`, `pytz`, `re` and `itertools` that projects use. The clock says what `now` is. */
export function modulesAt(clock: () => Date): Bag {
  const moment = (zone: Value | undefined): DateTime => {
    const now = clock();
    return zone instanceof TimeZone
      ? new DateTime(new Date(now.getTime() + zone.offsetAt(now) * 60_000), true, zone)
      : new DateTime(now, true);
  };
  const datetime = new Fn('datetime', (given) => makeDate(given, true), {
    now: new Fn('now', ({ positional: [zone], named }) => moment(zone ?? named.get('tz'))),
    utcnow: new Fn('utcnow', () => new DateTime(clock(), true)),
    today: new Fn('today', () => new DateTime(clock(), true)),
    strptime: new Fn('strptime', ({ positional: [text = '', how = ''] }) => dateOf(str(text), str(how))),
    fromisoformat: new Fn('fromisoformat', ({ positional: [text = ''] }) => fromIso(str(text), true)),
    fromtimestamp: new Fn('fromtimestamp', ({ positional: [seconds = 0, zone] }) => {
      const at = new Date(Number(numberOf(seconds)) * 1000);
      return new DateTime(at, true, zone instanceof TimeZone ? zone : undefined);
    }),
    combine: new Fn('combine', ({ positional: [day = null] }) =>
      day instanceof DateTime ? new DateTime(day.at, true) : day,
    ),
  });
  const today = new Date(Math.floor(clock().getTime() / 86_400_000) * 86_400_000);
  const date = new Fn('date', (given) => makeDate(given, false), {
    today: new Fn('today', () => new DateTime(today, false)),
    fromisoformat: new Fn('fromisoformat', ({ positional: [text = ''] }) => fromIso(str(text), false)),
  });
  const timedelta = new Fn('timedelta', makeDelta);
  const timezone = new Bag('timezone', { utc: UTC });
  return new Bag('modules', {
    datetime: new Bag('datetime', { datetime, date, timedelta, timezone }),
    pytz: new Bag('pytz', {
      timezone: new Fn('timezone', ({ positional: [name = 'UTC'] }) => zoneNamed(name)),
      utc: UTC,
      UTC,
    }),
    re,
    itertools,
  });
}

const tuples = (lists: readonly (readonly Value[])[]): Value[] => lists.map((items) => new Tuple(items));

function combinations(items: readonly Value[], size: number): (readonly Value[])[] {
  if (size === 0) return [[]];
  return items.flatMap((first, i) => combinations(items.slice(i + 1), size - 1).map((rest) => [first, ...rest]));
}

function permutations(items: readonly Value[], size: number): (readonly Value[])[] {
  if (size === 0) return [[]];
  return items.flatMap((first, i) => permutations(items.toSpliced(i, 1), size - 1).map((rest) => [first, ...rest]));
}

const itertools = new Bag('itertools', {
  chain: new Fn('chain', ({ positional }) => positional.flatMap((list) => [...iterate(list)]), {
    from_iterable: new Fn('from_iterable', ({ positional: [lists = []] }) =>
      iterate(lists).flatMap((list) => [...iterate(list)]),
    ),
  }),
  product: new Fn('product', ({ positional, named }) => {
    const lists = positional.map(iterate);
    const times = Number(numberOf(named.get('repeat') ?? 1));
    const all = Array.from({ length: times }, () => lists).flat();
    return tuples(
      all.reduce<Value[][]>((made, list) => made.flatMap((head) => list.map((item) => [...head, item])), [[]]),
    );
  }),
  combinations: new Fn('combinations', ({ positional: [items = [], size = 1] }) =>
    tuples(combinations(iterate(items), Number(numberOf(size)))),
  ),
  permutations: new Fn('permutations', ({ positional: [items = [], size] }) => {
    const list = iterate(items);
    return tuples(permutations(list, size === undefined ? list.length : Number(numberOf(size))));
  }),
  zip_longest: new Fn('zip_longest', ({ positional, named }) => {
    const lists = positional.map(iterate);
    const fill = named.get('fillvalue') ?? null;
    return Array.from(
      { length: Math.max(0, ...lists.map((list) => list.length)) },
      (_, i) => new Tuple(lists.map((list) => list[i] ?? fill)),
    );
  }),
  islice: new Fn('islice', ({ positional: [items = [], first, second] }) => {
    const at = (value: Value | undefined): number | undefined =>
      value === undefined || value === null ? undefined : Number(numberOf(value));
    return second === undefined ? iterate(items).slice(0, at(first)) : iterate(items).slice(at(first), at(second));
  }),
  accumulate: new Fn('accumulate', ({ positional: [items = []] }) => {
    let sum = 0;
    return iterate(items).map((item) => (sum += Number(numberOf(item))));
  }),
  groupby: new Fn('groupby', ({ positional: [items = []] }) => {
    const groups: { key: Value; items: Value[] }[] = [];
    for (const item of iterate(items)) {
      const last = groups.at(-1);
      if (last && order(last.key, item) === 0) last.items.push(item);
      else groups.push({ key: item, items: [item] });
    }
    return groups.map((group) => new Tuple([group.key, group.items]));
  }),
  repeat: new Fn('repeat', ({ positional: [item = null, times = 1] }) =>
    Array.from({ length: Number(numberOf(times)) }, () => item),
  ),
});
