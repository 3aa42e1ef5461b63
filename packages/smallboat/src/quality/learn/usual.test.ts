import { expect, it } from 'vitest';
import type { Point } from './forecast.ts';
import { usual } from './usual.ts';

const DAY = 86_400_000;
const OPTIONS = { falseAlarmRate: 0.01, side: 'both', leastError: 0.02, unit: 1 } as const;

/** Numbers that look random and are the same every time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    const a = Math.imul(state ^ (state >>> 15), 1 | state);
    const b = (a + Math.imul(a ^ (a >>> 7), 61 | a)) ^ a;
    return ((b ^ (b >>> 14)) >>> 0) / 4294967296;
  };
}

type Make = (i: number, normal: () => number, before: number) => number;

const SERIES: Readonly<Record<string, Make>> = {
  'about the same': (_, normal) => 10_000 * Math.exp(0.2 * normal()),
  'fewer at weekends': (i, normal) => (i % 7 > 4 ? 2000 : 10_000) * Math.exp(0.1 * normal()),
  'growing by about as much each day': (_, normal, before) => before + 1000 * Math.exp(0.2 * normal()),
  'with wild days now and then': (_, normal) =>
    10_000 * Math.exp((0.1 * normal()) / Math.hypot(normal(), normal(), normal()) / 0.577),
};

function run(make: Make, runs: number, times: number) {
  const random = seeded(runs * 31 + times);
  const normal = (): number => Math.sqrt(-2 * Math.log(random() || 1e-12)) * Math.cos(2 * Math.PI * random());
  let [alarms, halved] = [0, 0];
  for (let k = 0; k < times; k++) {
    let last = 5000;
    const points: Point[] = Array.from({ length: runs + 1 }, (_, i) => {
      last = Math.round(make(i, normal, last));
      return { at: i * DAY, value: last };
    });
    const range = usual(points.slice(0, -1), runs * DAY, OPTIONS);
    if (range === undefined) continue;
    if (last < Math.floor(range.from) || last > Math.ceil(range.to)) alarms++;
    if (last / 2 < Math.floor(range.from)) halved++;
  }
  return { alarms: alarms / times, halved: halved / times };
}

it.each([
  ['about the same', 14, 0.02],
  ['about the same', 120, 0.02],
  ['fewer at weekends', 60, 0.025],
  ['growing by about as much each day', 30, 0.01],
  ['with wild days now and then', 30, 0.05],
  ['with wild days now and then', 120, 0.02],
] as const)('gives no more false alarms than stated: a table %s, %d runs', (name, runs, most) => {
  const make = SERIES[name];
  if (make === undefined) throw new Error(name);
  // 400 series: the share of alarms is known to within 1 % at a rate of 1 %.
  expect(run(make, runs, 400).alarms).toBeLessThanOrEqual(most);
});

it('notices a table of half the rows', () => {
  const weekly = SERIES['fewer at weekends'];
  if (weekly === undefined) throw new Error('no series');
  expect(run(weekly, 60, 100).halved).toBeGreaterThan(0.95);
});

it('judges nothing before five runs, and no weekday that it has not seen', () => {
  const points = Array.from({ length: 6 }, (_, i) => ({ at: Date.UTC(2016, 7, 1 + i), value: 100 + i }));
  expect(usual(points.slice(0, 4), Date.UTC(2016, 7, 2, 1), OPTIONS)).toBeUndefined();
  expect(usual(points, Date.UTC(2016, 7, 7), OPTIONS)).toBeUndefined();
  expect(usual(points, Date.UTC(2016, 7, 8), OPTIONS)).toMatchObject({ method: 'student', forecast: 'mean', runs: 6 });
});

it('asks the rank of the error once there are enough of them', () => {
  const points = Array.from({ length: 130 }, (_, i) => ({ at: i * DAY, value: 1000 + ((i * 37) % 101) }));
  const range = usual(points, 130 * DAY, OPTIONS);
  expect(range).toMatchObject({ method: 'rank', runs: 130 });
  expect(range?.from).toBeGreaterThan(930);
  expect(range?.to).toBeLessThan(1170);
});
