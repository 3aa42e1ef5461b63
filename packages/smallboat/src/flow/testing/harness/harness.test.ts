import { describe, expect, it } from 'vitest';
import { runFlow } from '../../run-flow.ts';
import { inMemoryRunStore } from '../../store-in-memory.ts';
import { buildFlow } from './build.ts';
import { differences, outcomeOf } from './compare.ts';
import { randomSpec, withRandomBehaviours } from './random-spec.ts';
import { type Spec, workersFor } from './spec.ts';

/** A run in this process, compared with the reference interpreter. */
async function check(spec: Spec, seed: number, maxWorkers: number): Promise<string[]> {
  const store = inMemoryRunStore();
  const flow = buildFlow(spec);
  const outcome = await outcomeOf(store, flow.name, () =>
    runFlow(flow, { module: import.meta.url, store, params: { seed }, maxWorkers: workersFor(spec, maxWorkers) }),
  );
  return differences(spec, seed, outcome);
}

/** Seeds of flows that once went wrong are kept here. */
const KEPT: readonly number[] = [];

describe('random flows come to what the reference interpreter says', () => {
  it.each([
    ['one worker', 1, 0],
    ['four workers', 4, 1000],
  ])('with %s', async (_, maxWorkers, from) => {
    const wrong: string[] = [];
    for (let i = 0; i < 120; i += 1) {
      const seed = from + i;
      for (const text of await check(randomSpec(seed), seed, maxWorkers)) wrong.push(`seed ${seed}: ${text}`);
    }
    expect(wrong).toEqual([]);
  });

  it('with steps that fail, are tried again, caught, and go on from checkpoints', async () => {
    const wrong: string[] = [];
    for (const seed of [...KEPT, ...Array.from({ length: 120 }, (_, i) => 2000 + i)]) {
      const spec = withRandomBehaviours(randomSpec(seed), seed);
      for (const text of await check(spec, seed, 3)) wrong.push(`seed ${seed}: ${text}`);
    }
    expect(wrong).toEqual([]);
  });
});
