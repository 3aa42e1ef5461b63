import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import type { SessionEvent } from '../features/index.ts';
import { FEATURE_NAMES, TOKENS, readDataset } from '../features/index.ts';
import type { Warehouse } from '../warehouse/index.ts';
import { openWarehouse } from '../warehouse/index.ts';
import { loadModel } from './model/load-model.ts';
import { writeModel } from './model/write-model.ts';
import { initialNetwork } from './network-weights.ts';
import { scoreTable } from './score-table.ts';

let warehouse: Warehouse;
beforeEach(async () => {
  warehouse = await openWarehouse('duckdb::memory:');
  await warehouse.execute('create schema if not exists public');
  await warehouse.execute(`create table public.distinct_events as
    select 'session ' || s as session_id_hash, case when s % 9 = 0 then null else 'shop' end as organization_id,
      timestamp '2019-01-01' + to_milliseconds(((s * 7919) % 1728000) * 1000 + (i // 2) * 20000) as server_timestamp,
      case when draw < 500 then 'pageview' else 'event_product' end as event_type,
      case when draw < 500 then 'pageview' when draw < 780 then 'detail' when draw < 900 then 'add'
        when draw < 960 then 'remove' else 'purchase' end as normalized_action,
      case when draw < 500 then null else 'sku ' || (hash(s, i, 'sku') % 40) end as product_sku_hash,
      case when draw % 11 = 0 then null else 'page ' || (hash(s, i, 'page') % 20) end as hashed_url
    from (select s, i, hash(s, i) % 1000 as draw from range(400) as a(s), range(24) as b(i) where i < 3 + hash(s) % 21)`);
  await warehouse.execute(`create table public.content_flattened as
    select 'sku ' || p as product_sku_hash, p % 12 as price_bucket from range(40) as r(p)`);
  return async () => warehouse[Symbol.asyncDispose]();
});

it.each([true, false])('writes for each session what the endpoint would answer, with features %s', async (isRich) => {
  const { features } = await readDataset(warehouse, { features: FEATURE_NAMES, pages: 8 });
  const folder = join(await mkdtemp(join(tmpdir(), 'smallboat-')), 'model');
  await writeModel(folder, {
    name: 'intent',
    weights: initialNetwork({ cell: 'gru', units: 16, ...(isRich ? { columns: features?.columns ?? [] } : {}) }, 3, 4),
    hyper: { units: 16, learningRate: 1e-3, batchSize: 8, epochs: 1, patience: 1, seed: 1 },
    vocabulary: TOKENS,
    rule: { maxEvents: 15 },
    ...(isRich && features !== undefined ? { features } : {}),
    metrics: {},
    lineage: { run: '', dataSnapshot: '', codeHash: '' },
  });
  const model = await loadModel(folder);
  const { sessions } = await scoreTable(warehouse, model, { into: 'public.predictions', onlyCarts: false });
  const rows = await warehouse.query<{
    session_id_hash: string;
    organization_id: string | null;
    events: number;
    prediction: number;
    model_version: string;
  }>('select * from public.predictions');
  const events = await warehouse.query<{
    id: string;
    action: string;
    at: number;
    url: string | null;
    product: string | null;
  }>(
    `select session_id_hash as id, normalized_action as action, epoch_ms(server_timestamp)::double as at, hashed_url as url, product_sku_hash as product
     from public.distinct_events order by server_timestamp, event_type, normalized_action, product_sku_hash, hashed_url`,
  );
  const bySession = new Map<string, SessionEvent[]>();
  for (const { id, action, at, url, product } of events) {
    const list = bySession.get(id) ?? [];
    list.push({ action, at, ...(url === null ? {} : { url }), ...(product === null ? {} : { product }) });
    bySession.set(id, list);
  }
  const open = Array.from(bySession).filter(([, list]) => list.every(({ action }) => action !== 'purchase'));
  expect(sessions).toBe(open.length);
  expect(rows).toHaveLength(open.length);
  for (const row of rows) {
    const list = bySession.get(row.session_id_hash) ?? [];
    expect(row.events).toBe(list.length);
    expect(row.model_version).toBe(model.manifest.version);
    expect(row.prediction).toBeCloseTo(model.predict([model.encoder.encode(list)])[0] ?? Number.NaN, 6);
  }
  await scoreTable(warehouse, model, { into: 'public.predictions' });
  const [carts] = await warehouse.query<{ n: number }>('select count(*)::integer as n from public.predictions');
  expect(carts?.n).toBe(open.filter(([, list]) => list.some(({ action }) => action === 'add')).length);
});
