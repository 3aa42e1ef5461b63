import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { warehouseContract } from '../packages/smallboat/src/warehouse/contract.ts';
import type { Warehouse } from '../packages/smallboat/src/warehouse/index.ts';
import { openWarehouse } from '../packages/smallboat/src/warehouse/index.ts';
import type { FakeSnowflake } from './fakesnow.ts';
import { startFakeSnowflake } from './fakesnow.ts';

let server: FakeSnowflake;
let databases = 0;
beforeAll(async () => {
  server = await startFakeSnowflake();
}, 300_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const create = async (): Promise<Warehouse> => openWarehouse(server.url(`TEST_${++databases}`), { env: server.env });

warehouseContract({
  name: 'snowflake',
  create,
  lacks: {
    'quotes in names of text columns':
      'fakesnow notes the lengths of text columns by SQL in which it does not quote the name',
    'list cells': 'fakesnow cannot describe a column of type ARRAY',
    positions: 'fakesnow says what DuckDB and sqlglot say; Snowflake’s own words are checked in failure.test.ts',
  },
});

const failure = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

describe('a Snowflake that goes away', () => {
  it('is named, and leaves no half of a transaction', { timeout: 120_000 }, async () => {
    const one = await startFakeSnowflake();
    const warehouse = await openWarehouse(one.url('D'), { env: one.env, waitSeconds: 1 });
    await warehouse.execute('CREATE TABLE t (x INTEGER)');
    await warehouse.execute('BEGIN');
    await warehouse.execute('INSERT INTO t VALUES (1)');
    await one[Symbol.asyncDispose]();
    expect(await failure(warehouse.execute('INSERT INTO t VALUES (2)'))).toMatchObject({ code: 'WAREHOUSE_GONE' });
    expect(await failure(warehouse.execute('INSERT INTO t VALUES (3)'))).toMatchObject({ code: 'TRANSACTION_LOST' });
    expect(await failure(warehouse.execute('ROLLBACK'))).toMatchObject({ code: 'WAREHOUSE_UNREACHABLE' });
    await warehouse[Symbol.asyncDispose]();
  });

  it('and shows no secret, whatever it was given', async () => {
    const env = { SNOWFLAKE_PASSWORD: 'hunter2-secret' };
    const error = await failure(
      openWarehouse('snowflake://a@b/D?access_url=http%3A%2F%2F127.0.0.1%3A1', { env, waitSeconds: 0 }),
    );
    expect(error).toMatchObject({ code: 'WAREHOUSE_UNREACHABLE' });
    expect(String(error) + JSON.stringify(error)).not.toContain('hunter2');
  });
});
