import { describe, expect, it } from 'vitest';
import { ingestContract } from './contract-ingest.ts';
import { tableContract } from './contract-tables.ts';
import type { Ability, WarehouseContract } from './contract-values.ts';
import { HOSTILE, series } from './contract-values.ts';
import { factsOf } from './dialect.ts';
import { quoteName } from './sql-text.ts';
import { inTransaction } from './transaction.ts';
import { textOf } from './vectors.ts';
import type { Batch } from './warehouse.ts';
import { warehouseErrors } from './warehouse.ts';

export type { Ability, WarehouseContract } from './contract-values.ts';

async function all(batches: AsyncIterable<Batch>): Promise<readonly Batch[]> {
  const list: Batch[] = [];
  for await (const batch of batches) list.push(batch);
  return list;
}

/** What every adapter of the port promises; for Vitest. Run it on your own adapter too. */
export function warehouseContract({ name, create, lacks = {} }: WarehouseContract): void {
  const unless = (ability: Ability) => (lacks[ability] === undefined ? it : it.skip);

  describe(`warehouse contract: ${name}`, () => {
    tableContract({ create, unless });
    ingestContract({ create });

    it('counts the rows that a statement inserts, updates and deletes', async () => {
      await using warehouse = await create();
      await warehouse.execute('CREATE TABLE t (x INTEGER)');
      expect(await warehouse.execute('INSERT INTO t VALUES (1), (2), (3)')).toBe(3);
      expect(await warehouse.execute('UPDATE t SET x = 9 WHERE x > 1')).toBe(2);
      expect(await warehouse.execute('DELETE FROM t WHERE x = 1')).toBe(1);
    });

    it('gives cells as the port says', async () => {
      await using warehouse = await create();
      const { types } = factsOf(warehouse.dialect);
      const [row] = await warehouse.query(
        `SELECT CAST(7 AS BIGINT) AS "small", CAST(9007199254740993 AS BIGINT) AS "large", CAST(-9223372036854775807 AS BIGINT) AS "least",
           CAST(1.25 AS DECIMAL(9, 2)) AS "amount", CAST('12345678901234567.89' AS DECIMAL(30, 2)) AS "precise", CAST('-0.10' AS DECIMAL(9, 2)) AS "tenth",
           1 = 1 AS "yes", 'a ''b''' AS "words", CAST(NULL AS INTEGER) AS "nothing", CAST(0.5 AS DOUBLE PRECISION) AS "half",
           CAST('2016-08-01 10:00:00.25' AS ${types.timestamp}) AS "at", CAST('2016-08-01' AS DATE) AS "on_day",
           CAST('2020-01-01 10:00:00.5+02:00' AS ${types.timestampTz}) AS "late", CAST('1969-12-31 23:59:59.25+00:00' AS ${types.timestampTz}) AS "early"`,
      );
      expect(row).toEqual({
        small: 7,
        large: 9_007_199_254_740_993n,
        least: -9_223_372_036_854_775_807n,
        amount: 1.25,
        precise: '12345678901234567.89',
        tenth: -0.1,
        yes: true,
        words: "a 'b'",
        nothing: null,
        half: 0.5,
        at: '2016-08-01 10:00:00.25',
        on_day: '2016-08-01',
        late: '2020-01-01 08:00:00.5+00',
        early: '1969-12-31 23:59:59.25+00',
      });
    });

    it('gives JSON as its text', async () => {
      await using warehouse = await create();
      const { json } = factsOf(warehouse.dialect);
      const text = '{"a": [1, null, "x\\ny"], "b": {"c": 1.5}}';
      const [row] = await warehouse.query(`SELECT ${json("'[1, 2]'")} AS "list", ${json('?')} AS "object"`, {
        parameters: [text],
      });
      expect([row?.['list'], row?.['object']].map((cell) => typeof cell)).toEqual(['string', 'string']);
      expect(JSON.parse(textOf(row?.['list'] ?? null))).toEqual([1, 2]);
      expect(JSON.parse(textOf(row?.['object'] ?? null))).toEqual(JSON.parse(text));
    });

    unless('list cells')('gives lists as arrays', async () => {
      await using warehouse = await create();
      const [row] = await warehouse.query(
        warehouse.dialect === 'snowflake'
          ? `SELECT ARRAY_CONSTRUCT(1, 2) AS "numbers", ARRAY_CONSTRUCT('a "b"', 'c,d') AS "words", ARRAY_CONSTRUCT() AS "none"`
          : `SELECT ARRAY[1, 2] AS "numbers", ARRAY['a "b"', 'c,d', NULL] AS "words", CAST(ARRAY[] AS INTEGER[]) AS "none"`,
      );
      const words = warehouse.dialect === 'snowflake' ? ['a "b"', 'c,d'] : ['a "b"', 'c,d', null];
      expect(row).toEqual({ numbers: [1, 2], words, none: [] });
    });

    it('names columns of an empty result and their types, and gives two of one name apart', async () => {
      await using warehouse = await create();
      await warehouse.execute('CREATE TABLE t (a INTEGER, b VARCHAR(20))');
      const { columns, rows } = await warehouse.table('SELECT a AS "a", b AS "b", a AS "a" FROM t');
      expect(columns.map(({ name }) => name)).toEqual(['a', 'b', 'a:1']);
      expect(columns[0]?.type).toMatch(/^(?:int|number|decimal|fixed)/i);
      expect(columns[1]?.type).toMatch(/^(?:varchar|character varying|text|string)/i);
      expect(rows).toEqual([]);
    });

    it('binds parameters in order, and takes text for what it is', async () => {
      await using warehouse = await create();
      const parameters = [3, "x'; DROP TABLE t; --", null, true, 1.5, 9_007_199_254_740_993n];
      const rows = await warehouse.query(
        `SELECT ? AS "a", ? AS "b", ? AS "c", ? AS "d", ? AS "e", CAST(? AS BIGINT) AS "f", '?' AS "g" -- ?`,
        { parameters },
      );
      expect(rows).toEqual([
        { a: 3, b: "x'; DROP TABLE t; --", c: null, d: true, e: 1.5, f: 9_007_199_254_740_993n, g: '?' },
      ]);
      expect(await warehouse.query('SELECT 1 AS x UNION ALL SELECT 1 LIMIT ?', { parameters: [1] })).toHaveLength(1);
    });

    it('takes hostile texts and names as they are, in and out', async () => {
      await using warehouse = await create();
      const table = quoteName('a "table"; DROP TABLE t; --');
      const columnName = lacks['quotes in names of text columns'] === undefined ? "col'umn \\ ? é" : 'col umn \\ ? é';
      const column = quoteName(columnName);
      await warehouse.execute(`CREATE TABLE ${table} (${column} ${factsOf(warehouse.dialect).types.text}, i INTEGER)`);
      for (const [i, text] of HOSTILE.entries()) {
        await warehouse.execute(`INSERT INTO ${table} VALUES (?, ?)`, { parameters: [text, i] });
      }
      const rows = await warehouse.query(`SELECT ${column} AS "text" FROM ${table} ORDER BY i`);
      expect(rows.map(({ text }) => text)).toEqual(HOSTILE);
      expect((await warehouse.columns(table)).map(({ name }) => name.toLowerCase())).toEqual([columnName, 'i']);
      expect((await warehouse.relations()).map(({ name }) => name)).toContain('a "table"; DROP TABLE t; --');
      const [found] = await warehouse.query(`SELECT i AS "i" FROM ${table} WHERE ${column} = ?`, {
        parameters: [HOSTILE[4] ?? ''],
      });
      expect(found).toEqual({ i: 4 });
    });

    it('runs statements in the order of the calls', async () => {
      await using warehouse = await create();
      const [, , rows] = await Promise.all([
        warehouse.execute('CREATE TABLE t (x INTEGER)'),
        warehouse.execute('INSERT INTO t VALUES (1)'),
        warehouse.query('SELECT x AS "x" FROM t'),
      ]);
      expect(rows).toEqual([{ x: 1 }]);
    });

    it('streams typed columns with their missing values marked', async () => {
      await using warehouse = await create();
      const batches = await all(
        warehouse.stream(
          `SELECT "i", CAST("i" AS BIGINT) * 10000000000 AS "big", CAST("i" AS DOUBLE PRECISION) / ? AS "part", MOD("i", 2) = 0 AS "even",
             CASE WHEN MOD("i", 3) = 0 THEN NULL ELSE 'row number ' || "i" END AS "words", CAST("i" AS DECIMAL(9, 2)) / 4 AS "amount"
           FROM (${series(warehouse.dialect, 10_000)}) AS numbers ORDER BY "i"`,
          { parameters: [4] },
        ),
      );
      expect(batches.reduce((sum, { length }) => sum + length, 0)).toBe(10_000);
      let row = 0;
      for (const { length, columns } of batches) {
        const [i, big, part, even, words, amount] = columns;
        expect(i?.values).toBeInstanceOf(warehouse.dialect === 'snowflake' ? BigInt64Array : Int32Array);
        expect(big?.values).toBeInstanceOf(BigInt64Array);
        expect(part?.values).toBeInstanceOf(Float64Array);
        expect(even?.values).toBeInstanceOf(Uint8Array);
        expect(amount?.values).toBeInstanceOf(Float64Array);
        expect(i?.nulls).toBeUndefined();
        for (let at = 0; at < length; at++, row++) {
          if (Number(i?.values[at]) !== row || big?.values[at] !== BigInt(row) * 10_000_000_000n)
            throw new Error(`row ${row}`);
          if (part?.values[at] !== row / 4 || even?.values[at] !== (row % 2 === 0 ? 1 : 0))
            throw new Error(`row ${row}`);
          if (amount?.values[at] !== row / 4) throw new Error(`row ${row}`);
          if ((words?.nulls?.[at] ?? 0) !== (row % 3 === 0 ? 1 : 0)) throw new Error(`row ${row}`);
          if (row % 3 !== 0 && words?.values[at] !== `row number ${row}`) throw new Error(`row ${row}`);
        }
      }
    });

    it('goes on after a stream that was left early, and refuses to deadlock inside one', async () => {
      await using warehouse = await create();
      let inside: unknown;
      for await (const batch of warehouse.stream(series(warehouse.dialect, 200_000))) {
        inside = await warehouse.query('SELECT 1').catch((error: unknown) => error);
        expect(batch.length).toBeGreaterThan(0);
        break;
      }
      expect(warehouseErrors.STREAM_OPEN.is(inside)).toBe(true);
      expect(await warehouse.query('SELECT 1 AS "x"')).toEqual([{ x: 1 }]);
    });

    it('rejects with the statement and what the warehouse said', async () => {
      await using warehouse = await create();
      const error: unknown = await warehouse.query('SELECT nonsense FROM nowhere').catch((e: unknown) => e);
      expect(error).toMatchObject({
        code: 'STATEMENT_FAILED',
        facts: { location: warehouse.location, sql: 'SELECT nonsense FROM nowhere' },
      });
      expect(String(error).toLowerCase()).toContain('nowhere');
      const late: unknown = await all(warehouse.stream('SELECT nonsense')).catch((e: unknown) => e);
      expect(late).toMatchObject({ code: 'STATEMENT_FAILED', facts: { sql: 'SELECT nonsense' } });
      expect(await warehouse.query('SELECT 1 AS "x"')).toEqual([{ x: 1 }]);
    });

    unless('positions')('says where in the statement the error is', async () => {
      await using warehouse = await create();
      await warehouse.execute('CREATE TABLE t (x INTEGER)');
      const at = async (sql: string, parameters?: readonly number[]): Promise<unknown> => {
        const error: unknown = await warehouse.query(sql, parameters && { parameters }).catch((e: unknown) => e);
        return (error as { facts?: { at?: unknown } }).facts?.at;
      };
      expect(await at("SELECT 'é 🛶',\n  x,\n  nonsense\nFROM t")).toEqual({ line: 3, column: 3 });
      expect(await at('SELECT ?, ?,\n nonsense FROM t', [1, 2])).toEqual({ line: 2, column: 2 });
      const streamed: unknown = await all(warehouse.stream('SELECT\n   nonsense FROM t')).catch((e: unknown) => e);
      expect(streamed).toMatchObject({ facts: { at: { line: 2, column: 4 } } });
    });

    it('undoes what a transaction did when it is rolled back, or its work fails', async () => {
      await using warehouse = await create();
      await warehouse.execute('CREATE TABLE t (x INTEGER)');
      await warehouse.execute('BEGIN');
      await warehouse.execute('INSERT INTO t VALUES (1)');
      await warehouse.execute('ROLLBACK');
      const failing = inTransaction(warehouse, async () => {
        await warehouse.execute('INSERT INTO t VALUES (2)');
        await warehouse.execute('INSERT INTO nowhere VALUES (2)');
      });
      await expect(failing).rejects.toMatchObject({ code: 'STATEMENT_FAILED' });
      expect(await warehouse.query('SELECT * FROM t')).toEqual([]);
      await inTransaction(warehouse, () => warehouse.execute('INSERT INTO t VALUES (3)'));
      expect(await warehouse.query('SELECT x AS "x" FROM t')).toEqual([{ x: 3 }]);
    });

    it('keeps what a transaction has not committed from another connection', async () => {
      await using warehouse = await create();
      await using other = await warehouse.connect();
      await warehouse.execute('CREATE TABLE t (x INTEGER)');
      await warehouse.execute('BEGIN');
      await warehouse.execute('INSERT INTO t VALUES (1)');
      expect(await other.query('SELECT x AS "x" FROM t')).toEqual([]);
      await warehouse.execute('COMMIT');
      expect(await other.query('SELECT x AS "x" FROM t')).toEqual([{ x: 1 }]);
    });

    unless('cancellation')('stops a statement by its signal, with the reason of the signal', async () => {
      await using warehouse = await create();
      const numbers = series(warehouse.dialect, 1_000_000);
      const stop = new AbortController();
      const running = warehouse.query(
        `SELECT count(*) FROM (${numbers}) AS a, (${numbers}) AS b WHERE a."i" + b."i" = -1`,
        {
          signal: stop.signal,
        },
      );
      setTimeout(() => stop.abort(new Error('enough')), 100);
      await expect(running).rejects.toThrow('enough');
      await expect(warehouse.query('SELECT 1', { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
      expect(await warehouse.query('SELECT 1 AS "x"')).toEqual([{ x: 1 }]);
    });

    it('tells the columns of tables and views in order, and none of what is not there', async () => {
      await using warehouse = await create();
      await warehouse.execute('CREATE TABLE "a ""table""" (b INTEGER, "a b" VARCHAR(20))');
      await warehouse.execute('CREATE VIEW v AS SELECT CAST(1 AS DOUBLE PRECISION) AS "x"');
      const columns = await warehouse.columns('"a ""table"""');
      expect(columns.map(({ name }) => name.toLowerCase())).toEqual(['b', 'a b']);
      expect(columns[0]?.type).toMatch(/^(?:int|number)/i);
      expect((await warehouse.columns('v')).map(({ name }) => name)).toEqual(['x']);
      expect(await warehouse.columns('nowhere')).toEqual([]);
    });

    unless('schemas')('lists tables and views, all or those of a schema', async () => {
      await using warehouse = await create();
      await warehouse.execute('CREATE SCHEMA "odd name"');
      // A name without a schema means what it meant before.
      await warehouse.execute('CREATE TABLE u (x INTEGER)');
      await warehouse.execute('CREATE TABLE "odd name"."t" (x INTEGER)');
      await warehouse.execute('CREATE VIEW "odd name"."v" AS SELECT 1 AS x');
      const listed = await warehouse.relations({ schema: 'odd name' });
      expect(listed.map(({ schema, name, kind }) => [schema, name, kind])).toEqual([
        ['odd name', 't', 'table'],
        ['odd name', 'v', 'view'],
      ]);
      const every = await warehouse.relations();
      expect(every.map(({ name }) => name.toLowerCase())).toEqual(expect.arrayContaining(['t', 'v', 'u']));
      expect(every.some(({ schema }) => /information_schema|pg_catalog/i.test(schema))).toBe(false);
      expect((await warehouse.columns('"odd name"."t"')).map(({ name }) => name.toLowerCase())).toEqual(['x']);
    });

    it('says so when it is used after it was closed, and closes twice', async () => {
      const warehouse = await create();
      await warehouse[Symbol.asyncDispose]();
      await warehouse[Symbol.asyncDispose]();
      const error: unknown = await warehouse.query('SELECT 1').catch((e: unknown) => e);
      expect(warehouseErrors.WAREHOUSE_CLOSED.is(error)).toBe(true);
      expect(warehouseErrors.WAREHOUSE_CLOSED.is(await warehouse.connect().catch((e: unknown) => e))).toBe(true);
    });
  });
}
