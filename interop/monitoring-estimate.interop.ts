import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ESTIMATED, estimatePerformance, fitEstimator } from '../packages/smallboat/src/monitoring/index.ts';
import { python } from './python.ts';

const SCRIPT = `
import json, os, sys, warnings
os.environ['NML_DISABLE_USAGE_LOGGING'] = '1'
warnings.filterwarnings('ignore')
import pandas as pd, nannyml as nml
case = json.load(open(sys.argv[1]))
def frame(part):
    d = pd.DataFrame(dict(p=part['scores'], y=part['labels']))
    d['yhat'] = (d.p >= case['threshold']).astype(int)
    return d
names = ['roc_auc', 'f1', 'precision', 'recall', 'specificity', 'accuracy']
cbpe = nml.CBPE(y_pred_proba='p', y_pred='yhat', y_true='y', problem_type='classification_binary', metrics=names, chunk_size=1000)
cbpe.fit(frame(case['reference']))
table = cbpe.estimate(frame(case['live']).drop(columns='y')).filter(period='analysis').to_df()
out = {n: dict(value=table[n]['value'].tolist(), error=table[n]['sampling_error'].tolist()) for n in names}
print(json.dumps(dict(needed=bool(cbpe.needs_calibration), figures=out)))
`;

interface Theirs {
  readonly needed: boolean;
  readonly figures: Readonly<Record<string, { readonly value: number[]; readonly error: number[] }>>;
}

/** Scores whose meaning is a power of them: probabilities as they are with 1. */
function drawn(n: number, { power, seed }: { power: number; seed: number }): { scores: number[]; labels: number[] } {
  let state = seed;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const scores = Array.from({ length: n }, () => random());
  return { scores, labels: scores.map((s) => (random() < s ** power ? 1 : 0)) };
}

it.each([1, 3])('estimates performance without labels as NannyML does (scores to the power of %d)', async (power) => {
  const reference = drawn(6_000, { power, seed: 11 });
  // Others come now: the scores are not distributed as before.
  const live = drawn(9_000, { power, seed: 12 });
  const tilted = live.scores.map((s, i) => (i % 2 === 0 ? s : s ** 2));
  const threshold = 0.4;
  const path = join(await mkdtemp(join(tmpdir(), 'smallboat-')), 'case.json');
  await writeFile(path, JSON.stringify({ threshold, reference, live: { ...live, scores: tilted } }));
  const theirs = JSON.parse(await python('monitoring-peers', ['-c', SCRIPT, path])) as Theirs;
  const estimator = fitEstimator({ ...reference, threshold });
  expect(estimator.calibration !== null).toBe(theirs.needed);
  expect(theirs.needed).toBe(power !== 1);
  const nameOf = (name: string): string => (name === 'rocAuc' ? 'roc_auc' : name);
  for (let chunk = 0; chunk < 9; chunk++) {
    const ours = estimatePerformance(estimator, tilted.slice(chunk * 1_000, (chunk + 1) * 1_000));
    for (const name of ESTIMATED) {
      const their = theirs.figures[nameOf(name)];
      // NannyML rounds the steps of its curve to five digits.
      expect(ours[name].value).toBeCloseTo(their?.value[chunk] ?? Number.NaN, name === 'rocAuc' ? 7 : 12);
      // It breaks ties of calibrated scores at will.
      const isTied = name === 'rocAuc' && theirs.needed;
      expect(ours[name].error).toBeCloseTo(their?.error[chunk] ?? Number.NaN, isTied ? 3 : 12);
    }
  }
});
