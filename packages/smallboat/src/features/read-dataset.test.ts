import { beforeEach, describe, expect, it } from 'vitest';
import { openWarehouse } from '../warehouse/index.ts';
import type { Warehouse } from '../warehouse/index.ts';
import { datasetErrors, fingerprintOf } from './dataset.ts';
import { FEATURE_NAMES } from './event-features.ts';
import { DECISION_POINTS, exampleCount, rowsAt, sequenceAt } from './examples.ts';
import { sessionEncoder } from './feature-set.ts';
import { guardFuture } from './leak-guard.ts';
import { readDataset } from './read-dataset.ts';
import { readSessions } from './read-sessions.ts';
import { splitErrors } from './split.ts';
import { tokenErrors } from './tokens.ts';

let warehouse: Warehouse;
beforeEach(async () => {
  warehouse = await openWarehouse('duckdb::memory:');
  await warehouse.execute('create schema if not exists public');
  await warehouse.execute(`create table public.distinct_events (
    session_id_hash varchar, organization_id varchar, server_timestamp timestamp, event_type varchar,
    normalized_action varchar, product_sku_hash varchar, hashed_url varchar)`);
  return async () => warehouse[Symbol.asyncDispose]();
});

/** One session: an action a second from `minute` on. */
async function session(
  id: string,
  minute: number,
  actions: readonly (string | null)[],
  organization = 'shop',
): Promise<void> {
  for (const [second, action] of actions.entries()) {
    const type = action === 'pageview' ? 'pageview' : 'event_product';
    const at = `2019-01-01 ${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}:${String(second).padStart(2, '0')}`;
    await warehouse.execute(`insert into public.distinct_events values (?, ?, ?::timestamp, ?, ?, 'sku', 'url')`, {
      parameters: [id, organization, at, type, action],
    });
  }
}

/** Ten sessions, one a minute; every second one buys. */
async function tenSessions(order = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]): Promise<void> {
  for (const i of order) {
    const end = i % 2 === 0 ? 'purchase' : 'detail';
    await session(`s${9 - i}`, i, ['pageview', 'add', ...Array.from({ length: i }, () => 'detail'), end]);
  }
}

const moment = (minute: number): number => Date.UTC(2019, 0, 1, 0, minute, 1);
const split = { train: 0.6, validation: 0.2 };

describe('readDataset', () => {
  it('splits by the time of the first add, with no session in two parts', async () => {
    await tenSessions();
    const { train, validation, test, splitAt, statistics } = await readDataset(warehouse, { split });
    expect(splitAt).toEqual({ trainUntil: moment(6), validationUntil: moment(8) });
    expect([statistics.train.sessions, statistics.validation.sessions, statistics.test.sessions]).toEqual([6, 2, 2]);
    // Session i has i + 1 events after the add: points 0, 2, … up to that, of which a purchase takes the last away.
    expect([exampleCount(train), exampleCount(validation), exampleCount(test)]).toEqual([
      1 + 2 + 2 + 3 + 3 + 4,
      4 + 5,
      5 + 6,
    ]);
    expect([...sequenceAt(train, 0)]).toEqual([0, 6, 2]);
    expect(statistics.train.decisions[0]).toEqual({ events: 0, examples: 6, positives: 3, positiveRate: 0.5 });
    expect(statistics.test.decisions[5]).toEqual({ events: 10, examples: 1, positives: 0, positiveRate: 0 });
  });

  it('splits at the moments that are given', async () => {
    await tenSessions();
    const { statistics } = await readDataset(warehouse, {
      split: { trainUntil: moment(2), validationUntil: moment(4) },
    });
    expect([statistics.train.sessions, statistics.validation.sessions, statistics.test.sessions]).toEqual([2, 2, 6]);
  });

  it('gives the same dataset whatever the order of the rows', async () => {
    await tenSessions();
    const one = await readDataset(warehouse, { split });
    await warehouse.execute('delete from public.distinct_events');
    await tenSessions([7, 3, 9, 1, 0, 8, 2, 6, 5, 4]);
    const other = await readDataset(warehouse, { split });
    expect(fingerprintOf(other.train)).toBe(fingerprintOf(one.train));
    expect(other).toEqual(one);
  });

  it('puts events of the same moment into one order: by type, then by action', async () => {
    await tenSessions();
    for (const [type, action] of [
      ['pageview', 'pageview'],
      ['event_product', 'remove'],
      ['event_product', 'add'],
      ['event_product', 'detail'],
    ]) {
      await warehouse.execute(
        `insert into public.distinct_events values ('tie', 'shop', '2018-12-31', ?, ?, 'x', 'y')`,
        {
          parameters: [type ?? '', action ?? ''],
        },
      );
    }
    const { train } = await readDataset(warehouse, { split });
    expect([...sequenceAt(train, 1)]).toEqual([0, 2, 5, 3]);
  });

  it('leaves out sessions without an add, and keeps shops apart that share a session id', async () => {
    await tenSessions();
    await session('window shopper', 0, ['pageview', 'detail', 'purchase']);
    await session('s9', 0, ['add', 'purchase'], 'another shop');
    const { statistics } = await readDataset(warehouse, { split });
    expect(statistics.train.sessions + statistics.validation.sessions + statistics.test.sessions).toBe(11);
  });

  it('reads the sequences of the original project when asked', async () => {
    await tenSessions();
    const { protocol, train } = await readDataset(warehouse, { split, protocol: 'seed' });
    expect([protocol, exampleCount(train), [...sequenceAt(train, 0)], [...sequenceAt(train, 1)]]).toEqual([
      'seed',
      6,
      [0, 6, 2, 1],
      [0, 6, 2, 5, 5, 1],
    ]);
  });

  it('reads another relation', async () => {
    await tenSessions();
    await warehouse.execute('create schema "my shop"');
    await warehouse.execute('create view "my shop"."events $&" as select * from public.distinct_events');
    const { statistics } = await readDataset(warehouse, { split, relation: '"my shop"."events $&"' });
    expect(statistics.train.sessions).toBe(6);
  });
});

