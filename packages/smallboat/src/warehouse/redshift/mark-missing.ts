import { Transform } from 'node:stream';

/** What stands for a missing value in files for Redshift, which cannot tell nothing between two commas from the empty text. */
export const MISSING = '<smallboat:missing>';

const QUOTE = 0x22;
const COMMA = 0x2c;
const LINE = 0x0a;
const RETURN = 0x0d;

/** Puts `MISSING` where a field of CSV has no character, not even quotes. Bytes in, bytes out; fields may be cut anywhere. */
export function markMissing(): Transform {
  const mark = Buffer.from(MISSING);
  let isQuoted = false;
  let isStart = true;
  let pending = false; // a line break of which only the first half is there
  return new Transform({
    transform(part: Buffer, _encoding, next) {
      const pieces: Buffer[] = [];
      let from = 0;
      for (let at = 0; at < part.length; at++) {
        const byte = part[at];
        if (isQuoted) {
          if (byte === QUOTE) isQuoted = false; // a doubled one opens it again at once
          continue;
        }
        if (isStart && (byte === COMMA || byte === LINE || byte === RETURN) && !(pending && byte === LINE)) {
          pieces.push(part.subarray(from, at), mark);
          from = at;
        }
        pending = byte === RETURN;
        isQuoted = byte === QUOTE;
        isStart = byte === COMMA || byte === LINE || byte === RETURN;
      }
      pieces.push(part.subarray(from));
      next(null, Buffer.concat(pieces));
    },
  });
}
