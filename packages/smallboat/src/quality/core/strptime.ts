import { kindErrors } from '../kind.ts';

const NAMES = {
  a: 'mon|tue|wed|thu|fri|sat|sun',
  A: 'monday|tuesday|wednesday|thursday|friday|saturday|sunday',
  b: 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec',
  B: 'january|february|march|april|may|june|july|august|september|october|november|december',
  p: 'am|pm',
} as const;

/** What each directive of Python's `strptime` matches. */
const FORMS: Readonly<Record<string, string>> = {
  ...NAMES,
  d: '3[01]|[12]\\d|0[1-9]|[1-9]| [1-9]',
  f: '[0-9]{1,6}',
  H: '2[0-3]|[01]\\d|\\d',
  I: '1[0-2]|0[1-9]|[1-9]',
  j: '36[0-6]|3[0-5]\\d|[12]\\d\\d|0[1-9]\\d|00[1-9]|[1-9]\\d|0[1-9]|[1-9]',
  m: '1[0-2]|0[1-9]|[1-9]',
  M: '[0-5]\\d|\\d',
  S: '6[01]|[0-5]\\d|\\d',
  U: '5[0-3]|[0-4]\\d|\\d',
  W: '5[0-3]|[0-4]\\d|\\d',
  V: '5[0-3]|0[1-9]|[1-4]\\d|\\d',
  u: '[1-7]',
  w: '[0-6]',
  y: '\\d\\d',
  Y: '\\d\\d\\d\\d',
  G: '\\d\\d\\d\\d',
  z: '[+-]\\d\\d:?[0-5]\\d(?::?[0-5]\\d(?:\\.\\d{1,6})?)?|Z',
  Z: 'utc|gmt',
};

/** Directives that stand for several others, in the C locale. */
const LONG: Readonly<Record<string, string>> = {
  c: '%a %b %d %H:%M:%S %Y',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
};

/** A format of Python's `strptime`, ready to be asked. */
export interface TimeFormat {
  /** True for a text that `datetime.strptime` takes. */
  readonly accepts: (text: string) => boolean;
  /** A regular expression, in the common words of all engines, that only texts that are accepted match; most of them do. */
  readonly surely: string;
}

/** Reads a format. Throws `EXPECTATION_UNFIT` for a directive that Python does not know. */
export function timeFormat(format: string): TimeFormat {
  const whole = format.replace(/%([cxX])/g, (_, key: string) => LONG[key] ?? '');
  const groups: string[] = [];
  const source = pieces(whole, (key) => {
    groups.push(key);
    return `(${FORMS[key] ?? ''})`;
  });
  const pattern = new RegExp(`^${source}$`, 'i');
  const plain = pieces(
    whole,
    (key) =>
      `(?:${key === 'd' ? '1\\d|2[0-8]|0[1-9]' : key === 'S' ? '[0-5]\\d' : key === 'j' ? '[12]\\d\\d' : key === 'Y' ? '[12]\\d\\d\\d' : (FORMS[key] ?? '')})`,
  );
  return {
    accepts(text) {
      const match = pattern.exec(text);
      return match !== null && isReal(new Map(groups.map((key, i) => [key, match[i + 1] ?? ''])));
    },
    surely: `^${plain}$`,
  };
}

function pieces(format: string, directive: (key: string) => string): string {
  return format.replace(
    /%(.?)|(\s+)|([^%\s]+)/gs,
    (_, key: string | undefined, space: string | undefined, text: string | undefined) => {
      if (space !== undefined) return '\\s+';
      if (text !== undefined) return text.replace(/[\\^$*+?.()|[\]{}/-]/g, '\\$&');
      if (key === '%') return '%';
      if (key === undefined || FORMS[key] === undefined) {
        throw kindErrors.EXPECTATION_UNFIT({
          problem: `Unable to use provided strftime_format. '%${key ?? ''}' is no directive that can be parsed.`,
        });
      }
      return directive(key);
    },
  );
}

/** Is there such a day? */
function isReal(found: ReadonlyMap<string, string>): boolean {
  if (Number(found.get('S') ?? 0) > 59) return false;
  const month = monthOf(found);
  const year = Number(found.get('Y') ?? (found.has('y') ? 2000 + Number(found.get('y')) : 1900));
  if (year < 1) return false;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (found.get('j') === '366' && found.has('Y') && !isLeap) return false;
  const day = Number(found.get('d') ?? 1);
  // Two digits of a year do not say the century; leap years of either are the same but for 1900.
  const last = month === 2 ? (isLeap ? 29 : 28) : new Date(Date.UTC(2001, month, 0)).getUTCDate();
  return day <= last;
}

function monthOf(found: ReadonlyMap<string, string>): number {
  const number = found.get('m');
  if (number !== undefined) return Number(number);
  const name = (found.get('b') ?? found.get('B'))?.toLowerCase().slice(0, 3);
  return name === undefined ? 1 : NAMES.b.split('|').indexOf(name) + 1;
}
