import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** Loaded with the first hash: it takes 5 ms, and the start of most commands needs none. */
const crypto = () => process.getBuiltinModule('node:crypto');

/** SHA-256 of bytes or text (UTF-8), in lower-case hex (64 characters). */
export function sha256(content: Uint8Array | string): string {
  return crypto().createHash('sha256').update(content).digest('hex');
}

/** SHA-256 of a file's bytes, read in a stream: memory does not grow with the file. */
export async function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = crypto().createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, signal ? { signal } : {});
  return hash.digest('hex');
}
