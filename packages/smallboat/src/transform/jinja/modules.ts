import type { Arguments, Value } from './value.ts';
import { Bag, Fn, PyError, PyObject, Tuple, numberOf, str } from './value.ts';

const DAY = 86_400_000;
const two = (n: number): string => String(n).padStart(2, '0');

/** A span of time, as subtracting two dates gives it. */
class TimeDelta extends PyObject {
  readonly type = 'timedelta';
  readonly milliseconds: number;
  constructor(milliseconds: number) {
    super();
    this.milliseconds = milliseconds;
  }
  override attribute(name: string): Value | undefined {
    if (name === 'days') return Math.floor(this.milliseconds / DAY);
    if (name === 'seconds') return Math.floor((this.milliseconds - DAY * Math.floor(this.milliseconds / DAY)) / 1000);
    return undefined;
  }
  print(): string {
    const days = Math.floor(this.milliseconds / DAY);
    const rest = new Date(this.milliseconds - days * DAY).toISOString().slice(11, 19).replace(/^0/, '');
    return days === 0 ? rest : `${days} day${Math.abs(days) === 1 ? '' : 's'}, ${rest}`;
  }
}

/** A date, or a date with a time; without a zone, as UTC. */
export class DateTime extends PyObject {
  readonly type: 'date' | 'datetime';
  readonly at: Date;
  constructor(at: Date, hasTime: boolean) {
    super();
    this.at = at;
    this.type = hasTime ? 'datetime' : 'date';
  }
  private get hasTime(): boolean {
    return this.type === 'datetime';
  }
  private readonly methods: Readonly<Record<string, (given: Arguments) => Value>> = {
    strftime: ({ positional }) => this.format(str(positional[0] ?? '')),
    isoformat: () => this.print().replace(' ', 'T'),
    date: () => new DateTime(this.at, false),
    weekday: () => (this.at.getUTCDay() + 6) % 7,
    isoweekday: () => this.at.getUTCDay() || 7,
    timestamp: () => this.at.getTime() / 1000,
    replace: ({ named }) => {
      const part = (name: string, value: number): number => Number(numberOf(named.get(name) ?? value));
      const { at } = this;
      return new DateTime(
        new Date(
          Date.UTC(
            part('year', at.getUTCFullYear()),
            part('month', at.getUTCMonth() + 1) - 1,
            part('day', at.getUTCDate()),
            part('hour', at.getUTCHours()),
            part('minute', at.getUTCMinutes()),
            part('second', at.getUTCSeconds()),
          ),
        ),
        this.hasTime,
      );
    },
  };
  override attribute(name: string): Value | undefined {
    switch (name) {
      case 'year':
        return this.at.getUTCFullYear();
      case 'month':
        return this.at.getUTCMonth() + 1;
      case 'day':
        return this.at.getUTCDate();
      case 'hour':
        return this.at.getUTCHours();
      case 'minute':
        return this.at.getUTCMinutes();
      case 'second':
        return this.at.getUTCSeconds();
      default: {
        const method = Object.hasOwn(this.methods, name) ? this.methods[name] : undefined;
        return method && new Fn(name, method);
      }
    }
  }
  print(): string {
    const iso = this.at.toISOString();
    if (!this.hasTime) return iso.slice(0, 10);
    const fraction = this.at.getUTCMilliseconds() === 0 ? '' : `.${iso.slice(20, 23)}000`;
    return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction}`;
  }
  private format(pattern: string): string {
    const { at } = this;
    const parts: Readonly<Record<string, string>> = {
      Y: String(at.getUTCFullYear()),
      m: two(at.getUTCMonth() + 1),
      d: two(at.getUTCDate()),
      H: two(at.getUTCHours()),
      M: two(at.getUTCMinutes()),
      S: two(at.getUTCSeconds()),
      y: two(at.getUTCFullYear() % 100),
      f: `${String(at.getUTCMilliseconds()).padStart(3, '0')}000`,
      j: String(Math.floor((at.getTime() - Date.UTC(at.getUTCFullYear(), 0, 1)) / DAY) + 1).padStart(3, '0'),
      B: at.toLocaleString('en', { month: 'long', timeZone: 'UTC' }),
      b: at.toLocaleString('en', { month: 'short', timeZone: 'UTC' }),
      A: at.toLocaleString('en', { weekday: 'long', timeZone: 'UTC' }),
      a: at.toLocaleString('en', { weekday: 'short', timeZone: 'UTC' }),
      '%': '%',
    };
    return pattern.replace(/%(.)/g, (all, letter: string) => parts[letter] ?? all);
  }
}

/** `+` and `-` of dates and spans; undefined where that is not what the operands are. */
export function shiftDate(operator: '+' | '-', left: Value, right: Value): Value | undefined {
  const sign = operator === '+' ? 1 : -1;
  if (left instanceof DateTime && right instanceof TimeDelta) {
    return new DateTime(new Date(left.at.getTime() + sign * right.milliseconds), left.type === 'datetime');
  }
  if (left instanceof DateTime && right instanceof DateTime && sign === -1) {
    return new TimeDelta(left.at.getTime() - right.at.getTime());
  }
  return undefined;
}

function dateOf(text: string, pattern: string): DateTime {
  const names: string[] = [];
  const expression = pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/%([YmdHMS])/g, (_all, letter: string) => {
    names.push(letter);
    return letter === 'Y' ? '(\\d{4})' : '(\\d{1,2})';
  });
  const found = new RegExp(`^${expression}$`).exec(text);
  if (found === null) throw new PyError(`time data '${text}' does not match format '${pattern}'`);
  const part = (letter: string, otherwise: number): number => Number(found[names.indexOf(letter) + 1] ?? otherwise);
  const has = (letter: string): boolean => names.includes(letter);
  const value = (letter: string, otherwise: number): number => (has(letter) ? part(letter, otherwise) : otherwise);
  return new DateTime(
    new Date(Date.UTC(value('Y', 1900), value('m', 1) - 1, value('d', 1), value('H', 0), value('M', 0), value('S', 0))),
    true,
  );
}

function numbers({ positional }: Arguments): number[] {
  return positional.map((value) => Number(numberOf(value)));
}

function makeDate(given: Arguments, hasTime: boolean): DateTime {
  const [year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0] = numbers(given);
  return new DateTime(new Date(Date.UTC(year, month - 1, day, hour, minute, second)), hasTime);
}

function makeDelta(given: Arguments): TimeDelta {
  const amount = (name: string): number => Number(numberOf(given.named.get(name) ?? 0));
  const days = (numbers(given)[0] ?? 0) + amount('days') + 7 * amount('weeks');
  const seconds = amount('seconds') + 60 * amount('minutes') + 3600 * amount('hours');
  return new TimeDelta(days * DAY + seconds * 1000 + amount('milliseconds'));
}

/** A pattern of Python as one of JavaScript: named groups are written differently. */
function pattern(text: Value | undefined, flags = 'u'): RegExp {
  return new RegExp(str(text ?? '').replaceAll('(?P<', '(?<'), flags);
}

function matchValue(found: RegExpExecArray | null): Value {
  if (found === null) return null;
  const group = new Fn('group', ({ positional: [which = 0] }) =>
    typeof which === 'string' ? (found.groups?.[which] ?? null) : (found[Number(numberOf(which))] ?? null),
  );
  const groups = new Fn('groups', () => new Tuple(found.slice(1).map((part) => part ?? null)));
  return new Bag('Match', { group, groups });
}

const re = new Bag('re', {
  match: new Fn('match', ({ positional: [what, text] }) => matchValue(pattern(what, 'uy').exec(str(text ?? '')))),
  search: new Fn('search', ({ positional: [what, text] }) => matchValue(pattern(what).exec(str(text ?? '')))),
  fullmatch: new Fn('fullmatch', ({ positional: [what, text] }) =>
    matchValue(new RegExp(`^(?:${pattern(what).source})$`, 'u').exec(str(text ?? ''))),
  ),
  sub: new Fn('sub', ({ positional: [what, by = '', text = ''] }) =>
    str(text).replace(
      pattern(what, 'gu'),
      str(by)
        .replaceAll('$', '$$$$')
        .replace(/\\g?<?(\d+)>?/g, '$$$1'),
    ),
  ),
  findall: new Fn('findall', ({ positional: [what, text] }) =>
    [...str(text ?? '').matchAll(pattern(what, 'gu'))].map((found) =>
      found.length > 2 ? new Tuple(found.slice(1)) : (found[1] ?? found[0]),
    ),
  ),
  split: new Fn('split', ({ positional: [what, text] }) => str(text ?? '').split(pattern(what))),
});

/** `modules` of dbt: the parts of Python's `datetime` and `re` that projects use. `now` is the time of the run. */
export function modulesAt(now: Date): Bag {
  const datetime = new Fn('datetime', (given) => makeDate(given, true), {
    now: new Fn('now', () => new DateTime(now, true)),
    utcnow: new Fn('utcnow', () => new DateTime(now, true)),
    today: new Fn('today', () => new DateTime(now, true)),
    strptime: new Fn('strptime', ({ positional: [text = '', how = ''] }) => dateOf(str(text), str(how))),
    fromisoformat: new Fn(
      'fromisoformat',
      ({ positional: [text = ''] }) => new DateTime(new Date(`${str(text)}Z`), true),
    ),
  });
  const date = new Fn('date', (given) => makeDate(given, false), {
    today: new Fn('today', () => new DateTime(now, false)),
    fromisoformat: new Fn(
      'fromisoformat',
      ({ positional: [text = ''] }) => new DateTime(dateOf(str(text), '%Y-%m-%d').at, false),
    ),
  });
  const timedelta = new Fn('timedelta', makeDelta);
  return new Bag('modules', { datetime: new Bag('datetime', { datetime, date, timedelta }), re });
}
