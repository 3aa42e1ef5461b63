import { TimeZone, UTC } from './time-zone.ts';
import type { Arguments, Value } from './value.ts';
import { Float, Fn, PyError, PyObject, Tuple, numberOf, str, typeName } from './value.ts';

const DAY = 86_400_000;
const two = (n: number): string => String(n).padStart(2, '0');
const whole = (value: Value | undefined, otherwise: number): number =>
  value === undefined || value === null ? otherwise : Number(numberOf(value) ?? otherwise);

/** A span of time, as subtracting two dates gives it. */
export class TimeDelta extends PyObject {
  readonly type = 'timedelta';
  readonly milliseconds: number;
  constructor(milliseconds: number) {
    super();
    this.milliseconds = milliseconds;
  }
  private get days(): number {
    return Math.floor(this.milliseconds / DAY);
  }
  override attribute(name: string): Value | undefined {
    const rest = this.milliseconds - this.days * DAY;
    if (name === 'days') return this.days;
    if (name === 'seconds') return Math.floor(rest / 1000);
    if (name === 'microseconds') return Math.round((rest % 1000) * 1000);
    if (name === 'total_seconds') return new Fn(name, () => new Float(this.milliseconds / 1000));
    return undefined;
  }
  print(): string {
    const { days } = this;
    const rest = new Date(this.milliseconds - days * DAY).toISOString().slice(11, 19).replace(/^0/, '');
    return days === 0 ? rest : `${days} day${Math.abs(days) === 1 ? '' : 's'}, ${rest}`;
  }
  override repr(): string {
    const seconds = Math.floor((this.milliseconds - this.days * DAY) / 1000);
    const parts = [this.days === 0 ? '' : `days=${this.days}`, seconds === 0 ? '' : `seconds=${seconds}`].filter(
      Boolean,
    );
    return `datetime.timedelta(${parts.join(', ') || '0'})`;
  }
}

/** A date, or a date with a time. `at` holds what the clock on the wall shows, as if that were UTC. */
export class DateTime extends PyObject {
  readonly type: 'date' | 'datetime';
  readonly at: Date;
  /** Undefined: no zone is known. */
  readonly zone: TimeZone | undefined;
  /** Digits behind the milliseconds. */
  readonly micros: number;

  constructor(at: Date, hasTime: boolean, zone?: TimeZone, micros = 0) {
    super();
    this.at = at;
    this.type = hasTime ? 'datetime' : 'date';
    this.zone = zone;
    this.micros = micros;
  }

  get hasTime(): boolean {
    return this.type === 'datetime';
  }

  /** Minutes ahead of UTC. */
  get offset(): number {
    if (!this.zone) return 0;
    const guess = this.zone.offsetAt(this.at);
    return this.zone.offsetAt(new Date(this.at.getTime() - guess * 60_000));
  }

  /** The moment in UTC. */
  get moment(): number {
    return this.at.getTime() - this.offset * 60_000;
  }

  moved(milliseconds: number): DateTime {
    const at = new Date(this.at.getTime() + milliseconds);
    return this.hasTime
      ? new DateTime(at, true, this.zone, this.micros)
      : new DateTime(new Date(Math.floor(at.getTime() / DAY) * DAY), false);
  }

  inZone(zone: TimeZone): DateTime {
    return new DateTime(this.at, true, zone, this.micros);
  }

  private seenIn(zone: TimeZone): DateTime {
    const moment = new Date(this.moment);
    return new DateTime(new Date(moment.getTime() + zone.offsetAt(moment) * 60_000), true, zone, this.micros);
  }

  private zoneText(withColon: boolean): string {
    if (!this.zone) return '';
    const { offset } = this;
    const size = Math.abs(offset);
    return `${offset < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${withColon ? ':' : ''}${two(size % 60)}`;
  }

  private get fraction(): number {
    return this.at.getUTCMilliseconds() * 1000 + this.micros;
  }

