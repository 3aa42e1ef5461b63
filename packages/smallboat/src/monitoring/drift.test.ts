import { describe, expect, it } from 'vitest';
import { compareProfiles, worstStatus } from './drift.ts';
import type { Profile } from './profile.ts';
import { designEffect, profiler } from './profile.ts';
import { seededRandom } from './seeded-random.ts';
import { shop } from './test-shop.ts';

/** A profile of sessions with scores that follow their length and last action, as a model's would. */
function profileOf(sessions: readonly (readonly number[])[]): Profile {
  const profile = profiler();
  for (const events of sessions) {
    const adds = events.filter((token) => token === 2).length;
    profile.add([0, ...events], 1 / (1 + Math.exp(2 - adds + 0.03 * events.length - (events.at(-1) === 2 ? 0.5 : 0))));
  }
  return profile.done();
}

const take = (n: number, next: () => readonly number[]): (readonly number[])[] => Array.from({ length: n }, next);

describe('with traffic like the reference', () => {
  it.each([200, 1_000, 20_000])('%i predictions raise a false alarm in no more than one report in a hundred', (n) => {
    const reference = profileOf(take(20_000, shop(seededRandom(1))));
    const reports = n > 10_000 ? 20 : 200;
    const next = shop(seededRandom(2));
    const statuses = Array.from({ length: reports }, () =>
      worstStatus(compareProfiles(reference, profileOf(take(n, next)))),
    );
    expect(statuses.filter((s) => s !== 'none').length).toBeLessThanOrEqual(reports / 100);
  });

  it('the p-values alone keep the rate that they promise', () => {
    const reference = profileOf(take(20_000, shop(seededRandom(3))));
    const next = shop(seededRandom(4));
    const rule = { some: 0, drift: 10, alpha: 0.05 };
    const reports = Array.from({ length: 400 }, () =>
      worstStatus(compareProfiles(reference, profileOf(take(300, next)), rule)),
    );
    // 400 · 0.05 = 20, and three standard deviations (4.4) above it.
    expect(reports.filter((s) => s !== 'none').length).toBeLessThanOrEqual(33);
  });
});

describe('with other traffic', () => {
  it('notices broken tracking in a few hundred predictions', () => {
    const reference = profileOf(take(20_000, shop(seededRandom(1))));
    const next = shop(seededRandom(5));
    const broken = (): number[] => next().map((token) => (token === 5 ? 6 : token));
    const statuses = Array.from({ length: 50 }, () =>
      worstStatus(compareProfiles(reference, profileOf(take(300, broken)))),
    );
    expect(statuses.filter((s) => s === 'drift').length).toBe(50);
  });

  it('says what has changed, and only that', () => {
    const reference = profileOf(take(20_000, shop(seededRandom(1))));
    const next = shop(seededRandom(6));
    const features = compareProfiles(
      reference,
      profileOf(take(5_000, () => next().map((token) => (token === 5 ? 6 : token)))),
    );
    const status = Object.fromEntries(features.map((f) => [f.feature, f.status]));
    expect(status).toMatchObject({ length: 'none', 'decision point': 'none', actions: 'drift' });
  });

  it('does not judge fewer predictions than the minimum', () => {
    const reference = profileOf(take(2_000, shop(seededRandom(1))));
    const few = profileOf(take(199, () => [5, 5, 5, 5]));
    expect(worstStatus(compareProfiles(reference, few))).toBe('unknown');
    expect(worstStatus(compareProfiles(reference, few, { minimum: 100 }))).toBe('drift');
  });

  it('does not call a trifle drift, however many predictions show it', () => {
    const profile = (share: number): Profile => {
      const sessions = profiler();
      for (let i = 0; i < 100_000; i++) sessions.add([0, i < share * 100_000 ? 5 : 6, 2], 0.5);
      return sessions.done();
    };
    const actions = compareProfiles(profile(0.5), profile(0.52)).find((f) => f.feature === 'actions');
    expect(actions).toMatchObject({ status: 'none', test: { p: expect.closeTo(0, 6) } });
  });
});

it('shares of bins add up to one, in bins that cover everything', () => {
  const features = compareProfiles(
    profileOf(take(500, shop(seededRandom(1)))),
    profileOf(take(300, shop(seededRandom(2)))),
  );
  for (const { reference, live, bins } of features) {
    expect(reference.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    expect(live.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    expect([reference.length, live.length]).toEqual([bins.length, bins.length]);
  }
});

it('nothing logged yet is unknown, not drift', () => {
  expect(worstStatus(compareProfiles(profileOf(take(500, shop(seededRandom(1)))), profiler().done()))).toBe('unknown');
});

describe('design effect', () => {
  it('is the size of the sessions when every session repeats one action', () => {
    const profile = profiler();
    for (let i = 0; i < 1_000; i++) profile.add([0, ...Array.from({ length: 8 }, () => (i % 2 === 0 ? 5 : 6))], 0.5);
    // Clusters of 8 equal events: 1 + (8 − 1) · ρ with ρ = 1 (Kish 1965).
    expect(designEffect(profile.done()).mean).toBeCloseTo(8, 6);
  });

  it('is about one when events are drawn alone', () => {
    const random = seededRandom(7);
    const profile = profiler();
    for (let i = 0; i < 20_000; i++)
      profile.add([0, ...Array.from({ length: 8 }, () => (random() < 0.3 ? 5 : 6))], 0.5);
    expect(designEffect(profile.done()).mean).toBeCloseTo(1, 1);
  });
});
