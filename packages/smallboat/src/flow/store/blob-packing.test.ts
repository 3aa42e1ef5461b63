import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf, packed } from './blob-packing.ts';

const text = Buffer.from('lorem ipsum '.repeat(300_000));
const noise = Buffer.from(Float64Array.from({ length: 400_000 }, (_, i) => Math.sin(i) * 1e9).buffer);

/** The same content in pieces that end at some places. */
function cut(content: Uint8Array, places: readonly number[]): readonly Uint8Array[] {
  const ends = [...new Set(places)].filter((at) => at < content.length).sort((a, b) => a - b);
  return [0, ...ends].map((from, i) => content.subarray(from, ends[i]));
}

describe('content', () => {
  it('that shrinks to half is gzipped, as any reader of gzip has it back, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(text.length), { maxLength: 5 }), async (places) => {
        const { isRaw, content } = await packed(cut(text, places), text.length);
        expect(isRaw).toBe(false);
        const whole = Buffer.concat(content);
        expect(whole.length).toBeLessThan(text.length / 50);
        expect(gunzipSync(whole).equals(text)).toBe(true);
        expect(whole.equals(Buffer.concat((await packed([text], text.length)).content))).toBe(true);
      }),
      { numRuns: 8 },
    );
  });

  it('that does not, or is small, is left as it is', async () => {
    const few = Buffer.alloc(500);
    for (const content of [noise, few])
      expect(await packed([content], content.length)).toEqual({ isRaw: true, content: [content] });
    const begins = Buffer.concat([Buffer.alloc(100_000), noise]);
    expect((await packed([begins], begins.length)).isRaw).toBe(true);
  });
});

it('a hash is that of all bytes', () => {
  expect(digestOf('sha1', text)).toBe(createHash('sha1').update(text).digest('hex'));
  expect(digestOf('sha256', noise)).toBe(createHash('sha256').update(noise).digest('hex'));
});
