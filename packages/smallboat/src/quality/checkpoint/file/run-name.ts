const two = (n: number, width = 2): string => String(n).padStart(width, '0');
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = 'January February March April May June July August September October November December'.split(' ');

const PARTS: Readonly<Record<string, (at: Date) => string>> = {
  Y: (at) => String(at.getUTCFullYear()),
  y: (at) => two(at.getUTCFullYear() % 100),
  m: (at) => two(at.getUTCMonth() + 1),
  d: (at) => two(at.getUTCDate()),
  H: (at) => two(at.getUTCHours()),
  I: (at) => two(at.getUTCHours() % 12 || 12),
  p: (at) => (at.getUTCHours() < 12 ? 'AM' : 'PM'),
  M: (at) => two(at.getUTCMinutes()),
  S: (at) => two(at.getUTCSeconds()),
  f: (at) => `${two(at.getUTCMilliseconds(), 3)}000`,
  j: (at) => two(Math.floor((at.getTime() - Date.UTC(at.getUTCFullYear(), 0, 0)) / 86_400_000), 3),
  a: (at) => (DAYS[at.getUTCDay()] ?? '').slice(0, 3),
  A: (at) => DAYS[at.getUTCDay()] ?? '',
  b: (at) => (MONTHS[at.getUTCMonth()] ?? '').slice(0, 3),
  B: (at) => MONTHS[at.getUTCMonth()] ?? '',
  z: () => '+0000',
  Z: () => 'UTC',
  '%': () => '%',
};

/** A `run_name_template` (`%Y%m%d-%H%M%S-nightly`) at a time, in UTC. A directive that is not known stays as it is. */
export function runNameOf(template: string, at: Date): string {
  return template.replace(/%([A-Za-z%])/g, (all, key: string) => PARTS[key]?.(at) ?? all);
}
