import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { examplesOf } from '../features/index.ts';
import { behaviourOf, shopperOf } from './behaviour.ts';
import { compareProfiles } from './drift.ts';
import { profiler } from './profile.ts';
import { makeReference, readReference, referenceErrors, writeReference } from './reference.ts';
import { seededRandom } from './seeded-random.ts';
import { scoreOf, shop, shopExamples } from './test-shop.ts';

const newPath = async (): Promise<string> => join(await mkdtemp(join(tmpdir(), 'smallboat-')), 'reference.json');

const small = examplesOf([
  { tokens: [0, 6, 5, 2], label: 1, decision: 0 },
  { tokens: [0, 6, 5, 2, 5, 3], label: 0, decision: 1 },
]);

describe('a reference', () => {
  it('counts what is in the examples', () => {
    const { profile, performance } = makeReference({ examples: small, scores: [0.9, 0.2], clock: () => 5 });
    // add, remove, purchase, detail, view
    expect(profile.actions).toEqual([2, 1, 0, 3, 2]);
    expect(profile.lengths.slice(0, 7)).toEqual([0, 0, 0, 1, 0, 1, 0]);
    // none, add, remove, purchase, detail, view
    expect(profile.lastActions).toEqual([0, 1, 1, 0, 0, 0]);
    expect(profile.points.slice(0, 3)).toEqual([1, 0, 1]);
    expect([profile.scores[900], profile.scores[200]]).toEqual([1, 1]);
    expect(performance).toMatchObject({ examples: 2, positives: 1, rocAuc: 1, rate: 0.5, meanScore: 0.55 });
    expect(performance.logLoss).toBeCloseTo(-(Math.log(0.9) + Math.log(0.8)) / 2, 12);
  });

  it('comes back from its file as it was', async () => {
    const path = await newPath();
    const { examples, scores } = shopExamples(500, seededRandom(1));
    const lineage = { run: 'Intent/7', '2': 'b', '1': 'a' };
    const reference = makeReference({ examples, scores, model: { name: 'intent', version: '3' }, lineage });
    await writeReference(path, reference);
    expect(await readReference(path)).toEqual(reference);
  });

  it('comes back also when there is only one class', async () => {
    const path = await newPath();
    const one = examplesOf([{ tokens: [0, 2], label: 1 }]);
    await writeReference(path, makeReference({ examples: one, scores: [0.5] }));
    expect((await readReference(path)).performance.rocAuc).toBeNull();
  });

  it('is refused when it was changed', async () => {
    const path = await newPath();
    await writeReference(path, makeReference({ examples: small, scores: [0.9, 0.2] }));
    await writeFile(path, (await readFile(path, 'utf8')).replace('"examples":2', '"examples":3'));
    await expect(readReference(path)).rejects.toMatchObject({ code: referenceErrors.REFERENCE_CORRUPT.code });
  });

  it.each(['', '{}', '[1', '{"format":"smallboat-reference","version":2}'])(
    'is refused when it is %j',
    async (text) => {
      const path = await newPath();
      await writeFile(path, text);
      await expect(readReference(path)).rejects.toMatchObject({
        code: referenceErrors.REFERENCE_UNREADABLE.code,
        facts: { path },
      });
    },
  );

  it('needs a score for each example', () => {
    const { code } = referenceErrors.REFERENCE_EMPTY;
    expect(() => makeReference({ examples: small, scores: [0.5] })).toThrow(expect.objectContaining({ code }));
    expect(() => makeReference({ examples: examplesOf([]), scores: [] })).toThrow(expect.objectContaining({ code }));
  });
});

describe('shoppers drawn from a reference', () => {
  it('look like the examples, also to a drift report', () => {
    const { examples, scores } = shopExamples(20_000, seededRandom(1));
    const reference = makeReference({ examples, scores });
    const draw = shopperOf(reference.behaviour, seededRandom(2));
    const live = profiler();
    for (let i = 0; i < 5_000; i++) {
      const events = draw();
      live.add([0, ...events], scoreOf(events));
    }
    const features = compareProfiles(reference.profile, live.done());
    expect(features.map((f) => [f.feature, f.status])).toEqual(features.map((f) => [f.feature, 'none']));
    expect(Math.max(...features.map((f) => f.psi))).toBeLessThan(0.05);
  });

  it('have the shapes of the examples exactly', () => {
    const draw = shopperOf(behaviourOf(examplesOf([{ tokens: [0, 6, 6, 2, 5], label: 0 }])), seededRandom(1));
    for (let i = 0; i < 20; i++) expect(draw()).toEqual([6, 6, 2, 5]);
  });

  it('are the same for the same seed', () => {
    const { examples } = shopExamples(200, seededRandom(3));
    const take = (seed: number): number[][] => {
      const draw = shopperOf(behaviourOf(examples), seededRandom(seed));
      return Array.from({ length: 20 }, draw);
    };
    expect(take(7)).toEqual(take(7));
    expect(take(7)).not.toEqual(take(8));
  });

  it('know sessions without an add', () => {
    const draw = shopperOf(behaviourOf(examplesOf([{ tokens: [0, 5, 5], label: 0 }])), seededRandom(1));
    expect(draw()).toEqual([5, 5]);
    expect(shop(seededRandom(1))()).toContain(2);
  });
});