  private readonly methods: Readonly<Record<string, (given: Arguments) => Value>> = {
    strftime: ({ positional }) => this.format(str(positional[0] ?? '')),
    isoformat: ({ positional: [separator] }) =>
      this.print().replace(' ', separator === undefined ? 'T' : str(separator)),
    date: () => new DateTime(new Date(Math.floor(this.at.getTime() / DAY) * DAY), false),
    time: () =>
      this.print()
        .slice(11)
        .replace(/[+-]\d\d:\d\d$/, ''),
    weekday: () => (this.at.getUTCDay() + 6) % 7,
    isoweekday: () => this.at.getUTCDay() || 7,
    timestamp: () => new Float(this.moment / 1000),
    utcoffset: () => new TimeDelta(this.offset * 60_000),
    tzname: () => (this.zone ? this.zone.abbreviationAt(new Date(this.moment)) : null),
    isocalendar: () => new IsoDate(this.at),
    astimezone: ({ positional: [zone] }) => this.seenIn(zone instanceof TimeZone ? zone : UTC),
    toordinal: () => Math.floor(this.at.getTime() / DAY) + 719_163,
    replace: ({ named }) => {
      const { at } = this;
      const moved = Date.UTC(
        whole(named.get('year'), at.getUTCFullYear()),
        whole(named.get('month'), at.getUTCMonth() + 1) - 1,
        whole(named.get('day'), at.getUTCDate()),
        whole(named.get('hour'), at.getUTCHours()),
        whole(named.get('minute'), at.getUTCMinutes()),
        whole(named.get('second'), at.getUTCSeconds()),
        Math.floor(whole(named.get('microsecond'), this.fraction) / 1000),
      );
      const zone = named.has('tzinfo') ? named.get('tzinfo') : this.zone;
      return new DateTime(
        new Date(moved),
        this.hasTime,
        zone instanceof TimeZone ? zone : undefined,
        whole(named.get('microsecond'), this.fraction) % 1000,
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
      case 'microsecond':
        return this.fraction;
      case 'tzinfo':
        return this.zone ?? null;
      default: {
        const method = Object.hasOwn(this.methods, name) ? this.methods[name] : undefined;
        return method && new Fn(name, method);
      }
    }
  }

  print(): string {
    const iso = this.at.toISOString();
    if (!this.hasTime) return iso.slice(0, 10);
    const { fraction } = this;
    const behind = fraction === 0 ? '' : `.${String(fraction).padStart(6, '0')}`;
    return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${behind}${this.zoneText(true)}`;
  }

  override repr(): string {
    const { at } = this;
    const day = [at.getUTCFullYear(), at.getUTCMonth() + 1, at.getUTCDate()];
    if (!this.hasTime) return `datetime.date(${day.join(', ')})`;
    const time = [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds(), this.fraction];
    while (time.length > 2 && time.at(-1) === 0) time.pop();
    const zone = this.zone ? `, tzinfo=<${this.zone.name}>` : '';
    return `datetime.datetime(${[...day, ...time].join(', ')}${zone})`;
  }

  private format(pattern: string): string {
    const { at } = this;
    const named = (options: Intl.DateTimeFormatOptions): string =>
      at.toLocaleString('en', { ...options, timeZone: 'UTC' });
    const hour = at.getUTCHours();
    const yearDay = Math.floor((at.getTime() - Date.UTC(at.getUTCFullYear(), 0, 1)) / DAY);
    const iso = isoWeek(at);
    const parts: Readonly<Record<string, () => string>> = {
      Y: () => String(at.getUTCFullYear()),
      m: () => two(at.getUTCMonth() + 1),
      d: () => two(at.getUTCDate()),
      e: () => String(at.getUTCDate()).padStart(2),
      H: () => two(hour),
      I: () => two(hour % 12 || 12),
      p: () => (hour < 12 ? 'AM' : 'PM'),
      M: () => two(at.getUTCMinutes()),
      S: () => two(at.getUTCSeconds()),
      y: () => two(at.getUTCFullYear() % 100),
      f: () => String(this.fraction).padStart(6, '0'),
      j: () => String(yearDay + 1).padStart(3, '0'),
      B: () => named({ month: 'long' }),
      b: () => named({ month: 'short' }),
      A: () => named({ weekday: 'long' }),
      a: () => named({ weekday: 'short' }),
      w: () => String(at.getUTCDay()),
      u: () => String(at.getUTCDay() || 7),
      U: () => two(Math.floor((yearDay + 7 - at.getUTCDay()) / 7)),
      W: () => two(Math.floor((yearDay + 7 - ((at.getUTCDay() + 6) % 7)) / 7)),
      V: () => two(iso.week),
      G: () => String(iso.year),
      F: () => at.toISOString().slice(0, 10),
      T: () => at.toISOString().slice(11, 19),
      s: () => String(Math.floor(this.moment / 1000)),
      z: () => this.zoneText(false),
      Z: () => this.zone?.abbreviationAt(new Date(this.moment)) ?? '',
      '%': () => '%',
    };
    return pattern.replace(/%(-?)(.)/g, (all, dash: string, letter: string) => {
      const text = parts[letter]?.();
      return text === undefined ? all : dash === '-' ? text.replace(/^0(?=.)/, '') : text;
    });
  }
}

/** What `isocalendar` gives: a tuple of year, week and day with names. */
class IsoDate extends Tuple {
  constructor(at: Date) {
    const { year, week } = isoWeek(at);
    super([year, week, at.getUTCDay() || 7]);
  }
  override attribute(name: string): Value | undefined {
    const place = ['year', 'week', 'weekday'].indexOf(name);
    return place === -1 ? super.attribute(name) : this.items[place];
  }
  override print(): string {
    const [year, week, weekday] = this.items.map(str);
    return `datetime.IsoCalendarDate(year=${year ?? ''}, week=${week ?? ''}, weekday=${weekday ?? ''})`;
  }
}

function isoWeek(at: Date): { readonly year: number; readonly week: number } {
  const thursday = new Date(at.getTime() + (3 - ((at.getUTCDay() + 6) % 7)) * DAY);
  const year = thursday.getUTCFullYear();
  return { year, week: 1 + Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / DAY / 7) };
}

/** `+` and `-` of dates and spans; undefined where that is not what the operands are. */
export function shiftDate(operator: '+' | '-', left: Value, right: Value): Value | undefined {
  const sign = operator === '+' ? 1 : -1;
  if (left instanceof DateTime && right instanceof TimeDelta) return left.moved(sign * right.milliseconds);
  if (left instanceof TimeDelta && right instanceof DateTime && sign === 1) return right.moved(left.milliseconds);
  if (left instanceof TimeDelta && right instanceof TimeDelta) {
    return new TimeDelta(left.milliseconds + sign * right.milliseconds);
  }
  if (left instanceof DateTime && right instanceof DateTime && sign === -1)
    return new TimeDelta(left.moment - right.moment);
  return undefined;
}

/** Below 0 where the left comes first; undefined where the two are no dates or spans. */
export function orderOfDates(left: Value, right: Value): number | undefined {
  if (left instanceof DateTime && right instanceof DateTime)
    return left.moment - right.moment || left.micros - right.micros;
  if (left instanceof TimeDelta && right instanceof TimeDelta) return left.milliseconds - right.milliseconds;
  return undefined;
}

const READ: Readonly<Record<string, string>> = {
  Y: '\\d{4}',
  y: '\\d\\d',
  f: '\\d{1,6}',
  b: '[A-Za-z]{3}',
  B: '[A-Za-z]+',
  p: '[AaPp][Mm]',
  z: '[+-]\\d\\d:?\\d\\d|Z',
  j: '\\d{1,3}',
};

/** Python's `strptime`. */
export function dateOf(text: string, pattern: string): DateTime {
  const names: string[] = [];
  const expression = pattern
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replace(/%([YymdHIMSfbBpzj])/g, (_all, letter: string) => {
      names.push(letter);
      return `(${READ[letter] ?? '\\d{1,2}'})`;
    });
  const found = new RegExp(`^${expression}$`).exec(text);
  if (found === null) throw new PyError(`time data '${text}' does not match format '${pattern}'`);
  const part = (letter: string): string | undefined => {
    const at = names.indexOf(letter);
    return at === -1 ? undefined : found[at + 1];
  };
  const number = (letter: string, otherwise: number): number => Number(part(letter) ?? otherwise);
  const short = part('y');
  const year = short === undefined ? number('Y', 1900) : Number(short) + (Number(short) < 69 ? 2000 : 1900);
  const monthName = (part('b') ?? part('B'))?.slice(0, 3).toLowerCase();
  const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
  const month = monthName === undefined ? number('m', 1) - 1 : months.indexOf(monthName);
  const half = part('p')?.toLowerCase();
  const hour = half === undefined ? number('H', 0) : (number('I', 12) % 12) + (half === 'pm' ? 12 : 0);
  const micros = Number((part('f') ?? '0').padEnd(6, '0'));
  const day = part('j') === undefined ? number('d', 1) : number('j', 1);
  const at = Date.UTC(
    year,
    part('j') === undefined ? month : 0,
    day,
    hour,
    number('M', 0),
    number('S', 0),
    Math.floor(micros / 1000),
  );
  return new DateTime(new Date(at), true, part('z') === undefined ? undefined : UTC, micros % 1000);
}

/** `datetime.datetime(…)` and `datetime.date(…)`. */
export function makeDate({ positional, named }: Arguments, hasTime: boolean): DateTime {
  const part = (place: number, { name, least, most, otherwise }: DatePart): number => {
    const value = positional[place] ?? named.get(name) ?? otherwise;
    if (value === undefined) throw new PyError(`function missing required argument '${name}' (pos ${place + 1})`);
    const number = value instanceof Float ? undefined : numberOf(value);
    if (number === undefined) throw new PyError(`'${typeName(value)}' object cannot be interpreted as an integer`);
    const whole = Number(number);
    if (whole < least || whole > most) throw new PyError(`${name} must be in ${least}..${most}, not ${whole}`);
    return whole;
  };
  const [year = 1, month = 1, day = 1, hour = 0, minute = 0, second = 0, micros = 0] = DATE_PARTS.slice(
    0,
    hasTime ? 7 : 3,
  ).map((one, place) => part(place, one));
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day);
  if (at.getUTCDate() !== day) throw new PyError('day is out of range for month');
  at.setUTCHours(hour, minute, second, Math.floor(micros / 1000));
  const zone = hasTime ? (positional[7] ?? named.get('tzinfo')) : undefined;
  return new DateTime(at, hasTime, zone instanceof TimeZone ? zone : undefined, micros % 1000);
}

interface DatePart {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  /** Undefined: it has to be given. */
  readonly otherwise?: number;
}

const DATE_PARTS: readonly DatePart[] = [
  { name: 'year', least: 1, most: 9999 },
  { name: 'month', least: 1, most: 12 },
  { name: 'day', least: 1, most: 31 },
  { name: 'hour', least: 0, most: 23, otherwise: 0 },
  { name: 'minute', least: 0, most: 59, otherwise: 0 },
  { name: 'second', least: 0, most: 59, otherwise: 0 },
  { name: 'microsecond', least: 0, most: 999_999, otherwise: 0 },
];

/** `datetime.timedelta(…)`. */
export function makeDelta({ positional, named }: Arguments): TimeDelta {
  const order = ['days', 'seconds', 'microseconds', 'milliseconds', 'minutes', 'hours', 'weeks'];
  const sizes = [DAY, 1000, 0.001, 1, 60_000, 3_600_000, 7 * DAY];
  const total = order.reduce((sum, name, i) => sum + whole(positional[i] ?? named.get(name), 0) * (sizes[i] ?? 0), 0);
  return new TimeDelta(total);
}

/** `fromisoformat`. */
export function fromIso(text: string, hasTime: boolean): DateTime {
  const [, day, time = '00:00:00', zone] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?(Z|[+-]\d\d:?\d\d)?$/.exec(text) ?? [];
  if (day === undefined) throw new PyError(`Invalid isoformat string: '${text}'`);
  const at = new Date(`${day}T${time}Z`);
  return new DateTime(at, hasTime, zone === undefined ? undefined : UTC);
}
