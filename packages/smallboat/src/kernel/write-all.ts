import type { FileHandle } from 'node:fs/promises';

/** The most that one call to the system writes, in bytes: Linux takes less than 2 GiB. */
const STRIDE = 1 << 30;

/** Writes all of the bytes, which one call need not: from a place in the file on, or behind what was written before. */
export async function writeAll(file: FileHandle, bytes: Uint8Array, at?: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const position = at === undefined ? null : at + done;
    const { bytesWritten } = await file.write(bytes, done, Math.min(STRIDE, bytes.length - done), position);
    done += bytesWritten;
  }
}
