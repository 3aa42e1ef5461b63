import type { Catalogue } from './catalogue.ts';
import { HASH_BYTES } from './catalogue.ts';
import type { LogPart } from './log-part.ts';
import { randomOf } from './random.ts';
import type { Random } from './random.ts';

export const SEARCH_HEADER =
  'session_id_hash,query_vector,clicked_skus_hash,product_skus_hash,server_timestamp_epoch_ms\n';

/** Rows of the browsing file for one of the search file, as in the published data. */
export const BROWSING_PER_SEARCH = 45;

/** Different things that shoppers search for. */
const QUERIES = 2048;
const RESULTS = 10;
const CLICK_SHARE = 0.35;
const STREAM = { queries: 0x7f00_0004, rows: 0x4000_0000 };
const VECTOR_LENGTH = 50;

/** Texts of vectors of 50 numbers, `[0.123456, …]`: unit vectors of random direction. */
export function vectorText(random: Random): string {
  const values = Array.from({ length: VECTOR_LENGTH }, () => random.normal());
  const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return `[${values.map((value) => (value / norm).toFixed(6)).join(', ')}]`;
}

/** The vectors of what is searched for. */
export function queriesOf(seed: number): readonly string[] {
  const random = randomOf(seed, STREAM.queries);
  return Array.from({ length: QUERIES }, () => vectorText(random));
}

export interface SearchRows {
  readonly seed: number;
  readonly part: number;
  readonly rows: number;
}

/**
 * Searches of sessions of a part, as CSV, in the order of their rows there: what was shown, and of some what was clicked.
 * The searches take no part in whether something is bought.
 */
export function searchText(
  search: SearchRows,
  part: LogPart,
  catalogue: Catalogue,
  queries: readonly string[],
): string {
  const random = randomOf(search.seed, STREAM.rows + search.part);
  const lines: string[] = [];
  for (let i = 0; i < search.rows; i++) {
    // Spread over the part in order of time: one row of the log for each search.
    const row = part.order[Math.floor(((i + random.uniform()) * part.rows) / search.rows)] ?? 0;
    const query = Math.floor(QUERIES * random.uniform() ** 3); // few are frequent, many are rare
    // What is found depends on the query only.
    const found = randomOf(search.seed ^ query, STREAM.queries);
    const skus = Array.from({ length: RESULTS }, () => skuAt(catalogue, catalogue.drawProduct(found)));
    const clicked =
      random.uniform() < CLICK_SHARE ? list([skus[Math.floor(RESULTS * random.uniform() ** 2)] ?? '']) : '';
    const session = textAt(part.sessionHashes, part.session[row] ?? 0);
    const at = (part.atMs[row] ?? 0) + 1 + (random.uint32() & 4095);
    lines.push(`${session},"${queries[query] ?? ''}","${clicked}","${list(skus)}",${at}\n`);
  }
  return lines.join('');
}

/** As Python prints a list of texts: so it stands in the published files. */
function list(texts: readonly string[]): string {
  return `[${texts.map((text) => `'${text}'`).join(', ')}]`;
}

function skuAt(catalogue: Catalogue, product: number): string {
  return textAt(catalogue.skus, product);
}

export function textAt(hashes: Uint8Array, index: number): string {
  return Buffer.from(hashes.buffer, hashes.byteOffset + index * HASH_BYTES, HASH_BYTES).toString('latin1');
}
