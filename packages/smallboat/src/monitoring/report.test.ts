import { appendFile, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderDriftPage } from './drift-page.ts';
import { measure } from './performance.ts';
import type { PredictionLog } from './prediction-log.ts';
import { predictionLog } from './prediction-log.ts';
import { makeReference } from './reference.ts';
import type { DriftReport, DriftReportOptions } from './report.ts';
import { driftReport } from './report.ts';
import { seededRandom } from './seeded-random.ts';
import { scoreOf, shop, shopExamples } from './test-shop.ts';

const { examples, scores } = shopExamples(5_000, seededRandom(1));
const reference = makeReference({ examples, scores, model: { name: 'intent', version: '3' }, clock: () => 0 });
const START = Date.UTC(2026, 10, 24, 10);

interface Traffic {
  readonly n: number;
  readonly change?: (events: number[]) => number[];
  readonly everyMs?: number;
  readonly id?: string;
  readonly modelVersion?: string;
  readonly label?: (score: number, random: () => number) => number | undefined;
}

function play(
  log: PredictionLog,
  { n, change = (e) => e, everyMs = 100, id = 'p', modelVersion = '3', label }: Traffic,
): void {
  const random = seededRandom(9);
  const next = shop(random);
  for (let i = 0; i < n; i++) {
    const events = change(next());
    const at = START + i * everyMs;
    const prediction = scoreOf(events);
    log.append({ id: `${id}${i}`, at, endpoint: 'intent', modelVersion, tokens: [0, ...events], prediction });
    const known = label?.(prediction, random);
    if (known !== undefined) log.feedback({ id: `${id}${i}`, at: at + 3_600_000, label: known });
  }
}

async function reportOf(traffic: readonly Traffic[], options: Partial<DriftReportOptions> = {}): Promise<DriftReport> {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
  const log = predictionLog({ folder });
  for (const one of traffic) play(log, one);
  await log.close();
  return driftReport({ reference, folder, now: START + 86_400_000, ...options });
}

describe('the report', () => {
  it('says that there is no drift, over the predictions of the window only', async () => {
    const report = await reportOf([{ n: 2_000 }], { from: START + 50_000, to: START + 150_000 });
    expect(report).toMatchObject({ status: 'none', predictions: 1_000, dropped: 0, problemCount: 0, invalidScores: 0 });
    expect(report.window).toEqual({
      from: START + 50_000,
      to: START + 150_000,
      first: START + 50_000,
      last: START + 149_900,
    });
    expect(report.sentence).toBe('No drift: 1,000 predictions look like the data that the model was judged on.');
  });

  it('says what has drifted, the worst first', async () => {
    const { status, sentence } = await reportOf([
      { n: 1_000, change: (e) => [...Array.from({ length: 60 }, () => 5), ...e] },
    ]);
    expect(status).toBe('drift');
    expect(sentence).toMatch(/^Drift: 1,000 predictions do not look like .* Changed: length \(PSI \d+\.\d\d\), /);
  });

  it('does not judge an empty log', async () => {
    const report = await reportOf([]);
    expect(report).toMatchObject({ status: 'unknown', predictions: 0, timeline: [] });
    expect(report.sentence).toBe('Too few predictions to judge: 0, and at least 200 are needed.');
  });

  it('looks at one version of the model if it is asked to, and lists all', async () => {
    const traffic = [{ n: 300 }, { n: 500, id: 'q', modelVersion: '4' }];
    const report = await reportOf(traffic, { modelVersion: '3' });
    expect(report.predictions).toBe(300);
    expect(report.modelVersions).toEqual([
      { name: '4', predictions: 500 },
      { name: '3', predictions: 300 },
    ]);
  });

  it('counts every prediction into at most sixty buckets of time', async () => {
    for (const everyMs of [1, 137, 60_000]) {
      const { timeline, bucketMs } = await reportOf([{ n: 1_000, everyMs }]);
      expect(timeline.reduce((sum, b) => sum + b.predictions, 0)).toBe(1_000);
      expect(timeline.length).toBeLessThanOrEqual(60);
      expect(timeline.length).toBeGreaterThan(11);
      expect(timeline.every((b, i) => b.from === (timeline[0]?.from ?? 0) + i * bucketMs)).toBe(true);
    }
  });

  it('leaves scores out that are none, and counts them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
    const log = predictionLog({ folder });
    log.append({ id: 'a', at: 1, endpoint: 'e', modelVersion: '1', tokens: [0, 2], prediction: 1.5 });
    log.append({ id: 'b', at: 2, endpoint: 'e', modelVersion: '1', tokens: [0, 2], prediction: 0.5 });
    await log.close();
    expect(await driftReport({ reference, folder, now: 10 })).toMatchObject({
      predictions: 2,
      invalidScores: 1,
      meanScore: 0.5,
    });
  });

  it('reports a torn line', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
    const log = predictionLog({ folder });
    play(log, { n: 10 });
    await log.close();
    await appendFile(join(folder, (await readdir(folder))[0] ?? ''), '{"t":"p"');
    expect(await driftReport({ reference, folder, now: START + 1e9 })).toMatchObject({
      predictions: 10,
      problemCount: 1,
    });
  });

  it('stops when it is told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(reportOf([{ n: 10 }], { signal })).rejects.toThrow('enough');
  });
});

