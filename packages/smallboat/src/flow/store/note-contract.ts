import { describe, expect, it } from 'vitest';
import { codeOf } from './code-of.ts';
import { type RunStore, type TaskPath, runStoreErrors } from './run-store.ts';

interface Of {
  readonly store: RunStore;
  /** A store over the same place, as another process would open it. */
  readonly other: RunStore;
  /** A task whose first attempt has begun. */
  readonly begun: () => Promise<TaskPath>;
}

/** What every store promises of what is kept of a run, and under names. */
export function noteCases(of: () => Of): void {
  describe('keys', () => {
    it('are kept under names of a run: the last one counts', async () => {
      const { store, other, begun } = of();
      const { flow, run } = await begun();
      expect(await other.checkpoint({ flow, run }, 'train[3]')).toBe(undefined);
      const [first, second] = [await store.save(flow, 1), await store.save(flow, 2)];
      await store.saveCheckpoint({ flow, run }, 'train[3]', first);
      await other.saveCheckpoint({ flow, run }, 'train[3]', second);
      expect(await store.checkpoint({ flow, run }, 'train[3]')).toBe(second);
      expect(await store.checkpoint({ flow, run }, 'train')).toBe(undefined);
      expect(await codeOf(store.saveCheckpoint({ flow, run: '777' }, 'x', first))).toBe(
        runStoreErrors.RUN_NOT_FOUND.code,
      );
    });

    it('are kept under names of a flow', async () => {
      const { store, other } = of();
      const key = await store.save('f', 'kept');
      await store.remember('f', 'a/b c', key);
      expect(await other.remembered('f', 'a/b c')).toBe(key);
      expect(await other.remembered('g', 'a/b c')).toBe(undefined);
    });
  });

  describe('summaries', () => {
    const summary = { state: 'failed', endedAt: 1_700_000_000_000, steps: 3, stepsDone: 1 } as const;

    it('are kept of a run: the last one counts', async () => {
      const { store, other } = of();
      const run = { flow: 'f', run: await store.createRun('f') };
      expect(await other.summary(run)).toBe(undefined);
      await store.saveSummary(run, { ...summary, stepsDone: 0 });
      await store.saveSummary(run, summary);
      expect(await other.summary(run)).toEqual(summary);
      expect(await other.summary({ flow: 'f', run: '777' })).toBe(undefined);
    });

    it('need a run', async () => {
      const { store } = of();
      const none = store.saveSummary({ flow: 'f', run: '777' }, summary);
      expect(await codeOf(none)).toBe(runStoreErrors.RUN_NOT_FOUND.code);
    });
  });
}