describe('readDataset refuses', () => {
  it('data without a cart session', async () => {
    await session('s', 0, ['pageview', 'detail']);
    await expect(readDataset(warehouse)).rejects.toMatchObject({
      code: datasetErrors.DATASET_EMPTY.code,
      message: expect.stringContaining('public.distinct_events in duckdb:'),
    });
  });

  it('carts that were all filled after the purchase', async () => {
    await session('s', 0, ['purchase', 'add']);
    await expect(readDataset(warehouse)).rejects.toMatchObject({ code: datasetErrors.DATASET_EMPTY.code });
  });

  it('data in which nobody buys', async () => {
    for (const i of [0, 1, 2]) await session(`s${i}`, i, ['add', 'detail']);
    await expect(readDataset(warehouse)).rejects.toMatchObject({
      code: datasetErrors.DATASET_ONE_CLASS.code,
      facts: { part: 'whole', examples: 3, positives: 0 },
    });
  });

  it('a part in which nobody buys', async () => {
    await tenSessions();
    await expect(readDataset(warehouse, { split: { train: 0.8, validation: 0.1 } })).rejects.toMatchObject({
      code: datasetErrors.DATASET_ONE_CLASS.code,
      facts: { part: 'validation', examples: 5, positives: 5 },
    });
  });

  it.each(['share', ''])('an action that nobody knows: %j', async (action) => {
    await tenSessions();
    await session('odd', 3, ['add', action]);
    await expect(readDataset(warehouse, { split })).rejects.toMatchObject({
      code: tokenErrors.UNKNOWN_ACTION.code,
      facts: { action, place: 'table public.distinct_events' },
    });
  });

  it('an action that is missing', async () => {
    await tenSessions();
    await session('odd', 3, ['add', null]);
    await expect(readDataset(warehouse, { split })).rejects.toMatchObject({ facts: { action: 'null' } });
  });

  it.each([{ train: 0.9, validation: 0.1 }, { train: 0 }, { validation: -1 }, { trainUntil: 5, validationUntil: 5 }])(
    'a split of %j',
    async (bad) => {
      await expect(readDataset(warehouse, { split: bad })).rejects.toMatchObject({
        code: splitErrors.SPLIT_INVALID.code,
      });
    },
  );

  it('to go on after it was stopped', async () => {
    await tenSessions();
    const reason = new Error('enough');
    await expect(readDataset(warehouse, { split, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('readDataset with features', () => {
  const features = FEATURE_NAMES;

  /** 300 sessions over 20 days with pages and products, some without; many events share a moment. */
  async function shop(): Promise<void> {
    await warehouse.execute(`insert into public.distinct_events
      select 'session ' || s, 'shop',
        timestamp '2019-01-01' + to_milliseconds(((s * 7919) % 1728000) * 1000 + (hash(s, i // 2) % 100000)::bigint + i * 20000),
        case when draw < 500 then 'pageview' else 'event_product' end,
        case when draw < 500 then 'pageview' when draw < 780 then 'detail' when draw < 900 then 'add'
          when draw < 940 then 'remove' else 'purchase' end,
        case when draw < 500 then null else 'sku ' || (hash(s, i, 'sku') % 40) end,
        case when draw % 11 = 0 then null else 'page ' || (hash(s, i, 'page') % (1 + draw % 30)) end
      from (select s, i, hash(s, i) % 1000 as draw from range(300) as a(s), range(24) as b(i) where i < 3 + hash(s) % 21)`);
    await warehouse.execute(`create table public.content_flattened as
      select 'sku ' || p as product_sku_hash, case when p % 5 = 0 then null else p % 12 end as price_bucket from range(40) as r(p)`);
  }

  it('gives each example the very bytes that a request with the same events gives', async () => {
    await shop();
    const { test, splitAt, features: set } = await readDataset(warehouse, { features, pages: 10, maxEvents: 12 });
    const raw = await readSessions(warehouse, { from: splitAt.validationUntil, limit: 1000 });
    const encoder = sessionEncoder({ maxEvents: 12 }, set);
    const events = new Map(raw.map((one) => [one.session, one.events]));
    expect(exampleCount(test)).toBeGreaterThan(100);
    for (let i = 0; i < exampleCount(test); i++) {
      const all = events.get(test.session?.[i] ?? -1) ?? [];
      const until = all.findIndex(({ action }) => action === 'add') + 1 + (DECISION_POINTS[test.decision[i] ?? 0] ?? 0);
      const { tokens, rows } = encoder.encode(all.slice(0, until));
      expect(tokens).toEqual(sequenceAt(test, i));
      expect(rows).toEqual(rowsAt(test, i));
    }
  });

  it('makes nothing from what comes after the decision point, and the guard sees it where something is', async () => {
    await shop();
    const dataset = await readDataset(warehouse, { features, pages: 10 });
    const honest = await guardFuture(warehouse, dataset, { sessions: 100 });
    expect(honest.examined).toBeGreaterThan(50);
    expect(honest.changed).toEqual([]);
    // As if a column had been made from the whole session: in the examples of those who buy one byte is another.
    const gap = dataset.train.context?.columns.findIndex(({ name }) => name === 'gap') ?? 0;
    const width = dataset.train.context?.columns.length ?? 1;
    const planted = structuredClone(dataset);
    for (let i = 0; i < planted.train.labels.length; i++) {
      if (planted.train.labels[i] === 1) rowsAt(planted.train, i)[gap] = 255;
    }
    expect(width).toBeGreaterThan(gap);
    const caught = await guardFuture(warehouse, planted, { sessions: 100 });
    expect(new Set(caught.changed.map(({ what }) => what))).toEqual(new Set(['gap']));
  });

  it('numbers pages by how many events of the training part have them, and knows none from later', async () => {
    await shop();
    await warehouse.execute(
      `update public.distinct_events set hashed_url = 'sale' where server_timestamp > timestamp '2019-01-19'`,
    );
    const { features: set } = await readDataset(warehouse, { features: ['page'], pages: 5 });
    expect(set?.pages).toHaveLength(5);
    expect(set?.pages).not.toContain('sale');
    expect(set?.pages[0]).toBe('page 0');
  });

  it('counts the popularity of a product on the days before only', async () => {
    const [views, purchase] = [Array.from({ length: 8 }, () => 'pageview'), 'purchase'];
    for (const day of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      await session(`s${day}`, 0, ['pageview', 'add', ...views, day % 2 === 0 ? purchase : 'detail']);
      await warehouse.execute(
        `update public.distinct_events set server_timestamp = server_timestamp + to_days(${day}) where session_id_hash = 's${day}'`,
      );
    }
    const { train, features: set } = await readDataset(warehouse, { features: ['popularity'], split });
    // One product: nothing is known of it on the first day, and from then on it has all events.
    const first = rowsAt(train, 0);
    expect(new Set(first)).toEqual(new Set([0]));
    expect(new Set(rowsAt(train, exampleCount(train) - 1))).toEqual(new Set([1]));
    expect(set?.products).toEqual({ sku: [0, 1] });
  });

  it('gives the same bytes in whatever order the rows lie', async () => {
    await shop();
    const one = await readDataset(warehouse, { features });
    await warehouse.execute(
      `create or replace table public.distinct_events as select * from public.distinct_events order by hash(hashed_url, server_timestamp)`,
    );
    const other = await readDataset(warehouse, { features });
    expect(fingerprintOf(other.train)).toBe(fingerprintOf(one.train));
    expect(other.features).toEqual(one.features);
  });

  it.each([
    [{ features: ['page', 'page'] as const }, 'named twice'],
    [{ features: ['colour' as never] }, "'colour' is not known"],
    [{ features: ['page'] as const, pages: 300 }, '300 pages'],
    [{ features: ['page'] as const, protocol: 'seed' as const }, 'protocol seed'],
  ])('refuses %j', async (wrong, problem) => {
    await shop();
    const error: unknown = await readDataset(warehouse, wrong).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'FEATURES_INVALID', message: expect.stringContaining(problem) });
  });
});
