import { describe, expect, it } from 'vitest';
import type { Batch, Warehouse } from './warehouse.ts';
import { warehouseErrors } from './warehouse.ts';

export interface WarehouseContract {
  readonly name: string;
  /** A warehouse with nothing in it. */
  readonly create: () => Promise<Warehouse>;
}

async function all(batches: AsyncIterable<Batch>): Promise<readonly Batch[]> {
  const list: Batch[] = [];
  for await (const batch of batches) list.push(batch);
  return list;
}

/** What every adapter of the port promises; for Vitest. Run it on your own adapter too. */
export function warehouseContract({ name, create }: WarehouseContract): void {
  describe(`warehouse contract: ${name}`, () => {
    it('counts the rows that a statement inserts, updates and deletes', async () => {
      await using warehouse = await create();
      expect(await warehouse.execute('CREATE TABLE t (x INTEGER)')).toBe(0);
      expect(await warehouse.execute('INSERT INTO t VALUES (1), (2), (3)')).toBe(3);
      expect(await warehouse.execute('UPDATE t SET x = 9 WHERE x > 1')).toBe(2);
      expect(await warehouse.execute('DELETE FROM t WHERE x = 1')).toBe(1);
      expect(await warehouse.execute('CREATE TABLE u AS SELECT * FROM t')).toBe(2);
    });

    it('gives cells as the port says', async () => {
      await using warehouse = await create();
      const [row] = await warehouse.query(
        `SELECT CAST(7 AS BIGINT) AS small, CAST(9007199254740993 AS BIGINT) AS large, CAST(1.25 AS DECIMAL(9, 2)) AS amount,
           true AS yes, 'a ''b''' AS words, NULL AS nothing, 0.5 AS half,
           CAST('2016-08-01 10:00:00.25' AS TIMESTAMP) AS at, CAST('2016-08-01' AS DATE) AS on_day`,
      );
      expect(row).toEqual({
        small: 7,
        large: 9_007_199_254_740_993n,
        amount: 1.25,
        yes: true,
        words: "a 'b'",
        nothing: null,
        half: 0.5,
        at: '2016-08-01 10:00:00.25',
        on_day: '2016-08-01',
      });
    });

    it('binds parameters in order, and takes text for what it is', async () => {
      await using warehouse = await create();
      const rows = await warehouse.query('SELECT ? AS a, ? AS b, ? AS c, ? AS d, ? AS e', {
        parameters: [3, "x'; DROP TABLE t; --", null, true, 1.5],
      });
      expect(rows).toEqual([{ a: 3, b: "x'; DROP TABLE t; --", c: null, d: true, e: 1.5 }]);
      expect(await warehouse.query('SELECT 1 AS x UNION ALL SELECT 1 LIMIT ?', { parameters: [1] })).toHaveLength(1);
    });

    it('runs statements in the order of the calls', async () => {
      await using warehouse = await create();
      const [, , rows] = await Promise.all([
        warehouse.execute('CREATE TABLE t (x INTEGER)'),
        warehouse.execute('INSERT INTO t VALUES (1)'),
        warehouse.query('SELECT x FROM t'),
      ]);
      expect(rows).toEqual([{ x: 1 }]);
    });

    it('streams typed columns with their missing values marked', async () => {
      await using warehouse = await create();
      const batches = await all(
        warehouse.stream(
          `SELECT CAST(i AS INTEGER) AS i, CAST(i AS BIGINT) * 10000000000 AS big, i / 4.0 AS part, i % 2 = 0 AS even,
             CASE WHEN i % 3 = 0 THEN NULL ELSE 'row number ' || i END AS words
           FROM (SELECT unnest(generate_series(0, 9999)) AS i) AS numbers ORDER BY i`,
        ),
      );
      expect(batches.reduce((sum, { length }) => sum + length, 0)).toBe(10_000);
      let row = 0;
      for (const { length, columns } of batches) {
        const [i, big, part, even, words] = columns;
        expect(i?.values).toBeInstanceOf(Int32Array);
        expect(big?.values).toBeInstanceOf(BigInt64Array);
        expect(part?.values).toBeInstanceOf(Float64Array);
        expect(even?.values).toBeInstanceOf(Uint8Array);
        expect(i?.nulls).toBeUndefined();
        for (let at = 0; at < length; at++, row++) {
          if (i?.values[at] !== row || big?.values[at] !== BigInt(row) * 10_000_000_000n) throw new Error(`row ${row}`);
          if (part?.values[at] !== row / 4 || even?.values[at] !== (row % 2 === 0 ? 1 : 0))
            throw new Error(`row ${row}`);
          if ((words?.nulls?.[at] ?? 0) !== (row % 3 === 0 ? 1 : 0)) throw new Error(`row ${row}`);
          if (row % 3 !== 0 && words?.values[at] !== `row number ${row}`) throw new Error(`row ${row}`);
        }
      }
    });

    it('goes on after a stream that was left early, and refuses to deadlock inside one', async () => {
      await using warehouse = await create();
      let inside: unknown;
      for await (const batch of warehouse.stream('SELECT unnest(generate_series(1, 200000)) AS i')) {
        inside = await warehouse.query('SELECT 1').catch((error: unknown) => error);
        expect(batch.length).toBeGreaterThan(0);
        break;
      }
      expect(warehouseErrors.STREAM_OPEN.is(inside)).toBe(true);
      expect(await warehouse.query('SELECT 1 AS x')).toEqual([{ x: 1 }]);
    });

    it('rejects with the statement and what the warehouse said', async () => {
      await using warehouse = await create();
      const error: unknown = await warehouse.query('SELECT nonsense FROM nowhere').catch((e: unknown) => e);
      expect(error).toMatchObject({
        code: 'STATEMENT_FAILED',
        facts: { location: warehouse.location, sql: 'SELECT nonsense FROM nowhere' },
      });
      expect(String(error)).toContain('nowhere');
      const late: unknown = await all(warehouse.stream('SELECT nonsense')).catch((e: unknown) => e);
      expect(warehouseErrors.STATEMENT_FAILED.is(late)).toBe(true);
      expect(await warehouse.query('SELECT 1 AS x')).toEqual([{ x: 1 }]);
    });

    it('undoes what a transaction did when it is rolled back', async () => {
      await using warehouse = await create();
      await warehouse.execute('CREATE TABLE t (x INTEGER)');
      await warehouse.execute('BEGIN TRANSACTION');
      await warehouse.execute('INSERT INTO t VALUES (1)');
      await warehouse.execute('ROLLBACK');
      expect(await warehouse.query('SELECT * FROM t')).toEqual([]);
    });

    it('stops a statement by its signal, with the reason of the signal', async () => {
      await using warehouse = await create();
      const stop = new AbortController();
      const running = warehouse.query(
        'SELECT count(*) FROM generate_series(1, 1000000) AS a, generate_series(1, 1000000) AS b WHERE random() < 0',
        { signal: stop.signal },
      );
      stop.abort(new Error('enough'));
      await expect(running).rejects.toThrow('enough');
      await expect(warehouse.query('SELECT 1', { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
      expect(await warehouse.query('SELECT 1 AS x')).toEqual([{ x: 1 }]);
    });

    it('tells the columns of tables and views in order, and none of what is not there', async () => {
      await using warehouse = await create();
      await warehouse.execute('CREATE SCHEMA "odd name"');
      await warehouse.execute('CREATE TABLE "odd name"."a ""table""" (b INTEGER, "a b" VARCHAR)');
      await warehouse.execute('CREATE VIEW v AS SELECT CAST(1 AS DOUBLE) AS x');
      expect(await warehouse.columns('"odd name"."a ""table"""')).toEqual([
        { name: 'b', type: 'INTEGER' },
        { name: 'a b', type: 'VARCHAR' },
      ]);
      expect(await warehouse.columns('v')).toEqual([{ name: 'x', type: 'DOUBLE' }]);
      expect(await warehouse.columns('nowhere.t')).toEqual([]);
    });

    it('says so when it is used after it was closed, and closes twice', async () => {
      const warehouse = await create();
      await warehouse[Symbol.asyncDispose]();
      await warehouse[Symbol.asyncDispose]();
      const error: unknown = await warehouse.query('SELECT 1').catch((e: unknown) => e);
      expect(warehouseErrors.WAREHOUSE_CLOSED.is(error)).toBe(true);
    });
  });
}
