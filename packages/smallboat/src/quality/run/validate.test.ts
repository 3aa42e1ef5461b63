import * as z from 'zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Warehouse } from '../../warehouse/index.ts';
import { openWarehouse } from '../../warehouse/index.ts';
import { defineExpectation } from '../kind.ts';
import type { ExpectationResult, ValidationResult } from './result.ts';
import { dataNameOf } from '../source.ts';
import { readSuite } from '../suite/suite.ts';
import type { ValidateOptions } from './validate.ts';
import { validate } from './validate.ts';

let warehouse: Warehouse;

beforeAll(async () => {
  warehouse = await openWarehouse('duckdb::memory:');
  await warehouse.execute(`create table shop (id integer, action varchar, price double, "at" timestamp)`);
  await warehouse.execute(`insert into shop values
    (1, 'add', 10, '2016-08-01 10:00:00'), (2, 'click', 20, '2016-08-01 11:00:00'), (3, null, 30, '2016-08-02 00:00:00'),
    (4, 'add', null, '2016-08-03 00:00:00'), (4, 'view', 50, null)`);
  await warehouse.execute('create table nothing as select * from shop where false');
});
afterAll(async () => warehouse[Symbol.asyncDispose]());

type Entry = readonly [type: string, kwargs: Readonly<Record<string, unknown>>];

async function run(entries: readonly Entry[], options: Partial<ValidateOptions> = {}): Promise<ValidationResult> {
  const { expectations } = options;
  const expectationsOf = entries.map(([type, kwargs]) => ({ type: `expect_${type}`, kwargs }));
  const suite = await readSuite(
    { name: 'shop', expectations: expectationsOf },
    expectations === undefined ? {} : { expectations },
  );
  return validate({ suite, warehouse, relation: 'shop', runName: 'test', clock: () => new Date(0), ...options });
}

async function one(...[type, kwargs]: Entry): Promise<ExpectationResult> {
  const { results } = await run([[type, kwargs]]);
  if (results[0] === undefined) throw new Error('no result');
  return results[0];
}

describe('counts', () => {
  it('are of the rows that have a value', async () => {
    // Four of five rows have an action, one of the four is neither add nor view.
    const { success, result } = await one('column_values_to_be_in_set', {
      column: 'action',
      value_set: ['add', 'view'],
    });
    expect(success).toBe(false);
    expect(result).toEqual({
      element_count: 5,
      unexpected_count: 1,
      unexpected_percent: 25,
      partial_unexpected_list: ['click'],
      missing_count: 1,
      missing_percent: 20,
      unexpected_percent_total: 20,
      unexpected_percent_nonmissing: 25,
      partial_unexpected_counts: [{ value: 'click', count: 1 }],
    });
  });

  it.each([
    [0.75, true],
    [0.76, false],
  ])('meet mostly %d: %s', async (mostly, success) => {
    const kwargs = { column: 'action', value_set: ['add', 'view'], mostly };
    expect(await one('column_values_to_be_in_set', kwargs)).toMatchObject({ success, result: { unexpected_count: 1 } });
  });

  it('are of the rows of the condition', async () => {
    const kwargs = { column: 'price', min_value: 25, row_condition: 'id <= 3' };
    expect((await one('column_values_to_be_between', kwargs)).result).toMatchObject({
      element_count: 3,
      unexpected_count: 2,
    });
  });

  it('hold bounds that are strict, and times', async () => {
    const price = (bounds: object) => one('column_values_to_be_between', { column: 'price', ...bounds });
    expect((await price({ min_value: 10, max_value: 50 })).success).toBe(true);
    expect((await price({ min_value: 10, strict_min: true })).result['partial_unexpected_list']).toEqual([10]);
    const at = { column: 'at', min_value: '2016-08-01T10:30:00', max_value: '2016-08-02' };
    expect((await one('column_values_to_be_between', at)).result).toMatchObject({
      unexpected_count: 2,
      missing_count: 1,
    });
    expect(await one('column_max_to_be_between', { column: 'at', max_value: '2016-08-03' })).toMatchObject({
      success: true,
    });
  });

  it('of twins are of both', async () => {
    const { result } = await one('column_values_to_be_unique', { column: 'id' });
    expect(result).toMatchObject({ unexpected_count: 2, unexpected_percent: 40, partial_unexpected_list: [4, 4] });
    expect(
      (await one('column_values_to_be_unique', { column: 'id', row_condition: 'price is not null' })).success,
    ).toBe(true);
    expect((await one('compound_columns_to_be_unique', { column_list: ['id', 'action'] })).success).toBe(true);
  });
});

