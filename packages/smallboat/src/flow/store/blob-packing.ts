import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip, gzipSync } from 'node:zlib';

/** Below this many bytes gzip's own 20 bytes and the time are not worth it. */
const SMALL = 512;
/** Up to this many bytes gzip is done sooner than another thread is asked. */
const QUICK = 1 << 15;
/** Above this many bytes gzip takes seconds, whatever it saves. */
const HUGE = 1 << 30;
/** Bytes of content in one member of a gzip file: members are packed side by side. */
const MEMBER = 1 << 20;
const SAMPLE = 1 << 14;
/** The most bytes that a hash takes at once. */
const STRIDE = 1 << 30;

export interface Packed {
  /** True where the content is stored as it is: Metaflow's `cas_raw`. */
  readonly isRaw: boolean;
  readonly content: readonly Uint8Array[];
}

/**
 * Content as it is stored: gzipped at the fastest level where that at least halves it, as it is otherwise. The same
 * content is always packed the same way, however it is cut. Floats as models have them do not shrink, and gzip takes 50 times as long as writing them.
 *
 * @param size Bytes of all pieces.
 */
export async function packed(pieces: readonly Uint8Array[], size: number): Promise<Packed> {
  const raw = { isRaw: true, content: pieces };
  if (size < SMALL || size > HUGE) return raw;
  if (size > 4 * SAMPLE) {
    const from = [0.1, 0.5, 0.9].map((share) => Math.floor(share * size));
    const sample = Buffer.concat(from.map((at) => part(pieces, at, at + SAMPLE)));
    if (gzipSync(sample, { level: 1 }).length > sample.length / 2) return raw;
  }
  const members = Array.from({ length: Math.ceil(size / MEMBER) }, async (_, i) => {
    const content = part(pieces, i * MEMBER, (i + 1) * MEMBER);
    return size <= QUICK ? gzipSync(content, { level: 1 }) : promisify(gzip)(content, { level: 1 });
  });
  const content = await Promise.all(members);
  const left = content.reduce((sum, member) => sum + member.length, 0);
  return left > size / 2 ? raw : { isRaw: false, content };
}

/** The bytes from one place to another, not copied where they lie in one piece. */
function part(pieces: readonly Uint8Array[], from: number, to: number): Uint8Array {
  const found: Uint8Array[] = [];
  let start = 0;
  for (const piece of pieces) {
    if (start >= to) break;
    if (start + piece.length > from) found.push(piece.subarray(Math.max(0, from - start), to - start));
    start += piece.length;
  }
  const [only] = found;
  return only !== undefined && found.length === 1 ? only : Buffer.concat(found);
}

/** The hash of bytes of any size, in hexadecimal. */
export function digestOf(algorithm: 'sha1' | 'sha256', content: Uint8Array): string {
  const hash = createHash(algorithm);
  for (let from = 0; from < content.length; from += STRIDE) hash.update(content.subarray(from, from + STRIDE));
  return hash.digest('hex');
}
