import type { Catalogue } from './catalogue.ts';
import { HASH_BYTES, writeHash } from './catalogue.ts';
import { randomOf } from './random.ts';
import { textAt, vectorText } from './write-search.ts';

export const CONTENT_HEADER = 'product_sku_hash,description_vector,category_hash,image_vector,price_bucket\n';

const STREAM = 0x7f00_0005;
/** Categories have two levels: one of the upper for sixteen of the lower. */
const CATEGORIES = 174;
const PRICE_BUCKETS = 10;
/** Share of the products that have neither a description nor an image. */
const BARE_SHARE = 0.03;

/** The products as CSV, some hundred rows a text. */
export function* contentTexts(seed: number, catalogue: Catalogue): Generator<string> {
  const random = randomOf(seed, STREAM);
  const categories = new Uint8Array(CATEGORIES * HASH_BYTES);
  for (let i = 0; i < CATEGORIES; i++) writeHash(categories, i * HASH_BYTES, random);
  let lines: string[] = [];
  for (let product = 0; product < catalogue.products; product++) {
    const isBare = random.uniform() < BARE_SHARE;
    const category = random.uint32() % CATEGORIES;
    const path = `${textAt(categories, category >> 4)}/${textAt(categories, category)}`;
    const description = isBare ? '' : `"${vectorText(random)}"`;
    const image = isBare ? '' : `"${vectorText(random)}"`;
    const price = (random.uint32() % PRICE_BUCKETS) + 1;
    lines.push(`${textAt(catalogue.skus, product)},${description},${path},${image},${price}.0\n`);
    if (lines.length === 512) {
      yield lines.join('');
      lines = [];
    }
  }
  yield lines.join('');
}
