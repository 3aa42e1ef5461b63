import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { warehouseContract } from '../packages/smallboat/src/warehouse/contract.ts';
import type { Warehouse } from '../packages/smallboat/src/warehouse/index.ts';
import { inTransaction, openWarehouse, quoteName, replaceTable } from '../packages/smallboat/src/warehouse/index.ts';
import type { PostgresServer } from './postgres.ts';
import { startPostgres } from './postgres.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const create = async (): Promise<Warehouse> =>
  openWarehouse(`${server.url}/${await server.database()}`, { env: server.env });
const failure = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

warehouseContract({ name: 'postgres', create });

describe('types of PostgreSQL', () => {
  it('come as the port says, in rows', async () => {
    await using warehouse = await create();
    await warehouse.execute(`CREATE TYPE mood AS ENUM ('sad', 'ok')`);
    const { columns, rows } = await warehouse.table(
      `SELECT 1::int2 AS a, '{"k":1}'::json AS b, ARRAY[[1,2],[3,4]] AS c, ARRAY['x,"y"', NULL, 'NULL'] AS d, 'ok'::mood AS e, 'NaN'::float8 AS f,
         1.5::numeric(9,2) AS g, interval '1 day 2 hours' AS h, 'a1b2c3d4-0000-0000-0000-000000000000'::uuid AS i, '\\xff00'::bytea AS j,
         'infinity'::timestamp AS k, ARRAY[1.5, 12345678901234567.89] AS l, 'x'::char(3) AS m, 'y'::varchar(7) AS n, time '10:00' AS o`,
    );
    expect(rows).toEqual([
      // prettier-ignore
      [1, '{"k":1}', [[1, 2], [3, 4]], ['x,"y"', null, 'NULL'], 'ok', Number.NaN, 1.5, '1 day 02:00:00', 'a1b2c3d4-0000-0000-0000-000000000000', '\\xff00',
        'infinity', [1.5, '12345678901234567.89'], 'x  ', 'y', '10:00:00'],
    ]);
    expect(Object.fromEntries(columns.map(({ name, type }) => [name, type]))).toMatchObject({
      a: 'smallint',
      c: 'integer[]',
      e: 'mood',
      g: 'numeric(9,2)',
      k: 'timestamp without time zone',
      m: 'character(3)',
      n: 'character varying(7)',
    });
  });

  it('come as the port says, in columns', async () => {
    await using warehouse = await create();
    const sql = `SELECT i::int2 AS a, ARRAY[i, NULL, i + 1] AS b, CASE WHEN i = 1 THEN ARRAY['é "x"', 'y'] END AS c, ARRAY[i * 10000000000] AS d,
      ARRAY[i / 2.0] AS e, jsonb_build_object('i', i) AS f, timestamp '2016-08-01' + i * interval '0.25 s' AS g, i::float4 AS h, ARRAY[i = 1] AS j,
      date '2016-08-01' AS k FROM generate_series(0, 2) AS t (i) ORDER BY i; -- the end`;
    for await (const { length, columns } of warehouse.stream(sql)) {
      expect(length).toBe(3);
      expect(
        columns.map(({ values, offsets, nulls }) => ({ values, ...(offsets && { offsets }), ...(nulls && { nulls }) })),
      ).toEqual([
        { values: Int32Array.of(0, 1, 2) },
        { values: Int32Array.of(0, 0, 1, 1, 0, 2, 2, 0, 3), offsets: Uint32Array.of(0, 3, 6, 9) },
        { values: ['é "x"', 'y'], offsets: Uint32Array.of(0, 0, 2, 2), nulls: Uint8Array.of(1, 0, 1) },
        { values: BigInt64Array.of(0n, 10_000_000_000n, 20_000_000_000n), offsets: Uint32Array.of(0, 1, 2, 3) },
        { values: Float64Array.of(0, 0.5, 1), offsets: Uint32Array.of(0, 1, 2, 3) },
        { values: ['{"i": 0}', '{"i": 1}', '{"i": 2}'] },
        { values: ['2016-08-01 00:00:00', '2016-08-01 00:00:00.25', '2016-08-01 00:00:00.5'] },
        { values: Float64Array.of(0, 1, 2) },
        { values: Uint8Array.of(0, 1, 0), offsets: Uint32Array.of(0, 1, 2, 3) },
        { values: ['2016-08-01', '2016-08-01', '2016-08-01'] },
      ]);
    }
  });

  it('stream what is no query', async () => {
    await using warehouse = await create();
    await warehouse.execute('CREATE TABLE t (x INTEGER)');
    for await (const { columns } of warehouse.stream('INSERT INTO t VALUES (1), (2) RETURNING x')) {
      expect(columns).toEqual([{ name: 'x', values: Int32Array.of(1, 2) }]);
    }
    for await (const { columns } of warehouse.stream('SHOW TIME ZONE')) expect(columns[0]?.values).toEqual(['UTC']);
  });

  it('keep what any text is, as value and as name, however it goes', async () => {
    await using warehouse = await create();
    // PostgreSQL has no text with a zero character in it, and names of at most 63 bytes.
    const text = fc.string({ unit: 'grapheme-composite', maxLength: 15 }).filter((s) => !s.includes('\0'));
    await fc.assert(
      fc.asyncProperty(
        text,
        text.filter((s) => s !== ''),
        async (value, name) => {
          const sql = `SELECT ? AS ${quoteName(name)}`;
          expect((await warehouse.table(sql, { parameters: [value] })).rows).toEqual([[value]]);
          for await (const { columns } of warehouse.stream(sql, { parameters: [value] }))
            expect(columns).toEqual([{ name, values: [value] }]);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('a PostgreSQL that goes away', () => {
  it('in the middle of a statement, is named, undoes it, and is used again when it is back', async () => {
    await using warehouse = await create();
    await warehouse.execute('CREATE TABLE t (x INTEGER)');
    const running = failure(warehouse.execute('INSERT INTO t SELECT 1 FROM pg_sleep(60)'));
    await delay(100);
    await server.restart();
    expect(await running).toMatchObject({ code: 'WAREHOUSE_GONE', facts: { location: warehouse.location } });
    expect(await warehouse.query('SELECT count(*) AS n FROM t')).toEqual([{ n: 0 }]);
  });

  it('between two statements, is not noticed', async () => {
    await using warehouse = await create();
    await server.restart();
    await delay(50);
    expect(await warehouse.query('SELECT 1 AS x')).toEqual([{ x: 1 }]);
  });

  it('in a transaction, leaves no half of it, whatever comes after', async () => {
    await using warehouse = await create();
    await warehouse.execute('CREATE TABLE t (x INTEGER)');
    const error = await failure(
      inTransaction(warehouse, async () => {
        await warehouse.execute('INSERT INTO t VALUES (1)');
        await server.restart();
        await failure(warehouse.execute('INSERT INTO t VALUES (2)')); // somebody who goes on
        await warehouse.execute('INSERT INTO t VALUES (3)');
      }),
    );
    expect(error).toMatchObject({ code: 'TRANSACTION_LOST', facts: { sql: 'INSERT INTO t VALUES (3)' } });
    expect(await warehouse.query('SELECT count(*) AS n FROM t')).toEqual([{ n: 0 }]);
    await warehouse.execute('BEGIN');
    await server.restart();
    await failure(warehouse.execute('SELECT 1'));
    expect(await failure(warehouse.execute('COMMIT'))).toMatchObject({ code: 'TRANSACTION_LOST' });
    expect(await warehouse.execute('INSERT INTO t VALUES (4)')).toBe(1);
  });

  it('while rows are read, or a table is replaced, says so and keeps the old table', async () => {
    await using warehouse = await create();
    await warehouse.execute('CREATE TABLE t AS SELECT 1 AS x');
    const reading = failure(
      (async () => {
        for await (const _ of warehouse.stream(
          'SELECT i, repeat(i::text, 50) FROM generate_series(1, 3000000) AS s (i)',
        ))
          await delay(1);
      })(),
    );
    await delay(300);
    await server.restart();
    expect(await reading).toMatchObject({ code: 'WAREHOUSE_GONE' });
    const replacing = failure(replaceTable(warehouse, 't', 'SELECT 2 AS x FROM pg_sleep(60)'));
    await delay(200);
    await server.restart();
    expect(await replacing).toMatchObject({ code: 'WAREHOUSE_GONE' });
    expect(await warehouse.query('SELECT x FROM t')).toEqual([{ x: 1 }]);
    expect((await warehouse.relations()).map(({ name }) => name)).toEqual(['t']);
  });

  it('for good, is told from one that starts', async () => {
    const nobody = await failure(openWarehouse(`postgres://x@127.0.0.1:1/db`, { env: {}, waitSeconds: 0 }));
    expect(nobody).toMatchObject({ code: 'WAREHOUSE_UNREACHABLE', facts: { location: 'postgres://x@127.0.0.1:1/db' } });
    const missing = await failure(openWarehouse(`${server.url}/nowhere`, { env: server.env }));
    expect(missing).toMatchObject({
      code: 'WAREHOUSE_UNREACHABLE',
      message: expect.stringContaining('"nowhere" does not exist'),
    });
  });

  it('refuses a wrong password, which no message has', async () => {
    for (const env of [{ PGPASSWORD: 'hunter2-wrong' }, {}]) {
      const error = await failure(openWarehouse(`${server.url}/postgres`, { env }));
      expect(error).toMatchObject({ code: 'WAREHOUSE_LOGIN_REFUSED', message: expect.stringContaining('PGPASSWORD') });
      expect(String(error) + JSON.stringify(error)).not.toContain('hunter2');
    }
  });

  it('hides its password also where a statement has it', async () => {
    await using warehouse = await create();
    for (const sql of [`ALTER USER nobody PASSWORD '${server.password}'`, `SELECT '${server.password}'::integer`]) {
      const error = await failure(warehouse.execute(sql));
      expect(error).toMatchObject({ code: 'STATEMENT_FAILED' });
      expect(inspect(error, { depth: 9 })).not.toContain(server.password);
    }
  });

  it('stops what a signal stops, also while rows are read and files are loaded, and nothing after it', async () => {
    await using warehouse = await create();
    for (let i = 0; i < 20; i++) {
      const stop = new AbortController();
      const running = failure(warehouse.query('SELECT pg_sleep(30)', { signal: stop.signal }));
      await delay(i);
      stop.abort(new Error('enough'));
      expect(await running).toMatchObject({ message: 'enough' });
      expect(await warehouse.query('SELECT 1 AS x FROM pg_sleep(0.001)')).toEqual([{ x: 1 }]);
    }
    const stop = new AbortController();
    const reading = failure(
      (async () => {
        for await (const _ of warehouse.stream('SELECT i FROM generate_series(1, 5000000) AS s (i)', {
          signal: stop.signal,
        }))
          stop.abort(new Error('enough'));
      })(),
    );
    expect(await reading).toMatchObject({ message: 'enough' });
    expect(await warehouse.query('SELECT 1 AS x')).toEqual([{ x: 1 }]);
  });
});
