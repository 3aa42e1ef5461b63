import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { joinPurchases, liveWindows, predictionLog } from '../packages/smallboat/src/monitoring/index.ts';
import { python } from './python.ts';

const HOUR = 3_600_000;

const SCRIPT = `
import json, sys, numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss, roc_auc_score
out = []
for w in json.loads(sys.argv[1]):
    y, p = np.array(w['labels']), np.array(w['scores'])
    rate, mean = calibration_curve(y, p, n_bins=10, strategy='uniform')
    out.append(dict(auc=float(roc_auc_score(y, p)), loss=float(log_loss(y, p)), rate=rate.tolist(), mean=mean.tolist()))
print(json.dumps(out))
`;

it('measures labels joined from purchases, window by window, as scikit-learn does', async () => {
  let state = 7;
  const random = (): number => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
  await using log = predictionLog({ folder });
  const theirs = Array.from({ length: 5 }, () => ({ scores: [] as number[], labels: [] as number[] }));
  const purchases: { session: string; at: number }[] = [];
  for (let i = 0; i < 5_000; i++) {
    const at = i * 0.001 * HOUR;
    const score = random() ** 2;
    const buys = random() < 0.8 * score + 0.1;
    log.append({
      id: `p${i}`,
      session: `s${i}`,
      at,
      endpoint: 'e',
      modelVersion: '1',
      tokens: [0, 2],
      prediction: score,
    });
    // Some buy only after the horizon: that is none.
    if (buys) purchases.push({ session: `s${i}`, at: at + random() * 2 * HOUR });
    const bought = buys && (purchases.at(-1)?.at ?? 0) <= at + HOUR;
    theirs[Math.floor(i / 1_000)]?.scores.push(score);
    theirs[Math.floor(i / 1_000)]?.labels.push(bought ? 1 : 0);
  }
  await log.flush();
  const now = 6.5 * HOUR;
  const joined = await joinPurchases({ folder, log, purchases, horizonMs: HOUR, now });
  expect(joined.bought + joined.notBought).toBe(5_000);
  await log.flush();
  const windows = await liveWindows({ folder, now, windowMs: HOUR, maturityMs: HOUR });
  const expected = JSON.parse(await python('keras', ['-c', SCRIPT, JSON.stringify(theirs)])) as {
    auc: number;
    loss: number;
    rate: number[];
    mean: number[];
  }[];
  expect(windows).toHaveLength(5);
  for (const [i, { performance, labelled }] of windows.entries()) {
    expect(labelled).toBe(1_000);
    expect(performance.rocAuc).toBeCloseTo(expected[i]?.auc ?? Number.NaN, 12);
    expect(performance.logLoss).toBeCloseTo(expected[i]?.loss ?? Number.NaN, 12);
    expect(performance.calibration).toHaveLength(expected[i]?.rate.length ?? -1);
    for (const [b, { rate, meanScore }] of performance.calibration.entries()) {
      expect(rate).toBeCloseTo(expected[i]?.rate[b] ?? Number.NaN, 12);
      expect(meanScore).toBeCloseTo(expected[i]?.mean[b] ?? Number.NaN, 12);
    }
  }
});
