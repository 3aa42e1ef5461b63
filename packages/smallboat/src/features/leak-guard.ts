import { randomUUID } from 'node:crypto';
import type { Dialect, Warehouse } from '../warehouse/index.ts';
import { quoteName } from '../warehouse/index.ts';
import { cartContextSql, cartEventsSql } from './cart-sql.ts';
import type { Dataset } from './dataset.ts';
import type { Examples } from './examples.ts';
import { DECISION_POINTS, rowsAt, sequenceAt } from './examples.ts';
import { featureSqlOf } from './feature-sql.ts';
import { lastDayOf } from './fit-features.ts';
import { collect } from './read-dataset.ts';
import { SessionExamples } from './session-examples.ts';

export interface GuardOptions {
  /** As they were for `readDataset`. */
  readonly relation?: string;
  readonly products?: string;
  /** Sessions that are looked at. Default 500. */
  readonly sessions?: number;
  readonly signal?: AbortSignal;
}

/** What came of permuting the future. */
export interface GuardReport {
  /** Examples that were made a second time. */
  readonly examined: number;
  /** Those of them that came out otherwise; the first few. */
  readonly changed: readonly {
    readonly session: number;
    /** Events after the first add. */
    readonly decision: number;
    /** `the actions`, or the name of a column. */
    readonly what: string;
  }[];
}

/**
 * Makes examples a second time, from sessions whose events after the decision point are others at other times on other pages, by the same
 * statement and code, and compares: if a byte of an example changes, it was made from what came after. The features stay as they
 * were fitted. Only for the decision points; whole sessions, as of the seed's protocol, know their future.
 *
 * @throws STATEMENT_FAILED
 */
export async function guardFuture(
  warehouse: Warehouse,
  dataset: Dataset,
  options: GuardOptions = {},
): Promise<GuardReport> {
  const {
    relation = 'public.distinct_events',
    products = 'public.content_flattened',
    sessions = 500,
    signal,
  } = options;
  const { features, maxEvents, splitAt, statistics } = dataset;
  if (dataset.protocol === 'seed') return { examined: 0, changed: [] };
  const all = Object.values(statistics).reduce((sum, part) => sum + part.sessions, 0);
  const every = Math.max(1, Math.floor(all / sessions));
  const guard = quoteName(`smallboat_guard_${randomUUID().slice(0, 8)}`);
  const { dialect } = warehouse;
  const withSignal = signal === undefined ? {} : { signal };
  await warehouse.execute(`create temporary table ${guard} as ${permutedSql(dialect, relation, every)}`, withSignal);
  const analyze = featureSqlOf(dialect).analyze?.(guard);
  try {
    if (analyze !== undefined) await warehouse.execute(analyze, withSignal);
    const made = new SessionExamples(
      { maxEvents },
      features === undefined ? undefined : { names: features.names, pages: features.pages.length },
    );
    const sql =
      features === undefined
        ? await cartEventsSql(dialect, guard)
        : await cartContextSql({
            dialect,
            relation: guard,
            statistics: relation,
            products,
            set: features,
            lastDay: lastDayOf(splitAt.trainUntil),
          });
    await collect(warehouse.stream(sql, withSignal), made);
    return compare(dataset, made.finish().examples, every);
  } finally {
    await warehouse.execute(`drop table ${guard}`);
  }
}

/** Every so many-th cart session, what follows its own decision point replaced. The k-th of them has point k mod 6. */
function permutedSql(dialect: Dialect, relation: string, every: number): string {
  const { isSame, later } = featureSqlOf(dialect);
  const points = DECISION_POINTS.map((events, i) => `when ${i} then ${events}`).join(' ');
  return `with cart as (
      select session_id_hash, organization_id,
        row_number() over (order by min(server_timestamp), organization_id, session_id_hash) - 1 as session
      from ${relation} where normalized_action = 'add' group by session_id_hash, organization_id
    ),
    placed as (
      select event.*, cart.session,
        row_number() over (partition by cart.session order by event.server_timestamp, event.event_type,
          event.normalized_action, event.product_sku_hash, event.hashed_url) as place
      from ${relation} as event
      inner join cart on event.session_id_hash = cart.session_id_hash
        and ${isSame('event.organization_id', 'cart.organization_id')}
      where cart.session % ${every} = 0
    ),
    known as (
      select *, min(case when normalized_action = 'add' then place end) over (partition by session)
        + case cast(session / ${every} as bigint) % ${DECISION_POINTS.length} ${points} end as point
      from placed
    )
    select session_id_hash, organization_id,
      case when place <= point then server_timestamp else ${later('server_timestamp', '1 + place % 7')} end as server_timestamp,
      case when place <= point then event_type else 'event_product' end as event_type,
      case when place <= point then normalized_action
        when normalized_action = 'purchase' then 'detail' when normalized_action = 'add' then 'remove'
        when normalized_action = 'pageview' then 'add' else 'pageview' end as normalized_action,
      case when place <= point then product_sku_hash end as product_sku_hash,
      case when place <= point then hashed_url else 'another page' end as hashed_url
    from known`;
}

function compare({ train, validation, test }: Dataset, again: Examples, every: number): GuardReport {
  const changed: GuardReport['changed'][number][] = [];
  let examined = 0;
  // The k-th session of the second making is the session every · k of the dataset.
  const placeOf = new Map<number, number>();
  for (let i = 0; i < again.labels.length; i++) {
    const k = again.session?.[i] ?? 0;
    if (again.decision[i] === k % DECISION_POINTS.length) placeOf.set(k * every, i);
  }
  for (const part of [train, validation, test]) {
    for (let i = 0; i < part.labels.length; i++) {
      const session = part.session?.[i] ?? -1;
      const j = placeOf.get(session);
      if (j === undefined || part.decision[i] !== again.decision[j]) continue;
      examined++;
      const what = difference(part, i, again, j);
      const decision = DECISION_POINTS[part.decision[i] ?? 0] ?? 0;
      if (what !== undefined && changed.length < 20) changed.push({ session, decision, what });
    }
  }
  return { examined, changed };
}

function difference(a: Examples, i: number, b: Examples, j: number): string | undefined {
  const [mine, theirs] = [sequenceAt(a, i), sequenceAt(b, j)];
  if (mine.length !== theirs.length || mine.some((token, at) => token !== theirs[at])) return 'the actions';
  const [rows, others] = [rowsAt(a, i), rowsAt(b, j)];
  const at = rows.findIndex((byte, place) => byte !== others[place]);
  if (at === -1) return undefined;
  const columns = a.context?.columns ?? [];
  return columns[at % columns.length]?.name ?? 'the rows';
}
