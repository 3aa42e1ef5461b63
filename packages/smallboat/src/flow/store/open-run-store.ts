import type { RunStore } from './run-store.ts';

/** A store by where it is: plain data, so that it can be told to another process. */
export interface StoreSpec {
  /** The folder that `.metaflow` lies in, or will. */
  readonly folder: string;
  /** Who makes the runs. Default: the user of the process. */
  readonly user?: string;
  /** A store that artifacts are read from where this one has not got them. */
  readonly behind?: StoreSpec;
}

/** Opens a store; what it needs is loaded now, and nothing of the stores that are not asked for. */
export async function openRunStore(spec: StoreSpec): Promise<RunStore> {
  const { localRunStore } = await import('./local-run-store.ts');
  const store = localRunStore(spec);
  if (!spec.behind) return store;
  const { overlay } = await import('./overlay.ts');
  return overlay(store, await openRunStore(spec.behind));
}
