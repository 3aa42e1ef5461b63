import { closeSync, fstatSync, mkdirSync, openSync, read, readSync, writev } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { aside } from '../../kernel/index.ts';
import type { Attributes, LargeFiles, Staged } from './datastore.ts';
import { ifThereNow, writing } from './store-file.ts';

/** Bytes that are compared at once: they stay in the cache of a core. */
const COMPARED = 1 << 20;
/** Bytes that are read at once while those before are looked at. */
const READ = 1 << 23;
/** The most bytes that one call to the system writes: Linux takes less than 2 GiB. */
const STRIDE = 1 << 30;

/** Large files of a folder. Another thread reads and writes while this one works on the bytes: so both take the time of the longer. */
export function largeFiles(
  at: (path: string) => string,
  writeAttributes: (path: string, attributes: Attributes) => void,
): LargeFiles {
  const place = { at, writeAttributes };
  return {
    holds: async (path, content) => ifThereNow(() => holds(at(path), content)) === true,
    read: (path, hear) => readTelling(at(path), hear),
    stage: (folder, content) => stage(at(folder), content, place),
  };
}

function holds(path: string, content: readonly Uint8Array[]): boolean {
  const file = openSync(path, 'r');
  try {
    const length = content.reduce((sum, piece) => sum + piece.length, 0);
    if (fstatSync(file).size !== length) return false;
    const found = Buffer.allocUnsafe(Math.min(COMPARED, length));
    for (const piece of content) {
      for (let from = 0; from < piece.length; from += COMPARED) {
        const wanted = piece.subarray(from, from + COMPARED);
        if (readSync(file, found, 0, wanted.length, null) !== wanted.length) return false;
        if (found.compare(wanted, 0, wanted.length, 0, wanted.length) !== 0) return false;
      }
    }
    return true;
  } finally {
    closeSync(file);
  }
}

async function readTelling(path: string, hear: (bytes: Uint8Array) => void): Promise<Uint8Array | undefined> {
  const file = ifThereNow(() => openSync(path, 'r'));
  if (file === undefined) return undefined;
  try {
    const { size } = fstatSync(file);
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
    const next = async (from: number): Promise<number> =>
      from >= size ? 0 : (await promisify(read)(file, bytes, from, Math.min(READ, size - from), from)).bytesRead;
    let from = 0;
    for (let length = await next(0); length > 0;) {
      const reading = next(from + length);
      hear(bytes.subarray(from, from + length));
      from += length;
      length = await reading;
    }
    return bytes.subarray(0, from);
  } finally {
    closeSync(file);
  }
}

interface Place {
  readonly at: (path: string) => string;
  readonly writeAttributes: (path: string, attributes: Attributes) => void;
}

/** The write is under way when this returns. */
function stage(folder: string, content: readonly Uint8Array[], { at, writeAttributes }: Place): Staged {
  const part = aside(`${folder}/new`);
  const written = writeAll(part, content);
  // Told to whoever waits for it.
  written.catch(() => undefined);
  const drop = async (): Promise<void> => {
    await written.catch(() => undefined);
    await rm(part, { force: true });
  };
  return {
    drop,
    async keepAs(path, { attributes } = {}) {
      try {
        await writing(at(path), async () => {
          await written;
          // First, since Python needs both once the file is there.
          if (attributes) writeAttributes(path, attributes);
          mkdirSync(dirname(at(path)), { recursive: true });
          await rename(part, at(path));
        });
      } catch (error) {
        await drop();
        throw error;
      }
    },
  };
}

async function writeAll(path: string, content: readonly Uint8Array[]): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, 'wx');
  try {
    let rest = content.flatMap((piece) => strides(piece));
    while (rest.length > 0) {
      const { bytesWritten } = await promisify(writev)(file, rest.slice(0, 64));
      rest = without(rest, bytesWritten);
    }
  } finally {
    closeSync(file);
  }
}

function strides(piece: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: Math.ceil(piece.length / STRIDE) }, (_, i) =>
    piece.subarray(i * STRIDE, (i + 1) * STRIDE),
  );
}

function without(pieces: readonly Uint8Array[], written: number): Uint8Array[] {
  let left = written;
  return pieces.flatMap((piece) => {
    const taken = Math.min(left, piece.length);
    left -= taken;
    return taken === piece.length ? [] : [piece.subarray(taken)];
  });
}
