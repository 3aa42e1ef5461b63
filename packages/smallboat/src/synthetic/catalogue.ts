import { randomOf } from './random.ts';
import type { Random } from './random.ts';

/** Bytes of a hash in hex, as it is written. */
export const HASH_BYTES = 64;

/** The shop's products and pages: the hashes that go into the files, 64 bytes each, one after the other. */
export interface Catalogue {
  readonly products: number;
  readonly skus: Uint8Array;
  readonly productUrls: Uint8Array;
  /** Hashes of `PAGES` pages that are not a product's. */
  readonly pageUrls: Uint8Array;
  /** Draws a product by popularity: product k is visited in proportion to (k + 20)^-0.9. */
  drawProduct(random: Random): number;
}

export const PAGES = 4096;
const OFFSET = 20;
const EXPONENT = 0.9;
/** Streams of the seed: each thing that is made draws its own numbers. The rows take the streams from 0 on. */
const STREAM = { skus: 0x7f00_0001, urls: 0x7f00_0002, pages: 0x7f00_0003 };

/** Makes the catalogue of a seed. */
export function catalogueOf(seed: number, products: number): Catalogue {
  // The inverse of the distribution function of the density (x + q)^-a on [0, n].
  const low = OFFSET ** (1 - EXPONENT);
  const span = (products + OFFSET) ** (1 - EXPONENT) - low;
  return {
    products,
    skus: hashes(products, randomOf(seed, STREAM.skus)),
    productUrls: hashes(products, randomOf(seed, STREAM.urls)),
    pageUrls: hashes(PAGES, randomOf(seed, STREAM.pages)),
    drawProduct: (random) => {
      const x = (low + span * random.uniform()) ** (1 / (1 - EXPONENT)) - OFFSET;
      return Math.min(products - 1, Math.floor(x));
    },
  };
}

function hashes(count: number, random: Random): Uint8Array {
  const bytes = new Uint8Array(count * HASH_BYTES);
  for (let i = 0; i < count; i++) writeHash(bytes, i * HASH_BYTES, random);
  return bytes;
}

const HEX = new TextEncoder().encode('0123456789abcdef');

/** Writes a random hash of 64 hex digits at an index. */
export function writeHash(into: Uint8Array, at: number, random: Random): void {
  let to = at;
  for (let word = 0; word < 8; word++) {
    const bits = random.uint32();
    for (let shift = 28; shift >= 0; shift -= 4) into[to++] = HEX[(bits >>> shift) & 15] ?? 0;
  }
}
