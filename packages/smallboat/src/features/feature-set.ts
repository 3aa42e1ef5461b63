import type { Column } from './columns.ts';
import type { FeatureName } from './event-features.ts';
import { EventWriter } from './event-features.ts';
import type { SequenceRule } from './sequence.ts';
import { encodeSession, writeSequence } from './sequence.ts';
import { MAX_EVENTS, tokenOf } from './tokens.ts';

/** The features of a model, and what was learned for them from the training part. Plain data; the model's folder keeps it. */
export interface FeatureSet {
  readonly names: readonly FeatureName[];
  readonly columns: readonly Column[];
  /** Frequent pages, in the order of their numbers, which begin with 2. */
  readonly pages: readonly string[];
  /** By product: its price and its popularity as of the end of the training part, as numbers of their columns. */
  readonly products: Readonly<Record<string, readonly [price: number, popularity: number]>>;
}

/** An event as a request has it. Only the action must be there. */
export interface SessionEvent {
  readonly action: string;
  /** ms since 1970. */
  readonly at?: number;
  /** As in `hashed_url`. */
  readonly url?: string;
  /** As in `product_sku_hash`. */
  readonly product?: string;
}

/** A session as a model takes it: its sequence of tokens, and where the model has features the rows of its events. */
export interface EncodedSession {
  /** Start, then the actions. */
  readonly tokens: Uint8Array;
  /** One row for each token but the start, one after the other. */
  readonly rows?: Uint8Array;
}

/** A session whose events come one by one. */
export interface GoingSession {
  /** Writes the row of the next event, if there are features. @returns its token. @throws UNKNOWN_ACTION; the session stays as it was. */
  next(event: SessionEvent, into: Uint8Array, at?: number): number;
}

/** Makes sessions of requests into what a model was trained on. Keep it: it holds the tables of the model's features. */
export interface SessionEncoder {
  /** @throws UNKNOWN_ACTION, naming the action and its place. */
  encode(events: readonly SessionEvent[]): EncodedSession;
  /** Begins a session whose events come one by one. */
  begin(): GoingSession;
}

/** An encoder for a model's rule and features; without features only actions count. */
export function sessionEncoder(rule: SequenceRule, features?: FeatureSet): SessionEncoder {
  if (features === undefined) {
    return {
      encode: (events) => ({
        tokens: encodeSession(
          events.map(({ action }) => action),
          rule,
        ),
      }),
      begin: () => ({ next: ({ action }) => tokenOf(action) }),
    };
  }
  const { maxEvents = MAX_EVENTS } = rule;
  const numberOf = new Map(features.pages.map((page, i) => [page, i + 2]));
  const products = new Map(Object.entries(features.products));
  const begin = (): GoingSession => {
    const writer = new EventWriter(features.names);
    const identities = new Map<string, number>();
    let count = 0;
    return {
      next({ action, at = Number.NaN, url, product }, into, place = 0) {
        const token = tokenOf(action, `event ${count + 1}`);
        count++;
        const known = product === undefined ? undefined : products.get(product);
        if (url !== undefined && !identities.has(url)) identities.set(url, identities.size);
        writer.write(into, place, {
          token,
          at,
          page: url === undefined ? 0 : (numberOf.get(url) ?? 1),
          pageIdentity: url === undefined ? -1 : (identities.get(url) ?? -1),
          price: known?.[0] ?? 0,
          popularity: known?.[1] ?? 0,
        });
        return token;
      },
    };
  };
  const width = features.columns.length;
  return {
    begin,
    encode(events) {
      const session = begin();
      const rows = new Uint8Array(events.length * width);
      const tokens = Uint8Array.from(events, (event, i) => session.next(event, rows, i * width));
      const sequence = new Uint8Array(events.length + 2);
      return {
        tokens: sequence.slice(0, writeSequence(sequence, 0, tokens, rule)),
        rows: rows.subarray(Math.max(0, events.length - maxEvents) * width),
      };
    },
  };
}
