import type { Warehouse } from '../warehouse/index.ts';
import { cartContextSql, cartEventsSql, openSessionsSql } from './cart-sql.ts';
import type { EventContext } from './examples.ts';
import { EventWriter } from './event-features.ts';
import type { FeatureSet } from './feature-set.ts';
import { Growing } from './growing.ts';
import { numbersOf } from './read-dataset.ts';
import type { SequenceRule } from './sequence.ts';
import { writeSequence } from './sequence.ts';
import { MAX_EVENTS, UNKNOWN_TOKEN, unknownAction } from './tokens.ts';

export interface ReadSequencesOptions {
  /** As in `readDataset`. Default `public.distinct_events`. */
  readonly relation?: string;
  /** As in `readDataset`. Default `public.content_flattened`. */
  readonly products?: string;
  readonly rule: SequenceRule;
  readonly features?: FeatureSet;
  /** Only sessions with an add. Default true: the model learned from those. */
  readonly onlyCarts?: boolean;
  /** Sessions at a time. Default 20,000. */
  readonly batch?: number;
  readonly signal?: AbortSignal;
}

/** Sessions as they are now, laid out as examples are. */
export interface SequenceBatch {
  /** Number of each session, in the order of their keys: see `open-sessions.sql`. */
  readonly sessions: Uint32Array;
  /** Events of each, all that there are. */
  readonly events: Uint32Array;
  readonly tokens: Uint8Array;
  readonly offsets: Uint32Array;
  readonly context?: EventContext;
}

/** A day after all others: products are as popular as at the end of the training, whenever an event was. */
const FAR = '1970-01-01';

/**
 * The sessions of a table that have not bought yet, each whole, a batch at a time: what a model is asked about all at once. Encoded
 * as the endpoint encodes them, popularity as of the end of the training part.
 *
 * @throws UNKNOWN_ACTION, STATEMENT_FAILED
 */
export async function* readSequences(
  warehouse: Warehouse,
  options: ReadSequencesOptions,
): AsyncGenerator<SequenceBatch> {
  const { relation = 'public.distinct_events', products = 'public.content_flattened', rule, features } = options;
  const { onlyCarts = true, batch: limit = 20_000, signal } = options;
  const { dialect } = warehouse;
  const sessions = await openSessionsSql(dialect, relation, onlyCarts);
  const sql =
    features === undefined
      ? await cartEventsSql(dialect, relation, sessions)
      : await cartContextSql({ dialect, relation, products, set: features, lastDay: FAR, sessions, known: true });
  const { maxEvents = MAX_EVENTS } = rule;
  const writer = features === undefined ? undefined : new EventWriter(features.names);
  const width = writer?.width ?? 0;
  const made = collector();
  const events = new Growing(Uint8Array);
  let current = -1;

  /** The session is complete: its sequence, and the rows of the events that are in it. */
  const end = (): void => {
    if (current === -1) return;
    made.sessions.push(current);
    made.events.push(events.length);
    const kept = events.reserve(0).subarray(0, events.length);
    made.tokens.length = writeSequence(made.tokens.reserve(kept.length + 2), made.tokens.length, kept, rule);
    made.offsets.push(made.tokens.length);
    made.first.push(made.rows.length / Math.max(1, width) - Math.min(kept.length, maxEvents));
    events.length = 0;
  };

  for await (const batch of warehouse.stream(sql, signal === undefined ? {} : { signal })) {
    const columns = batch.columns.map((_, i) => numbersOf(batch, i));
    const [session, token, at, page, identity, price, popularity] = columns;
    for (let i = 0; i < batch.length; i++) {
      if (session?.[i] !== current) {
        end();
        if (made.sessions.length >= limit) yield made.take(features);
        current = session?.[i] ?? -1;
        writer?.begin();
      }
      const value = token?.[i] ?? UNKNOWN_TOKEN;
      if (value === UNKNOWN_TOKEN) throw unknownAction('an action that is not known', `table ${relation}`);
      events.push(value);
      if (writer === undefined) continue;
      const place = made.rows.length;
      writer.write(made.rows.reserve(width), place, {
        token: value,
        at: at?.[i] ?? Number.NaN,
        page: page?.[i] ?? 0,
        pageIdentity: identity?.[i] ?? -1,
        price: price?.[i] ?? 0,
        popularity: popularity?.[i] ?? 0,
      });
      made.rows.length = place + width;
    }
  }
  end();
  if (made.sessions.length > 0) yield made.take(features);
}

function collector() {
  const sessions = new Growing(Uint32Array);
  const events = new Growing(Uint32Array);
  const tokens = new Growing(Uint8Array, 1 << 16);
  const offsets = new Growing(Uint32Array);
  const rows = new Growing(Uint8Array, 1 << 16);
  const first = new Growing(Uint32Array);
  offsets.push(0);
  return {
    sessions,
    events,
    tokens,
    offsets,
    rows,
    first,
    /** What was collected, and begins anew. */
    take(features: FeatureSet | undefined): SequenceBatch {
      const batch = {
        sessions: sessions.finish(),
        events: events.finish(),
        tokens: tokens.finish(),
        offsets: offsets.finish(),
        ...(features === undefined
          ? {}
          : { context: { columns: features.columns, rows: rows.finish(), first: first.finish() } }),
      };
      for (const list of [sessions, events, tokens, offsets, rows, first]) list.length = 0;
      offsets.push(0);
      return batch;
    },
  };
}
