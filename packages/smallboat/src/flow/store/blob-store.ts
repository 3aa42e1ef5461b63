import { createHash } from 'node:crypto';
import { mkdirSync, renameSync } from 'node:fs';
import { copyFile, link, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { aside, isMissing } from '../../kernel/index.ts';
import { packed } from './blob-packing.ts';
import { flush, readStart, readWhole, writePieces } from './blob-file.ts';
import type { Layout } from './layout.ts';
import { runStoreErrors } from './run-store.ts';
import type { ArtifactKey } from './run-store.ts';
import { exists, ifThere, namesIn, writeSmall, writing } from './store-file.ts';

const { ARTIFACT_CORRUPT, ARTIFACT_NOT_FOUND } = runStoreErrors;

/** What Metaflow keeps of an artifact beside its content. */
export interface BlobFacts {
  /** Bytes of the content, unpacked. */
  readonly size: number;
  /** Python's name of the content's type: `<class 'dict'>`. */
  readonly type: string;
}

/** Bytes below which a blob is written at once rather than by another thread. */
const SMALL = 1 << 16;

/**
 * Blobs named by the SHA-1 of their content, in Metaflow's content-addressed store.
 *
 * A blob is saved before anything names it, and Metaflow keeps blobs by flow: so it first lies in `.saved`, and `claim` moves it to the
 * flow whose attempt ends with it, in whatever process. Nothing waits for the disk before that: a blob is flushed when it is claimed, and
 * then all blobs of the attempt at once.
 */
export interface BlobStore {
  /** Keeps content under its key; what is there already and sound is not written again. */
  save(pieces: readonly Uint8Array[], type: string): Promise<ArtifactKey>;
  /** Rejects with `ARTIFACT_NOT_FOUND` and `ARTIFACT_CORRUPT`. */
  load(key: ArtifactKey): Promise<Uint8Array>;
  has(key: ArtifactKey): Promise<boolean>;
  /** Rejects with `ARTIFACT_NOT_FOUND`. */
  facts(key: ArtifactKey): Promise<BlobFacts>;
  /** Makes a blob one of the flow's, on the disk for good. Rejects with `ARTIFACT_NOT_FOUND`. */
  claim(flow: string, key: ArtifactKey): Promise<void>;
  /** Deletes what was saved before `time` (milliseconds since 1970 by the clock of the file system) and never claimed. */
  prune(time: number): Promise<void>;
}

/** The blobs of the store in `layout`. */
export function blobStore(layout: Layout): BlobStore {
  let flows: readonly string[] = [];
  /** Facts of blobs that this process wrote or checked. */
  const sound = new Map<string, BlobFacts>();
  /** Where this process claimed a blob: the first place to look for it. */
  const homes = new Map<string, string>();

  const inFlow = (flow: string, key: string): string => join(layout.blobs(flow), key.slice(0, 2), key);
  const staged = (key: string): string => join(layout.saved, key);

  /** The file of a blob, if there is one. A blob moves from `.saved` to a flow and nowhere else, so in this order none is missed. */
  async function find(key: string, first?: string): Promise<string | undefined> {
    const home = homes.get(key);
    if (home !== undefined && (first === undefined || home === inFlow(first, key)) && exists(home)) return home;
    const places = [staged(key), ...(first === undefined ? [] : [first]), ...flows].map((place, i) =>
      i === 0 ? place : inFlow(place, key),
    );
    for (const path of places) if (exists(path)) return path;
    const now = (await namesIn(layout.root)).filter((name) => !name.startsWith('.'));
    const more = now.filter((flow) => !flows.includes(flow));
    flows = now;
    for (const flow of more) if (exists(inFlow(flow, key))) return inFlow(flow, key);
    return undefined;
  }

  async function isSound(path: string, key: string): Promise<boolean> {
    if (sound.has(key)) return true;
    const bytes = await ifThere(readWhole(path));
    return bytes !== undefined && (await unpacked(bytes, key)) !== undefined;
  }

  async function save(pieces: readonly Uint8Array[], type: string): Promise<ArtifactKey> {
    const hash = createHash('sha1');
    for (const piece of pieces) hash.update(piece);
    // The one place where a key is made.
    const key = hash.digest('hex') as ArtifactKey;
    const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const path = await find(key);
    if (path !== undefined && (await isSound(path, key))) {
      sound.set(key, { size, type });
      if (dirname(path) === layout.saved) {
        const now = new Date();
        // Younger again, so that nobody prunes it before it is claimed.
        for (const file of [path, `${path}_meta`]) await ifThere(utimes(file, now, now));
      }
      return key;
    }
    const { isRaw, content } = await packed(pieces, size);
    const sidecar = JSON.stringify({ cas_raw: isRaw, cas_version: 1, size, type });
    writeSmall(layout.saved, { [`${key}_meta`]: sidecar });
    if (size < SMALL) writeSmall(layout.saved, { [key]: content });
    else await writing(staged(key), () => writePieces(staged(key), content));
    sound.set(key, { size, type });
    return key;
  }

  async function facts(key: ArtifactKey): Promise<BlobFacts> {
    const known = sound.get(key);
    if (known !== undefined) return known;
    const path = await find(key);
    if (path === undefined) throw ARTIFACT_NOT_FOUND({ key, location: layout.root });
    return factsOf(path);
  }

  async function claim(flow: string, key: ArtifactKey): Promise<void> {
    const target = inFlow(flow, key);
    if (homes.get(key) === target && exists(target)) return;
    await writing(target, async () => {
      mkdirSync(dirname(target), { recursive: true });
      for (;;) {
        const from = await find(key, flow);
        if (from === undefined) throw ARTIFACT_NOT_FOUND({ key, location: layout.root });
        if (from === target) break;
        if (from !== staged(key)) {
          await copyOver(from, target);
          break;
        }
        // Where another process was quicker, look again where it is now.
        if (await moveOver(from, target)) break;
      }
    });
    if (!exists(`${target}_meta`)) await describeBlob(target, sound.get(key));
    homes.set(key, target);
  }

  async function load(key: ArtifactKey): Promise<Uint8Array> {
    if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(key)) throw ARTIFACT_NOT_FOUND({ key, location: layout.root });
    // Twice: a blob may move from `.saved` to a flow between being found and being read.
    for (let tries = 0; tries < 2; tries += 1) {
      const path = await find(key);
      const bytes = path === undefined ? undefined : await ifThere(readWhole(path));
      if (path === undefined || bytes === undefined) continue;
      const content = await unpacked(bytes, key);
      if (content !== undefined) return content;
      sound.delete(key);
      const problem = `its ${bytes.length} bytes do not have the hash that is its name`;
      throw ARTIFACT_CORRUPT({ key, path, problem });
    }
    throw ARTIFACT_NOT_FOUND({ key, location: layout.root });
  }

  async function prune(time: number): Promise<void> {
    for (const name of await namesIn(layout.saved)) {
      const path = join(layout.saved, name);
      const facts = await ifThere(stat(path));
      if (facts && facts.mtimeMs < time) await rm(path, { force: true });
    }
  }

  const has = async (key: ArtifactKey): Promise<boolean> => (await find(key)) !== undefined;
  return { save, load, has, facts, claim, prune };
}

