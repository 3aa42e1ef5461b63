const list = (text: string): readonly string[] => text.split(' ');

const MONTHS = list('jan feb mar apr may jun jul aug sep oct nov dec');
const LONG_MONTHS = list('january february march april may june july august september october november december');
const DAYS = list('mon tue wed thu fri sat sun');
const LONG_DAYS = list('monday tuesday wednesday thursday friday saturday sunday');

/** Words that may stand between the parts of a date and say nothing. */
const JUMPS = new Set([...list('. , ; - / at on and ad m t of st nd rd th'), ' ', "'"]);

/** 1 to 12 for the name of a month, short or long; undefined for any other word. */
export function monthOf(word: string): number | undefined {
  const name = word.toLowerCase();
  if (name === 'sept') return 9;
  const at = Math.max(MONTHS.indexOf(name), LONG_MONTHS.indexOf(name));
  return at < 0 ? undefined : at + 1;
}

export function isWeekday(word: string): boolean {
  return DAYS.includes(word.toLowerCase()) || LONG_DAYS.includes(word.toLowerCase());
}

/** 0 for `am` and `a`, 12 for `pm` and `p`. */
export function halfOfDay(word: string | undefined): 0 | 12 | undefined {
  const name = word?.toLowerCase();
  if (name === 'am' || name === 'a') return 0;
  return name === 'pm' || name === 'p' ? 12 : undefined;
}

/** Which part of the time a unit names: `10h36m28.5s`. */
export function unitOf(word: string | undefined): 'hour' | 'minute' | 'second' | undefined {
  const name = word?.toLowerCase() ?? '';
  if (['h', 'hour', 'hours'].includes(name)) return 'hour';
  if (['m', 'minute', 'minutes'].includes(name)) return 'minute';
  return ['s', 'second', 'seconds'].includes(name) ? 'second' : undefined;
}

export function isJump(word: string | undefined): boolean {
  return word !== undefined && (JUMPS.has(word.toLowerCase()) || word.trim() === '');
}

export function isUtc(word: string): boolean {
  return ['utc', 'gmt', 'z'].includes(word.toLowerCase());
}
