import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCheckpoint } from '../checkpoint/checkpoint.ts';
import { readSuite } from '../suite/suite.ts';
import type { Warehouse } from '../../warehouse/index.ts';
import { openWarehouse } from '../../warehouse/index.ts';

let warehouse: Warehouse;

beforeAll(async () => {
  warehouse = await openWarehouse('duckdb::memory:');
});
afterAll(async () => warehouse[Symbol.asyncDispose]());

async function checker(...expectations: readonly object[]) {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
  const suite = await readSuite({ name: 's', expectations });
  return async (day: number, hour = 0) => {
    const { validations } = await runCheckpoint({
      warehouse,
      validations: [{ suite, relation: 't' }],
      folder,
      runName: `day-${day}`,
      clock: () => new Date(Date.UTC(2016, 7, day, hour)),
    });
    return validations[0]?.result.results[0];
  };
}

const rows = (count: number, columns = 'i as id') =>
  warehouse.execute(`create or replace table t as select ${columns} from range(${count}) t(i)`);

it('learns how many rows are usual', async () => {
  const check = await checker({ type: 'expect_table_row_count_to_be_usual', kwargs: {} });
  for (let day = 1; day <= 14; day++) {
    await rows(1000 + ((day * 37) % 60));
    const found = await check(day);
    expect([day, found?.success]).toEqual([day, true]);
    if (day <= 5) expect(found?.result['details']).toMatchObject({ learning: true, runs: day - 1 });
  }
  await rows(400);
  const found = await check(15);
  expect(found?.success).toBe(false);
  expect(found?.result).toMatchObject({ observed_value: 400, details: { runs: 14, false_alarm_rate: 0.01 } });
});

it('learns how old the newest row may be, or is told', async () => {
  const check = await checker({ type: 'expect_table_to_be_fresh', kwargs: { column: 'at' } });
  const told = await checker({ type: 'expect_table_to_be_fresh', kwargs: { column: 'at', max_age_hours: 2 } });
  for (let day = 1; day <= 14; day++) {
    await rows(3, `timestamp '2016-08-${String(day).padStart(2, '0')}' - to_minutes(i + 30 + ${day % 5}) as at`);
    expect((await check(day))?.success).toBe(true);
  }
  expect((await check(15))?.success).toBe(false);
  expect((await told(14, 1))?.success).toBe(true);
  expect((await told(14, 2))?.success).toBe(false);
  await warehouse.execute('delete from t');
  expect((await check(16))?.success).toBe(false);
});

it('notices columns that are gone, new, or of another type', async () => {
  const check = await checker({ type: 'expect_table_columns_to_be_as_before', kwargs: {} });
  await rows(1, 'i as id, i as n');
  expect((await check(1))?.success).toBe(true);
  expect((await check(2))?.success).toBe(true);
  await rows(1, 'i::varchar as id, 1 as m');
  const found = await check(3);
  expect(found?.success).toBe(false);
  expect(found?.result['details']).toEqual({ gone: ['n'], new: ['m'], changed: ['id: BIGINT is now VARCHAR'] });
  expect((await check(4))?.success).toBe(true);
});
