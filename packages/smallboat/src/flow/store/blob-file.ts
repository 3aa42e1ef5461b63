import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { aside, writeAll } from '../../kernel/index.ts';

/** The most that one call to the system reads, in bytes: Linux takes less than 2 GiB. */
const STRIDE = 1 << 30;

/** Writes pieces one after the other into a file that appears whole. Not flushed: see `flush`. */
export async function writePieces(path: string, pieces: readonly Uint8Array[]): Promise<void> {
  const part = aside(path);
  try {
    const file = await open(part, 'wx');
    try {
      for (const piece of pieces) await writeAll(file, piece);
    } finally {
      await file.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** Bytes up to which a file is read at once: passing each of the four calls to another thread and back takes longer than reading. */
const SMALL = 1 << 16;

/** A file's bytes in a buffer of their own, of any size. */
export async function readWhole(path: string): Promise<Uint8Array> {
  const small = readSmall(path);
  return small ?? readLarge(path);
}

function readSmall(path: string): Uint8Array | undefined {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    if (size > SMALL) return undefined;
    const bytes = new Uint8Array(size);
    return bytes.subarray(0, readSync(file, bytes, 0, size, 0));
  } finally {
    closeSync(file);
  }
}

async function readLarge(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
    let at = 0;
    while (at < size) {
      const { bytesRead } = await file.read(bytes, at, Math.min(STRIDE, size - at), at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return bytes.subarray(0, at);
  } finally {
    await file.close();
  }
}

/** Waits until a file's bytes are on the disk. */
export async function flush(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
