import { describe, expect, it } from 'vitest';
import { placeOf } from './place.ts';

const failure = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

describe('the URL of a warehouse', () => {
  it.each([
    ['duckdb:a b.duckdb', { kind: 'duckdb', path: 'a b.duckdb' }],
    ['duckdb::memory:', { kind: 'duckdb', path: ':memory:' }],
    [
      'postgres://an%20na@db.example:5433/shop?sslmode=require&search_path=raw,public&role=loader',
      {
        kind: 'postgres',
        host: 'db.example',
        port: 5433,
        user: 'an na',
        database: 'shop',
        sslMode: 'require',
        searchPath: ['raw', 'public'],
        role: 'loader',
      },
    ],
    [
      'snowflake://anna@org-acc/SHOP/raw?warehouse=small&role=loader',
      {
        kind: 'snowflake',
        account: 'org-acc',
        user: 'anna',
        database: 'SHOP',
        schema: 'raw',
        warehouse: 'small',
        role: 'loader',
      },
    ],
    ['postgresql://anna@[::1]', { kind: 'postgres', host: '::1', user: 'anna', database: 'anna' }],
  ])('reads %s', async (url, place) => {
    expect(await placeOf(url, {})).toEqual(place);
  });

  it('takes what it leaves out from the environment, as every client of PostgreSQL does', async () => {
    const env = {
      PGUSER: 'anna',
      PGHOST: 'db',
      PGPORT: '5433',
      PGDATABASE: 'shop',
      PGPASSWORD: 'x',
      PGSSLMODE: 'disable',
    };
    const place = { user: 'anna', host: 'db', port: 5433, database: 'shop', password: 'x', sslMode: 'disable' };
    expect(await placeOf('postgres://', env)).toEqual({ kind: 'postgres', ...place });
  });

  it.each([
    'postgres://anna:s3cret@host/db',
    'postgres://anna:s3c%zzret@host/db',
    'postgres://anna@host/db?password=s3cret',
    'snowflake://anna:s3cret@acc/db',
    'snowflake://anna@acc/db?private_key=s3cret',
    'postgres://anna:s3@cret/s3cret@host:x/db',
  ])('takes no password, says where to put it, and does not show it: %s', async (url) => {
    const error = await failure(placeOf(url, {}));
    expect(String(error)).not.toMatch(/s3|cret/);
    expect(JSON.stringify(error)).not.toMatch(/s3|cret/);
    expect(error).toMatchObject({ code: expect.stringMatching(/^WAREHOUSE_URL_(?:SECRET|INVALID)$/) });
  });

  it('says what neither it nor the environment names', async () => {
    expect(String(await failure(placeOf('postgres:///db', { PGUSER: 'anna' })))).toContain('it names no host');
  });

  it.each([
    ['postgres://host/db', 'it names no user'],
    ['postgres://anna@/db', 'it cannot be read as a URL'],
    ['postgres://anna@host/db?sslmod=require', 'it sets sslmod'],
    ['postgres://anna@host/db?sslmode=full', "sslmode is 'full'"],
    ['postgres://anna@host/%zz', 'it has a %'],
    ['snowflake://anna@acc', 'it names no database'],
    ['snowflake://anna@acc/db?warehose=w', 'it sets warehose'],
  ])('says what is wrong with %s', async (url, problem) => {
    expect(await failure(placeOf(url, {}))).toMatchObject({
      code: 'WAREHOUSE_URL_INVALID',
      message: expect.stringContaining(problem),
    });
  });
});
