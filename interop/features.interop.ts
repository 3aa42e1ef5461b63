import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Dataset } from '../packages/smallboat/src/features/index.ts';
import { DECISION_POINTS, exampleCount, readDataset, sequenceAt } from '../packages/smallboat/src/features/index.ts';
import type { Warehouse } from '../packages/smallboat/src/warehouse/index.ts';
import { openWarehouse, quoteText } from '../packages/smallboat/src/warehouse/index.ts';
import { python } from './python.ts';

/** The same protocols in Python, session by session: the original project's preparation, and the cut at decision points. */
const PROGRAM = `
import csv, json, sys
TOKEN = {"add": 2, "remove": 3, "purchase": 4, "detail": 5, "pageview": 6}
rows = sorted(csv.DictReader(open(sys.argv[1])), key=lambda r: (r["session_id_hash"], r["server_timestamp"], r["event_type"], r["normalized_action"]))
sessions = {}
for row in rows:
    sessions.setdefault(row["session_id_hash"], []).append(row["normalized_action"])
leaky, cut = [], []
for s in sessions.values():
    if "add" in s:
        first = s.index("add")
        for point in (0, 2, 4, 6, 8, 10):
            known, later = s[:first + point + 1], s[first + point + 1:]
            if len(known) == first + point + 1 and "purchase" not in known:
                cut.append([[0] + [TOKEN[a] for a in known[-30:]], int("purchase" in later), point])
    if "purchase" in s and "add" in s and s.index("purchase") > s.index("add"):
        first_purchase = s.index("purchase")
        p = s
        if s.count("purchase") > 1:
            p = s[:s.index("purchase", first_purchase + 1)]
        p = p[:first_purchase] + p[first_purchase + 1:]
        leaky.append([[0] + [TOKEN[a] for a in p[-30:]] + [1], 1, 0])
    elif "add" in s and "purchase" not in s:
        leaky.append([[0] + [TOKEN[a] for a in s[-30:]] + [1], 0, 0])
print(json.dumps({"decision-points": cut, "seed": leaky}))
`;

let warehouse: Warehouse;
let theirs: Record<'decision-points' | 'seed', unknown[]>;

beforeAll(async () => {
  warehouse = await openWarehouse('duckdb::memory:');
  await warehouse.execute('create schema if not exists public');
  // 2,000 sessions of 1 to 60 events; many share a timestamp, some buy twice, some before their first add.
  await warehouse.execute(`create table public.distinct_events as
    with session as (select s, 1 + hash(s) % 60 as events from range(2000) as r(s)),
    event as (select s, i, hash(s * 1000 + i) % 1000 as draw from session, range(60) as r(i) where i < events)
    select 'session ' || s as session_id_hash, 'shop' as organization_id,
      timestamp '2019-01-01' + to_seconds((s * 97) % 500000 + i // 2) as server_timestamp,
      case when draw < 500 then 'pageview' else 'event_product' end as event_type,
      case when draw < 500 then 'pageview' when draw < 850 then 'detail' when draw < 940 then 'add'
        when draw < 970 then 'remove' else 'purchase' end as normalized_action,
      'sku' as product_sku_hash, 'url' as hashed_url
    from event order by hash(s * 31 + i)`);
  const path = join(mkdtempSync(join(tmpdir(), 'smallboat-')), 'events.csv');
  await warehouse.execute(`copy public.distinct_events to ${quoteText(path)} (header)`);
  theirs = JSON.parse(await python('keras', ['-c', PROGRAM, path])) as typeof theirs;
});

afterAll(async () => warehouse[Symbol.asyncDispose]());

function listed({ train, validation, test }: Dataset): unknown[] {
  return [train, validation, test].flatMap((part) =>
    Array.from({ length: exampleCount(part) }, (_, i) => [
      [...sequenceAt(part, i)],
      part.labels[i],
      DECISION_POINTS[part.decision[i] ?? -1],
    ]),
  );
}

it.each(['decision-points', 'seed'] as const)('makes the same examples as Python, protocol %s', async (protocol) => {
  const ours = listed(await readDataset(warehouse, { protocol, maxEvents: 30 }));
  const sorted = (list: readonly unknown[]): string[] => list.map((example) => JSON.stringify(example)).sort();
  expect(ours.length).toBeGreaterThan(1000);
  expect(sorted(ours)).toEqual(sorted(theirs[protocol]));
});
