import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { digestOf, packed } from './blob-packing.ts';
import type { Attributes, Datastore } from './datastore.ts';
import { blobPath } from './layout.ts';
import { runStoreErrors } from './run-store.ts';
import type { ArtifactKey } from './run-store.ts';

const { ARTIFACT_CORRUPT, ARTIFACT_NOT_FOUND } = runStoreErrors;

/** What Metaflow keeps of an artifact beside its content. */
export interface BlobFacts {
  /** Bytes of the content, unpacked. */
  readonly size: number;
  /** Python's name of the content's type: `<class 'dict'>`. */
  readonly type: string;
}

/** A blob that is younger than this, in milliseconds, is not deleted though nothing names it: what names it may be on its way. One hour. */
export const UNNAMED_FOR = 36e5;

/** Bytes below which content is sent rather than asked for. */
const SMALL = 1 << 18;

/** A blob that is saved again is made young again, where half of that time has gone by. */
const OLD = UNNAMED_FOR / 2;

/**
 * Blobs of flows, named by the SHA-1 of their content: Metaflow's content-addressed store, over any datastore.
 *
 * A blob is saved before anything names it, and may then still be lost with the power; what names it settles it first.
 */
export interface Blobs {
  /** Keeps content under its key; what is there already and sound is not written again. `isRaw`: never packed. */
  save(
    flow: string,
    pieces: readonly Uint8Array[],
    as: { readonly type: string; readonly isRaw?: boolean },
  ): Promise<ArtifactKey>;
  /** Rejects with `ARTIFACT_NOT_FOUND` and `ARTIFACT_CORRUPT`. */
  load(flow: string, key: ArtifactKey): Promise<Uint8Array>;
  has(flow: string, key: ArtifactKey): Promise<boolean>;
  /** Rejects with `ARTIFACT_NOT_FOUND`. */
  facts(flow: string, key: ArtifactKey): Promise<BlobFacts>;
  /** Whether this process has saved or checked a blob so lately that nobody deletes it now. */
  isFresh(flow: string, key: ArtifactKey): boolean;
  /** Waits until blobs cannot be lost. Rejects with `ARTIFACT_NOT_FOUND`. */
  settle(flow: string, keys: readonly ArtifactKey[]): Promise<void>;
}

