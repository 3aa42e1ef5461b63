import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import type { Dataset } from 'smallboat/features';
import { SessionExamples, makeDataset } from 'smallboat/features';
import { localTracker } from 'smallboat/tracking';
import type { Contender } from './search.ts';
import { draw, keep, refit, rung } from './search.ts';

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'smallboat-'));
});

/** Sessions in which those buy who looked at details before the add. */
const sessions = new SessionExamples({});
for (let s = 0; s < 400; s++) {
  const buys = s % 3 === 0;
  for (const token of [6, buys ? 5 : 6, 2, ...(buys ? [4] : [6])]) sessions.event(token, s * 1000);
  sessions.endSession();
}
const examples: Dataset = makeDataset(sessions.finish(), { source: 'a test', rule: {}, split: {} });
const settings = { examples, trials: 6, epochs: 9, patience: 9, seed: 1 };
const rungOf = (contender: Contender, untilEpochs: readonly number[], place: number) =>
  rung.run({ examples, contender, untilEpochs, rung: place, home });

it('halves the trials from rung to rung, each going on where it stopped', async () => {
  const { contenders, untilEpochs } = await draw.run({ ...settings, method: 'halving' });
  expect(contenders).toHaveLength(6);
  expect(untilEpochs).toEqual([1, 3, 9]);
  const first = await Promise.all(contenders.map((contender) => rungOf(contender, untilEpochs, 0)));
  expect(first.map(({ contender }) => contender.history.length)).toEqual([1, 1, 1, 1, 1, 1]);
  const { kept } = await keep.run({ rung: first, method: 'halving' });
  expect(kept).toHaveLength(2);
  const losses = first.map(({ contender }) => contender.loss).toSorted((a, b) => a - b);
  expect(kept.map(({ loss }) => loss)).toEqual(losses.slice(0, 2));
  const second = await Promise.all(kept.map((contender) => rungOf(contender, untilEpochs, 1)));
  for (const [i, { contender }] of second.entries()) {
    expect(contender.history.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    expect(contender.history[0]).toEqual(kept[i]?.history[0]);
  }
  const { metrics, hyper } = await refit.run({ examples, first, last: second });
  expect(hyper.epochs).toBeLessThanOrEqual(3);
  expect(metrics.at(-1)?.auc).toBeGreaterThan(0.9);
  const runs = await localTracker({ folder: join(home, 'tracking') }).runs('intent-search', { tags: { rung: '1' } });
  expect(runs).toHaveLength(2);
});

it('trains every point of a grid to the end at once', async () => {
  const { contenders, untilEpochs } = await draw.run({ ...settings, epochs: 2, method: 'grid' });
  expect(contenders).toHaveLength(8);
  expect(new Set(contenders.map(({ hyper }) => `${hyper.cell} ${hyper.units} ${hyper.learningRate}`)).size).toBe(8);
  const [one] = contenders;
  if (one === undefined) throw new Error('no point');
  const { contender } = await rungOf(one, untilEpochs, 0);
  expect(contender.history).toHaveLength(2);
  expect(await rungOf(contender, untilEpochs, 1)).toEqual({ contender });
});
