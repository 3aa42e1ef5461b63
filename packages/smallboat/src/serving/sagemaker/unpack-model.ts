import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { defineErrors, messageOf } from '../../kernel/index.ts';

export const archiveErrors = defineErrors({
  ARCHIVE_UNSAFE: (f: { entry: string; problem: string }) =>
    `The archive of the model has an entry '${f.entry}' that ${f.problem}. Nothing of it was unpacked. Make it with 'smallboat deploy --package', or from plain files.`,
  ARCHIVE_TOO_LARGE: (f: { limit: number; what: string }) =>
    `The archive of the model has more than ${f.limit} ${f.what}. Nothing of it was unpacked. If that is right, raise the limit.`,
  ARCHIVE_UNREADABLE: (f: { problem: string }) =>
    `The archive of the model is no .tar.gz: ${f.problem}. Nothing of it was unpacked.`,
});

export interface UnpackLimits {
  /** Bytes of all files together, unpacked. Default 1 GiB. */
  readonly bytes: number;
  /** Files and folders. Default 10,000. */
  readonly entries: number;
}

const DEFAULT: UnpackLimits = { bytes: 1 << 30, entries: 10_000 };
const KINDS_TO_SKIP = new Set(['pax-header', 'pax-global-header', 'gnu-long-name', 'gnu-long-link-name']);

/**
 * Unpacks a `model.tar.gz` into a folder that is not there yet: plain files and folders below it, and nothing else. Links, devices, absolute paths,
 * `..`, one path twice, too much or too many refuse the whole archive. The folder appears whole or not at all.
 *
 * Rejects with `ARCHIVE_UNSAFE`, `ARCHIVE_TOO_LARGE`, `ARCHIVE_UNREADABLE`.
 */
export async function unpackModel(
  archive: Uint8Array,
  folder: string,
  given: Partial<UnpackLimits> = {},
): Promise<readonly string[]> {
  const limits = { ...DEFAULT, ...given };
  const files = await entriesOf(archive, limits);
  const root = resolve(folder);
  const aside = `${root}.${randomUUID()}.part`;
  try {
    await mkdir(aside, { recursive: true });
    for (const [path, content] of files) {
      const target = join(aside, path);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, content, { flag: 'wx', mode: 0o644 });
    }
    await rename(aside, root);
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    throw error;
  }
  return [...files.keys()].sort();
}

async function entriesOf(
  archive: Uint8Array,
  { bytes, entries }: UnpackLimits,
): Promise<ReadonlyMap<string, Uint8Array>> {
  // A header of 512 bytes an entry, and padding: so many more may a tar have than its files.
  const most = bytes + (entries + 2) * 1536;
  let tar: Buffer;
  try {
    tar = await promisify(gunzip)(archive, { maxOutputLength: most });
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE') {
      throw archiveErrors.ARCHIVE_TOO_LARGE({ limit: bytes, what: 'bytes' }, { cause });
    }
    throw archiveErrors.ARCHIVE_UNREADABLE({ problem: messageOf(cause) }, { cause });
  }
  const { unpackTar } = await import('modern-tar');
  const found = await unpackTar(tar, { strict: true }).catch((cause: unknown) => {
    throw archiveErrors.ARCHIVE_UNREADABLE({ problem: messageOf(cause) }, { cause });
  });
  if (found.length > entries) throw archiveErrors.ARCHIVE_TOO_LARGE({ limit: entries, what: 'entries' });
  const files = new Map<string, Uint8Array>();
  let total = 0;
  for (const { header, data } of found) {
    const { name, type = 'file' } = header;
    if (KINDS_TO_SKIP.has(type)) continue;
    const path = safePath(name);
    if (path === undefined)
      throw archiveErrors.ARCHIVE_UNSAFE({ entry: shown(name), problem: 'leads out of its folder' });
    if (type === 'directory') continue;
    if (type !== 'file')
      throw archiveErrors.ARCHIVE_UNSAFE({ entry: shown(name), problem: `is a ${type}, not a file` });
    if (path === '') throw archiveErrors.ARCHIVE_UNSAFE({ entry: shown(name), problem: 'has no name' });
    if (files.has(path)) throw archiveErrors.ARCHIVE_UNSAFE({ entry: shown(name), problem: 'is there twice' });
    total += data?.length ?? 0;
    if (total > bytes) throw archiveErrors.ARCHIVE_TOO_LARGE({ limit: bytes, what: 'bytes' });
    files.set(path, data ?? new Uint8Array());
  }
  return files;
}

/** The path of an entry below its folder, `a/b`; undefined where it is none that every system has there. */
function safePath(name: string): string | undefined {
  // A colon or a backslash leads elsewhere on Windows; a zero ends the name in some programs.
  if (name.startsWith('/') || /[\p{Cc}\\:]/u.test(name) || name.length > 1024) return undefined;
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') ? undefined : parts.join('/');
}

function shown(name: string): string {
  return name.slice(0, 120).replaceAll(/\p{Cc}/gu, '\uFFFD');
}
