import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { warehouseContract } from '../contract.ts';
import { openWarehouse } from '../open-warehouse.ts';
import type { Warehouse } from '../warehouse.ts';

async function onFile(): Promise<Warehouse> {
  return openWarehouse('duckdb:w.duckdb', { cwd: await mkdtemp(join(tmpdir(), 'smallboat-')) });
}

warehouseContract({ name: 'duckdb in memory', create: () => openWarehouse('duckdb::memory:') });
warehouseContract({ name: 'duckdb on a file', create: onFile });

async function only(warehouse: Warehouse, sql: string) {
  for await (const { columns } of warehouse.stream(sql)) return columns;
  return [];
}

it('streams lists flat, with the place where each row begins', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  const [list] = await only(
    warehouse,
    'SELECT l FROM (VALUES (1, [10, 11]), (2, NULL), (3, []), (4, [12])) AS t (k, l) ORDER BY k DESC',
  );
  expect(list).toMatchObject({
    values: Int32Array.of(12, 10, 11),
    offsets: Uint32Array.of(0, 1, 1, 1, 3),
    nulls: Uint8Array.of(0, 0, 1, 0),
  });
});

it('streams an ENUM by its words and nested values as JSON', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  const columns = await only(
    warehouse,
    `SELECT CAST('add' AS ENUM ('view', 'add')) AS e, {'a': 1, 'b': [true]} AS s, CAST(5 AS HUGEINT) AS h, '🛶 ahoy' AS short`,
  );
  expect(columns.map(({ values }) => values)).toEqual([
    ['add'],
    ['{"a":1,"b":[true]}'],
    Float64Array.of(5),
    ['🛶 ahoy'],
  ]);
});

it('prints times with a zone in UTC, also before 1970', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  const [row] = await warehouse.query(
    `SELECT TIMESTAMPTZ '2020-01-01 10:00:00.5+02' AS late, TIMESTAMPTZ '1969-12-31 23:59:59.25+00' AS early`,
  );
  expect(row).toEqual({ late: '2020-01-01 08:00:00.5+00', early: '1969-12-31 23:59:59.25+00' });
});

it('gives lists, structs and maps as arrays and objects', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  const [row] = await warehouse.query(
    `SELECT [1, NULL] AS l, {'a': {'b': [2]}} AS s, MAP {'k': 3} AS m, '{"j": 1}'::JSON AS j`,
  );
  expect(row).toEqual({ l: [1, null], s: { a: { b: [2] } }, m: { k: 3 }, j: '{"j": 1}' });
});

it('tells how far a statement is, never falling', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:', { threads: 1 });
  await warehouse.execute('CREATE TABLE t AS SELECT range AS i FROM range(3000000)');
  const seen: number[] = [];
  await warehouse.query('SELECT max(md5(md5(md5(i::VARCHAR)))) FROM t', {
    onProgress: (fraction) => seen.push(fraction),
  });
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(seen.every((fraction) => fraction >= 0 && fraction <= 1)).toBe(true);
});

it('needs no network: it neither installs nor loads extensions on its own', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  const rows = await warehouse.query(
    `SELECT name, value FROM duckdb_settings() WHERE name LIKE 'auto%_known_extensions' ORDER BY name`,
  );
  expect(rows.map(({ value }) => value)).toEqual(['false', 'false']);
});
