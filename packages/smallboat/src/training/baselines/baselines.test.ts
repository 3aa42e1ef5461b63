import { describe, expect, it } from 'vitest';
import { examplesOf } from '../../features/index.ts';
import { calibrate, fitCalibration } from '../calibration.ts';
import { metricsOf } from '../metrics.ts';
import { seededRandom } from '../random.ts';
import { fitBoosting, scoreBoosting } from './boosting.ts';
import { BASELINES, fitBaselines, scoreBaselines } from './baselines.ts';
import { countFeatures } from './count-features.ts';
import { fitLogistic, scoreLogistic, sigmoid } from './logistic.ts';
import { fitMarkov } from './markov.ts';

/** Buyers look at details after the add, the others at pages: what a step tells, a count tells too. */
const examples = examplesOf(
  Array.from({ length: 60 }, (_, i) => {
    const label = i % 3 === 0 ? 1 : 0;
    const odd = i % 7 === 0;
    const next = (label === 1) !== odd ? 5 : 6;
    return { tokens: [0, 6, 2, next, next], label, decision: i % 2 } as const;
  }),
);

describe('baselines', () => {
  it('score every example between 0 and 1, each by its name', () => {
    const scores = scoreBaselines(fitBaselines(examples), examples);
    expect(Object.keys(scores)).toEqual([...BASELINES]);
    for (const name of BASELINES) {
      expect(scores[name]).toHaveLength(60);
      expect(scores[name].every((score) => score >= 0 && score <= 1)).toBe(true);
    }
  });

  it('learn what there is to learn', () => {
    const scores = scoreBaselines(fitBaselines(examples), examples);
    const auc = (name: (typeof BASELINES)[number]): number => metricsOf(scores[name], examples).at(-1)?.auc ?? 0;
    expect([auc('all-zero'), auc('prior')].map((x) => Math.abs(x - 0.5) < 0.05)).toEqual([true, true]);
    expect(auc('markov')).toBeGreaterThan(0.8);
    expect(auc('logistic')).toBeGreaterThan(0.8);
  });

  it('go through JSON unchanged', () => {
    const fitted = fitBaselines(examples);
    expect(scoreBaselines(JSON.parse(JSON.stringify(fitted)) as typeof fitted, examples)).toEqual(
      scoreBaselines(fitted, examples),
    );
  });

  it('have a prior for a decision point that training never saw', () => {
    const unseen = examplesOf([{ tokens: [0, 2], label: 0, decision: 5 }]);
    // 20 of 60 bought: (20 + ½) / 61.
    expect(scoreBaselines(fitBaselines(examples), unseen).prior[0]).toBeCloseTo(20.5 / 61, 12);
  });
});

it('counts actions, and how long ago the first add was', () => {
  const { names, values } = countFeatures(examplesOf([{ tokens: [0, 6, 6, 2, 5, 3], label: 0, decision: 1 }]));
  expect(Object.fromEntries(names.map((name, i) => [name, values[i]]))).toEqual({
    add: 1,
    remove: 1,
    detail: 1,
    view: 2,
    eventsAfterAdd: 2,
  });
});

it('takes the ratio of the shares of each step, drawn to those of a shorter past', () => {
  const { logRatios } = fitMarkov(
    examplesOf([
      { tokens: [0, 2], label: 1 },
      { tokens: [0, 6], label: 0 },
    ]),
  );
  // Without a past, a buyer's next is an add with (1 + 7/7) / 8; from the start on with (1 + 7 · 2/8) / 8, another's with (7 · 1/8) / 8.
  expect(logRatios[2]).toBeCloseTo(Math.log(2.75 / 0.875), 12);
  expect(logRatios[6]).toBeCloseTo(-Math.log(2.75 / 0.875), 12);
  // Nobody went from 3 to 4, and nobody did a 4.
  expect(logRatios[25]).toBe(0);
});

it('knows with a past of three what no shorter one tells', () => {
  const repeated = [0, 1, 2, 3].flatMap((i) => [
    { tokens: [0, 5, 6, 6, 5], label: i === 3 ? 0 : 1, decision: 0 } as const,
    { tokens: [0, 6, 6, 5, 6], label: i === 3 ? 1 : 0, decision: 0 } as const,
  ]);
  const all = examplesOf(Array.from({ length: 10 }, () => repeated).flat());
  const scores = scoreBaselines(fitBaselines(all), all);
  const auc = (name: 'markov' | 'markov-3'): number => metricsOf(scores[name], all).at(-1)?.auc ?? 0;
  expect(auc('markov-3')).toBeGreaterThanOrEqual(auc('markov'));
  expect(fitMarkov(all, 3).logRatios).toHaveLength(7 ** 4);
});

