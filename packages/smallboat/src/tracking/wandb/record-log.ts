import { crc32 } from 'node:zlib';

/**
 * W&B's `.wandb` file: a head of seven bytes, then records in the log format of LevelDB, in blocks of 32 KiB, with a plain
 * CRC-32 over type and content where LevelDB has a masked CRC-32C.
 *
 * @see https://github.com/google/leveldb/blob/main/doc/log_format.md
 */

/** `:W&B`, the magic number 0xBEE1, version 0. */
export const FILE_HEAD = Uint8Array.from([0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0x00]);

const BLOCK = 32_768;
const CHUNK_HEAD = 7;
const FULL = 1;
const FIRST = 2;
const MIDDLE = 3;
const LAST = 4;

/** The bytes of a record that begins at `offset` of the file. */
export function recordBytes(record: Uint8Array, offset: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = offset;
  let sent = 0;
  do {
    let left = BLOCK - (at % BLOCK);
    if (left < CHUNK_HEAD) {
      // No room for the head of a chunk: the rest of the block is empty.
      parts.push(new Uint8Array(left));
      at += left;
      left = BLOCK;
    }
    const size = Math.min(record.length - sent, left - CHUNK_HEAD);
    const isLast = sent + size === record.length;
    const type = sent === 0 ? (isLast ? FULL : FIRST) : isLast ? LAST : MIDDLE;
    parts.push(chunk(type, record.subarray(sent, sent + size)));
    at += CHUNK_HEAD + size;
    sent += size;
  } while (sent < record.length);
  return Buffer.concat(parts);
}

function chunk(type: number, content: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(CHUNK_HEAD + content.length);
  bytes.writeUInt32LE(crc32(content, crc32(Uint8Array.of(type))), 0);
  bytes.writeUInt16LE(content.length, 4);
  bytes[6] = type;
  bytes.set(content, CHUNK_HEAD);
  return bytes;
}
