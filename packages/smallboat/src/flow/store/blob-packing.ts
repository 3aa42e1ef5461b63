import { promisify } from 'node:util';
import { gzip, gzipSync } from 'node:zlib';

/** Below this many bytes gzip's own 20 bytes and the time are not worth it. */
const SMALL = 512;
/** Above this many bytes gzip takes seconds, whatever it saves. */
const HUGE = 1 << 30;
const SAMPLE = 1 << 14;

export interface Packed {
  /** True where the content is stored as it is: Metaflow's `cas_raw`. */
  readonly isRaw: boolean;
  readonly content: readonly Uint8Array[];
}

/**
 * Content as it is stored: gzipped at the fastest level where that at least halves it, as it is otherwise. The same
 * content is always packed the same way. Floats as models have them do not shrink, and gzip takes 50 times as long as writing them.
 *
 * @param size Bytes of all pieces.
 */
export async function packed(pieces: readonly Uint8Array[], size: number): Promise<Packed> {
  if (size < SMALL || size > HUGE) return { isRaw: true, content: pieces };
  if (size > 4 * SAMPLE) {
    const sample = Buffer.concat([0.1, 0.5, 0.9].map((share) => slice(pieces, Math.floor(share * size), SAMPLE)));
    if (gzipSync(sample, { level: 1 }).length > sample.length / 2) return { isRaw: true, content: pieces };
  }
  const whole = pieces.length === 1 ? (pieces[0] ?? new Uint8Array(0)) : Buffer.concat(pieces);
  const smaller = await promisify(gzip)(whole, { level: 1 });
  return smaller.length > size / 2 ? { isRaw: true, content: pieces } : { isRaw: false, content: [smaller] };
}

/** Up to `length` bytes from `from` on, of the piece that lies there. */
function slice(pieces: readonly Uint8Array[], from: number, length: number): Uint8Array {
  let start = from;
  for (const piece of pieces) {
    if (start < piece.length) return piece.subarray(start, start + length);
    start -= piece.length;
  }
  return new Uint8Array(0);
}
