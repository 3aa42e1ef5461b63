import { describe, expect, it } from 'vitest';
import { cronOf, eventBridgeCron } from './cron.ts';

const of = (cron: string, timeZone?: string) => cronOf('f', { cron, ...(timeZone === undefined ? {} : { timeZone }) });

describe('a schedule', () => {
  it.each(['30 6 * * 1-5', '*/15 * * * *', '0 0 1 JAN,JUL *', '5 4 * * sun', '@daily'])('is taken: %s', (cron) => {
    expect(of(cron, 'Europe/Rome')).toMatchObject({ timeZone: 'Europe/Rome' });
  });

  it.each([
    ['30 6 * *', 'it has 4 parts'],
    ['60 6 * * *', "'60' is nothing for the minute"],
    ['0 6 * * 8', "'8' is nothing for the day of the week"],
    ['0 6 0 * *', "'0' is nothing for the day of the month"],
    ['0 */0 * * *', "'*/0' is nothing for the hour"],
  ])('is refused: %s', (cron, problem) => {
    expect(() => of(cron)).toThrow(problem);
  });

  it('is refused where there is no such time zone', () => {
    expect(() => of('0 6 * * *', 'Europe/Atlantis')).toThrow("no time zone 'Europe/Atlantis'");
  });
});

describe('for EventBridge', () => {
  // From AWS's page on cron expressions: "10:15 AM every day", "every weekday", "8:00 AM on the first of the month".
  it.each([
    ['15 10 * * *', 'cron(15 10 * * ? *)'],
    ['0 18 * * MON-FRI', 'cron(0 18 ? * MON-FRI *)'],
    ['0 8 1 * *', 'cron(0 8 1 * ? *)'],
    ['0 18 * * 1-5', 'cron(0 18 ? * 2-6 *)'],
    ['0 18 * * 0,7', 'cron(0 18 ? * 1,1 *)'],
    ['*/10 * * * *', 'cron(*/10 * * * ? *)'],
  ])('%s is %s', (cron, expected) => {
    expect(eventBridgeCron('f', of(cron))).toBe(expected);
  });

  it.each([
    ['0 6 1 * 1', 'not both'],
    ['0 6 * * 5-7', 'run over Saturday'],
  ])('has nothing for %s', (cron, problem) => {
    expect(() => eventBridgeCron('f', of(cron))).toThrow(problem);
  });
});
