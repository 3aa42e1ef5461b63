import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { WorkOptions } from '../../kernel/index.ts';
import { FORMATS } from '../raw-files.ts';
import { openS3 } from './s3.ts';

/** A folder of S3's, on this machine. */
export interface FetchedFolder extends AsyncDisposable {
  readonly path: string;
  /** The URL of a file that lies in it. */
  nameOf(path: string): string;
}

export interface FetchOptions extends WorkOptions {
  /** Names of raw files, without endings: only these are fetched. */
  readonly files: readonly string[];
  /** What the copy is put into. */
  readonly temporaryFolder: string;
}

/** Copies the raw files that a folder of S3's has, to be read here. Removed by dispose. */
export async function fetchFolder(
  url: string,
  { files, temporaryFolder, signal, onProgress }: FetchOptions,
): Promise<FetchedFolder> {
  const base = url.replace(/\/$/, '');
  const path = await mkdtemp(join(temporaryFolder, 'smallboat-s3-'));
  const close = (): Promise<void> => rm(path, { recursive: true, force: true });
  try {
    await using s3 = await openS3(base);
    const objects = (await s3.list(`${base}/`, signal)).filter((object) =>
      isOneOf(object.url.slice(base.length + 1), files),
    );
    const all = objects.reduce((sum, { bytes }) => sum + bytes, 0);
    let done = 0;
    for (const object of objects) {
      const to = join(path, object.url.slice(base.length + 1));
      await mkdir(dirname(to), { recursive: true });
      onProgress?.(done / Math.max(1, all), `fetching ${object.url}`);
      await s3.download(object.url, to, signal);
      done += object.bytes;
    }
  } catch (error) {
    await close();
    throw error;
  }
  const nameOf = (of: string): string => (of === path ? base : `${base}/${relative(path, of)}`);
  return { path, nameOf, [Symbol.asyncDispose]: close };
}

function isOneOf(key: string, files: readonly string[]): boolean {
  if (key.split('/').includes('..')) return false;
  return files.some((file) =>
    FORMATS.some(
      ([ending]) =>
        key === `${file}.${ending}` ||
        (key.startsWith(`${file}/`) && key.endsWith(`.${ending}`) && !key.slice(file.length + 1).includes('/')),
    ),
  );
}
