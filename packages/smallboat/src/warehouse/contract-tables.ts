import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { append, batchOfRows } from './append.ts';
import type { Ability, WarehouseContract } from './contract-values.ts';
import { HOSTILE, series } from './contract-values.ts';
import { factsOf } from './dialect.ts';
import { replaceTable } from './replace-table.ts';
import { textOf } from './vectors.ts';

interface TableContract extends Pick<WarehouseContract, 'create'> {
  readonly unless: (ability: Ability) => typeof it | typeof it.skip;
}

/** What every adapter promises of loading and replacing whole tables; a part of `warehouseContract`. */
export function tableContract({ create, unless }: TableContract): void {
  it('loads files of CSV: missing values, empty texts, quotes, several files, gzip', async () => {
    await using warehouse = await create();
    const { types } = factsOf(warehouse.dialect);
    await warehouse.execute(
      `CREATE TABLE t (i INTEGER, words ${types.text}, moment ${types.timestamp}, big BIGINT, part DOUBLE PRECISION, amount DECIMAL(20, 4), yes BOOLEAN, j ${types.json})`,
    );
    const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
    const paths = ['a.csv', 'b.csv'].map((file) => join(folder, file));
    const lines = HOSTILE.map((text, i) => `${i},"${text.replaceAll('"', '""')}",,,,,,\n`);
    const last = `100,"x","2016-08-01 10:00:00.123",9007199254740993,0.1,123456789012345.6789,true,"{""a"": [1, ""b""]}"\n101,,,,,,,\n`;
    await writeFile(paths[0] ?? '', gzipSync(lines.join('')));
    await writeFile(paths[1] ?? '', gzipSync(last));
    const columns = ['i', 'words', 'moment', 'big', 'part', 'amount', 'yes', 'j'];
    const names = warehouse.dialect === 'snowflake' ? columns.map((column) => column.toUpperCase()) : columns;
    const seen: number[] = [];
    const onProgress = (fraction: number): void => void seen.push(fraction);
    expect(await warehouse.load('t', { paths, columns: names, compression: 'gzip', onProgress })).toBe(
      HOSTILE.length + 2,
    );
    const texts = await warehouse.query('SELECT words AS "words" FROM t WHERE i < 100 ORDER BY i');
    expect(texts.map(({ words }) => words)).toEqual(HOSTILE);
    const [full, empty] = (
      await warehouse.table('SELECT words, moment, big, part, amount, yes, j FROM t WHERE i >= 100 ORDER BY i')
    ).rows;
    expect(full?.slice(0, 6)).toEqual([
      'x',
      '2016-08-01 10:00:00.123',
      9_007_199_254_740_993n,
      0.1,
      '123456789012345.6789',
      true,
    ]);
    expect(JSON.parse(textOf(full?.[6] ?? null))).toEqual({ a: [1, 'b'] });
    expect(empty).toEqual([null, null, null, null, null, null, null]);
    expect(seen.every((fraction) => fraction >= 0 && fraction <= 1)).toBe(true);
    await rm(folder, { recursive: true });
  });

  it('loads all rows of the files or none', async () => {
    await using warehouse = await create();
    await warehouse.execute('CREATE TABLE t (i INTEGER)');
    const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
    const path = join(folder, 'a.csv');
    await writeFile(path, `${'1\n'.repeat(5000)}many\n${'1\n'.repeat(5000)}`);
    const columns = [warehouse.dialect === 'snowflake' ? 'I' : 'i'];
    await expect(warehouse.load('t', { paths: [path], columns })).rejects.toMatchObject({ code: 'STATEMENT_FAILED' });
    expect(await warehouse.query('SELECT count(*) AS "n" FROM t')).toEqual([{ n: 0 }]);
    await rm(folder, { recursive: true });
  });

  it('appends rows, and what another table streams', async () => {
    await using warehouse = await create();
    const isSnowflake = warehouse.dialect === 'snowflake';
    const { types } = factsOf(warehouse.dialect);
    await warehouse.execute(
      `CREATE TABLE t ("a" INTEGER, "b" ${types.text}, "c" ${types.timestamp}, "d" BOOLEAN, "e" BIGINT)`,
    );
    await warehouse.execute('CREATE TABLE u AS SELECT * FROM t');
    const rows = HOSTILE.map((text, i) => [
      i,
      text,
      i % 2 === 0 ? null : '2020-01-02 03:04:05',
      i % 3 === 0,
      2n ** 60n + BigInt(i),
    ]);
    expect(await append(warehouse, 't', [batchOfRows(['a', 'b', 'c', 'd', 'e'], rows)])).toBe(HOSTILE.length);
    expect((await warehouse.table('SELECT * FROM t ORDER BY "a"')).rows).toEqual(rows);
    await using other = await warehouse.connect();
    expect(await append(other, 'u', warehouse.stream('SELECT * FROM t ORDER BY "a"'))).toBe(HOSTILE.length);
    expect((await warehouse.table('SELECT * FROM u ORDER BY "a"')).rows).toEqual(rows);
    expect(await append(warehouse, 't', [])).toBe(0);
    await warehouse.execute(`CREATE TABLE one ("a" ${isSnowflake ? 'VARCHAR' : types.text})`);
    expect(await append(warehouse, 'one', [batchOfRows(['a'], [['x'], [null], ['']])])).toBe(3);
    expect(await warehouse.query('SELECT count(*) AS "n", count("a") AS "given" FROM one')).toEqual([
      { n: 3, given: 2 },
    ]);
  });

  unless('snapshots')('replaces a table while others read it: they see the old rows or the new ones', async () => {
    await using warehouse = await create();
    await using reader = await warehouse.connect();
    const select = (round: number): string =>
      `SELECT ${round} AS "round", "i" FROM (${series(warehouse.dialect, 1000)}) AS numbers`;
    await replaceTable(warehouse, 't', select(0));
    const seen: unknown[] = [];
    const end = new AbortController();
    const reading = (async () => {
      while (!end.signal.aborted) {
        const [row] = await reader.query('SELECT count(*) AS "n", min("round") AS "from", max("round") AS "to" FROM t');
        seen.push(row);
      }
    })();
    for (let round = 1; round <= 10; round++) await replaceTable(warehouse, 't', select(round));
    end.abort();
    await reading;
    expect(seen.length).toBeGreaterThan(0);
    for (const row of seen) {
      const { n, from, to } = row as { n: number; from: number; to: number };
      expect([n, from]).toEqual([1000, to]);
    }
    const [last] = await warehouse.query('SELECT min("round") AS "round", count(*) AS "n" FROM t');
    expect(last).toEqual({ round: 10, n: 1000 });
    await expect(replaceTable(warehouse, 't', 'SELECT nonsense')).rejects.toMatchObject({ code: 'STATEMENT_FAILED' });
    expect(await warehouse.query('SELECT count(*) AS "n" FROM t')).toEqual([{ n: 1000 }]);
    expect((await warehouse.relations()).map(({ name }) => name.toLowerCase())).toEqual(['t']);
  });

  it('replaces a view by a table, and makes one where none is', async () => {
    await using warehouse = await create();
    await warehouse.execute('CREATE VIEW t AS SELECT 1 AS x');
    await replaceTable(warehouse, 't', 'SELECT 2 AS "x"');
    expect((await warehouse.relations()).map(({ kind }) => kind)).toEqual(['table']);
    await replaceTable(warehouse, '"new ""one"""', 'SELECT 3 AS "x" -- a comment');
    expect(await warehouse.query('SELECT t."x", n."x" AS "y" FROM t, "new ""one""" AS n')).toEqual([{ x: 2, y: 3 }]);
  });
}
