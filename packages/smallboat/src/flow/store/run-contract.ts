import { describe, expect, it } from 'vitest';
import { codeOf } from './code-of.ts';
import { type RunStore, runStoreErrors } from './run-store.ts';

interface Of {
  readonly store: RunStore;
  /** A store over the same place, as another process would open it. */
  readonly other: RunStore;
}

/** What every store promises of runs and their tags. */
export function runCases(of: () => Of): void {
  describe('runs', () => {
    it('are none at first', async () => {
      const { store } = of();
      expect(await store.flows()).toEqual([]);
      expect(await store.runs('f')).toEqual([]);
      expect(await codeOf(store.tasks('f', '1'))).toBe(runStoreErrors.RUN_NOT_FOUND.code);
      expect(await codeOf(store.createTask('f', '1', 's'))).toBe(runStoreErrors.RUN_NOT_FOUND.code);
      expect(await codeOf(store.beat('f', '1'))).toBe(runStoreErrors.RUN_NOT_FOUND.code);
      expect(await store.flows()).toEqual([]);
    });

    it('are listed by flow, newest first, with what is known of them', async () => {
      const { store, other } = of();
      const first = await store.createRun('f', { tags: ['a', 'b'], systemTags: ['date:2020-01-01'] });
      const second = await store.createRun('f', { origin: first });
      await store.createRun('g');
      expect(await other.flows()).toEqual(['f', 'g']);
      const runs = await other.runs('f');
      expect(runs.map(({ run }) => run)).toEqual([second, first]);
      expect(runs[0]?.origin).toBe(first);
      expect(runs[1]).toMatchObject({ flow: 'f', tags: ['a', 'b'] });
      expect(runs[1]?.systemTags).toContain('date:2020-01-01');
      expect(runs[1]).not.toHaveProperty('origin');
      expect(runs[1]).not.toHaveProperty('heartbeatAt');
    });

    it('are found one by one', async () => {
      const { store, other } = of();
      const first = await store.createRun('f', { tags: ['a'] });
      const second = await store.createRun('f', { origin: first });
      expect(await other.run('f', first)).toMatchObject({ flow: 'f', run: first, tags: ['a'] });
      expect(await other.run('f', second)).toMatchObject({ run: second, origin: first });
      expect(await other.run('f', '77')).toBe(undefined);
      expect(await other.run('g', first)).toBe(undefined);
    });

    it('come one after the other, newest first, as long as somebody asks', async () => {
      const { store, other } = of();
      const made: string[] = [];
      for (let i = 0; i < 5; i += 1) made.push(await store.createRun('f'));
      const seen: string[] = [];
      for await (const { run } of other.eachRun('f')) if (seen.push(run) === 3) break;
      expect(seen).toEqual(made.toReversed().slice(0, 3));
    });

    it('say who made them and with what', async () => {
      const { store, other } = of();
      const run = await store.createRun('f');
      const info = await other.run('f', run);
      expect(info?.user).toBe(store.user);
      expect(info?.systemTags).toContain(`user:${store.user}`);
      expect(info?.systemTags).toContain('runtime:dev');
    });

    it('have ids that rise and that no other run has', async () => {
      const { store, other } = of();
      const made = await Promise.all(
        Array.from({ length: 20 }, (_, i) => (i % 2 ? store : other).createRun(i % 3 ? 'f' : 'g')),
      );
      expect(new Set(made).size).toBe(20);
      const next = await store.createRun('f');
      for (const run of made.filter((_, i) => i % 2)) expect(Number(next)).toBeGreaterThan(Number(run));
    });

    it('give signs of life', async () => {
      const { store, other } = of();
      const run = await store.createRun('f');
      await store.beat('f', run);
      const info = await other.run('f', run);
      expect(info?.heartbeatAt).toBeGreaterThanOrEqual(info?.createdAt ?? Infinity);
    });

    it.each(['', '..', 'a/b', '../x', '_meta', 'a b', '.hidden'])('have no flow of the name %j', async (flow) => {
      const { store } = of();
      expect(await codeOf(store.createRun(flow))).toBe(runStoreErrors.STORE_NAME_INVALID.code);
      expect(await codeOf(store.tasks(flow, '1'))).toBe(runStoreErrors.STORE_NAME_INVALID.code);
    });
  });

  describe('tags', () => {
    it('are taken away and added, the first first', async () => {
      const { store, other } = of();
      const run = { flow: 'f', run: await store.createRun('f', { tags: ['a', 'b'] }) };
      const tagsOf = async (): Promise<unknown> => (await other.run('f', run.run))?.tags.toSorted();
      expect([...(await store.changeTags(run, { add: ['c', 'a'] }))].sort()).toEqual(['a', 'b', 'c']);
      expect(await tagsOf()).toEqual(['a', 'b', 'c']);
      await other.changeTags(run, { remove: ['a', 'b', 'never there'], add: ['b'] });
      expect(await tagsOf()).toEqual(['b', 'c']);
      await store.changeTags(run, { remove: ['b', 'c'] });
      expect(await tagsOf()).toEqual([]);
    });

    it('of the system stay, and are not added a second time', async () => {
      const { store, other } = of();
      const run = { flow: 'f', run: await store.createRun('f', { tags: ['a'] }) };
      const ours = `user:${store.user}`;
      const refused = runStoreErrors.TAG_REFUSED.code;
      expect(await codeOf(store.changeTags(run, { remove: [ours] }))).toBe(refused);
      expect(await store.changeTags(run, { add: [ours] })).toEqual(['a']);
      expect((await other.run('f', run.run))?.systemTags.filter((tag) => tag === ours)).toHaveLength(1);
    });

    it.each(['', 'x'.repeat(501), '\ud800'])('are refused where they are none: %j', async (tag) => {
      const { store } = of();
      const run = { flow: 'f', run: await store.createRun('f') };
      const refused = runStoreErrors.TAG_REFUSED.code;
      expect(await codeOf(store.changeTags(run, { add: [tag] }))).toBe(refused);
      expect(await codeOf(store.createRun('f', { tags: [tag] }))).toBe(refused);
    });

    it('are at most fifty', async () => {
      const { store } = of();
      const many = Array.from({ length: 50 }, (_, i) => `tag ${i}`);
      const run = { flow: 'f', run: await store.createRun('f', { tags: many }) };
      expect(await codeOf(store.changeTags(run, { add: ['more'] }))).toBe(runStoreErrors.TAG_REFUSED.code);
      expect(await store.changeTags(run, { add: ['more'], remove: ['tag 0'] })).toHaveLength(50);
    });

    it('of two who change them at once are all there', async () => {
      const { store, other } = of();
      const run = { flow: 'f', run: await store.createRun('f') };
      const changes = Array.from({ length: 8 }, (_, i) => (i % 2 ? store : other).changeTags(run, { add: [`t${i}`] }));
      await Promise.all(changes);
      expect((await store.run('f', run.run))?.tags).toHaveLength(8);
    });

    it('need a run', async () => {
      const { store } = of();
      const none = store.changeTags({ flow: 'f', run: '1' }, { add: ['a'] });
      expect(await codeOf(none)).toBe(runStoreErrors.RUN_NOT_FOUND.code);
    });
  });
}
