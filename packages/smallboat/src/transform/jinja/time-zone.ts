import type { Value } from './value.ts';
import { Fn, PyError, PyObject, str } from './value.ts';

/** English has the letters of a zone only in the countries where they are used. */
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-IN', 'en-NZ', 'en-ZA'];

/** A zone: `pytz.timezone('Europe/Paris')`, `pytz.utc`. */
export class TimeZone extends PyObject {
  readonly type = 'tzinfo';
  readonly name: string;
  constructor(name: string) {
    super();
    this.name = name;
  }

  /** Minutes ahead of UTC at that moment. */
  offsetAt(at: Date): number {
    if (this.name === 'UTC') return 0;
    const parts = new Intl.DateTimeFormat('en-US', { timeZone: this.name, timeZoneName: 'longOffset' }).formatToParts(
      at,
    );
    const text = parts.find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
    const [, sign = '+', hours = '0', minutes = '0'] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(text) ?? [];
    return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  }

  /** `EDT`, `CEST`; the offset as `+03` where the zone has no letters of its own at that moment. */
  abbreviationAt(at: Date): string {
    if (this.name === 'UTC') return 'UTC';
    for (const locale of LOCALES) {
      const parts = new Intl.DateTimeFormat(locale, { timeZone: this.name, timeZoneName: 'short' }).formatToParts(at);
      const text = parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
      if (/^[A-Z]+$/.test(text) && text !== 'UTC') return text;
    }
    const offset = this.offsetAt(at);
    const two = (n: number): string => String(n).padStart(2, '0');
    const minutes = Math.abs(offset) % 60;
    const hours = two(Math.floor(Math.abs(offset) / 60));
    return `${offset < 0 ? '-' : '+'}${hours}${minutes === 0 ? '' : two(minutes)}`;
  }

  override attribute(name: string): Value | undefined {
    if (name === 'zone') return this.name;
    if (name === 'localize') return new Fn('localize', ({ positional: [value = null] }) => localized(value, this));
    return undefined;
  }

  print(): string {
    return this.name;
  }
}

/** What a date and time in a zone must have for `localize`: set by `datetime.ts`, which needs zones itself. */
export interface Localizable {
  inZone(zone: TimeZone): Value;
}

function localized(value: Value, zone: TimeZone): Value {
  if (typeof value === 'object' && value !== null && 'inZone' in value && typeof value.inZone === 'function') {
    return (value as unknown as Localizable).inZone(zone); // known by its method: see above
  }
  throw new PyError('localize takes a datetime');
}

/** @throws PyError for a name that is no zone. */
export function zoneNamed(name: Value): TimeZone {
  const text = str(name);
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: text }).format();
  } catch (error) {
    throw error instanceof RangeError ? new PyError(`UnknownTimeZoneError: '${text}'`) : error;
  }
  return new TimeZone(text.toUpperCase() === 'UTC' ? 'UTC' : text);
}

export const UTC = new TimeZone('UTC');
