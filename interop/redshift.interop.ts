import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { warehouseContract } from '../packages/smallboat/src/warehouse/contract.ts';
import type { Warehouse } from '../packages/smallboat/src/warehouse/index.ts';
import { openWarehouse } from '../packages/smallboat/src/warehouse/index.ts';
import type { FakeAws } from './moto.ts';
import { startFakeAws } from './moto.ts';
import type { PostgresServer } from './postgres.ts';
import { startPostgres } from './postgres.ts';
import type { FakeRedshift } from './redshift.ts';
import { REDSHIFT_CATALOGUE, startFakeRedshift } from './redshift.ts';

let postgres: PostgresServer;
let aws: FakeAws;
let redshift: FakeRedshift;
beforeAll(async () => {
  [postgres, aws] = await Promise.all([startPostgres(), startFakeAws()]);
  Object.assign(process.env, aws.env);
  await new S3Client({ forcePathStyle: true }).send(new CreateBucketCommand({ Bucket: 'stage' }));
  redshift = await startFakeRedshift(postgres);
}, 300_000);
afterAll(async () => {
  for (const server of [redshift, aws, postgres]) await server[Symbol.asyncDispose]();
});

async function create(more = ''): Promise<Warehouse> {
  const database = await postgres.database();
  await postgres.psql(database, REDSHIFT_CATALOGUE);
  const url = `redshift://${postgres.user}@127.0.0.1:${redshift.port}/${database}?sslmode=prefer${more}`;
  return openWarehouse(url, { env: { REDSHIFT_PASSWORD: postgres.password } });
}

const lacks = { 'list cells': 'Redshift has no arrays, only SUPER' } as const;
const STAGE = '&stage=s3://stage/in&iam_role=arn:aws:iam::123456789012:role/loader&region=us-east-1';

warehouseContract({ name: 'redshift, loading from S3', create: () => create(STAGE), lacks });
warehouseContract({ name: 'redshift, loading by INSERT', create, lacks });

describe('what goes to Redshift', () => {
  it('is a COPY with a role and no key, and nothing is left in S3', async () => {
    const copies = redshift.statements.filter((sql) => sql.startsWith('COPY'));
    expect(copies.length).toBeGreaterThan(3);
    for (const sql of copies) expect(sql).not.toMatch(/ACCESS_KEY|SECRET|TOKEN|nobody|nothing/i);
    const { KeyCount } = await new S3Client({ forcePathStyle: true }).send(
      new ListObjectsV2Command({ Bucket: 'stage' }),
    );
    expect(KeyCount).toBe(0);
  });

  it('has types with their sizes', async () => {
    await using warehouse = await create();
    await warehouse.execute(
      'CREATE TABLE t (a VARCHAR(20), b DECIMAL(9, 2), c SUPER) DISTKEY (a) COMPOUND SORTKEY (b, a)',
    );
    expect(await warehouse.columns('public.t')).toEqual([
      { name: 'a', type: 'character varying(20)' },
      { name: 'b', type: 'numeric(9,2)' },
      { name: 'c', type: 'super' },
    ]);
  });
});