it('takes the mean of the session lengths, by either name', async () => {
  const kwargs = { column: 'id', min_value: 1, max_value: 2 };
  for (const name of ['average_session_length_to_be_between', 'column_average_session_length_to_be_between']) {
    expect((await one(name, kwargs)).result).toEqual({ observed_value: 5 / 4 });
  }
});

it('computes all that one scan can tell in one statement', async () => {
  const { success, meta } = await run([
    ['column_values_to_not_be_null', { column: 'id' }],
    ['column_values_to_be_between', { column: 'price', min_value: 0 }],
    ['column_mean_to_be_between', { column: 'price', min_value: 0 }],
    ['column_unique_value_count_to_be_between', { column: 'id', max_value: 4 }],
    ['table_row_count_to_equal', { value: 5 }],
    ['column_to_exist', { column: 'at' }],
  ]);
  expect(success).toBe(true);
  expect(meta.smallboat.statements).toBe(1);
});

it('finds the rows of all that fail in one statement more, in the order in which they were written', async () => {
  await warehouse.execute('create or replace table long as select i, i % 3000 = 0 as rare from range(10000) t(i)');
  const { results, meta } = await run(
    [
      ['column_values_to_be_between', { column: 'i', min_value: 5000 }], // many: any of them
      ['column_values_to_be_between', { column: 'i', max_value: 9990 }],
      ['column_values_to_be_in_set', { column: 'rare', value_set: [false] }],
      ['column_values_to_be_unique', { column: 'i' }],
    ],
    { relation: 'long', resultFormat: { result_format: 'SUMMARY', partial_unexpected_count: 3 } },
  );
  expect(meta.smallboat.statements).toBe(2);
  expect(results.map((r) => r.result['unexpected_count'])).toEqual([5000, 9, 4, 0]);
  const shown = results.map((r) => r.result['partial_unexpected_list']);
  expect(shown[0]).toEqual([expect.any(Number), expect.any(Number), expect.any(Number)]);
  expect(shown.slice(1)).toEqual([[9991, 9992, 9993], [true, true, true], []]);
});

it('fails one expectation that cannot be computed and judges the others', async () => {
  const { success, results, statistics } = await run([
    ['column_values_to_not_be_null', { column: 'id' }],
    ['column_values_to_not_be_null', { column: 'nobody' }],
    ['column_values_to_match_regex', { column: 'action', regex: '(x' }],
    ['column_values_to_be_in_set', { column: 'id', value_set: ['many'] }],
    ['column_mean_to_be_between', { column: 'action', min_value: 1 }],
    ['table_row_count_to_equal', { value: 5 }],
  ]);
  expect(success).toBe(false);
  expect(results.map((r) => [r.success, r.exception_info.raised_exception])).toEqual([
    [true, false],
    [false, true],
    [false, true],
    [false, true],
    [false, true],
    [true, false],
  ]);
  expect(results[1]?.exception_info.exception_message).toContain('"nobody" does not exist; there are id, action');
  expect(statistics).toEqual({
    evaluated_expectations: 6,
    successful_expectations: 2,
    unsuccessful_expectations: 4,
    success_percent: (2 / 6) * 100,
  });
});

it('finds nothing wrong with rows that are not there, but no mean either', async () => {
  const { results } = await run(
    [
      ['column_values_to_not_be_null', { column: 'id' }],
      ['column_values_to_be_unique', { column: 'id' }],
      ['column_mean_to_be_between', { column: 'price', min_value: 0 }],
    ],
    { relation: 'nothing' },
  );
  expect(results.map((r) => r.success)).toEqual([true, true, false]);
});

it('holds an empty suite to be met', async () => {
  expect(await run([])).toMatchObject({
    success: true,
    statistics: { evaluated_expectations: 0, success_percent: null },
  });
});

