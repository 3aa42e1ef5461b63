import { mkdir, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { mapAtMost, writeAll } from '../../kernel/index.ts';
import type { ArtifactKey, RunStore } from '../store/run-store.ts';
import { type FileRef, type FolderRef, folderErrors } from './folder-ref.ts';

/** Bytes of a piece: a changed byte has one piece stored anew, and so many pieces are in memory at once. */
const PIECE = 32 << 20;
const PIECES_AT_ONCE = 4;

/** Where a folder is kept, and what is known of it. */
export interface Keeping {
  readonly store: RunStore;
  readonly flow: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/**
 * Keeps a folder, or one file, in the store of the runs: pieces that are there already are not written again. The pieces belong to no attempt
 * until it names them. Rejects with `FOLDER_NOT_STORABLE`.
 */
export async function keepFolder(path: string, { store, flow, metadata }: Keeping): Promise<FolderRef> {
  const found = await filesIn(path);
  const files: FileRef[] = [];
  for (const file of found) {
    const { size } = await stat(file.at);
    const froms = Array.from({ length: Math.ceil(size / PIECE) }, (_, i) => i * PIECE);
    const parts = await mapAtMost(froms, PIECES_AT_ONCE, async (from) => {
      const piece = await readPiece(file.at, from, Math.min(PIECE, size - from));
      return store.save(flow, piece);
    });
    files.push({ path: file.path, bytes: size, parts });
  }
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return { kind: 'folder', flow, bytes, files, ...(metadata ? { metadata } : {}) };
}

/** The pieces of a folder that is kept. */
export function piecesOf({ files }: FolderRef): readonly ArtifactKey[] {
  return files.flatMap(({ parts }) => parts as readonly ArtifactKey[]); // As the store gave them.
}

/**
 * Writes a folder that is kept into one of this machine. Each piece is held to its hash. Rejects with `FOLDER_REF_INVALID`, `ARTIFACT_NOT_FOUND`,
 * `ARTIFACT_CORRUPT`.
 */
export async function fetchFolder(ref: FolderRef, into: string, store: RunStore): Promise<void> {
  checkRef(ref);
  await mkdir(into, { recursive: true });
  for (const { path, parts } of ref.files) {
    const at = join(into, path);
    await mkdir(dirname(at), { recursive: true });
    const file = await open(at, 'w');
    try {
      await mapAtMost(parts, PIECES_AT_ONCE, async (key, i) => {
        const piece = await store.load(ref.flow, key as ArtifactKey); // As the store gave it.
        if (!(piece instanceof Uint8Array)) throw invalid(`a piece of ${path} is no bytes`);
        await writeAll(file, piece, i * PIECE);
      });
    } finally {
      await file.close();
    }
  }
}

interface Found {
  /** In the folder. */
  readonly path: string;
  readonly at: string;
}

async function filesIn(path: string): Promise<readonly Found[]> {
  const known = await stat(path).catch((cause: unknown) => {
    throw folderErrors.FOLDER_NOT_STORABLE({ path, problem: 'it is not there' }, { cause });
  });
  if (known.isFile()) return [{ path: basename(path), at: path }];
  if (!known.isDirectory()) throw folderErrors.FOLDER_NOT_STORABLE({ path, problem: 'it is no folder' });
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  for (const entry of files) {
    if (entry.isFile()) continue;
    throw folderErrors.FOLDER_NOT_STORABLE({
      path: join(entry.parentPath, entry.name),
      problem: 'it is no plain file',
    });
  }
  return files
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((at) => ({ at, path: relative(path, at).split(sep).join('/') }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function readPiece(path: string, from: number, bytes: number): Promise<Buffer> {
  const piece = Buffer.allocUnsafeSlow(bytes);
  const file = await open(path, 'r');
  try {
    for (let done = 0; done < bytes;) {
      const { bytesRead } = await file.read(piece, done, bytes - done, from + done);
      if (bytesRead === 0) throw folderErrors.FOLDER_NOT_STORABLE({ path, problem: 'it grew shorter meanwhile' });
      done += bytesRead;
    }
  } finally {
    await file.close();
  }
  return piece;
}

/** A reference may come from anywhere, a parameter say: it writes nothing outside its folder. */
function checkRef(ref: FolderRef): void {
  if (ref?.kind !== 'folder' || !Array.isArray(ref.files)) throw invalid('it has no files');
  for (const { path } of ref.files) {
    const isInside = typeof path === 'string' && path !== '' && !isAbsolute(path) && !/[\\:\0]/.test(path);
    if (!isInside || path.split('/').some((part) => part === '' || part === '.' || part === '..')) {
      throw invalid(`${JSON.stringify(path)} is no file in a folder`);
    }
  }
}

function invalid(problem: string): Error {
  return folderErrors.FOLDER_REF_INVALID({ problem });
}
