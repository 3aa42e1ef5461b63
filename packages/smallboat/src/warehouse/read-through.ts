import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
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
export async function readThrough({ path, name, isGzip }: RawFile, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const file = createReadStream(path, { highWaterMark: 1 << 20 });
  file.on('data', (part) => hash.update(part));
  const options = signal === undefined ? {} : { signal };
  try {
    if (isGzip) await pipeline(file, createGunzip({ chunkSize: 1 << 18 }), nowhere(), options);
    else await pipeline(file, nowhere(), options);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && String(cause.code).startsWith('Z_'))) throw cause;
    const problem = cause.message === 'unexpected end of file' ? 'ends too early' : `is damaged (${cause.message})`;
    throw ingestErrors.INGEST_GZIP_DAMAGED({ path: name, problem }, { cause });
  }
  return hash.digest('hex');
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
