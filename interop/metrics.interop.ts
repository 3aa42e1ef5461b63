import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Examples } from '../packages/smallboat/src/features/index.ts';
import { examplesOf } from '../packages/smallboat/src/features/index.ts';
import { fitBaselines, scoreBaselines } from '../packages/smallboat/src/training/baselines/baselines.ts';
import { countFeatures } from '../packages/smallboat/src/training/baselines/count-features.ts';
import { metricsOf } from '../packages/smallboat/src/training/metrics.ts';
import { python } from './python.ts';

/** A stream of numbers in [0, 1) that is the same each time (Park and Miller's generator). */
function random(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/** Sessions of random length, the more details the likelier a purchase. */
function sessions(count: number, seed: number): Examples {
  const next = random(seed);
  return examplesOf(
    Array.from({ length: count }, () => {
      const tokens = [
        0,
        ...Array.from({ length: 1 + Math.floor(next() * 12) }, () => [2, 3, 5, 6][Math.floor(next() * 4)] ?? 6),
      ];
      const details = tokens.filter((token) => token === 5).length;
      return { tokens, label: next() < 0.1 + details * 0.08 ? 1 : 0, decision: Math.floor(next() * 6) } as const;
    }),
  );
}

async function sklearn(program: string, data: unknown): Promise<Record<string, number[]>> {
  const folder = mkdtempSync(join(tmpdir(), 'smallboat-'));
  const path = join(folder, 'data.json');
  writeFileSync(path, JSON.stringify(data));
  const out = await python('keras', [
    '-c',
    `import json, sys\nimport numpy as np\nd = json.load(open(sys.argv[1]))\n${program}`,
    path,
  ]);
  return JSON.parse(out) as Record<string, number[]>;
}

describe('metrics agree with scikit-learn', () => {
  const examples = sessions(5000, 11);
  const next = random(5);
  const cases = {
    'distinct scores': Float64Array.from(examples.labels, (label) => 0.7 * next() + 0.3 * label * next()),
    'scores with ties': Float64Array.from(examples.labels, (label) => Math.round(8 * (0.7 * next() + 0.3 * label)) / 8),
    'constant scores': new Float64Array(5000).fill(0.3),
    zeros: new Float64Array(5000),
  };

  it.each(Object.entries(cases))('%s', async (_, scores) => {
    const ours = metricsOf(scores, examples).at(-1);
    const theirs = await sklearn(
      `from sklearn import metrics as m
from sklearn.calibration import calibration_curve
y, p = np.array(d["labels"]), np.array(d["scores"])
observed, predicted = calibration_curve(y, p, n_bins=10, strategy="quantile")
print(json.dumps({
  "auc": [m.roc_auc_score(y, p)], "averagePrecision": [m.average_precision_score(y, p)], "logLoss": [m.log_loss(y, p)],
  "brier": [m.brier_score_loss(y, p)], "accuracy": [m.f1_score(y, p >= 0.5, average="micro")], "f1": [m.f1_score(y, p >= 0.5, zero_division=0)],
  "observed": list(observed), "predicted": list(predicted)}))`,
      { labels: [...examples.labels], scores: [...scores] },
    );
    for (const name of ['auc', 'averagePrecision', 'logLoss', 'brier', 'accuracy', 'f1'] as const) {
      expect(Math.abs((ours?.[name] ?? Number.NaN) - (theirs[name]?.[0] ?? Number.NaN)), name).toBeLessThan(1e-9);
    }
    for (const name of ['observed', 'predicted'] as const) {
      expect(ours?.bins.length).toBe(theirs[name]?.length);
      for (const [i, bin] of (ours?.bins ?? []).entries()) {
        expect(Math.abs(bin[name] - (theirs[name]?.[i] ?? Number.NaN)), `${name} ${i}`).toBeLessThan(1e-9);
      }
    }
  });
});

it('fits the same logistic regression as scikit-learn', async () => {
  const examples = sessions(3000, 23);
  const { names, values } = countFeatures(examples);
  const theirs = await sklearn(
    `from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
x, y = np.array(d["x"]).reshape(len(d["y"]), -1), np.array(d["y"])
scaler = StandardScaler().fit(x)
model = LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(scaler.transform(x), y)
print(json.dumps({"mean": list(scaler.mean_), "scale": list(scaler.scale_), "coefficients": list(model.coef_[0]),
  "intercept": list(model.intercept_), "scores": list(model.predict_proba(scaler.transform(x))[:, 1])}))`,
    { x: [...values], y: [...examples.labels] },
  );
  const fitted = fitBaselines(examples);
  for (const [name, ours] of Object.entries({
    mean: fitted.logistic.mean,
    scale: fitted.logistic.scale,
    coefficients: fitted.logistic.coefficients,
    intercept: [fitted.logistic.intercept],
    scores: [...scoreBaselines(fitted, examples).logistic],
  })) {
    expect(theirs[name]?.length, name).toBe(ours.length);
    for (const [i, value] of ours.entries()) {
      expect(Math.abs(value - (theirs[name]?.[i] ?? Number.NaN)), `${name} ${names[i] ?? i}`).toBeLessThan(1e-9);
    }
  }
});
