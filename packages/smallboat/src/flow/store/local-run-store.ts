import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import type { Datastore } from './datastore.ts';
import { localDatastore } from './local-datastore.ts';
import { localMetadata } from './local-metadata.ts';
import type { ArtifactPlace, Metadata } from './metadata.ts';
import { metaflowRunStore } from './metaflow-run-store.ts';
import type { RunStore } from './run-store.ts';

export interface RunStoreOptions {
  /** The folder that `.metaflow` lies in, or will: made when the first run is. */
  readonly folder: string;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
  /** Who makes the runs: Metaflow's tag `user:<name>`, and its client's default namespace. By default the user of the process. */
  readonly user?: string;
}

/**
 * The run store that is a folder, in the layout of Metaflow 2.19's local datastore and local metadata: its Python client reads what is
 * written here with `METAFLOW_DATASTORE_SYSROOT_LOCAL` set to `folder`. Processes may share it: ids are claimed by files that only one of
 * them can make.
 */
export function localRunStore(options: RunStoreOptions): RunStore {
  const { clock = Date.now } = options;
  const parts = localParts(options);
  const datastore = parts.datastore();
  return metaflowRunStore({ datastore, metadata: parts.metadata(datastore), clock });
}

/** The halves of it, for stores that have one of them elsewhere. */
export function localParts({ folder, clock = Date.now, user = processUser() }: RunStoreOptions): {
  datastore(): Datastore;
  metadata(artifactsIn: ArtifactPlace): Metadata;
} {
  const root = join(resolve(folder), '.metaflow');
  return {
    datastore: () => localDatastore(root),
    metadata: (artifactsIn) => localMetadata({ root, user, clock, artifactsIn }),
  };
}

/** The name of the user whose process this is. */
export function processUser(): string {
  try {
    return userInfo().username;
  } catch (error) {
    // A process may run under a number that no name belongs to, as in containers.
    if (error instanceof Error && 'syscall' in error) return 'unknown';
    throw error;
  }
}