describe('feedback', () => {
  it('gives the live performance, though it comes after the window', async () => {
    const drawn = (score: number, random: () => number): number => (random() < score ? 1 : 0);
    const { performance } = await reportOf([{ n: 3_000, label: drawn }], { to: START + 300_000 });
    expect(performance).toMatchObject({ status: 'as trained', live: { examples: 3_000 } });
    expect(performance?.live.calibrationError).toBeLessThan(0.05);
  });

  it('shows a model that has become worse', async () => {
    const { performance } = await reportOf([{ n: 3_000, label: (_, random) => (random() < 0.3 ? 1 : 0) }]);
    expect(performance).toMatchObject({
      status: 'worse',
      sentence: expect.stringMatching(/^The model has become worse: on 3,000/),
    });
  });

  it('counts the latest for a prediction, and that only', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
    const log = predictionLog({ folder });
    log.append({ id: 'a', at: 1, endpoint: 'e', modelVersion: '1', tokens: [0, 2], prediction: 0.5 });
    log.feedback({ id: 'a', at: 20, label: 1 });
    log.feedback({ id: 'a', at: 10, label: 0 });
    log.feedback({ id: 'nobody', at: 30, label: 0 });
    await log.close();
    const { performance } = await driftReport({ reference, folder, now: 100 });
    expect(performance).toMatchObject({ status: 'unknown', live: { examples: 1, positives: 1 } });
  });
});

describe('the estimate', () => {
  it('is as before for shoppers as before, and near what labels say', async () => {
    const drawn = (score: number, random: () => number): number => (random() < score ? 1 : 0);
    const { estimated, performance } = await reportOf([{ n: 3_000, label: drawn }]);
    expect(estimated?.status).toBe('as trained');
    const { value, error } = estimated?.figures.rocAuc ?? { value: 0, error: 0 };
    expect(Math.abs(value - (performance?.live.rocAuc ?? 0))).toBeLessThan(3 * error);
  });

  it('sees without labels that shoppers come whom the model cannot tell apart', async () => {
    // Nobody adds or removes more than once: the score hardly varies.
    const { estimated } = await reportOf([
      { n: 2_000, change: () => [2, 6] },
      { n: 500, id: 'q' },
    ]);
    expect(estimated).toMatchObject({ status: 'worse', sentence: expect.stringMatching(/likely worse/) });
  });

  it('is not made of a reference that has no estimator', async () => {
    const { estimator: _, ...old } = reference;
    expect((await reportOf([{ n: 300 }], { reference: old })).estimated).toBeUndefined();
  });
});

describe('the page', () => {
  it('begins with the verdict and loads nothing', async () => {
    const report = await reportOf([
      { n: 1_000, change: (e) => e.map((t) => (t === 5 ? 6 : t)), label: (s) => (s > 0.4 ? 1 : 0) },
    ]);
    const page = renderDriftPage(report);
    const text = page.replace(/<style>.*?<\/style>/s, '').replaceAll(/<[^>]+>/g, ' ');
    expect(text.indexOf(report.sentence)).toBeGreaterThan(0);
    expect(text.indexOf(report.sentence)).toBeLessThan(text.indexOf('largest PSI'));
    expect(page).not.toMatch(/<script|(src|href)="http/);
    for (const title of ['Over time', 'Were the predictions right?', 'What was compared'])
      expect(text).toContain(title);
  });

  it('shows windows of which something is known', async () => {
    const { live } = (await reportOf([{ n: 1_000, label: (s) => (s > 0.4 ? 1 : 0) }])).performance ?? {};
    if (live === undefined) throw new Error('no labels');
    const window = { predictions: 1_000, mature: 900, labelled: 800, isSettled: true, performance: live };
    const windows = [0, 1, 2].map((i) => ({ ...window, from: i * 86_400_000, to: (i + 1) * 86_400_000 }));
    const page = renderDriftPage(await reportOf([{ n: 300 }]), [
      ...windows,
      { ...window, from: 345_600_000, to: 432_000_000, labelled: 0 },
    ]);
    expect(page).toContain('As labels matured');
    expect(new Set(page.match(/1970-01-0\d 00:00:00/g)).size).toBe(3);
    expect(renderDriftPage(await reportOf([{ n: 300 }]))).not.toContain('As labels matured');
  });

  it('can be made of an empty report', async () => {
    expect(renderDriftPage(await reportOf([]))).toContain('Too few predictions to judge');
  });
});

describe('performance', () => {
  it('agrees with the worked example', () => {
    // Pairs (0.8, 0.6), (0.8, 0.2), (0.4, 0.2) are in order, (0.4, 0.6) is not; equal scores count half.
    expect(measure([0.8, 0.4, 0.6, 0.2], [1, 1, 0, 0]).rocAuc).toBe(0.75);
    expect(measure([0.5, 0.5, 0.5], [1, 0, 0]).rocAuc).toBe(0.5);
    const { calibration, calibrationError, rate } = measure([0.25, 0.25, 0.85, 0.85], [0, 1, 1, 1]);
    expect(calibration).toMatchObject([
      { from: 0.2, to: 0.3, examples: 2, rate: 0.5 },
      { from: 0.8, to: 0.9, examples: 2, rate: 1 },
    ]);
    expect(calibrationError).toBeCloseTo(0.5 * 0.25 + 0.5 * 0.15, 12);
    expect(rate).toBe(0.75);
  });

  it('has no AUC for one class, and keeps the log loss finite', () => {
    expect(measure([0, 1], [0, 0])).toMatchObject({
      rocAuc: Number.NaN,
      logLoss: expect.closeTo(-Math.log(1e-15) / 2, 1),
    });
  });
});
