import { constants } from 'node:fs';
import { copyFile, open, rm, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isMissing } from '../../kernel/index.ts';

/** The first blocks of a DuckDB file: what it is, and two headers, of which the one with the higher count holds. */
const HEADERS = 3 * 4096;

/**
 * Copies a DuckDB file, while another process may write to it, as of one moment: what was committed then is in the copy, and
 * nothing else.
 *
 * DuckDB never writes over a block that its newest header leads to: new ones go to free places, and a checkpoint ends by
 * writing the other header. So the blocks that a header leads to stay as they are up to the next checkpoint, and a copy is sound
 * if no checkpoint ended while it was made. The log (`.wal`), copied first, leads only to blocks that were written before it; a
 * row of it that is cut is left out when it is read. While a checkpoint is under way there is a second log, and we wait for its end.
 *
 * @returns false if it could not be had in time.
 */
export async function copySnapshot(
  from: string,
  to: string,
  deadlineMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  for (let pause = 5; ; pause = Math.min(pause * 2, 200)) {
    signal?.throwIfAborted();
    if (await copied(from, to)) return true;
    await removeSnapshot(to);
    if (Date.now() + pause > deadlineMs) return false;
    await delay(pause, undefined, signal === undefined ? {} : { signal });
  }
}

async function copied(from: string, to: string): Promise<boolean> {
  const before = await headersOf(from);
  if (await exists(`${from}.wal.checkpoint`)) return false;
  const log = await sizeAndPlace(`${from}.wal`);
  if (log !== undefined && !(await copyIfThere(`${from}.wal`, `${to}.wal`))) return false;
  await copyFile(from, to, constants.COPYFILE_FICLONE); // at once where the disk can share blocks
  const after = await sizeAndPlace(`${from}.wal`);
  const isSameLog = log === undefined || (after !== undefined && after.place === log.place && after.size >= log.size);
  if (!isSameLog || (await exists(`${from}.wal.checkpoint`))) return false;
  return before.equals(await headersOf(from)) && before.equals(await headersOf(to));
}

async function headersOf(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADERS), 0, HEADERS, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function sizeAndPlace(path: string): Promise<{ readonly size: number; readonly place: number } | undefined> {
  try {
    const { size, ino } = await stat(path);
    return { size, place: ino };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

const exists = async (path: string): Promise<boolean> => (await sizeAndPlace(path)) !== undefined;

async function copyIfThere(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Removes a snapshot. */
export async function removeSnapshot(path: string): Promise<void> {
  for (const file of [path, `${path}.wal`]) await rm(file, { force: true });
}
