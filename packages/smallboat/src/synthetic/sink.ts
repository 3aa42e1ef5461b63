import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { writeAll } from '../kernel/index.ts';

/** A file that appears when it is complete. */
export interface Sink {
  /** Resolves when the bytes are written, and the buffer may be used again. */
  write(bytes: Uint8Array): Promise<void>;
  /** Flushes to the disk and gives the file its name. @returns its size in bytes. */
  finish(): Promise<number>;
  /** Removes what was written. */
  discard(): Promise<void>;
}

/** Writes a file aside, plain or through gzip, and gives it its name at the end. */
export async function fileSink(path: string, isGzip: boolean): Promise<Sink> {
  const aside = `${path}.part`;
  return isGzip ? gzipSink(path, aside) : plainSink(path, aside);
}

async function plainSink(path: string, aside: string): Promise<Sink> {
  const file = await open(aside, 'w');
  let size = 0;
  return {
    async write(bytes) {
      await writeAll(file, bytes);
      size += bytes.length;
    },
    async finish() {
      await file.sync();
      await file.close();
      await rename(aside, path);
      return size;
    },
    async discard() {
      await file.close();
      await rm(aside, { force: true });
    },
  };
}

async function gzipSink(path: string, aside: string): Promise<Sink> {
  const file = createWriteStream(aside, { flush: true });
  // Hex digits are half entropy, which level 1 gets out: level 6 takes six times as long for 3 % less.
  const gzip = createGzip({ level: 1, chunkSize: 1 << 18 });
  gzip.pipe(file);
  const ended = finished(file);
  ended.catch(() => undefined); // awaited in finish, and told by write
  const failed = new Promise<never>((_, reject) => file.once('error', reject));
  failed.catch(() => undefined);
  await once(file, 'open');
  return {
    write: (bytes) =>
      Promise.race([
        new Promise<void>((resolve, reject) => gzip.write(bytes, (error) => (error ? reject(error) : resolve()))),
        failed,
      ]),
    async finish() {
      gzip.end();
      await ended;
      await rename(aside, path);
      return file.bytesWritten;
    },
    async discard() {
      gzip.destroy();
      file.destroy();
      await rm(aside, { force: true });
    },
  };
}
