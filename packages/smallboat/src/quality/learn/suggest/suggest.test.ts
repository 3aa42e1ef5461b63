import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Warehouse } from '../../../warehouse/index.ts';
import { openWarehouse } from '../../../warehouse/index.ts';
import { validate } from '../../run/validate.ts';
import { readSuite } from '../../suite/suite.ts';
import { levelOf, widened } from './rounding.ts';
import { suggestSuite } from './suggest.ts';

let warehouse: Warehouse;
const clock = () => new Date('2016-09-01T00:00:00Z');

beforeAll(async () => {
  warehouse = await openWarehouse('duckdb::memory:');
  // Numbers that look random and are the same every time: hash() of the row's number.
  await warehouse.execute('create macro r(i, salt, n) as cast(hash(i, salt) % n as bigint)');
  await warehouse.execute(`create table orders as select
    i as id,
    md5(cast(i as varchar)) as token,
    ['web', 'app', 'shop'][1 + r(i, 0, 3)] as channel,
    case when r(i, 1, 500) = 0 then null else ['DE', 'PL', 'FR', 'IT'][1 + r(i, 2, 4)] end as country,
    case when r(i, 3, 3) = 0 then null else 'note ' || r(i, 4, 1000) end as note,
    r(i, 5, 480) + 1 as amount,
    round(exp(r(i, 6, 10000) / 1500.0), 2) as price,
    timestamp '2016-08-01' + to_minutes(i) as ordered_at,
    timestamp '2016-08-01' + to_minutes(i + r(i, 7, 500)) as sent_at,
    r(i, 8, 2) = 0 as is_gift,
    'user' || r(i, 9, 3000) || '@example.com' as email,
    '{"a": ' || i || '}' as payload,
    'DE' || lpad(cast(r(i, 10, 100000) as varchar), 5, '0') as code,
    i % 4000 as item, i // 4000 as part
  from range(8000) t(i)`);
});
afterAll(async () => warehouse[Symbol.asyncDispose]());

const text = (expectation: { readonly type: string; readonly kwargs: object }) =>
  `${expectation.type} ${JSON.stringify(expectation.kwargs)}`;

it('proposes what the data has, with reasons', async () => {
  const { suite } = await suggestSuite({ warehouse, relation: 'orders', clock });
  const about = (column: string) =>
    suite.expectations
      .filter(({ kwargs, type }) => kwargs['column'] === column && !type.endsWith('_of_type'))
      .map(({ type, kwargs }) => {
        const { column: named, ...rest } = kwargs;
        expect(named).toBe(column);
        return [type.replace('expect_column_', ''), rest];
      });
  expect(about('id')).toEqual([
    ['values_to_not_be_null', {}],
    ['values_to_be_unique', {}],
  ]);
  expect(about('token')).toEqual([
    ['values_to_not_be_null', {}],
    ['values_to_be_unique', {}],
    ['values_to_match_regex', { regex: '^[0-9a-fA-F]{32}$' }],
  ]);
  expect(about('channel')[1]?.[0]).toBe('values_to_be_in_set');
  expect(about('country')[0]).toEqual(['values_to_not_be_null', { mostly: 0.99 }]);
  expect(about('note').map(([type]) => type)).toEqual(['value_lengths_to_be_between', 'values_to_match_regex']);
  expect(about('amount')[1]).toEqual(['values_to_be_between', { min_value: 0, max_value: 600 }]);
  expect(about('price')[1]).toEqual(['values_to_be_between', { min_value: 0, max_value: 1000 }]);
  expect(about('ordered_at')[1]?.[1]).toEqual({ max_value: { $PARAMETER: 'now() + timedelta(days=1)' } });
  expect(about('email')[1]?.[1]).toEqual({ regex: '^[^@ ]+@[^@ ]+[.][^@ ]+$' });
  expect(about('payload')[1]?.[0]).toBe('values_to_be_unique');
  expect(about('payload')[2]?.[0]).toBe('values_to_be_json_parseable');
  expect(about('code')[1]).toEqual(['value_lengths_to_equal', { value: 7 }]);
  expect(suite.expectations.map(text)).toContainEqual(
    expect.stringContaining('pair_values_a_to_be_greater_than_b {"column_A":"sent_at","column_B":"ordered_at"'),
  );
  expect(suite.expectations.every(({ notes }) => notes.length > 5)).toBe(true);
});

it('finds a key of two columns where none alone is one', async () => {
  const relation = '(select item, part, amount from orders)';
  const { suite } = await suggestSuite({ warehouse, relation, clock });
  expect(suite.expectations.find(({ type }) => type.includes('compound'))?.kwargs).toEqual({
    column_list: ['item', 'part'],
  });
});

it('proposes the same whatever sample it looks at', async () => {
  const suites = await Promise.all(
    [1, 2, 3, 4, 5, 6].map(async (seed) =>
      suggestSuite({ warehouse, relation: 'orders', clock, seed, sampleRows: 2000 }),
    ),
  );
  const seen = new Map<string, number>();
  for (const { suite } of suites)
    for (const one of suite.expectations) seen.set(text(one), (seen.get(text(one)) ?? 0) + 1);
  const always = [...seen.values()].filter((times) => times === suites.length).length;
  expect(always / seen.size).toBeGreaterThan(0.95);
});

it.each([1, 2, 3])('proposes from one half what the other half meets (%d)', async (salt) => {
  const half = (of: number) => `(select * from orders where hash(id || 'half ${salt}') % 2 = ${of})`;
  const { suite } = await suggestSuite({ warehouse, relation: half(0), clock });
  expect(suite.expectations.length).toBeGreaterThan(35);
  const { results } = await validate({
    warehouse,
    suite: await readSuite(suite),
    relation: half(1),
    runName: 'half',
    clock,
  });
  expect(results.filter((r) => !r.success).map((r) => r.meta.sentence)).toEqual([]);
});

it('says little of a table with few rows or none, and can add what learns', async () => {
  const few = await suggestSuite({ warehouse, relation: '(select id from orders limit 3)', clock });
  expect(few.suite.expectations.map(({ type }) => type)).toEqual([
    'expect_table_columns_to_match_set',
    'expect_table_row_count_to_be_between',
  ]);
  const none = await suggestSuite({ warehouse, relation: '(select * from orders limit 0)', clock, learned: true });
  expect(none.suite.expectations.map(({ type }) => type)).toEqual([
    'expect_table_columns_to_match_set',
    'expect_table_row_count_to_be_usual',
    'expect_table_columns_to_be_as_before',
  ]);
});

it('rounds outwards, and asks shares that other data meets too', () => {
  expect(widened(3, 97)).toEqual({ min: 0, max: 130 });
  expect(widened(1990, 2020)).toEqual({ min: 1980, max: 2030 });
  expect(widened(-5, -1)).toEqual({ min: -6, max: 0 });
  expect(widened(7, 7)).toEqual({ min: 7, max: 7 });
  expect([levelOf(0, 10), levelOf(1, 1000), levelOf(5, 100_000), levelOf(50, 100)]).toEqual([
    1,
    0.99,
    0.999,
    undefined,
  ]);
});
