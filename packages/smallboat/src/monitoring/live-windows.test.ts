import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JoinedPurchases, Purchase } from './join-purchases.ts';
import { joinPurchases } from './join-purchases.ts';
import { liveWindows } from './live-windows.ts';
import type { PredictionRecord } from './prediction-log.ts';
import { predictionLog } from './prediction-log.ts';
import { readLog } from './read-log.ts';

const HOUR = 3_600_000;

const prediction = (id: string, at: number, more: Partial<PredictionRecord> = {}): PredictionRecord => ({
  id,
  at,
  endpoint: 'intent',
  modelVersion: '1',
  tokens: [0, 2],
  prediction: 0.5,
  session: `of ${id}`,
  ...more,
});

async function logOf(
  records: readonly PredictionRecord[],
  labels: readonly (readonly [id: string, at: number, label: number])[] = [],
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
  await using log = predictionLog({ folder });
  for (const record of records) log.append(record);
  for (const [id, at, label] of labels) log.feedback({ id, at, label });
  return folder;
}

async function joined(folder: string, purchases: readonly Purchase[], now: number): Promise<JoinedPurchases> {
  await using log = predictionLog({ folder });
  // Awaited here: the log is closed when this returns.
  return await joinPurchases({ folder, log, purchases, horizonMs: HOUR, now });
}

describe('live windows', () => {
  const records = [
    prediction('a', 10, { prediction: 0.8 }),
    prediction('b', 20, { prediction: 0.2 }),
    prediction('c', 30, { prediction: 0.6, modelVersion: '2' }),
    prediction('d', HOUR + 10, { prediction: 0.4 }),
    prediction('e', 2 * HOUR + 10),
  ];
  const options = { windowMs: HOUR, maturityMs: HOUR };

  it('measure predictions by the time they were made, once their outcome is settled', async () => {
    const folder = await logOf(records, [
      ['a', 100, 1],
      ['b', 3 * HOUR, 0],
      // Known already, but others of its age are not: it is not measured yet.
      ['e', 2 * HOUR + 20, 1],
    ]);
    const windows = await liveWindows({ ...options, folder, now: 3 * HOUR });
    expect(windows).toMatchObject([
      { from: 0, to: HOUR, predictions: 3, mature: 3, labelled: 2, isSettled: true, performance: { rocAuc: 1 } },
      { from: HOUR, predictions: 1, mature: 1, labelled: 0, isSettled: true, performance: { logLoss: Number.NaN } },
      { from: 2 * HOUR, predictions: 1, mature: 0, labelled: 0, isSettled: false },
    ]);
    expect(windows[0]?.performance.logLoss).toBeCloseTo(-Math.log(0.8), 12);
  });

  it('take what has no feedback as not bought only if asked to', async () => {
    const folder = await logOf(records, [['a', 100, 1]]);
    const windows = await liveWindows({ ...options, folder, now: 3 * HOUR, missing: 'negative' });
    expect(windows.map((w) => [w.labelled, w.performance.positives])).toEqual([
      [3, 1],
      [1, 0],
      [0, 0],
    ]);
  });

  it('look at one version of the model', async () => {
    const folder = await logOf(records);
    const windows = await liveWindows({ ...options, folder, now: 9 * HOUR, modelVersion: '2' });
    expect(windows.map((w) => w.predictions)).toEqual([1]);
  });
});

describe('purchases', () => {
  it('label the predictions of their session within the horizon', async () => {
    const { session: _, ...anonymous } = prediction('not named', 10);
    const folder = await logOf([
      prediction('buys', 10),
      prediction('bought before', 10),
      prediction('buys too late', 10),
      prediction('buys not', 10),
      prediction('may still buy', HOUR),
      anonymous,
    ]);
    const purchases = [
      { session: 'of buys', at: 500 },
      { session: 'of bought before', at: 9 },
      { session: 'of buys too late', at: HOUR + 11 },
    ];
    const now = HOUR + 20;
    expect(await joined(folder, purchases, now)).toEqual({
      bought: 1,
      notBought: 3,
      unchanged: 0,
      waiting: 1,
      withoutSession: 1,
    });
    const windows = await liveWindows({ folder, now, windowMs: HOUR, maturityMs: HOUR });
    expect(windows[0]).toMatchObject({ labelled: 4, performance: { positives: 1 } });
  });

  it('write no label twice, and correct one when a purchase is reported late', async () => {
    const folder = await logOf([prediction('a', 10), prediction('b', 10)]);
    expect(await joined(folder, [], 2 * HOUR)).toMatchObject({ notBought: 2, unchanged: 0 });
    expect(await joined(folder, [], 2 * HOUR + 1)).toMatchObject({ notBought: 0, unchanged: 2 });
    const late = [{ session: 'of a', at: 20 }];
    expect(await joined(folder, late, 2 * HOUR + 2)).toMatchObject({ bought: 1, unchanged: 1 });
    expect(await joined(folder, late, 2 * HOUR + 3)).toMatchObject({ bought: 0, unchanged: 2 });
    const windows = await liveWindows({ folder, now: 3 * HOUR, windowMs: HOUR, maturityMs: HOUR });
    expect(windows[0]?.performance).toMatchObject({ examples: 2, positives: 1 });
  });
});

it('keeps latency and session of a prediction', async () => {
  const folder = await logOf([prediction('a', 10, { latencyMs: 1.25 })]);
  for await (const entry of readLog({ folder })) {
    expect(entry).toMatchObject({ kind: 'prediction', id: 'a', latencyMs: 1.25, session: 'of a' });
  }
});
