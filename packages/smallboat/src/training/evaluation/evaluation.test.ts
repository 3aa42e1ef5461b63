import { describe, expect, it } from 'vitest';
import type { Examples } from '../../features/index.ts';
import { EventWriter, columnsOf, examplesOf } from '../../features/index.ts';
import { metricsOf } from '../metrics.ts';
import { seededRandom } from '../random.ts';
import { aucAdvantage, bootstrapIntervals } from './bootstrap.ts';
import { leakSuspects, suspectScores } from './leak-suspects.ts';
import { liftCurve, profitCurve } from './lift.ts';
import { commonSlicings, metricsBySlice, slicingBy } from './slices.ts';

/** Examples with scores that know a little. */
function scored(count: number, seed: number): { examples: Examples; scores: Float64Array } {
  const random = seededRandom(seed);
  const list = Array.from(
    { length: count },
    (_, i) => ({ tokens: [0, 2], label: random.uniform() < 0.3 ? 1 : 0, decision: i % 2 }) as const,
  );
  const examples = { ...examplesOf(list), session: Uint32Array.from(list, (_, i) => i >> 1) };
  return { examples, scores: Float64Array.from(list, ({ label }) => 0.2 + 0.4 * random.uniform() + 0.15 * label) };
}

describe('bootstrapIntervals', () => {
  it('have the figure itself in them, and are about as wide as DeLong says', () => {
    const { examples, scores } = scored(2000, 1);
    const metrics = metricsOf(scores, examples);
    const intervals = bootstrapIntervals(scores, examples);
    expect(intervals.map(({ decision }) => decision)).toEqual([0, 2, 'all']);
    for (const [i, interval] of intervals.entries()) {
      const point = metrics[i];
      for (const name of ['auc', 'averagePrecision', 'logLoss', 'brier'] as const) {
        expect(point?.[name]).toBeGreaterThan(interval[name]?.low ?? Infinity);
        expect(point?.[name]).toBeLessThan(interval[name]?.high ?? -Infinity);
      }
    }
    const width = (intervals[0]?.auc?.high ?? 0) - (intervals[0]?.auc?.low ?? 0);
    expect(width / (2 * 1.96 * (metrics[0]?.aucStandardError ?? 0))).toBeGreaterThan(0.8);
    expect(width / (2 * 1.96 * (metrics[0]?.aucStandardError ?? 0))).toBeLessThan(1.25);
  });

  it('are as wide as those of one example a session where each session has ten that are equal', () => {
    const { examples, scores } = scored(300, 2);
    const one = { ...examples, decision: new Uint8Array(300), session: Uint32Array.from({ length: 300 }, (_, i) => i) };
    const ten = (x: number): number => Math.floor(x / 10);
    const repeated = {
      ...examplesOf(
        Array.from({ length: 3000 }, (_, i) => ({ tokens: [0, 2], label: (one.labels[ten(i)] ?? 0) as 0 | 1 })),
      ),
      session: Uint32Array.from({ length: 3000 }, (_, i) => ten(i)),
    };
    const [alone, many] = [
      bootstrapIntervals(scores, one)[0]?.auc,
      bootstrapIntervals(
        Float64Array.from({ length: 3000 }, (_, i) => scores[ten(i)] ?? 0),
        repeated,
      )[0]?.auc,
    ];
    expect(many?.low).toBeCloseTo(alone?.low ?? 0, 10);
    expect(many?.high).toBeCloseTo(alone?.high ?? 0, 10);
  });

  it('do not exist where a class is missing', () => {
    const ones = examplesOf(Array.from({ length: 5 }, () => ({ tokens: [0], label: 1 }) as const));
    const [only] = bootstrapIntervals([0.1, 0.2, 0.3, 0.4, 0.5], ones);
    expect(only?.auc).toBeNull();
    expect(only?.logLoss).not.toBeNull();
  });

  it('show an advantage over scores that know nothing, and none over the same scores', () => {
    const { examples, scores } = scored(2000, 3);
    const nothing = new Float64Array(2000).fill(0.5);
    const [point] = aucAdvantage({ candidate: scores, baseline: nothing }, examples);
    expect(point?.interval?.low).toBeGreaterThan(0);
    expect(aucAdvantage({ candidate: scores, baseline: scores }, examples)[0]).toMatchObject({
      advantage: 0,
      interval: { low: 0, high: 0 },
    });
  });
});

