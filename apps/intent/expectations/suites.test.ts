import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readSuite, validate } from 'smallboat/quality';
import { openWarehouse } from 'smallboat/warehouse';
import { browsingSql } from '../steps/validate.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));

it('holds suites that can be read and run', async () => {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort();
  const suites = await Promise.all(files.map((file) => readSuite(join(folder, file))));
  expect(suites.map((s) => [s.name, s.expectations.length])).toEqual([
    ['browsing_train', 6],
    ['public.content_flattened.warning', 3],
    ['public.session_stats', 3],
  ]);
});

it('projects the flattened events to the columns of their suite', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  await warehouse.execute('create schema if not exists public');
  // Two sessions, of 4 and of 6 events: 5 events a session.
  await warehouse.execute(`create table public.browsing_flattened as
    select if(i < 4, 'a', 'b') as session_id_hash, 'organization' as organization_id,
      timestamp '2016-08-01' + to_seconds(i) as server_timestamp, 'pageview' as event_type, '' as product_action,
      null::varchar as product_sku_hash, 'url' as hashed_url
    from range(10) t(i)`);
  const projection = await browsingSql(warehouse.dialect);
  const suite = await readSuite(join(folder, 'browsing_train.json'));
  const { success, results } = await validate({ suite, warehouse, relation: `(${projection})`, runName: 'test' });
  expect(success).toBe(true);
  expect(results[3]?.result).toEqual({ observed_value: 5 });
});