/** The content of a blob's file, packed or not; undefined if it is not what the key says. */
async function unpacked(bytes: Uint8Array, key: string): Promise<Uint8Array | undefined> {
  const algorithm = key.length === 40 ? 'sha1' : 'sha256';
  const hasHash = (content: Uint8Array): boolean => createHash(algorithm).update(content).digest('hex') === key;
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

/**
 * Flushes a saved blob and moves it, its sidecar first: Python needs both once the blob is there. False if it has gone. The sidecar is not
 * flushed: we read a blob without it.
 */
async function moveOver(from: string, target: string): Promise<boolean> {
  const isThere = await ifThere(flush(from).then(() => true));
  if (isThere === undefined) return false;
  renameIfThere(`${from}_meta`, `${target}_meta`);
  return renameIfThere(from, target);
}

function renameIfThere(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** The same blob for one more flow: a second name of one file, where the file system has that. */
async function copyOver(from: string, target: string): Promise<void> {
  for (const end of ['_meta', '']) {
    try {
      await link(from + end, target + end);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EEXIST' || (code === 'ENOENT' && end === '_meta')) continue;
      if (code !== 'EPERM' && code !== 'EXDEV' && code !== 'ENOTSUP' && code !== 'EMLINK') throw error;
      const part = aside(target + end);
      await copyFile(from + end, part);
      await flush(part);
      await rename(part, target + end);
    }
  }
}

/** Writes a blob's sidecar, where two processes that moved it at once, or one that was killed, left it without. */
async function describeBlob(path: string, facts: BlobFacts | undefined): Promise<void> {
  const [first, second] = await readStart(path, 2);
  const isRaw = first !== 0x1f || second !== 0x8b;
  const sidecar = { cas_raw: isRaw, cas_version: 1, ...facts };
  writeSmall(dirname(path), { [`${basename(path)}_meta`]: JSON.stringify(sidecar) });
}

/** The facts that lie beside a blob; without them, as Python leaves it or a power cut, the bytes of its file. */
async function factsOf(path: string): Promise<BlobFacts> {
  const { size, type } = sidecarOf(await ifThere(readFile(`${path}_meta`, 'utf8')));
  return { size: size ?? (await ifThere(stat(path)))?.size ?? 0, type: type ?? "<class 'object'>" };
}

/** What a sidecar says; nothing of one that is damaged. By hand: every worker reads one, and loading zod takes longer than all the rest. */
function sidecarOf(text = '{}'): Partial<BlobFacts> {
  const size = /"size": ?(\d+)/.exec(text)?.[1];
  const type = /"type": ?"([^"\\]+)"/.exec(text)?.[1];
  return { ...(size === undefined ? {} : { size: Number(size) }), ...(type === undefined ? {} : { type }) };
}
