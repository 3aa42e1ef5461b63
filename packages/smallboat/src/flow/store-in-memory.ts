import { memoryDatastore } from './store/memory-datastore.ts';
import { memoryMetadata } from './store/memory-metadata.ts';
import { metaflowRunStore } from './store/metaflow-run-store.ts';
import type { RunStore } from './store/run-store.ts';

/**
 * A store that lives and dies with this process: for tests of flows, which then run in this process too. It keeps the
 * promises of the port, and encodes values as other stores do, so that what cannot be stored is refused here too.
 */
export function inMemoryRunStore(now: () => number = Date.now): RunStore {
  return metaflowRunStore({ datastore: memoryDatastore(now), metadata: memoryMetadata(now), clock: now });
}
