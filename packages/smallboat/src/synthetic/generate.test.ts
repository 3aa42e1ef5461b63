import { mkdtemp, readFile, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../kernel/index.ts';
import { generateDataset } from './generate.ts';
import type { GeneratedReport } from './generate.ts';

const NAMES = ['browsing_train', 'search_train', 'sku_to_content'];
const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'smallboat-'));

async function numbersOf(sql: string): Promise<Record<string, number>> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const [row = {}] = (await connection.runAndReadAll(sql)).getRowObjects();
  connection.closeSync();
  instance.closeSync();
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)]));
}

describe('a log of 150,000 rows', () => {
  let made: GeneratedReport;
  let csv = (_stem: string): string => '';

  beforeAll(async () => {
    made = await generateDataset({ folder: await folder(), rows: 150_000, seed: 3 });
    csv = (stem) =>
      `read_csv('${join(made.folder, `${stem}.csv`)}', header = true, all_varchar = true, strict_mode = true)`;
  });

  it('has as many rows, sessions and duplicates as it says, to the row', async () => {
    const found = await numbersOf(`SELECT count(*) AS n, count(DISTINCT session_id_hash) AS sessions,
      count(*) - (SELECT count(*) FROM (SELECT DISTINCT * FROM ${csv('browsing_train')})) AS copies FROM ${csv('browsing_train')}`);
    expect(found).toEqual({ n: 150_000, sessions: made.sessions, copies: made.duplicateRows });
    expect(await numbersOf(`SELECT count(*) AS n FROM ${csv('search_train')}`)).toEqual({ n: made.searchRows });
    expect(made.searchRows).toBe(Math.floor(150_000 / 45));
    expect(
      await numbersOf(`SELECT count(*) AS n, count(DISTINCT product_sku_hash) AS d FROM ${csv('sku_to_content')}`),
    ).toEqual({
      n: made.products,
      d: made.products,
    });
  });

  it('has the shares of the published data', async () => {
    expect(made.rows / made.sessions).toBeGreaterThan(6.6);
    expect(made.rows / made.sessions).toBeLessThan(7.8);
    expect(made.cartSessions / made.sessions).toBeCloseTo(0.056, 2);
    expect(made.duplicateRows / made.rows).toBeCloseTo(0.005, 3);
    const lengths = await numbersOf(`SELECT median(n) AS half, quantile_cont(n, 0.99) AS top, max(n) AS longest
      FROM (SELECT count(*) AS n FROM ${csv('browsing_train')} GROUP BY session_id_hash)`);
    expect(lengths['half']).toBeLessThanOrEqual(4);
    expect(lengths['top']).toBeGreaterThan(35);
    expect(lengths['longest']).toBeGreaterThan(150);
    const popular = await numbersOf(`SELECT max(n) / sum(n) AS first, count(*) AS seen
      FROM (SELECT count(*) AS n FROM ${csv('browsing_train')} WHERE product_action = 'detail' GROUP BY product_sku_hash)`);
    expect(popular['first']).toBeGreaterThan(3 / made.products);
  });

  it('has sessions and purchases as the report counts them, each purchase after an add', async () => {
    const found =
      await numbersOf(`SELECT count(*) FILTER (bought IS NOT NULL) / count(*) AS share, count(*) AS carts, count(*) FILTER (bought <= added) AS early
      FROM (SELECT min(server_timestamp_epoch_ms) FILTER (product_action = 'add') AS added,
              min(server_timestamp_epoch_ms) FILTER (product_action = 'purchase') AS bought
            FROM ${csv('browsing_train')} GROUP BY session_id_hash) WHERE added IS NOT NULL OR bought IS NOT NULL`);
    expect(found).toMatchObject({ carts: made.cartSessions, early: 0 });
    expect(found['share']).toBeCloseTo(made.buyShare, 10);
  });

  it('is a log: sessions mingled, nearly in order of time, over 13 weeks, more by day than by night', async () => {
    const found =
      await numbersOf(`SELECT avg((session = before)::INT) AS together, avg((ms < earlier)::INT) AS back, (max(ms) - min(ms)) / 86400000 AS days,
        sum((hour(make_timestamp_ms(ms)) BETWEEN 17 AND 20)::INT) / sum((hour(make_timestamp_ms(ms)) BETWEEN 2 AND 5)::INT) AS rhythm
      FROM (SELECT session_id_hash AS session, server_timestamp_epoch_ms::BIGINT AS ms, lag(session_id_hash) OVER w AS before, lag(server_timestamp_epoch_ms::BIGINT) OVER w AS earlier
            FROM (SELECT *, row_number() OVER () AS i FROM ${csv('browsing_train')}) WINDOW w AS (ORDER BY i))`);
    expect(found['together']).toBeLessThan(0.7);
    expect(found['back']).toBeGreaterThan(0.005);
    expect(found['back']).toBeLessThan(0.06);
    expect(found['days']).toBeGreaterThan(88);
    expect(found['days']).toBeLessThan(93);
    expect(found['rhythm']).toBeGreaterThan(5);
  });

  it('has only values that the columns know, and one event at one moment of a session', async () => {
    const found =
      await numbersOf(`SELECT count(*) FILTER (NOT regexp_full_match(session_id_hash, '[0-9a-f]{64}')) AS hashes,
        count(*) FILTER (NOT regexp_full_match(server_timestamp_epoch_ms, '[0-9]{13}')) AS times,
        count(*) FILTER (NOT (event_type = 'pageview' AND product_action IS NULL AND product_sku_hash IS NULL
          OR event_type = 'event_product' AND product_action IN ('detail', 'add', 'remove', 'purchase') AND length(product_sku_hash) = 64)) AS kinds
      FROM ${csv('browsing_train')}`);
    expect(found).toEqual({ hashes: 0, times: 0, kinds: 0 });
    const twice =
      await numbersOf(`SELECT count(*) AS n FROM (SELECT 1 FROM (SELECT DISTINCT * FROM ${csv('browsing_train')})
      GROUP BY session_id_hash, server_timestamp_epoch_ms HAVING count(*) > 1)`);
    expect(twice).toEqual({ n: 0 });
  });

  it('leaves its figures beside the files', async () => {
    const { folder, seconds, ...figures } = made;
    expect(seconds).toBeGreaterThan(0);
    expect(JSON.parse(await readFile(join(folder, 'generated.json'), 'utf8'))).toEqual(figures);
    expect((await readdir(folder)).sort()).toEqual([...NAMES.map((n) => `${n}.csv`), 'generated.json'].sort());
  });
});

