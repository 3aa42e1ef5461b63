import type { Column } from './columns.ts';
import { byteOf } from './columns.ts';
import { TOKENS } from './tokens.ts';

/**
 * What can be known of an event beside its action. All of it is known when the event happens: a row never depends on what comes after.
 *
 * | feature | what |
 * |---|---|
 * | `page` | which page, among the most frequent of the training part |
 * | `price` | the product's price bucket |
 * | `popularity` | how often the product was seen on the days before, in powers of two |
 * | `gap` | time since the event before |
 * | `elapsed` | time since the first event |
 * | `actions` | adds, removes, details and views so far |
 * | `pages` | different pages so far, and whether this one was seen before |
 * | `cart` | whether something was put into the cart, and events since |
 * | `clock` | hour of the day, and weekend (UTC) |
 */
export const FEATURE_NAMES = [
  'page',
  'price',
  'popularity',
  'gap',
  'elapsed',
  'actions',
  'pages',
  'cart',
  'clock',
] as const;
export type FeatureName = (typeof FEATURE_NAMES)[number];

/** What the model of a shop is given by default: on a real shop's data price and popularity added nothing. */
export const DEFAULT_FEATURES: readonly FeatureName[] = ['page', 'gap', 'elapsed', 'actions', 'pages', 'cart', 'clock'];

/** Values that "page" takes at most: not known, any other, and the frequent ones. */
export const MAX_PAGES = 254;
/** Levels of popularity: 1 is more than half of all events on products, each further one half as much; 0 is none yet. */
export const POPULARITY_LEVELS = 15;
/** Price buckets that are told apart, from 1; 0 is not known. */
export const PRICE_LEVELS = 15;

/** An event as numbers. What is not known is 0, a time NaN, a page's identity −1. */
export interface CodedEvent {
  readonly token: number;
  /** ms since 1970. */
  readonly at: number;
  /** Number of the page: 1 any other, from 2 the frequent ones. */
  readonly page: number;
  /** Equal for equal pages of a session: what different pages are counted by. */
  readonly pageIdentity: number;
  readonly price: number;
  readonly popularity: number;
}

/** The columns of some features, in their order. @param pages Frequent pages with a number of their own. */
export function columnsOf(names: readonly FeatureName[], pages: number): readonly Column[] {
  return names.flatMap((name) => KINDS[name].columns(pages));
}

const number = (name: string, low: number, high: number): Column => ({ kind: 'number', name, low, high });

/** Numbers of the model's input lie near −1 to 1; logarithms of seconds and counts are shifted and shrunk to that. */
const SECONDS = { from: 0, to: 12, low: -0.8, high: 3.2 } as const;
const COUNT = { from: 0, to: 6, low: -1, high: 5 } as const;

const ofSeconds = (ms: number): number => byteOf(Math.log1p(ms / 1000), SECONDS.from, SECONDS.to);
/** Counts are looked up: there are few, and each event has several. */
const BYTE_OF_COUNT = Uint8Array.from({ length: 403 }, (_, n) => byteOf(Math.log1p(n), COUNT.from, COUNT.to));
const ofCount = (n: number): number => BYTE_OF_COUNT[Math.min(n, 402)] ?? 0;

/** Sine and cosine of the day's and half day's turn, in steps of ten minutes: four bytes each. */
const CLOCK = Uint8Array.from({ length: 144 * 4 }, (_, i) => {
  const turn = (Math.floor(i / 4) / 144) * 2 * Math.PI;
  const wave = [Math.sin(turn), Math.cos(turn), Math.sin(2 * turn), Math.cos(2 * turn)][i % 4] ?? 0;
  return byteOf(wave, -1, 1);
});
const DAY_MS = 86_400_000;

/** What is remembered of a session while its events come. */
interface Memory {
  first: number;
  before: number;
  counts: Int32Array;
  pages: Set<number>;
  wasSeen: boolean;
  sinceAdd: number;
}

interface Kind {
  columns(pages: number): readonly Column[];
  /** Writes its bytes at `at`. The memory has taken the event in. */
  write(into: Uint8Array, at: number, event: CodedEvent, memory: Memory): void;
}

const COUNTED = [TOKENS.add, TOKENS.remove, TOKENS.detail, TOKENS.view] as const;

