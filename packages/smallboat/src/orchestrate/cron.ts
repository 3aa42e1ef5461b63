import { defineErrors } from '../kernel/index.ts';

export const scheduleErrors = defineErrors({
  SCHEDULE_INVALID: (f: { flow: string; cron: string; problem: string }) =>
    `The schedule '${f.cron}' of flow '${f.flow}' is wrong: ${f.problem}. It has five parts, as in crontab: minute, hour, day of the month, month, day of the week.`,
  SCHEDULE_NEEDS_DEFAULTS: (f: { flow: string; params: string }) =>
    `Flow '${f.flow}' has a schedule or a trigger, and parameters without a default: ${f.params}. Nobody is there to give them: give each a default.`,
});

/** A schedule in parts, checked. */
export interface Cron {
  readonly text: string;
  readonly minute: string;
  readonly hour: string;
  readonly dayOfMonth: string;
  readonly month: string;
  readonly dayOfWeek: string;
  /** A name of the IANA's time zones. */
  readonly timeZone: string;
}

const MONTHS = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ');
const DAYS = 'SUN MON TUE WED THU FRI SAT'.split(' ');
const SHORT: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
};

/** Checks a flow's schedule. Throws `SCHEDULE_INVALID`. */
export function cronOf(flow: string, given: { readonly cron: string; readonly timeZone?: string }): Cron {
  const { cron, timeZone = 'UTC' } = given;
  const fail = (problem: string): never => {
    throw scheduleErrors.SCHEDULE_INVALID({ flow, cron, problem });
  };
  const parts = (SHORT[cron.trim()] ?? cron).trim().split(/\s+/);
  const [minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = ''] = parts;
  if (parts.length !== 5) fail(`it has ${parts.length} parts`);
  check('the minute', minute, { from: 0, to: 59, names: [] }, fail);
  check('the hour', hour, { from: 0, to: 23, names: [] }, fail);
  check('the day of the month', dayOfMonth, { from: 1, to: 31, names: [] }, fail);
  check('the month', month, { from: 1, to: 12, names: MONTHS }, fail);
  check('the day of the week', dayOfWeek, { from: 0, to: 7, names: DAYS }, fail);
  try {
    new Intl.DateTimeFormat('en', { timeZone }).format(0);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    fail(`there is no time zone '${timeZone}'`);
  }
  return { text: parts.join(' '), minute, hour, dayOfMonth, month, dayOfWeek, timeZone };
}

/**
 * The same for EventBridge, which has six parts, counts days of the week from 1 for Sunday, and takes one kind of day. Throws
 * `SCHEDULE_INVALID` where both kinds are said: crontab runs on either, and EventBridge cannot.
 */
export function eventBridgeCron(flow: string, cron: Cron): string {
  const { text, minute, hour, dayOfMonth, month, dayOfWeek } = cron;
  if (dayOfMonth !== '*' && dayOfWeek !== '*') {
    const problem = 'EventBridge takes a day of the month or a day of the week, and not both';
    throw scheduleErrors.SCHEDULE_INVALID({ flow, cron: text, problem });
  }
  // Names have no numbers: `5-7` is Friday to Sunday in crontab, and SUN is the first day for EventBridge.
  const days = dayOfWeek.replace(/(?<![/\d])\d+/g, (day) => String((Number(day) % 7) + 1));
  const isWrapped = /(\d)-(\d)/.exec(days);
  if (isWrapped && Number(isWrapped[1]) > Number(isWrapped[2])) {
    const problem = 'the days of the week run over Saturday; name them with commas';
    throw scheduleErrors.SCHEDULE_INVALID({ flow, cron: text, problem });
  }
  const ofMonth = dayOfWeek === '*' ? dayOfMonth : '?';
  return `cron(${minute} ${hour} ${ofMonth} ${month} ${dayOfWeek === '*' ? '?' : days} *)`;
}

function check(
  what: string,
  part: string,
  { from, to, names }: { readonly from: number; readonly to: number; readonly names: readonly string[] },
  fail: (problem: string) => never,
): void {
  for (const one of part.split(',')) {
    const [, first, last, step] = /^(\*|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(one) ?? [];
    const isValue = (value: string): boolean =>
      names.includes(value.toUpperCase()) || (/^\d+$/.test(value) && Number(value) >= from && Number(value) <= to);
    const isGood =
      first !== undefined &&
      (first === '*' ? last === undefined : isValue(first)) &&
      (last === undefined || isValue(last)) &&
      (step === undefined || Number(step) > 0);
    if (!isGood) fail(`'${one}' is nothing for ${what}, which is ${from} to ${to}`);
  }
}
