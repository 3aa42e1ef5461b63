import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { ingestErrors } from './ingest-errors.ts';
import type { RawFile } from './raw-files.ts';

/**
 * Reads a file from end to end, beside the load that does the same: its hash, and for gzip whether it is whole. DuckDB
 * does not check the sum at the end of a gzip file, nor does it notice one that was cut between two rows.
 *
 * @returns SHA-256 of the file as it lies there, as `sha256sum` prints it.
 * @throws INGEST_GZIP_DAMAGED
 */
export async function readThrough(file: RawFile, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  if (file.isGzip) await readPacked(file, hash, signal);
  else await readPlain(file.path, hash, signal);
  return hash.digest('hex');
}

/** Into one buffer, over and over: a stream makes a new one each time, which takes as long as half of the hashing. */
async function readPlain(path: string, hash: Hash, signal?: AbortSignal): Promise<void> {
  const file = await open(path);
  try {
    const buffer = Buffer.allocUnsafe(1 << 19);
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return;
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

async function readPacked({ path, name }: RawFile, hash: Hash, signal?: AbortSignal): Promise<void> {
  const file = createReadStream(path, { highWaterMark: 1 << 20 });
  file.on('data', (part) => hash.update(part));
  try {
    await pipeline(file, createGunzip({ chunkSize: 1 << 18 }), nowhere(), signal === undefined ? {} : { signal });
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && String(cause.code).startsWith('Z_'))) throw cause;
    const problem = cause.message === 'unexpected end of file' ? 'ends too early' : `is damaged (${cause.message})`;
    throw ingestErrors.INGEST_GZIP_DAMAGED({ path: name, problem }, { cause });
  }
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
