import { Part, type Reading, refusedType } from './pickle-part.ts';

/**
 * A datetime from the ten bytes that Python packs one into, and its timezone. Microseconds are cut to milliseconds; without a timezone it is
 * taken as UTC.
 */
export function dateTime(packed: Uint8Array, zone: unknown, reading: Reading): Date {
  if (packed.length !== 10) throw reading.invalid('a datetime that is not of ten bytes');
  const [high = 0, low = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, m2 = 0, m1 = 0, m0 = 0] = packed;
  const isSecond = month > 127;
  const isSound = isDay(high * 256 + low, month & 127, day) && hour < 24 && minute < 60 && second < 60;
  if (!isSound) throw reading.invalid('a datetime that no calendar has');
  const at = new Date(0);
  // The highest bit of the month says which of two equal local times is meant.
  at.setUTCFullYear(high * 256 + low, (month & 127) - 1, day);
  at.setUTCHours(hour, minute, second, Math.floor(((m2 << 16) | (m1 << 8) | m0) / 1000));
  if (zone === undefined || zone === null) return at;
  if (!(zone instanceof Part) || zone.kind !== 'timezone')
    throw refusedType('a datetime with a timezone of a class of its own');
  const offset = typeof zone.held === 'number' ? zone.held : offsetIn(String(zone.held), at.getTime(), isSecond);
  return new Date(at.getTime() - offset);
}

/** Whether Python has the day. */
function isDay(year: number, month: number, day: number): boolean {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1) return false;
  const last = new Date(0);
  // The day before the first of the next month.
  last.setUTCFullYear(year, month, 0);
  return day <= last.getUTCDate();
}

/** A date, at midnight in UTC, from the four bytes that Python packs one into. */
export function date(packed: Uint8Array, reading: Reading): Date {
  if (packed.length !== 4) throw reading.invalid('a date that is not of four bytes');
  return dateTime(Uint8Array.of(...packed, 0, 0, 0, 0, 0, 0), undefined, reading);
}

/** A timezone by its name in the IANA database. */
export function zoneNamed(name: unknown): Part {
  if (typeof name !== 'string' || !isZone(name))
    throw refusedType(`a timezone that is not known here (${typeof name === 'string' ? name : typeof name})`);
  return new Part('timezone', `the timezone ${name}`, name);
}

function isZone(name: string): boolean {
  try {
    return formatOf(name) !== undefined;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset', year: 'numeric' });
  formats.set(zone, format);
  return format;
}

/**
 * Milliseconds that a zone's clocks are ahead of UTC at a local time, given as if it were UTC. Where that time comes twice, the first or the
 * second as asked; where it does not come, as Python has it: by the offset before the gap, or after it where the second is asked for.
 */
function offsetIn(zone: string, local: number, isSecond: boolean): number {
  const day = 864e5;
  const before = offsetAt(zone, local - day);
  const after = offsetAt(zone, local + day);
  if (before === after) return before;
  // The two moments that the local time may mean.
  const early = offsetAt(zone, local - before) === before;
  const late = offsetAt(zone, local - after) === after;
  if (early && !late) return before;
  if (late && !early) return after;
  return isSecond ? after : before;
}

function offsetAt(zone: string, moment: number): number {
  const parts = formatOf(zone).formatToParts(moment);
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign = '+', hours = '0', minutes = '0', seconds = '0'] = /([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(name) ?? [];
  const offset = Number(hours) * 36e5 + Number(minutes) * 6e4 + Number(seconds) * 1e3;
  return sign === '-' ? -offset : offset;
}
