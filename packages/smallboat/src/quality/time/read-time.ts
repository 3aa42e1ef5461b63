import { halfOfDay, isJump, isUtc, isWeekday, monthOf, unitOf } from './time-words.ts';
import type { DatePart } from './year-month-day.ts';
import { yearMonthDay } from './year-month-day.ts';

/** A moment as a text says it. What the text leaves out is that of the day it is read on, and midnight. */
export interface TimeOfText {
  /** Microseconds since 1970, in UTC; in a zone that is not known where `offsetMinutes` is missing. */
  readonly micros: bigint;
  readonly offsetMinutes?: number;
  /** The text names a time of the day, not only a date. */
  readonly hasTime: boolean;
}

/**
 * Reads a date or a time in any of the common forms, as Python's dateutil does by default: `2016-08-01T10:00:00.5+02:00`,
 * `20160801T10`, `Jan 01 2020 12:00:02`, `1/31/2016`, `10h36m`, `3pm`. Undefined where the text is none.
 *
 * @param today What the parts that are left out come from.
 */
export function readTime(text: string, today: Date): TimeOfText | undefined {
  const reading = new Reading(tokensOf(text));
  if (!reading.all()) return undefined;
  return momentOf(reading, today);
}

/** Runs of digits (with a fraction), of letters, and every other character alone. */
function tokensOf(text: string): string[] {
  const rough = text.match(/\d+(?:\.\d+)*|\p{L}+|\s|[^\p{L}\d\s]/gu) ?? [];
  return rough.flatMap((token) => (/^\d+(?:\.\d+){2,}$/.test(token) ? token.split(/(\.)/) : [token]));
}

const isNumber = (token: string | undefined): token is string => token !== undefined && /^\d/.test(token);
const isWhole = (token: string | undefined): token is string => token !== undefined && /^\d+$/.test(token);

/** One walk over the tokens of a text. */
class Reading {
  readonly date: DatePart[] = [];
  hour: number | undefined;
  minute: number | undefined;
  second: number | undefined;
  micros: number | undefined;
  offsetMinutes: number | undefined;
  hasWeekday = false;
  #half: 0 | 12 | undefined;
  #zoneNamed = false;
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  /** Reads to the end; false where something is no part of a time. */
  all(): boolean {
    while (this.#at < this.#tokens.length) {
      const token = this.#tokens[this.#at] ?? '';
      const isRead = isNumber(token) ? this.#number(token) : this.#word(token);
      if (!isRead) return false;
      this.#at++;
    }
    return true;
  }

