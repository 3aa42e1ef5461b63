import type { Catalogue } from './catalogue.ts';
import { HASH_BYTES, PAGES, writeHash } from './catalogue.ts';
import { randomOf } from './random.ts';
import type { Random } from './random.ts';
import { timeOf } from './rhythm.ts';
import { ACTION, drawCartSession } from './shopper.ts';

/** Rows that are made at once, and lie in memory together. Part of what a seed means: another size gives other bytes. */
export const PART_ROWS = 65_536;

/** Share of the sessions that have an add. */
const CART_SHARE = 0.056;
/** Share of the rows that are an exact copy of another. */
const DUPLICATE_SHARE = 0.005;
/** Share of the rows that are written late, by up to ten minutes: the log is not in order. */
const LATE_SHARE = 0.02;
const LATE_MS = 600_000;
/** Share of the looks that are at a product, in sessions without an add. */
const DETAIL_SHARE = 0.34;

/** Lengths of sessions without an add: log-normal, σ = 1.2, of mean 5.7: as heavy in the tail as those of real shops. */
const LENGTHS = quantiles((z) => Math.max(1, Math.floor(Math.exp(1.1 + 1.2 * z) + 0.35)));
/** ms between two events of a session: log-normal about 18 s, up to 25 minutes. */
const GAPS = quantiles((z) => Math.min(1_500_000, Math.max(5, Math.floor(18_000 * Math.exp(1.2 * z)))));

/** What was made of a part, in numbers. */
export interface PartCounts {
  sessions: number;
  cartSessions: number;
  buyers: number;
  duplicates: number;
}

/** One row: its session, what was done, at which product, when. Columns of equal length. */
export interface LogPart {
  readonly rows: number;
  readonly session: Int32Array;
  readonly token: Uint8Array;
  /** Product, or the page where the token is a view. */
  readonly target: Int32Array;
  readonly atMs: Float64Array;
  /** Hashes of the sessions, 64 bytes each. */
  readonly sessionHashes: Uint8Array;
  /** Rows in the order in which they are written. */
  readonly order: Uint32Array;
  readonly counts: PartCounts;
}

/** Which rows to make: `rows` of them, the first of which is row `from` of `of`. */
export interface PartPlace {
  readonly seed: number;
  readonly part: number;
  readonly from: number;
  readonly rows: number;
  readonly of: number;
}

/**
 * Makes one part of the log. Sessions are drawn until the rows are full; the last session is one without an add, of just the length
 * that is left. Each part draws from a stream of its own, so no part needs another.
 */
export function makePart(place: PartPlace, catalogue: Catalogue): LogPart {
  const random = randomOf(place.seed, place.part);
  const { rows } = place;
  const duplicates = Math.round(rows * DUPLICATE_SHARE);
  const made = rows - duplicates;
  const session = new Int32Array(rows);
  const token = new Uint8Array(rows + 8192); // room for a session that turns out to be too long
  const target = new Int32Array(rows);
  const atMs = new Float64Array(rows);
  const counts: PartCounts = { sessions: 0, cartSessions: 0, buyers: 0, duplicates };
  for (let row = 0; row < made;) {
    const isCart = random.uniform() < CART_SHARE;
    const end = isCart ? drawCart(random, token, row) : 0;
    if (isCart && end <= made) {
      counts.cartSessions++;
      if (token.subarray(row, end).includes(ACTION.purchase)) counts.buyers++;
      row = settle(row, end);
    } else {
      row = settle(row, drawLooks(random, token, row, made));
    }
  }
  function settle(from: number, to: number): number {
    const share = (place.from + random.uniform() * rows) / place.of;
    let now = timeOf(share);
    let product = catalogue.drawProduct(random);
    let inCart = product;
    for (let row = from; row < to; row++) {
      const action = token[row] ?? 0;
      session[row] = counts.sessions;
      atMs[row] = now;
      now += (GAPS[random.uint32() >>> 16] ?? 0) + (random.uint32() & 1023) + 1;
      if (action === ACTION.detail && random.uint32() > 0x4000_0000) product = catalogue.drawProduct(random);
      if (action === ACTION.add) inCart = product;
      target[row] =
        action === ACTION.view
          ? random.uint32() % PAGES
          : action === ACTION.detail || action === ACTION.add
            ? product
            : inCart;
    }
    counts.sessions++;
    return to;
  }
  for (let row = made; row < rows; row++) {
    const copied = random.uint32() % made;
    session[row] = session[copied] ?? 0;
    token[row] = token[copied] ?? 0;
    target[row] = target[copied] ?? 0;
    atMs[row] = atMs[copied] ?? 0;
  }
  const sessionHashes = new Uint8Array(counts.sessions * HASH_BYTES);
  for (let i = 0; i < counts.sessions; i++) writeHash(sessionHashes, i * HASH_BYTES, random);
  return { rows, session, token, target, atMs, sessionHashes, order: writingOrder(atMs, random), counts };
}

/** A session with an add; after a purchase some looks more. */
function drawCart(random: Random, token: Uint8Array, from: number): number {
  let end = drawCartSession(random, token, from);
  if (token[end - 1] !== ACTION.purchase) return end;
  for (let more = 0; more < 20 && random.uniform() < 0.7; more++) {
    token[end++] = random.uniform() < DETAIL_SHARE ? ACTION.detail : ACTION.view;
  }
  return end;
}

function drawLooks(random: Random, token: Uint8Array, from: number, limit: number): number {
  const end = Math.min(limit, from + (LENGTHS[random.uint32() >>> 16] ?? 1));
  for (let row = from; row < end; row++) token[row] = random.uniform() < DETAIL_SHARE ? ACTION.detail : ACTION.view;
  return end;
}

/** By time, save that some rows come late. */
function writingOrder(atMs: Float64Array, random: Random): Uint32Array {
  const first = atMs.reduce((a, b) => Math.min(a, b), Infinity);
  const keys = atMs.map((at, row) => {
    const late = random.uniform() < LATE_SHARE ? Math.floor(random.uniform() * LATE_MS) : 0;
    return (at - first + late) * PART_ROWS + row; // below 2^53: 13 weeks in ms are 2^33
  });
  return Uint32Array.from(keys.sort(), (key) => key % PART_ROWS);
}

/** 65,536 values of a function of a normal variable, each as likely as any other. */
function quantiles(of: (z: number) => number): Float64Array {
  return Float64Array.from({ length: 65_536 }, (_, i) => of(normalQuantile((i + 0.5) / 65_536)));
}

/**
 * The value that a standard normal variable stays below with probability p, to 4.5e-4.
 *
 * @see M. Abramowitz, I. Stegun, Handbook of Mathematical Functions, 26.2.23.
 */
function normalQuantile(p: number): number {
  const t = Math.sqrt(-2 * Math.log(Math.min(p, 1 - p)));
  const z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  return p < 0.5 ? -z : z;
}