describe('boosted trees', () => {
  const names = ['a', 'b', 'c'];
  const random = seededRandom(4);
  // Only a and b together tell: neither alone says anything.
  const rows = Array.from({ length: 3000 }, () => names.map(() => Math.floor(random.uniform() * 8)));
  const labels = Uint8Array.from(rows, ([a = 0, b = 0]) => (a < 4 === b < 4 ? 1 : 0));
  const table = { names, values: Uint8Array.from(rows.flat()) };

  it('find what two columns tell together', () => {
    const scores = scoreBoosting(fitBoosting(table, labels, { trees: 60 }), table);
    const right = scores.filter((score, i) => score > 0.5 === (labels[i] === 1)).length;
    expect(right / 3000).toBeGreaterThan(0.99);
  });

  it('have at the first leaf the Newton step of the log loss', () => {
    const small = { names: ['x'], values: Uint8Array.from({ length: 20 }, (_, i) => (i < 10 ? 0 : 1)) };
    const y = Uint8Array.from({ length: 20 }, (_, i) => (i < 10 ? (i < 2 ? 1 : 0) : i < 17 ? 1 : 0));
    const { start, trees } = fitBoosting(small, y, { trees: 1, rate: 1, leafExamples: 5, l2: 1 });
    const p = 9.5 / 21;
    expect(start).toBeCloseTo(Math.log(9.5 / 11.5), 12);
    // Left: 2 of 10 are positive. Gradient Σ(p − y), curvature Σ p(1 − p).
    const left = -(10 * p - 2) / (10 * p * (1 - p) + 1);
    const [tree] = trees;
    expect(tree?.value[tree.left[0] ?? 0]).toBeCloseTo(left, 10);
  });

  it('end where the validation part says so, and give a constant where nothing can be told', () => {
    const noise = Uint8Array.from(labels, () => (random.uniform() < 0.5 ? 1 : 0));
    const fitted = fitBoosting(table, noise, { validation: { table, labels: labels.map((y) => 1 - y) }, patience: 3 });
    expect(fitted.trees.length).toBeLessThan(20);
    const constant = fitBoosting({ names: ['x'], values: new Uint8Array(200) }, labels.subarray(0, 200));
    expect(constant.trees).toEqual([]);
  });
});

describe('logistic regression', () => {
  it('has a gradient of 0 where it ends', () => {
    const x = Float64Array.of(0.5, 1, -1, 2, 0, 0.3, 1.5, -0.2);
    const y = [1, 0, 1, 0];
    const fitted = fitLogistic(x, 2, y, { l2: 0.7 });
    const p = scoreLogistic(fitted, x);
    const gradient = (of: (row: number) => number): number =>
      y.reduce((sum, t, row) => sum + ((p[row] ?? 0) - t) * of(row), 0);
    for (const k of [0, 1]) {
      expect(gradient((row) => x[row * 2 + k] ?? 0) + 0.7 * (fitted.coefficients[k] ?? 0)).toBeCloseTo(0, 10);
    }
    expect(gradient(() => 1)).toBeCloseTo(0, 10);
  });

  it('finds the log odds where there is nothing to tell by', () => {
    const { coefficients, intercept } = fitLogistic(new Float64Array(4), 1, [1, 0, 0, 0]);
    expect(coefficients).toEqual([0]);
    expect(sigmoid(intercept)).toBeCloseTo(0.25, 12);
  });

  it('copes with classes that a line separates, and with two equal columns', () => {
    const x = Float64Array.of(-2, -2, -1, -1, 1, 1, 2, 2);
    const { coefficients } = fitLogistic(x, 2, [0, 0, 1, 1]);
    expect(coefficients[0]).toBeCloseTo(coefficients[1] ?? Number.NaN, 8);
    expect(coefficients[0]).toBeGreaterThan(0.3);
  });

  it('does not overflow', () => {
    expect([sigmoid(1000), sigmoid(-1000), sigmoid(0)]).toEqual([1, 0, 0.5]);
  });
});

describe('calibration', () => {
  const labels = Uint8Array.from({ length: 1000 }, (_, i) => (i % 10 < Math.floor(i / 100) ? 1 : 0));
  const tooSure = Float64Array.from(labels, (_, i) => sigmoid(3 * (Math.floor(i / 100) - 4.5) + 1));

  it('mends scores that are too sure of themselves, and keeps their order', () => {
    const mended = calibrate(fitCalibration(tooSure, labels), tooSure);
    const examples = examplesOf(Array.from(labels, (label) => ({ tokens: [0, 2], label: label === 1 ? 1 : 0 })));
    const before = metricsOf(tooSure, examples).at(-1);
    const after = metricsOf(mended, examples).at(-1);
    expect(after?.auc).toBe(before?.auc);
    expect(after?.logLoss).toBeLessThan((before?.logLoss ?? 0) / 2);
    expect(after?.calibrationError).toBeLessThan(0.05);
  });

  it('gives constant scores the share that came true', () => {
    const constant = new Float64Array(1000).fill(0.9);
    const mended = calibrate(fitCalibration(constant, labels), constant);
    expect(mended[0]).toBeCloseTo(0.45, 2);
  });

  it('stays finite where the scores separate the classes', () => {
    const { slope, intercept } = fitCalibration([0, 0.1, 0.9, 1], Uint8Array.of(0, 0, 1, 1));
    expect([Number.isFinite(slope), Number.isFinite(intercept), slope > 0]).toEqual([true, true, true]);
  });
});
