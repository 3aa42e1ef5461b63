import { describe, expect, it } from 'vitest';
import { pairedDifference } from '../packages/smallboat/src/tracking/index.ts';
import {
  chiSquare,
  gTest,
  jensenShannon,
  kolmogorovP,
  kolmogorovSmirnov,
  measure,
  psi,
} from '../packages/smallboat/src/monitoring/index.ts';
import { python } from './python.ts';

/** Histograms of many sizes and shapes, from a fixed generator. */
function histograms(): { reference: number[]; live: number[] }[] {
  let state = 12345;
  const random = (): number => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
  return Array.from({ length: 60 }, (_, i) => {
    const bins = 2 + (i % 19);
    const size = 10 ** (1 + (i % 5));
    const one = (tilt: number): number[] =>
      Array.from({ length: bins }, (__, b) => 1 + Math.floor(random() * size * (1 + tilt * b)));
    return { reference: one(0), live: one((i % 7) / 20) };
  });
}

const SCRIPT = `
import json, sys, numpy as np
from scipy import stats
from scipy.spatial.distance import jensenshannon
out = []
for case in json.loads(sys.argv[1]):
    r, l = np.array(case['reference'], float), np.array(case['live'], float)
    n, m = r.sum(), l.sum()
    chi = stats.chi2_contingency([r, l], correction=False)
    g = stats.chi2_contingency([r, l], correction=False, lambda_='log-likelihood')
    a = np.repeat(np.arange(len(r)), r.astype(int)) if n < 1e6 else None
    b = np.repeat(np.arange(len(l)), l.astype(int)) if m < 1e6 else None
    d = stats.ks_2samp(a, b, method='asymp').statistic if a is not None and b is not None else np.abs(np.cumsum(r)/n - np.cumsum(l)/m).max()
    rs, ls = (r + .5) / (n + len(r)/2), (l + .5) / (m + len(l)/2)
    out.append(dict(js=float(jensenshannon(r, l)), chi=[float(chi.statistic), float(chi.pvalue)], g=[float(g.statistic), float(g.pvalue)],
      ks=float(d), ksp=float(stats.kstwobign.sf(np.sqrt(n*m/(n+m)) * d)), psi=float(((ls-rs)*np.log(ls/rs)).sum())))
print(json.dumps(out))
`;

const RANKS = `
import json, sys, numpy as np
from scipy import stats
y, a, b = (np.array(json.loads(sys.argv[1])[k], float) for k in ('y', 'a', 'b'))
def auc(s): return float(stats.mannwhitneyu(s[y == 1], s[y == 0]).statistic / ((y == 1).sum() * (y == 0).sum()))
def place(s):
    p, q = s[y == 1], s[y == 0]
    k = (p[:, None] > q[None, :]) + .5 * (p[:, None] == q[None, :])
    return k.mean(1), k.mean(0)
(pa, qa), (pb, qb) = place(a), place(b)
se = float(np.sqrt(np.var(pa - pb, ddof=1) / len(pa) + np.var(qa - qb, ddof=1) / len(qa)))
loss = float(-(y * np.log(a) + (1 - y) * np.log1p(-a)).mean())
print(json.dumps(dict(a=auc(a), b=auc(b), se=se, loss=loss)))
`;

/** Equal to nine digits; probabilities below 1e-280 only in that they are that small. */
function close(found: number, expected: number): void {
  if (Math.abs(expected) < 1e-280) expect(found).toBeLessThan(1e-280);
  else expect(Math.abs(found - expected) / Math.abs(expected)).toBeLessThan(1e-9);
}

describe('the numbers of the drift report are those of scipy', () => {
  it('for distances and tests', async () => {
    const cases = histograms();
    const theirs = JSON.parse(await python('monitoring', ['-c', SCRIPT, JSON.stringify(cases)])) as {
      js: number;
      chi: [number, number];
      g: [number, number];
      ks: number;
      ksp: number;
      psi: number;
    }[];
    expect(theirs.length).toBe(cases.length);
    for (const [i, { reference, live }] of cases.entries()) {
      const their = theirs[i];
      if (their === undefined) continue;
      const sum = (list: number[]): number => list.reduce((a, b) => a + b, 0);
      const ks = kolmogorovSmirnov(reference, live);
      close(jensenShannon(reference, live), their.js);
      close(psi(reference, live), their.psi);
      close(ks, their.ks);
      close(kolmogorovP(ks, sum(reference), sum(live)), their.ksp);
      for (const [mine, [statistic, p]] of [
        [chiSquare(reference, live), their.chi],
        [gTest(reference, live), their.g],
      ] as const) {
        close(mine.statistic, statistic);
        close(mine.p, p);
      }
    }
  });

  it('for ROC-AUC, its paired error and log loss', async () => {
    let state = 99;
    const random = (): number => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
    const y = Array.from({ length: 400 }, () => (random() < 0.3 ? 1 : 0));
    // Rounded, so that there are ties.
    const a = y.map((label) => Math.round(100 * (0.05 + 0.6 * random() + 0.2 * label)) / 100);
    const b = y.map((label) => Math.round(100 * (0.05 + 0.7 * random() + 0.1 * label)) / 100);
    const their = JSON.parse(await python('monitoring', ['-c', RANKS, JSON.stringify({ y, a, b })])) as Record<
      string,
      number
    >;
    close(measure(a, y).rocAuc, their['a'] ?? Number.NaN);
    close(measure(a, y).logLoss, their['loss'] ?? Number.NaN);
    const difference = pairedDifference(a, b, y);
    close(difference.rocAucError, their['se'] ?? Number.NaN);
    expect(difference.rocAuc).toBeCloseTo((their['a'] ?? Number.NaN) - (their['b'] ?? Number.NaN), 12);
  });
});