describe('the lift curve', () => {
  // Ten carts, four buyers; the two best scores are buyers', then a tie of a buyer and another.
  const scores = [0.9, 0.8, 0.7, 0.7, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05];
  const labels = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0];

  it('counts the buyers among the highest scores', () => {
    expect(liftCurve(scores, labels, [0.1, 0.2, 0.3, 0.4, 1])).toEqual([
      { share: 0.1, precision: 1, lift: 2.5, reached: 0.25 },
      { share: 0.2, precision: 1, lift: 2.5, reached: 0.5 },
      { share: 0.3, precision: expect.closeTo(2.5 / 3, 12), lift: expect.closeTo(2.5 / 3 / 0.4, 12), reached: 0.625 },
      { share: 0.4, precision: 0.75, lift: 1.875, reached: 0.75 },
      { share: 1, precision: 0.4, lift: 1, reached: 1 },
    ]);
  });

  it('takes a part of a cart where the share asks for it, and is empty without buyers', () => {
    expect(liftCurve(scores, labels, [0.05])[0]?.reached).toBeCloseTo(0.125, 12);
    expect(liftCurve(scores, new Uint8Array(10))).toEqual([]);
  });

  it('gives the profit of acting, beside that of acting by lot', () => {
    const [tenth, all] = profitCurve(liftCurve(scores, labels, [0.1, 1]), { cost: 1, gain: 5 });
    // 100 of a thousand carts, all buyers': 5 − 1 each. By lot four in ten are: 5 · 0.4 − 1 each.
    expect(tenth).toEqual({ share: 0.1, profit: expect.closeTo(400, 9), byLot: expect.closeTo(100, 9) });
    expect(all?.profit).toBeCloseTo(all?.byLot ?? 0, 9);
  });
});

/** Sessions of an add at the given times, with all that features know. */
function timed(times: readonly number[], label: (i: number) => 0 | 1): Examples {
  const names = ['clock', 'gap'] as const;
  const writer = new EventWriter(names);
  const rows = new Uint8Array(times.length * writer.width);
  for (const [i, at] of times.entries()) {
    writer.begin();
    writer.write(rows, i * writer.width, { token: 2, at, page: 0, pageIdentity: -1, price: 0, popularity: 0 });
  }
  const columns = columnsOf(names, 0);
  const first = Uint32Array.from(times, (_, i) => i);
  return {
    ...examplesOf(times.map((_, i) => ({ tokens: [0, 2], label: label(i) }))),
    context: { columns, rows, first },
  };
}

describe('slices', () => {
  const hours = Array.from({ length: 240 }, (_, i) => Date.UTC(2019, 0, 4) + i * 1_800_000);
  const examples = timed(hours, (i) => (i % 3 === 0 ? 1 : 0));

  it('divide by length, hour and day', () => {
    const slicings = commonSlicings(examples);
    expect(slicings.map(({ name }) => name)).toEqual(['length', 'hour', 'day']);
    for (const [i, at] of hours.entries()) {
      const date = new Date(at);
      expect(slicings[1]?.of[i]).toBe(Math.floor(date.getUTCHours() / 6));
      expect(slicings[2]?.of[i]).toBe(date.getUTCDay() === 0 || date.getUTCDay() === 6 ? 1 : 0);
    }
  });

  it('have the metrics of their own examples, and take divisions of one’s own', () => {
    const scores = Float64Array.from(examples.labels, (label, i) => (i < 120 ? 0.2 + 0.5 * label : 0.5));
    const device = slicingBy('device', ['phone', 'desktop', 'tv'], examples, (i) => (i < 120 ? 'phone' : 'desktop'));
    const [phone, desktop, ...rest] = metricsBySlice(scores, examples, [device]);
    expect(rest).toEqual([]);
    expect(phone).toMatchObject({ slicing: 'device', value: 'phone', count: 120, auc: 1 });
    expect(phone?.positiveRate).toBeCloseTo(1 / 3, 12);
    expect(desktop).toMatchObject({ value: 'desktop', auc: 0.5, meanScore: 0.5 });
    expect(desktop?.logLoss).toBeCloseTo(Math.LN2, 12);
  });
});

describe('leak suspects', () => {
  const random = seededRandom(5);
  const times = Array.from({ length: 400 }, () => Date.UTC(2019, 0, 4) + Math.floor(random.uniform() * 1e9));
  const clean = timed(times, () => (random.uniform() < 0.3 ? 1 : 0));

  it('are none where nothing is known of the outcome', () => {
    expect(leakSuspects(clean)).toEqual([]);
  });

  it('are found where a column was made from the outcome', () => {
    const { context, labels } = clean;
    if (context === undefined) throw new Error('no context');
    const rows = context.rows.slice();
    const width = context.columns.length;
    // The byte is higher for buyers, save for one in twenty.
    for (let i = 0; i < labels.length; i++) rows[i * width + 5] = (labels[i] === 1) === (i % 20 !== 0) ? 200 : 100;
    const planted = { ...clean, context: { ...context, rows } };
    expect(leakSuspects(planted)).toEqual([{ what: 'gap', decision: 0, auc: expect.any(Number) }]);
  });

  it('are scores that are too good to be true', () => {
    expect(
      suspectScores(
        Float64Array.from(clean.labels, (label) => 0.1 + 0.8 * label),
        clean,
      ),
    ).toEqual([{ what: 'the model', decision: 0, auc: 1 }]);
    expect(suspectScores(scored(400, 1).scores, scored(400, 1).examples)).toEqual([]);
  });
});
