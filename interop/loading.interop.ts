import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rawTables, RAW_SCHEMA } from '../apps/intent/raw-tables.ts';
import { generateDataset } from '../packages/smallboat/src/synthetic/index.ts';
import { ingest, openWarehouse } from '../packages/smallboat/src/warehouse/index.ts';
import type { Warehouse } from '../packages/smallboat/src/warehouse/index.ts';
import type { FakeSnowflake } from './fakesnow.ts';
import { startFakeSnowflake } from './fakesnow.ts';
import type { FakeAws } from './moto.ts';
import { startFakeAws } from './moto.ts';
import type { PostgresServer } from './postgres.ts';
import { startPostgres } from './postgres.ts';

let postgres: PostgresServer;
let aws: FakeAws;
let snowflake: FakeSnowflake;
beforeAll(async () => {
  [postgres, aws, snowflake] = await Promise.all([startPostgres(), startFakeAws(), startFakeSnowflake()]);
  Object.assign(process.env, aws.env);
  await new S3Client({ forcePathStyle: true }).send(new CreateBucketCommand({ Bucket: 'shop' }));
}, 300_000);
afterAll(async () => {
  for (const server of [snowflake, aws, postgres]) await server[Symbol.asyncDispose]();
});

async function put(key: string, body: string | Uint8Array): Promise<void> {
  await new S3Client({ forcePathStyle: true }).send(new PutObjectCommand({ Bucket: 'shop', Key: key, Body: body }));
}

const HEADER = 'session_id_hash,event_type,product_action,product_sku_hash,server_timestamp_epoch_ms,hashed_url\n';
const ROW = 's1,event_product,add,p1,1547543635360,u1\n';
const tables = rawTables.filter(({ table }) => table === 'browsing_train_raw');
const failure = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

it('loads what lies in S3, each object once, and leaves nothing here', async () => {
  await put('raw/browsing_train/1.csv', HEADER + ROW);
  await put('raw/browsing_train/2.csv.gz', gzipSync(HEADER + ROW.replace('s1', 's2')));
  await put('raw/browsing_train/notes.txt', 'no');
  await put('raw/other.csv', 'no');
  const temporaryFolder = await mkdtemp(join(tmpdir(), 'smallboat-'));
  await using warehouse = await openWarehouse('duckdb::memory:');
  const options = { folder: 's3://shop/raw', tables, schema: RAW_SCHEMA, temporaryFolder };
  const report = await ingest(warehouse, options);
  expect(report.files.map(({ path, rows, outcome }) => [path, rows, outcome])).toEqual([
    ['s3://shop/raw/browsing_train/1.csv', 1, 'loaded'],
    ['s3://shop/raw/browsing_train/2.csv.gz', 1, 'loaded'],
  ]);
  expect(await ingest(warehouse, options)).toMatchObject({ rowsAdded: 0 });
  await put('raw/browsing_train/3.csv', HEADER + ROW.replace('s1', 's3'));
  expect(await ingest(warehouse, options)).toMatchObject({ rowsAdded: 1 });
  await put('raw/browsing_train/4.csv', HEADER + ROW.replace('1547543635360', 'soon'));
  expect(await failure(ingest(warehouse, options))).toMatchObject({
    code: 'INGEST_VALUE_WRONG',
    facts: { path: 's3://shop/raw/browsing_train/4.csv', line: 2 },
  });
  expect(await readdir(temporaryFolder)).toEqual([]);
});

it('says what is wrong with a place in S3, and shows no key', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  const load = (folder: string): Promise<unknown> => failure(ingest(warehouse, { folder, tables, schema: RAW_SCHEMA }));
  expect(await load('s3://nowhere/raw')).toMatchObject({
    code: 'BUCKET_FAILED',
    message: expect.stringContaining('NoSuchBucket'),
  });
  expect(await load('s3://shop/none')).toMatchObject({
    code: 'INGEST_FILE_MISSING',
    facts: { folder: 's3://shop/none' },
  });
  expect(await load('s3://')).toMatchObject({ code: 'BUCKET_URL_INVALID' });
  expect(String(await load('s3://nowhere/raw'))).not.toMatch(/nothing/);
});

