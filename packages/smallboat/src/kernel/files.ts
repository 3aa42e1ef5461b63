import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { aside } from './aside.ts';

export interface WriteWholeOptions {
  /** Wait until the bytes are on the disk before the file appears. Default true; false where losing the file in a power cut does no harm. */
  readonly sync?: boolean;
}

/**
 * Writes a file so that a reader sees all of it or nothing: written aside, flushed, renamed. Folders on the
 * way are made. What was there before is replaced; if anything fails it stays.
 */
export async function writeWhole(
  path: string,
  content: Uint8Array | string,
  options: WriteWholeOptions = {},
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const part = aside(path);
  try {
    const file = await open(part, 'wx');
    try {
      await file.writeFile(content);
      if (options.sync ?? true) await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** Sorted names of what is in a folder; none if it is not there. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** True for the error of a file or folder that is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