const KINDS: Readonly<Record<FeatureName, Kind>> = {
  page: {
    columns: (pages) => [{ kind: 'category', name: 'page', size: pages + 2 }],
    write: (into, at, { page }) => void (into[at] = page),
  },
  price: {
    columns: () => [{ kind: 'category', name: 'price', size: PRICE_LEVELS + 1 }],
    write: (into, at, { price }) => void (into[at] = price),
  },
  popularity: {
    columns: () => [{ kind: 'category', name: 'popularity', size: POPULARITY_LEVELS + 1 }],
    write: (into, at, { popularity }) => void (into[at] = popularity),
  },
  gap: {
    columns: () => [number('gap', SECONDS.low, SECONDS.high)],
    write: (into, at, { at: now }, { before }) =>
      void (into[at] = Number.isNaN(now) ? 0 : ofSeconds(Number.isNaN(before) ? 0 : Math.max(0, now - before))),
  },
  elapsed: {
    columns: () => [number('elapsed', SECONDS.low - 0.7, SECONDS.high - 0.7)],
    write: (into, at, { at: now }, { first }) =>
      void (into[at] = Number.isNaN(now) ? 0 : ofSeconds(Number.isNaN(first) ? 0 : Math.max(0, now - first))),
  },
  actions: {
    columns: () => ['adds', 'removes', 'details', 'views'].map((name) => number(name, COUNT.low, COUNT.high)),
    write(into, at, _, { counts }) {
      for (let i = 0; i < COUNTED.length; i++) into[at + i] = ofCount(counts[COUNTED[i] ?? 0] ?? 0);
    },
  },
  pages: {
    columns: () => [number('pages', COUNT.low - 0.5, COUNT.high - 0.5), number('seen before', 0, 1)],
    write(into, at, { pageIdentity }, { pages, wasSeen }) {
      const isKnown = pageIdentity >= 0;
      into[at] = isKnown ? ofCount(pages.size) : 0;
      into[at + 1] = isKnown ? (wasSeen ? 255 : 1) : 0;
    },
  },
  cart: {
    columns: () => [number('after add', 0, 1), number('since add', 0, 3)],
    write(into, at, _, { sinceAdd }) {
      into[at] = sinceAdd > 0 ? 255 : 1;
      into[at + 1] = ofCount(sinceAdd);
    },
  },
  clock: {
    columns: () => [
      ...['day sine', 'day cosine', 'half day sine', 'half day cosine'].map((name) => number(name, -1, 1)),
      number('weekend', -0.5, 1.5),
    ],
    write(into, at, { at: now }) {
      if (Number.isNaN(now)) {
        into.fill(0, at, at + 5);
        return;
      }
      const slot = Math.floor((((now % DAY_MS) + DAY_MS) % DAY_MS) / 600_000) * 4;
      for (let i = 0; i < 4; i++) into[at + i] = CLOCK[slot + i] ?? 0;
      // 1970 began on a Thursday.
      const day = (((Math.floor(now / DAY_MS) + 4) % 7) + 7) % 7;
      into[at + 4] = day === 0 || day === 6 ? 255 : 1;
    },
  },
};

/** Columns that are known where only the actions are: no time, no page, no product. */
export const ACTION_COLUMNS: ReadonlySet<string> = new Set(
  [...KINDS.actions.columns(0), ...KINDS.cart.columns(0)].map(({ name }) => name),
);

/**
 * Turns the events of a session, one after the other, into rows of bytes. It has seen only what came before: there is no way for a row to
 * depend on a later event. The one place where rows are made, for the warehouse and for requests.
 */
export class EventWriter {
  /** Bytes of a row. */
  readonly width: number;
  readonly #steps: readonly { readonly kind: Kind; readonly at: number }[];
  readonly #memory: Memory;

  constructor(names: readonly FeatureName[]) {
    let width = 0;
    this.#steps = names.map((name) => {
      const step = { kind: KINDS[name], at: width };
      width += step.kind.columns(0).length;
      return step;
    });
    this.width = width;
    this.#memory = {
      first: Number.NaN,
      before: Number.NaN,
      counts: new Int32Array(8),
      pages: new Set(),
      wasSeen: false,
      sinceAdd: 0,
    };
  }

  /** Forgets the session before. */
  begin(): void {
    const memory = this.#memory;
    memory.first = Number.NaN;
    memory.before = Number.NaN;
    memory.counts.fill(0);
    memory.pages.clear();
    memory.sinceAdd = 0;
  }

  /** Writes the row of the session's next event. */
  write(into: Uint8Array, at: number, event: CodedEvent): void {
    const memory = this.#memory;
    const { token, pageIdentity } = event;
    memory.counts[token] = (memory.counts[token] ?? 0) + 1;
    memory.wasSeen = memory.pages.has(pageIdentity);
    if (pageIdentity >= 0) memory.pages.add(pageIdentity);
    if (memory.sinceAdd > 0 || token === TOKENS.add) memory.sinceAdd++;
    for (const { kind, at: column } of this.#steps) kind.write(into, at + column, event, memory);
    if (Number.isNaN(memory.first)) memory.first = event.at;
    if (!Number.isNaN(event.at)) memory.before = event.at;
  }
}
