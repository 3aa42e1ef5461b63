import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { digestOf, packed } from './blob-packing.ts';
import type { Attributes, Datastore, LargeFiles } from './datastore.ts';
import { knownContent } from './known-content.ts';
import { blobPath, blobsPath } from './layout.ts';
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

/** Bytes from which content on this machine is written while it is hashed, and known again when it comes back. */
const LARGE = 1 << 20;

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
  const known = knownContent(datastore, clock);

  /**
   * Since when the file is known to be there, to have what it should, and to be young; undefined where that is not so. A blob without its
   * attributes is none: Python would take it for a packed one. Without `pack` the bytes of the file have been looked at already.
   */
  async function soundSince(
    path: string,
    key = '',
    pack?: () => Promise<readonly Uint8Array[]>,
  ): Promise<number | undefined> {
    const own = sound.get(path);
    if (own && datastore.isRemote && clock() - own.at < OLD) return own.at;
    const now = clock();
    const there = await datastore.stat(path);
    if (there === undefined) return undefined;
    if (!own) {
      const attributes = there.attributes ?? (await datastore.attributes(path));
      if (attributes?.['cas_version'] === undefined) return undefined;
      if (pack && (there.md5 === undefined || there.md5 !== md5(await pack()))) {
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
    const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const facts = { size, type };
    let packing: ReturnType<typeof packed> | undefined;
    const pack = () => (packing ??= isRaw ? Promise.resolve({ isRaw, content: pieces }) : packed(pieces, size));
    const { large } = datastore;
    if (large && size >= LARGE) {
      const same = await known.keyOf(flow, pieces);
      if (same !== undefined && (await isThere(blobPath(flow, same), facts))) return same;
      if ((await pack()).isRaw) return saveLarge(flow, pieces, { facts, large });
    }
    const key = keyOf(pieces);
    const path = blobPath(flow, key);
    const now = clock();
    // Most content is new, and asking takes as long as sending it: of what is small, and far away, the place says whether it has it.
    if (datastore.isRemote && size < SMALL && !sound.has(path)) {
      const { isRaw, content } = await pack();
      if (await datastore.putNew(path, content, { attributes: attributesOf(isRaw, size, type) })) {
        sound.set(path, { ...facts, at: now });
        return key;
      }
    }
    const since = await soundSince(path, key, async () => (await pack()).content);
    if (since === undefined) {
      const { isRaw, content } = await pack();
      settled.delete(path);
      await datastore.put(path, content, { attributes: attributesOf(isRaw, size, type) });
    }
    sound.set(path, { ...facts, at: since ?? now });
    return key;
  }

  /** Whether a file that has the right bytes is whole with what stands beside it, and stays. */
  async function isThere(path: string, facts: BlobFacts): Promise<boolean> {
    const since = await soundSince(path);
    if (since !== undefined) sound.set(path, { ...facts, at: since });
    return since !== undefined;
  }

  /** Content that is stored as it is: another thread writes it while this one hashes it. */
  async function saveLarge(
    flow: string,
    pieces: readonly Uint8Array[],
    { facts, large }: { readonly facts: BlobFacts; readonly large: LargeFiles },
  ): Promise<ArtifactKey> {
    const now = clock();
    const staged = large.stage(blobsPath(flow), pieces);
    const key = keyOf(pieces);
    const path = blobPath(flow, key);
    const there = await datastore.stat(path);
    if (known.isChecked(path, there?.version) && (await isThere(path, facts))) await staged.drop();
    else {
      settled.delete(path);
      try {
        await staged.keepAs(path, { attributes: attributesOf(true, facts.size, facts.type) });
        sound.set(path, { ...facts, at: now });
        known.noteFile(path, (await datastore.stat(path))?.version);
      } catch (error) {
        // No room for a second one: the first will do, if there is one.
        if ((await soundSince(path, key, async () => pieces)) === undefined) throw error;
        await isThere(path, facts);
      }
    }
    known.noteMemory(key, pieces);
    return key;
  }

  async function facts(flow: string, key: ArtifactKey): Promise<BlobFacts> {
    const path = blobPath(flow, key);
    const own = sound.get(path);
    if (own !== undefined) return own;
    const there = await datastore.stat(path);
    if (there === undefined) throw ARTIFACT_NOT_FOUND({ key, location });
    return factsIn(there.attributes ?? (await datastore.attributes(path)), there.bytes);
  }

  async function load(flow: string, key: ArtifactKey): Promise<Uint8Array> {
    if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(key)) throw ARTIFACT_NOT_FOUND({ key, location });
    const path = blobPath(flow, key);
    const there = datastore.large && (await datastore.stat(path));
    const isLarge = there !== undefined && there.bytes >= LARGE;
    const bytes = await (isLarge ? readLarge(path, key, there.version) : datastore.get(path));
    if (bytes === undefined) throw ARTIFACT_NOT_FOUND({ key, location });
    if (isLarge && known.isChecked(path, there.version)) {
      known.noteMemory(key, [bytes]);
      return bytes;
    }
    const content = await unpacked(bytes, key);
    if (content !== undefined) return content;
    sound.delete(path);
    const problem = `its ${bytes.length} bytes do not have the hash that is its name`;
    throw ARTIFACT_CORRUPT({ key, path: `${location}/${path}`, problem });
  }

  /** A large file's bytes, which are hashed while they are read, unless that was done. What comes of it is noted. */
  async function readLarge(path: string, key: string, version: string | undefined): Promise<Uint8Array | undefined> {
    if (known.isChecked(path, version)) return datastore.get(path);
    const hash = createHash(algorithmOf(key));
    let isPacked: boolean | undefined;
    const bytes = await datastore.large?.read(path, (part) => {
      isPacked ??= isGzip(part);
      if (!isPacked) hash.update(part);
    });
    if (isPacked === false && hash.digest('hex') === key) known.noteFile(path, version);
    return bytes;
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

function algorithmOf(key: string): 'sha1' | 'sha256' {
  return key.length === 40 ? 'sha1' : 'sha256';
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** The content of a blob's file, packed or not; undefined if it is not what the key says. */
async function unpacked(bytes: Uint8Array, key: string): Promise<Uint8Array | undefined> {
  const hasHash = (content: Uint8Array): boolean => digestOf(algorithmOf(key), content) === key;
  if (isGzip(bytes)) {
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