export function blobsOf(datastore: Datastore, clock: () => number): Blobs {
  /** Blobs that this process wrote or checked, by path, and when they were young. */
  const sound = new Map<string, BlobFacts & { readonly at: number }>();
  /** Those of them that it waited for. */
  const settled = new Set<string>();
  const location = datastore.root;

  /**
   * Since when the file is known to be there, to have what it should, and to be young; undefined where that is not so. A blob without its
   * attributes is none: Python would take it for a packed one.
   */
  async function soundSince(
    path: string,
    key: string,
    pack: () => Promise<readonly Uint8Array[]>,
  ): Promise<number | undefined> {
    const known = sound.get(path);
    if (known && datastore.isRemote && clock() - known.at < OLD) return known.at;
    const now = clock();
    const there = await datastore.stat(path);
    if (there === undefined) return undefined;
    if (!known) {
      const attributes = there.attributes ?? (await datastore.attributes(path));
      if (attributes?.['cas_version'] === undefined) return undefined;
      if (there.md5 === undefined || there.md5 !== md5(await pack())) {
        const bytes = await datastore.get(path);
        if (bytes === undefined || (await unpacked(bytes, key)) === undefined) return undefined;
      }
    }
    // One that stays old is known to be there, and is not relied on.
    return now - there.changedAt < OLD || (await datastore.renew(path)) ? now : 0;
  }

  async function save(
    flow: string,
    pieces: readonly Uint8Array[],
    { type, isRaw = false }: { readonly type: string; readonly isRaw?: boolean },
  ): Promise<ArtifactKey> {
    const key = keyOf(pieces);
    const path = blobPath(flow, key);
    const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
    let packing: ReturnType<typeof packed> | undefined;
    const pack = () => (packing ??= isRaw ? Promise.resolve({ isRaw, content: pieces }) : packed(pieces, size));
    const known = { size, type };
    const now = clock();
    // Most content is new, and asking takes as long as sending it: of what is small, and far away, the place says whether it has it.
    if (datastore.isRemote && size < SMALL && !sound.has(path)) {
      const { isRaw, content } = await pack();
      if (await datastore.putNew(path, content, { attributes: attributesOf(isRaw, size, type) })) {
        sound.set(path, { ...known, at: now });
        return key;
      }
    }
    const since = await soundSince(path, key, async () => (await pack()).content);
    if (since === undefined) {
      const { isRaw, content } = await pack();
      settled.delete(path);
      await datastore.put(path, content, { attributes: attributesOf(isRaw, size, type) });
    }
    sound.set(path, { ...known, at: since ?? now });
    return key;
  }

  async function facts(flow: string, key: ArtifactKey): Promise<BlobFacts> {
    const path = blobPath(flow, key);
    const known = sound.get(path);
    if (known !== undefined) return known;
    const there = await datastore.stat(path);
    if (there === undefined) throw ARTIFACT_NOT_FOUND({ key, location });
    return factsIn(there.attributes ?? (await datastore.attributes(path)), there.bytes);
  }

  async function load(flow: string, key: ArtifactKey): Promise<Uint8Array> {
    if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(key)) throw ARTIFACT_NOT_FOUND({ key, location });
    const path = blobPath(flow, key);
    const bytes = await datastore.get(path);
    if (bytes === undefined) throw ARTIFACT_NOT_FOUND({ key, location });
    const content = await unpacked(bytes, key);
    if (content !== undefined) return content;
    sound.delete(path);
    const problem = `its ${bytes.length} bytes do not have the hash that is its name`;
    throw ARTIFACT_CORRUPT({ key, path: `${location}/${path}`, problem });
  }

  async function settle(flow: string, keys: readonly ArtifactKey[]): Promise<void> {
    // What this process did not save may have gone since it was last asked for.
    const isOver = (path: string): boolean => sound.has(path) && settled.has(path);
    const open = [...new Set(keys.map((key) => blobPath(flow, key)))].filter((path) => !isOver(path));
    const [missing] = await datastore.settle(open);
    if (missing !== undefined) throw ARTIFACT_NOT_FOUND({ key: missing.split('/').at(-1) ?? '', location });
    for (const path of open) settled.add(path);
  }

  const has = async (flow: string, key: ArtifactKey): Promise<boolean> =>
    (await datastore.stat(blobPath(flow, key))) !== undefined;
  const isFresh = (flow: string, key: ArtifactKey): boolean =>
    clock() - (sound.get(blobPath(flow, key))?.at ?? 0) < OLD;
  return { save, load, has, isFresh, facts, settle };
}

function attributesOf(isRaw: boolean, size: number, type: string): Attributes {
  return { cas_raw: isRaw, cas_version: 1, size, type };
}

/** The key of content: the one place where a key is made. */
export function keyOf(pieces: readonly Uint8Array[]): ArtifactKey {
  const hash = createHash('sha1');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex') as ArtifactKey;
}

function md5(pieces: readonly Uint8Array[]): string {
  const hash = createHash('md5');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

/** The content of a blob's file, packed or not; undefined if it is not what the key says. */
async function unpacked(bytes: Uint8Array, key: string): Promise<Uint8Array | undefined> {
  const algorithm = key.length === 40 ? 'sha1' : 'sha256';
  const hasHash = (content: Uint8Array): boolean => digestOf(algorithm, content) === key;
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    const content = await promisify(gunzip)(bytes).catch((error: unknown) => {
      // Damaged, or raw content that begins like gzip: the hash decides.
      if (error instanceof Error && 'errno' in error) return undefined;
      throw error;
    });
    if (content !== undefined && hasHash(content)) return content;
  }
  return hasHash(bytes) ? bytes : undefined;
}

/** What stands beside a blob; without it, as Python leaves it, the bytes of its file. */
function factsIn(attributes: Attributes | undefined, bytes: number): BlobFacts {
  const { size, type } = attributes ?? {};
  return {
    size: typeof size === 'number' ? size : bytes,
    type: typeof type === 'string' ? type : "<class 'object'>",
  };
}
