import { expect, it } from 'vitest';
import type { SessionEvent } from '../packages/smallboat/src/features/index.ts';
import {
  DECISION_POINTS,
  FEATURE_NAMES,
  exampleCount,
  readDataset,
  readSessions,
  rowsAt,
  sequenceAt,
  sessionEncoder,
} from '../packages/smallboat/src/features/index.ts';
import { openWarehouse } from '../packages/smallboat/src/warehouse/index.ts';

const SESSIONS = 100_000;

it(`gives ${SESSIONS} random sessions the same bytes in the warehouse and as requests`, async () => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  await warehouse.execute('create schema if not exists public');
  // Every session has an add; many events share a moment, some pages and products are missing, prices too, and sessions cross midnight.
  await warehouse.execute(`create table public.distinct_events as
    select 'session ' || s as session_id_hash, case when s % 9 = 0 then null else 'shop ' || s % 2 end as organization_id,
      timestamp '2019-01-01' + to_milliseconds(((s * 7919) % 5000000) * 1000 + (hash(s, i // 2) % 100000)::bigint + i * 20000) as server_timestamp,
      case when draw < 500 then 'pageview' else 'event_product' end as event_type,
      case when i = hash(s, 'add') % 3 then 'add' when draw < 500 then 'pageview' when draw < 780 then 'detail'
        when draw < 900 then 'add' when draw < 960 then 'remove' else 'purchase' end as normalized_action,
      case when draw < 500 then null else 'sku ' || (hash(s, i, 'sku') % 4000) end as product_sku_hash,
      case when draw % 11 = 0 then null else 'page ' || (hash(s, i, 'page') % (1 + draw % 300)) end as hashed_url
    from (select s, i, hash(s, i) % 1000 as draw from range(${SESSIONS}) as a(s), range(18) as b(i) where i < 3 + hash(s) % 15)`);
  await warehouse.execute(`create table public.content_flattened as
    select 'sku ' || p as product_sku_hash, case when p % 5 = 0 then null else p % 12 end as price_bucket from range(4000) as r(p)`);
  const maxEvents = 12;
  const dataset = await readDataset(warehouse, { features: FEATURE_NAMES, maxEvents });
  const encoder = sessionEncoder({ maxEvents }, dataset.features);
  const sessions = new Map<number, readonly SessionEvent[]>(
    (await readSessions(warehouse, { limit: SESSIONS })).map(({ session, events }) => [session, events]),
  );
  expect(sessions.size).toBe(SESSIONS);
  const columns = dataset.features?.columns ?? [];
  // In the training part a product's popularity is that of the days before each day; a request comes after all of them.
  const popularity = columns.findIndex(({ name }) => name === 'popularity');
  expect(popularity).toBeGreaterThan(0);
  let compared = 0;
  const different: unknown[] = [];
  for (const part of [dataset.train, dataset.validation, dataset.test]) {
    for (let i = 0; i < exampleCount(part); i++) {
      const session = part.session?.[i] ?? -1;
      const all = sessions.get(session) ?? [];
      const decision = DECISION_POINTS[part.decision[i] ?? 0] ?? 0;
      const until = all.findIndex(({ action }) => action === 'add') + 1 + decision;
      const { tokens, rows = new Uint8Array() } = encoder.encode(all.slice(0, until));
      if (part === dataset.train) {
        const made = rowsAt(part, i);
        for (let at = popularity; at < rows.length; at += columns.length) rows[at] = made[at] ?? 0;
      }
      const isEqual = Buffer.compare(tokens, sequenceAt(part, i)) === 0 && Buffer.compare(rows, rowsAt(part, i)) === 0;
      if (!isEqual && different.length < 5) different.push({ session, decision });
      compared++;
    }
  }
  console.log(`${compared} examples of ${SESSIONS} sessions compared`);
  expect(different).toEqual([]);
  expect(compared).toBeGreaterThan(SESSIONS);
});
