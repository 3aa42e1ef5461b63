import { describe, expect, it } from 'vitest';
import { runStoreErrors } from './run-store.ts';
import type { RunStore, TaskPath } from './run-store.ts';

/** What the cases need of the suite that they are part of, asked for in each. */
export interface CardPlace {
  readonly store: RunStore;
  /** Over the same place, as another process would open it. */
  readonly other: RunStore;
  /** A task whose first attempt has begun. */
  readonly begun: () => Promise<TaskPath>;
}

/** What every run store promises of its cards: part of `runStoreContract`. */
export function cardCases(place: () => CardPlace): void {
  describe('cards', () => {
    it('are none at first', async () => {
      const { store, begun } = place();
      const task = await begun();
      expect(await store.cards.list(task)).toEqual([]);
      expect(await store.cards.html(task)).toBeUndefined();
      expect(await store.cards.data(task)).toBeUndefined();
    });

    it('are seen by others before the attempt ends, each writing in place of the one before', async () => {
      const { store, other, begun } = place();
      const task = await begun();
      await store.cards.save(task, { html: '<p>é 1</p>', data: '{"n":1}' });
      expect(await other.cards.html(task)).toBe('<p>é 1</p>');
      await store.cards.save(task, { html: '<p>2</p>' });
      expect(await other.cards.html(task)).toBe('<p>2</p>');
      expect(await other.cards.data(task)).toBe('{"n":1}');
      const listed = await other.cards.list(task);
      expect(listed).toMatchObject([{ type: 'default', bytes: 8, hash: expect.stringMatching(/^[0-9a-f]{32}$/) }]);
      expect(listed[0]?.savedAt).toBeGreaterThan(0);
      expect(listed[0]).not.toHaveProperty('id');
    });

    it('are told apart by kind and id, and by task', async () => {
      const { store, other, begun } = place();
      const task = await begun();
      await store.cards.save(task, { html: 'a' });
      await store.cards.save(task, { html: 'b', id: 'run' });
      await store.cards.save(task, { html: 'c', type: 'custom', id: 'run' });
      expect((await other.cards.list(task)).map(({ type, id }) => [type, id])).toEqual([
        ['custom', 'run'],
        ['default', undefined],
        ['default', 'run'],
      ]);
      expect(await other.cards.html(task, { id: 'run' })).toBe('b');
      expect(await other.cards.html(task, { type: 'custom', id: 'run' })).toBe('c');
      expect(await other.cards.html(await begun())).toBeUndefined();
    });

    it('of data alone are not listed: they have no page yet', async () => {
      const { store, begun } = place();
      const task = await begun();
      await store.cards.save(task, { data: '{}' });
      expect(await store.cards.list(task)).toEqual([]);
    });

    it('are there on return, where the store says so', async () => {
      const { store, other, begun } = place();
      const task = await begun();
      const saving = store.cards.save(task, { data: '{"n":1}' });
      if (store.cards.isImmediate) expect(await other.cards.data(task)).toBe('{"n":1}');
      await saving;
      expect(await other.cards.data(task)).toBe('{"n":1}');
    });

    it.each(['', 'a-b', '../x', 'a b', 'é'])('have no kind and no id %j', async (name) => {
      const { store, begun } = place();
      const task = await begun();
      for (const card of [{ type: name }, { id: name }]) {
        const error = await store.cards.save(task, { ...card, html: 'x' }).catch((thrown: unknown) => thrown);
        expect(runStoreErrors.STORE_NAME_INVALID.is(error)).toBe(true);
      }
    });

    it('of a name that leads out of the store are refused', async () => {
      const { store, begun } = place();
      const task = { ...(await begun()), step: '..' };
      const error = await store.cards.save(task, { html: 'x' }).catch((thrown: unknown) => thrown);
      expect(runStoreErrors.STORE_NAME_INVALID.is(error)).toBe(true);
    });
  });

  it('tells how large an artifact is', async () => {
    const { store, other } = place();
    const [small, large] = [await store.save('f', 1), await store.save('f', new Float64Array(1000))];
    expect(await other.size('f', small)).toBeLessThan(20);
    expect(await other.size('f', large)).toBeGreaterThan(8000);
    expect(await other.size('f', large)).toBeLessThan(8400);
  });
}
