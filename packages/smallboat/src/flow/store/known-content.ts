import { blobPath } from './layout.ts';
import type { Datastore } from './datastore.ts';
import type { ArtifactKey } from './run-store.ts';

/** How long a file that has not changed since this process looked at its content is taken to hold it, in milliseconds. Ten minutes. */
const CHECKED_FOR = 6e5;

/**
 * What this process knows of large content on this machine, so that it does not hash again what it has just hashed: a task that hands on an
 * array that it was given, or reads what the one before it in the same process has written.
 */
export interface KnownContent {
  /** The key of the blob that holds these bytes, if they lie in memory that was loaded from it or saved as it, and nobody has changed them since: they are compared. */
  keyOf(flow: string, pieces: readonly Uint8Array[]): Promise<ArtifactKey | undefined>;
  /** Notes where memory came from, or went to. */
  noteMemory(key: ArtifactKey, pieces: readonly Uint8Array[]): void;
  /** Notes that a file of this version holds what its name says, not packed. */
  noteFile(path: string, version: string | undefined): void;
  /** Whether the file is known to hold that still. */
  isChecked(path: string, version: string | undefined): boolean;
}

export function knownContent(datastore: Datastore, clock: () => number): KnownContent {
  const files = new Map<string, { readonly version: string; readonly at: number }>();
  const origins = new WeakMap<ArrayBufferLike, ArtifactKey>();
  return {
    async keyOf(flow, pieces) {
      const key = origins.get(largest(pieces).buffer);
      if (key === undefined) return undefined;
      return (await datastore.large?.holds(blobPath(flow, key), pieces)) === true ? key : undefined;
    },
    noteMemory(key, pieces) {
      origins.set(largest(pieces).buffer, key);
    },
    noteFile(path, version) {
      if (version === undefined) files.delete(path);
      else files.set(path, { version, at: clock() });
    },
    isChecked(path, version) {
      const known = files.get(path);
      return known !== undefined && known.version === version && clock() - known.at < CHECKED_FOR;
    },
  };
}

function largest(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.reduce((most, piece) => (piece.length > most.length ? piece : most), new Uint8Array());
}
