import * as fc from 'fast-check';
import { crc32 } from 'node:zlib';
import { expect, it } from 'vitest';
import { recordBytes } from './record-log.ts';

/** The records in a log that begins at `start` of a file, read chunk by chunk; throws where a checksum is wrong. */
function readBack(bytes: Uint8Array, start: number): readonly Uint8Array[] {
  const view = Buffer.from(bytes);
  const records: Uint8Array[] = [];
  let open: Uint8Array[] = [];
  for (let at = 0; at < view.length;) {
    const left = 32_768 - ((start + at) % 32_768);
    if (left < 7) {
      at += left;
      continue;
    }
    const size = view.readUInt16LE(at + 4);
    const type = view[at + 6] ?? 0;
    const content = view.subarray(at + 7, at + 7 + size);
    expect(size + 7).toBeLessThanOrEqual(left);
    expect(crc32(content, crc32(Uint8Array.of(type)))).toBe(view.readUInt32LE(at));
    open.push(content);
    if (type === 1 || type === 4) {
      records.push(Buffer.concat(open));
      open = [];
    }
    at += 7 + size;
  }
  return records;
}

it('gives back records of any length, wherever in the file they begin', () => {
  const lengths = fc.array(fc.oneof(fc.nat(50), fc.nat(100_000)), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(lengths, fc.integer({ min: 7, max: 70_000 }), (sizes, start) => {
      const records = sizes.map((size, i) => new Uint8Array(size).fill(i + 1));
      let offset = start;
      const parts = records.map((record) => {
        const bytes = recordBytes(record, offset);
        offset += bytes.length;
        return bytes;
      });
      const back = readBack(Buffer.concat(parts), start);
      expect(back.map((r) => [r.length, r[0]])).toEqual(records.map((r) => [r.length, r[0]]));
    }),
    { numRuns: 50 },
  );
});