it('gives the same bytes for the same seed, plain or packed, and others for another', async () => {
  const hashes = async (seed: number, format: 'csv' | 'csv.gz'): Promise<readonly string[]> => {
    const { folder: at } = await generateDataset({ folder: await folder(), rows: 70_000, seed, format });
    const files = await Promise.all(NAMES.map((name) => readFile(join(at, `${name}.${format}`))));
    return files.map((bytes) => sha256(format === 'csv' ? bytes : gunzipSync(bytes)));
  };
  const first = await hashes(1, 'csv');
  expect(await hashes(1, 'csv')).toEqual(first);
  expect(await hashes(1, 'csv.gz')).toEqual(first);
  expect(new Set([...first, ...(await hashes(2, 'csv'))]).size).toBe(6);
});

it('writes Parquet with the same rows', async () => {
  const { folder: plain } = await generateDataset({ folder: await folder(), rows: 5000, seed: 1 });
  const { folder: packed } = await generateDataset({ folder: await folder(), rows: 5000, seed: 1, format: 'parquet' });
  expect((await readdir(packed)).sort()).toEqual([...NAMES.map((n) => `${n}.parquet`), 'generated.json'].sort());
  for (const name of NAMES) {
    const csv = `(SELECT * FROM read_csv('${plain}/${name}.csv', header = true, all_varchar = true))`;
    const parquet = `(SELECT COLUMNS(*)::VARCHAR FROM '${packed}/${name}.parquet')`;
    const { missing, extra } = await numbersOf(
      `SELECT (SELECT count(*) FROM (FROM ${csv} EXCEPT ALL FROM ${parquet})) AS missing, (SELECT count(*) FROM (FROM ${parquet} EXCEPT ALL FROM ${csv})) AS extra`,
    );
    expect([missing, extra]).toEqual([0, 0]);
  }
});

it('makes as few as one row', async () => {
  const { folder: at, sessions } = await generateDataset({ folder: await folder(), rows: 1, seed: 1 });
  expect(sessions).toBe(1);
  expect((await readFile(join(at, 'browsing_train.csv'), 'utf8')).trim().split('\n')).toHaveLength(2);
});

it('leaves nothing when it is stopped', async () => {
  const at = await folder();
  const stop = new AbortController();
  const work = generateDataset({
    folder: at,
    rows: 500_000,
    seed: 1,
    signal: stop.signal,
    onProgress: () => stop.abort(new Error('enough')),
  });
  await expect(work).rejects.toThrow('enough');
  expect(await readdir(at)).toEqual([]);
});

it('refuses what it cannot make, and a folder where the files would be there twice', async () => {
  const at = await folder();
  await expect(generateDataset({ folder: at, rows: 0, seed: 1 })).rejects.toMatchObject({
    code: 'GENERATE_OPTION_WRONG',
  });
  await expect(generateDataset({ folder: at, rows: 10, seed: 0.5 })).rejects.toMatchObject({
    code: 'GENERATE_OPTION_WRONG',
  });
  await writeFile(join(at, 'search_train.csv.gz'), '');
  await expect(generateDataset({ folder: at, rows: 10, seed: 1 })).rejects.toMatchObject({
    code: 'GENERATE_FOLDER_TAKEN',
    facts: { found: 'search_train.csv.gz' },
  });
  await expect(generateDataset({ folder: join(at, 'search_train.csv.gz/x'), rows: 10, seed: 1 })).rejects.toMatchObject(
    {
      code: 'GENERATE_NOT_WRITTEN',
    },
  );
});
