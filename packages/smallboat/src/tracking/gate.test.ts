import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contenders } from './contenders.ts';
import type { Contender } from './gate.ts';
import { gate } from './gate.ts';
import { pairedDifference } from './paired-difference.ts';

const model = (name: string, rocAuc: number, logLoss: number, more: Partial<Contender> = {}): Contender => ({
  name,
  points: [0, 2].map((point) => ({ point, positives: 5_000, negatives: 20_000, rocAuc, logLoss })),
  ...more,
});

describe('the gate', () => {
  it('lets through what beats every baseline by more than chance, and says by how much', () => {
    const { passed, reason, comparisons } = gate({
      candidate: model('lstm', 0.78, 0.4),
      baselines: [model('prior', 0.5, 0.5), model('logistic regression', 0.74, 0.42)],
    });
    expect(passed).toBe(true);
    expect(reason).toMatch(
      /^Passed: lstm beats all 2 baselines, the hardest of them logistic regression: mean ROC-AUC 0\.7800 against 0\.7400, better by 0\.0400 ± 0\.00\d\d, needed more than 0\.00\d\d; logistic regression: mean log loss/,
    );
    expect(comparisons.length).toBe(4);
  });

  it('stops what one baseline matches, and names it', () => {
    const result = gate({
      candidate: model('lstm', 0.75, 0.4),
      baselines: [model('prior', 0.5, 0.5), model('markov', 0.7499, 0.41)],
    });
    expect(result).toMatchObject({
      passed: false,
      reason: expect.stringMatching(/^Refused: lstm does not beat markov: mean ROC-AUC 0\.7500 against 0\.7499/),
    });
  });

  it('asks for the margin on top of chance', () => {
    const differenceErrors = { rocAuc: [0.002, 0.002], logLoss: [0, 0] };
    const options = {
      candidate: model('lstm', 0.76, 0.4),
      baselines: [model('markov', 0.75, 0.41, { differenceErrors })],
    };
    // 0.010 against 0 + 1.645 · 0.002 = 0.0033, and against 0.009 + 0.0033.
    expect(gate(options).passed).toBe(true);
    expect(gate({ ...options, rule: { margin: 0.009 } }).passed).toBe(false);
  });

  it.each([
    ['no baseline', { candidate: model('lstm', 0.9, 0.1), baselines: [] }, 'there is no baseline'],
    ['other points', { candidate: model('lstm', 0.9, 0.1), baselines: [{ name: 'b', points: [] }] }, 'and b at none'],
    ['no points', { candidate: { name: 'lstm', points: [] }, baselines: [model('b', 0.5, 1)] }, 'no decision point'],
    ['one class', { candidate: model('lstm', Number.NaN, 0.1), baselines: [model('b', 0.5, 1)] }, 'ROC-AUC NaN'],
  ])('stops everything when there is %s', (_, options, why) => {
    const { passed, reason } = gate(options);
    expect(passed).toBe(false);
    expect(reason).toContain(why);
  });

  it('beats a baseline that is infinitely wrong', () => {
    expect(gate({ candidate: model('lstm', 0.7, 0.4), baselines: [model('all-zero', 0.5, Infinity)] }).passed).toBe(
      true,
    );
  });

  it('never lets anything through that is worse in the mean', () => {
    const auc = fc.double({ min: 0.01, max: 0.99, noNaN: true });
    fc.assert(
      fc.property(
        auc,
        auc,
        (a, b) => a > b || !gate({ candidate: model('a', a, 0.1), baselines: [model('b', b, 0.2)] }).passed,
      ),
    );
  });
});

const sample = fc
  .array(fc.record({ a: fc.integer({ min: 1, max: 9 }), b: fc.integer({ min: 1, max: 9 }), y: fc.nat(1) }), {
    minLength: 6,
    maxLength: 40,
  })
  .filter((rows) => rows.filter((r) => r.y === 1).length >= 2 && rows.filter((r) => r.y === 0).length >= 2);

describe('the paired difference', () => {
  it('agrees with the definitions, summed over all pairs', () => {
    fc.assert(
      fc.property(sample, (rows) => {
        const ones = rows.filter((r) => r.y === 1);
        const zeros = rows.filter((r) => r.y === 0);
        const psi = (x: number, y: number): number => (x > y ? 1 : x === y ? 0.5 : 0);
        const kernel = (p: (typeof rows)[number], q: (typeof rows)[number]): number => psi(p.a, q.a) - psi(p.b, q.b);
        const v10 = ones.map((p) => zeros.reduce((s, q) => s + kernel(p, q), 0) / zeros.length);
        const v01 = zeros.map((q) => ones.reduce((s, p) => s + kernel(p, q), 0) / ones.length);
        const mean = (v: number[]): number => v.reduce((s, x) => s + x, 0) / v.length;
        const variance = (v: number[]): number => v.reduce((s, x) => s + (x - mean(v)) ** 2, 0) / (v.length - 1);
        const found = pairedDifference(
          rows.map((r) => r.a / 10),
          rows.map((r) => r.b / 10),
          rows.map((r) => r.y),
        );
        expect(found.rocAuc).toBeCloseTo(mean(v10), 10);
        expect(found.rocAucError).toBeCloseTo(
          Math.sqrt(variance(v10) / ones.length + variance(v01) / zeros.length),
          10,
        );
      }),
      { numRuns: 50 },
    );
  });

  it('turns its sign when the two change places, and is nothing between equals', () => {
    const [a, b, y] = [
      [0.9, 0.4, 0.3, 0.2, 0.8],
      [0.5, 0.6, 0.1, 0.2, 0.7],
      [1, 0, 1, 0, 1],
    ];
    const [there, back] = [pairedDifference(a, b, y), pairedDifference(b, a, y)];
    expect(there.rocAuc).toBeCloseTo(-back.rocAuc, 12);
    expect(there.logLoss).toBeCloseTo(-back.logLoss, 12);
    expect(pairedDifference(a, a, y)).toEqual({ rocAuc: 0, rocAucError: 0, logLoss: 0, logLossError: 0 });
  });
});

describe('contenders from scores', () => {
  // Positives 0.8 and 0.4, negatives 0.6 and 0.2: three of four pairs in order.
  const scores = [0.8, 0.4, 0.6, 0.2];
  const labels = [1, 1, 0, 0];

  it('are measured at each decision point', () => {
    const half = { name: 'half', scores: [0.5, 0.5, 0.5, 0.5] };
    const made = contenders({ candidate: { name: 'm', scores }, baselines: [half], labels, decision: [1, 1, 1, 1] });
    const logLoss = -(Math.log(0.8) + Math.log(0.4) + Math.log(0.4) + Math.log(0.8)) / 4;
    expect(made.candidate.points).toEqual([
      { point: 2, positives: 2, negatives: 2, rocAuc: 0.75, logLoss: expect.closeTo(logLoss, 12) },
    ]);
    expect(made.baselines[0]?.points[0]).toMatchObject({ rocAuc: 0.5, logLoss: expect.closeTo(Math.LN2, 12) });
    expect(made.baselines[0]?.differenceErrors?.rocAuc.length).toBe(1);
  });

  it('leave out points where one class is missing', () => {
    const made = contenders({ candidate: { name: 'm', scores }, baselines: [], labels, decision: [0, 0, 1, 1] });
    expect(made.candidate.points).toEqual([]);
  });
});
