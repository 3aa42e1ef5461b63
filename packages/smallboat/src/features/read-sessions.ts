import type { Warehouse } from '../warehouse/index.ts';
import type { SessionEvent } from './feature-set.ts';
import { featureSqlOf } from './feature-sql.ts';

export interface ReadSessionsOptions {
  /** As in `readDataset`. Default `public.distinct_events`. */
  readonly relation?: string;
  /** Only sessions with their first add from this moment on, ms since 1970, … */
  readonly from?: number;
  /** … and before this one. */
  readonly until?: number;
  /** Only each so many-th of the cart sessions. Default 1: all. */
  readonly every?: number;
  /** Only sessions of these numbers. */
  readonly sessions?: readonly number[];
  /** Sessions at most. */
  readonly limit: number;
  readonly signal?: AbortSignal;
}

/** A cart session as a shop's site would know it. */
export interface RawSession {
  /** Its number among all cart sessions, as in `Examples.session`. */
  readonly session: number;
  /** In the order in which the dataset has them. */
  readonly events: readonly SessionEvent[];
}

/**
 * Reads some cart sessions as objects, as they would come in requests: to ask an endpoint what it makes of them, and to compare. For
 * a few thousand at a time; `readDataset` is the way to all of them.
 *
 * @throws STATEMENT_FAILED
 */
export async function readSessions(warehouse: Warehouse, options: ReadSessionsOptions): Promise<readonly RawSession[]> {
  const { relation = 'public.distinct_events', from = 0, until = Date.UTC(9999, 0, 1), every = 1, limit } = options;
  const among = options.sessions === undefined ? '' : `and session in (${[-1, ...options.sessions].join(', ')})`;
  const { epochMs, isSame, types } = featureSqlOf(warehouse.dialect);
  const rows = await warehouse.query<{
    session: number;
    action: string;
    at: number;
    url: string | null;
    product: string | null;
  }>(
    `with cart as (
       select session_id_hash, organization_id, min(server_timestamp) as first_add,
         row_number() over (order by min(server_timestamp), organization_id, session_id_hash) - 1 as session
       from ${relation} where normalized_action = 'add'
       group by session_id_hash, organization_id
     ),
     picked as (
       select * from cart where ${epochMs('first_add')} >= ? and ${epochMs('first_add')} < ? and session % ? = 0 ${among}
       order by session limit ${limit}
     )
     select cast(picked.session as ${types.integer}) as "session", event.normalized_action as "action",
       cast(${epochMs('event.server_timestamp')} as ${types.double}) as "at", event.hashed_url as "url", event.product_sku_hash as "product"
     from ${relation} as event
     inner join picked on event.session_id_hash = picked.session_id_hash
       and ${isSame('event.organization_id', 'picked.organization_id')}
     order by picked.session, event.server_timestamp, event.event_type, event.normalized_action, event.product_sku_hash, event.hashed_url`,
    {
      parameters: [from, Math.min(until, Date.UTC(9999, 0, 1)), every],
      ...(options.signal ? { signal: options.signal } : {}),
    },
  );
  const sessions = new Map<number, SessionEvent[]>();
  for (const { session, action, at, url, product } of rows) {
    const events = sessions.get(session) ?? [];
    events.push({ action, at, ...(url === null ? {} : { url }), ...(product === null ? {} : { product }) });
    sessions.set(session, events);
  }
  return Array.from(sessions, ([session, events]) => ({ session, events }));
}
