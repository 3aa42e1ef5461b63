import { withArrow } from './arrow-table.ts';
import { decodePickle } from './pickle-decode.ts';
import type { ArtifactKey, RunStore } from './run-store.ts';

/**
 * An artifact for people to look at, without the code that made it: in place of an instance of a class that is `storable` stands an object of
 * the codec's name and what it packed, `{ 'shop.Money': { cents: 1999n } }`. Rejects as `RunStore.load` does otherwise.
 */
export async function shownArtifact(store: RunStore, flow: string, key: ArtifactKey): Promise<unknown> {
  const bytes = await store.loadBytes(flow, key);
  return withArrow(() => decodePickle(bytes, (name, packed) => ({ [name]: packed })));
}
