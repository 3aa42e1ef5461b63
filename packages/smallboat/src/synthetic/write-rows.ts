import type { Catalogue } from './catalogue.ts';
import { HASH_BYTES } from './catalogue.ts';
import type { LogPart } from './log-part.ts';
import { ACTION } from './shopper.ts';

export const BROWSING_HEADER =
  'session_id_hash,event_type,product_action,product_sku_hash,server_timestamp_epoch_ms,hashed_url\n';

/** No row of the browsing file is longer: three hashes, 13 digits, the longest names, commas. */
export const MAX_ROW_BYTES = 3 * HASH_BYTES + 13 + 32;

const VIEW = bytesOf(',pageview,,,');
const PRODUCT: Readonly<Record<number, Uint8Array>> = {
  [ACTION.detail]: bytesOf(',event_product,detail,'),
  [ACTION.add]: bytesOf(',event_product,add,'),
  [ACTION.remove]: bytesOf(',event_product,remove,'),
  [ACTION.purchase]: bytesOf(',event_product,purchase,'),
};
const COMMA = 44;
const NEW_LINE = 10;

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Writes the rows of a part as CSV into `into`, which has room for `MAX_ROW_BYTES` a row. @returns bytes written. */
export function writeBrowsing(part: LogPart, catalogue: Catalogue, into: Uint8Array): number {
  const { session, token, target, atMs, sessionHashes, order } = part;
  const { skus, productUrls, pageUrls } = catalogue;
  let at = 0;
  for (const row of order) {
    at = copy(sessionHashes, (session[row] ?? 0) * HASH_BYTES, into, at);
    const action = token[row] ?? 0;
    const place = (target[row] ?? 0) * HASH_BYTES;
    const isView = action === ACTION.view;
    const names = isView ? VIEW : (PRODUCT[action] ?? VIEW);
    for (let i = 0; i < names.length; i++) into[at++] = names[i] ?? 0;
    if (!isView) {
      at = copy(skus, place, into, at);
      into[at++] = COMMA;
    }
    at = writeInteger(atMs[row] ?? 0, into, at);
    into[at++] = COMMA;
    at = copy(isView ? pageUrls : productUrls, place, into, at);
    into[at++] = NEW_LINE;
  }
  return at;
}

/** Copies one hash; a loop, because 64 bytes are too few for the price of a call into the engine. */
function copy(from: Uint8Array, start: number, into: Uint8Array, at: number): number {
  for (let i = 0; i < HASH_BYTES; i++) into[at + i] = from[start + i] ?? 0;
  return at + HASH_BYTES;
}

/** Writes 13 digits. In two halves: what fits into 32 bits is divided faster. */
function writeInteger(value: number, into: Uint8Array, at: number): number {
  let low = value % 10_000_000;
  let high = (value - low) / 10_000_000;
  for (let i = 12; i > 5; i--) {
    const tens = (low / 10) | 0;
    into[at + i] = 48 + low - tens * 10;
    low = tens;
  }
  for (let i = 5; i >= 0; i--) {
    const tens = (high / 10) | 0;
    into[at + i] = 48 + high - tens * 10;
    high = tens;
  }
  return at + 13;
}
