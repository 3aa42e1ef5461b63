import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

/** Files of an archive by path, with `/` between folders. */
export type Files = ReadonlyMap<string, Uint8Array>;

/** A moment that every file has, so that the same files give the same bytes. */
const THEN = new Date(0);

/** Packs files as `.tar.gz`, in the order of their paths. The same files give the same bytes. */
export async function packArchive(files: Files): Promise<Uint8Array> {
  const { packTar } = await import('modern-tar');
  const entries = [...files]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, body]) => ({
      header: { name, size: body.length, type: 'file' as const, mode: 0o644, mtime: THEN, uid: 0, gid: 0 },
      body,
    }));
  return promisify(gzip)(await packTar(entries), { level: 9 });
}

/** The files of a `.tar.gz`, as `packArchive` or Metaflow writes it. */
export async function unpackArchive(bytes: Uint8Array): Promise<Files> {
  const { unpackTar } = await import('modern-tar');
  const entries = await unpackTar(await promisify(gunzip)(bytes));
  const files = entries.filter(({ header }) => header.type === 'file' || header.type === undefined);
  return new Map(files.map(({ header, data }) => [header.name, data ?? new Uint8Array(0)]));
}