  #peek(ahead: number): string | undefined {
    return this.#tokens[this.#at + ahead];
  }

  #part(token: string | undefined, is?: 'month'): boolean {
    if (token === undefined) return false;
    const month = is === 'month' || !isWhole(token) ? monthOf(token) : undefined;
    if (month === undefined && !isWhole(token)) return false;
    const value = month ?? Number(token);
    const label = month === undefined ? (token.length > 2 ? 'year' : undefined) : 'month';
    this.date.push(label === undefined ? { value } : { value, is: label });
    return true;
  }

  #number(token: string): boolean {
    const next = this.#peek(1);
    const digits = token.length;
    const isClock = next === ':' || unitOf(next) !== undefined;
    if (
      this.date.length === 3 &&
      isWhole(token) &&
      (digits === 2 || digits === 4) &&
      this.hour === undefined &&
      !isClock
    ) {
      return this.#packedTime(token);
    }
    if (/^\d{6}(?:\.\d+)?$/.test(token)) return this.#sixDigits(token);
    if (isWhole(token) && [8, 12, 14].includes(digits)) return this.#packedDate(token);
    const unit = unitOf(next) ?? (next === ' ' ? unitOf(this.#peek(2)) : undefined);
    if (unit !== undefined) return this.#unit(token, unit, unitOf(next) === undefined ? 2 : 1);
    if (next === ':' && this.#peek(2) !== undefined) return this.#clock(token);
    if (next === '-' || next === '/' || next === '.') return this.#separated(token, next);
    if (next === undefined || isJump(next)) return this.#alone(token);
    const half = halfOfDay(next);
    if (half !== undefined && Number(token) < 24) {
      this.#at++;
      return this.#halfDay(Number(token), half);
    }
    const value = Number(token);
    return isWhole(token) && value >= 1 && value <= 31 && this.#part(token);
  }

  #packedTime(token: string): boolean {
    this.hour = Number(token.slice(0, 2));
    if (token.length >= 4) this.minute = Number(token.slice(2, 4));
    return true;
  }

  #seconds(text: string): boolean {
    if (!isNumber(text)) return false;
    const [whole = '', fraction = ''] = text.split('.');
    this.second = Number(whole);
    this.micros = Number(fraction.slice(0, 6).padEnd(6, '0'));
    return true;
  }

  #sixDigits(token: string): boolean {
    if (this.date.length === 0 && !token.includes('.')) {
      return [token.slice(0, 2), token.slice(2, 4), token.slice(4)].every((part) => this.#part(part));
    }
    return this.#packedTime(token.slice(0, 4)) && this.#seconds(token.slice(4));
  }

  #packedDate(token: string): boolean {
    this.date.push({ value: Number(token.slice(0, 4)), is: 'year' });
    this.#part(token.slice(4, 6));
    this.#part(token.slice(6, 8));
    if (token.length > 8) this.#packedTime(token.slice(8, 12));
    if (token.length > 12) this.second = Number(token.slice(12));
    return true;
  }

  #unit(token: string, unit: 'hour' | 'minute' | 'second', ahead: number): boolean {
    this.#at += ahead;
    if (unit === 'second') return this.#seconds(token);
    const value = Number(token);
    this[unit] = Math.floor(value);
    if (value % 1 > 0) this[unit === 'hour' ? 'minute' : 'second'] = Math.floor((value % 1) * 60);
    return true;
  }

  #clock(token: string): boolean {
    const minutes = Number(this.#peek(2));
    if (Number.isNaN(minutes)) return false;
    this.hour = Math.floor(Number(token));
    this.minute = Math.floor(minutes);
    if (minutes % 1 > 0) this.second = Math.floor((minutes % 1) * 60);
    const seconds = this.#peek(4);
    this.#at += 2;
    if (this.#peek(1) !== ':' || seconds === undefined) return true;
    this.#at += 2;
    return this.#seconds(seconds);
  }

  #separated(token: string, separator: string): boolean {
    if (!this.#part(token)) return false;
    this.#at++;
    const second = this.#peek(1);
    if (second === undefined || isJump(second)) return true;
    if (!this.#part(second)) return false;
    this.#at++;
    if (this.#peek(1) !== separator) return true;
    if (!this.#part(this.#peek(2))) return false;
    this.#at += 2;
    return true;
  }

  #alone(token: string): boolean {
    const half = halfOfDay(this.#peek(2));
    if (half !== undefined) {
      this.#at += 2;
      return this.#halfDay(Number(token), half);
    }
    this.#at++;
    const value = Math.floor(Number(token));
    this.date.push(value > 100 ? { value, is: 'year' } : { value });
    return true;
  }

  #halfDay(hour: number, half: 0 | 12): boolean {
    this.#half = half;
    this.hour = (hour % 12) + half;
    return hour <= 12 || half === 0;
  }

  #word(token: string): boolean {
    if (isWeekday(token)) return (this.hasWeekday = true);
    if (monthOf(token) !== undefined) return this.#month(token);
    const half = halfOfDay(token);
    if (half !== undefined && this.hour !== undefined && this.#half === undefined) {
      return this.hour <= 12 && this.#halfDay(this.hour, half);
    }
    if (
      this.hour !== undefined &&
      !this.#zoneNamed &&
      this.offsetMinutes === undefined &&
      /^[A-Z]{1,5}$/.test(token) &&
      (token.length >= 3 || isUtc(token))
    ) {
      return this.#zone(token);
    }
    if (this.hour !== undefined && (token === '+' || token === '-')) return this.#offset(token === '+' ? 1 : -1);
    return isJump(token);
  }

  #month(token: string): boolean {
    if (!this.#part(token, 'month')) return false;
    const separator = this.#peek(1);
    if (separator !== '-' && separator !== '/') return true;
    if (!this.#part(this.#peek(2))) return false;
    this.#at += 2;
    if (this.#peek(1) !== separator) return true;
    if (!this.#part(this.#peek(2))) return false;
    this.#at += 2;
    return true;
  }

  #zone(token: string): boolean {
    this.#zoneNamed = true;
    const sign = this.#peek(1);
    if (sign === '+' || sign === '-') {
      // "UTC+3" says how far the clock is ahead of UTC the other way round.
      this.#at++;
      return this.#offset(sign === '+' ? -1 : 1);
    }
    if (isUtc(token)) this.offsetMinutes = 0;
    return true;
  }

  #offset(sign: 1 | -1): boolean {
    const hours = this.#peek(1);
    if (!isWhole(hours)) return false;
    this.#at++;
    if (hours.length === 4) {
      this.offsetMinutes = sign * (Number(hours.slice(0, 2)) * 60 + Number(hours.slice(2)));
      return true;
    }
    if (this.#peek(1) === ':' && isWhole(this.#peek(2))) {
      this.offsetMinutes = sign * (Number(hours) * 60 + Number(this.#peek(2)));
      this.#at += 2;
      return true;
    }
    this.offsetMinutes = sign * Number(hours) * 60;
    return hours.length <= 2;
  }
}

function momentOf(reading: Reading, today: Date): TimeOfText | undefined {
  const { hour, minute, second, micros } = reading;
  const found = yearMonthDay(reading.date);
  if (found === undefined) return undefined;
  const hasTime = hour !== undefined || minute !== undefined || second !== undefined;
  if (reading.date.length === 0 && !hasTime && !reading.hasWeekday) return undefined;
  const hasCentury = reading.date.some((part) => part.is === 'year');
  const year = found.year === undefined ? today.getUTCFullYear() : fullYear(found.year, hasCentury, today);
  const month = found.month ?? today.getUTCMonth() + 1;
  const last = new Date(Date.UTC(2000, month, 0)).getUTCDate();
  const days = month === 2 ? (isLeap(year) ? 29 : 28) : last;
  const day = found.day ?? Math.min(today.getUTCDate(), days);
  const isReal = year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= days;
  const isTime = (hour ?? 0) < 24 && (minute ?? 0) < 60 && (second ?? 0) < 60;
  if (!isReal || !isTime) return undefined;
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day);
  at.setUTCHours(hour ?? 0, minute ?? 0, second ?? 0);
  const { offsetMinutes } = reading;
  const local = BigInt(at.getTime()) * 1000n + BigInt(micros ?? 0);
  return {
    micros: local - BigInt(offsetMinutes ?? 0) * 60_000_000n,
    hasTime,
    ...(offsetMinutes === undefined ? {} : { offsetMinutes }),
  };
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Two digits mean the century that brings them within fifty years of today. */
function fullYear(year: number, hasCentury: boolean, today: Date): number {
  if (year >= 100 || hasCentury) return year;
  const now = today.getUTCFullYear();
  const full = year + Math.floor(now / 100) * 100;
  if (full >= now + 50) return full - 100;
  return full < now - 50 ? full + 100 : full;
}