it('says as much as the format asks for', async () => {
  const entry: Entry = ['column_values_to_be_null', { column: 'price' }];
  const keys = async (resultFormat: 'BOOLEAN_ONLY' | 'BASIC' | 'COMPLETE') =>
    Object.keys((await run([entry], { resultFormat })).results[0]?.result ?? {});
  expect(await keys('BOOLEAN_ONLY')).toEqual([]);
  expect(await keys('BASIC')).not.toContain('partial_unexpected_counts');
  expect(await keys('COMPLETE')).toContain('unexpected_list');
});

it('validates a query, and names a relation that is not there', async () => {
  const relation = '(select id, upper(action) as action from shop where action is not null);';
  const { success } = await run([['table_columns_to_match_ordered_list', { column_list: ['id', 'action'] }]], {
    relation,
  });
  expect(success).toBe(true);
  await expect(run([], { relation: 'public.gone' })).rejects.toMatchObject({ code: 'RELATION_NOT_FOUND' });
});

it('orders values by value, whatever the column is called, as 0.18 did', async () => {
  await warehouse.execute('create table named_n as select unnest([3, 1, 1, 2, 2, 2]) as n');
  const [result] = (
    await run([['column_distinct_values_to_be_in_set', { column: 'n', value_set: [1, 2, 3] }]], {
      relation: 'named_n',
      resultsOf: '0.18',
    })
  ).results;
  expect(result?.result).toMatchObject({ observed_value: [1, 2, 3] });
});

it('counts values of which one is no number', async () => {
  await warehouse.execute("create table odd as select unnest(['1.5', 'nan', '2.5'])::double as x");
  const [result] = (
    await run([['column_values_to_be_between', { column: 'x', min_value: 10, max_value: 20 }]], { relation: 'odd' })
  ).results;
  expect(result?.result).toMatchObject({
    partial_unexpected_counts: [
      { value: 1.5, count: 1 },
      { value: 2.5, count: 1 },
      { value: null, count: 1 },
    ],
  });
});

it("runs a user's own kind of expectation", async () => {
  const even = defineExpectation({
    type: 'expect_even',
    kwargs: { column: z.string() },
    plan: ({ column }, table) => ({
      kind: 'rows',
      columns: [table.column(column).name],
      shows: 'value',
      unexpected: `${column} % 2 <> 0`,
    }),
    sentence: ({ column }) => `${column} is even`,
  });
  const { results } = await run([['even', { column: 'id' }]], { expectations: [even] });
  expect(results[0]).toMatchObject({
    success: false,
    result: { unexpected_count: 2 },
    meta: { sentence: 'id is even' },
  });
});

it('copies every failing row, with all of its reasons', async () => {
  const entries: readonly Entry[] = [
    ['column_values_to_be_in_set', { column: 'action', value_set: ['add'] }],
    ['column_values_to_be_between', { column: 'price', max_value: 25 }],
    ['column_values_to_be_unique', { column: 'id' }],
    ['column_values_to_not_be_null', { column: 'at', mostly: 0.5 }],
  ];
  const { meta } = await run(entries, { quarantine: true });
  expect(meta.smallboat.quarantine).toEqual({ table: 'quality_quarantine."shop"', rows: 4 });
  const rows = await warehouse.query(
    'select id, len(failed_expectations) as reasons, quality_run from quality_quarantine.shop order by id, reasons',
  );
  expect(rows).toEqual([
    { id: 2, reasons: 1, quality_run: 'test' },
    { id: 3, reasons: 1, quality_run: 'test' },
    { id: 4, reasons: 1, quality_run: 'test' },
    { id: 4, reasons: 3, quality_run: 'test' },
  ]);
  await run([['column_to_exist', { column: 'id' }]], { quarantine: true });
  expect(await warehouse.columns('quality_quarantine.shop')).toEqual([]);
});

it('stops when asked to', async () => {
  const stop = AbortSignal.abort(new Error('enough'));
  await expect(run([['table_row_count_to_equal', { value: 5 }]], { signal: stop })).rejects.toThrow('enough');
});

it.each([
  ['public.session_stats', 'public_session_stats'],
  ['"a b"."c"', 'a_b_c'],
  ['(select 1)', 'suite'],
])('names the data of %s %s', (relation, name) => {
  expect(dataNameOf(relation, 'suite')).toBe(name);
});