it(
  'gives the same raw tables in PostgreSQL and Snowflake as in DuckDB, for the three files of the challenge',
  { timeout: 120_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
    await generateDataset({ folder, rows: 3000, seed: 7, format: 'csv.gz' });
    const now = new Date('2026-01-01T00:00:00Z');
    const counts = async (warehouse: Warehouse): Promise<unknown> => {
      await ingest(warehouse, { folder, tables: rawTables, schema: RAW_SCHEMA, now });
      const text = (json: string, key: string): string =>
        warehouse.dialect === 'snowflake' ? `${json}:"${key}"::VARCHAR` : `${json} ->> '${key}'`;
      const browsing = await warehouse.table(
        `SELECT count(*), count(DISTINCT session_id_hash), CAST(min(server_timestamp_epoch_ms) AS VARCHAR(30)), CAST(max(server_timestamp_epoch_ms) AS VARCHAR(30)),
         sum(CASE WHEN ${text('raw_browsing_event', 'product_action')} = 'add' THEN 1 ELSE 0 END), min(${text('raw_browsing_event', 'hashed_url')}), max(organization_id)
       FROM ${RAW_SCHEMA}.browsing_train_raw`,
      );
      const search = await warehouse.table(
        `SELECT count(*), min(session_id_hash), max(${text('raw_search_event', 'product_skus_hash')}) FROM ${RAW_SCHEMA}.search_train_raw`,
      );
      const content = await warehouse.table(
        `SELECT count(*), min(product_sku_hash), min(${text('metadata', 'price_bucket')}) FROM ${RAW_SCHEMA}.sku_to_content_raw`,
      );
      const lists = search.rows.map(([n, least, skus]) => [
        n,
        least,
        typeof skus === 'string' ? JSON.parse(skus) : skus,
      ]);
      return [
        browsing.rows.map((row) => row.map((cell) => (typeof cell === 'string' ? cell.replace(/\.000$/, '') : cell))),
        lists,
        content.rows,
      ];
    };
    await using duckdb = await openWarehouse('duckdb::memory:');
    const expected = await counts(duckdb);
    await using inPostgres = await openWarehouse(`${postgres.url}/${await postgres.database()}`, { env: postgres.env });
    expect(await counts(inPostgres)).toEqual(expected);
    await using inSnowflake = await openWarehouse(snowflake.url('SHOP'), { env: snowflake.env });
    expect(await counts(inSnowflake)).toEqual(expected);
  },
);

it(
  'has all of a file or nothing when the warehouse goes away in the middle of the load',
  { timeout: 60_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
    await writeFile(join(folder, 'browsing_train.csv'), HEADER + ROW.repeat(600_000));
    await using warehouse = await openWarehouse(`${postgres.url}/${await postgres.database()}`, { env: postgres.env });
    const options = { folder, tables, schema: RAW_SCHEMA };
    const halfway = Promise.withResolvers<void>();
    const loading = failure(
      ingest(warehouse, { ...options, onProgress: (fraction) => fraction > 0.6 && halfway.resolve() }),
    );
    await halfway.promise;
    await postgres.restart();
    expect(await loading).toMatchObject({ code: expect.stringMatching(/^(?:WAREHOUSE_GONE|TRANSACTION_LOST)$/) });
    expect(await warehouse.query(`SELECT count(*) AS n FROM ${RAW_SCHEMA}.browsing_train_raw`)).toEqual([{ n: 0 }]);
    expect(await ingest(warehouse, options)).toMatchObject({ rowsAdded: 600_000 });
    expect(await ingest(warehouse, options)).toMatchObject({ rowsAdded: 0 });
  },
);
