import { expect, it } from 'vitest';
import { inMemoryRunStore } from '../store-in-memory.ts';
import { Boxed } from './generated-values.ts';
import { shownArtifact } from './shown-artifact.ts';

it('shows what a codec packed by the codec’s name, and calls no codec', async () => {
  await using store = inMemoryRunStore();
  const box = new Boxed([1n]);
  const key = await store.save('F', { box, again: box, at: new Date(0) });
  const shown = { 'test.Boxed': { inside: [1n] } };
  expect(await shownArtifact(store, 'F', key)).toEqual({ box: shown, again: shown, at: new Date(0) });
});
