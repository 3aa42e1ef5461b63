import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { transform } from '../packages/smallboat/src/transform/index.ts';
import type { Row } from '../packages/smallboat/src/warehouse/index.ts';
import { openWarehouse } from '../packages/smallboat/src/warehouse/index.ts';
import type { FakeSnowflake } from './fakesnow.ts';
import { startFakeSnowflake } from './fakesnow.ts';
import type { PostgresServer } from './postgres.ts';
import { startPostgres } from './postgres.ts';
import type { FakeRedshift } from './redshift.ts';
import { REDSHIFT_CATALOGUE, startFakeRedshift } from './redshift.ts';

/**
 * One project of all kinds of nodes, built three times over (new, changed, all anew) in each warehouse: each must end with the rows that
 * DuckDB has, which interop/transform.interop.ts compares with dbt-core.
 */
const PROJECT: Readonly<Record<string, string>> = {
  'dbt_project.yml': `
name: shop
version: "1.0"
profile: shop
vars: { round: 1 }
on-run-start: "create table if not exists {{ target.schema }}.audit (what varchar(100))"
on-run-end: "insert into {{ target.schema }}.audit values ('round {{ var('round') }}')"
models:
  shop:
    incremental: { +materialized: incremental }
seeds:
  shop: { +quote_columns: false }
snapshots:
  shop: { +strategy: check, +check_cols: [price], +unique_key: id }
`,
  'seeds/things.csv':
    'id,name,price,is_new,since\n1,Ann,1.5,true,2024-01-01\n2,"O\'Neil, ""Bob""",2.25,false,2024-02-01\n3,,4,,\n',
  'models/base.sql': `{{ config(materialized='table') }}
select id, name, price * {{ var('round') }} as price, since from {{ ref('things') }} where id <= 1 + {{ var('round') }}`,
  'models/parts.sql': "{{ config(materialized='ephemeral') }}select id, price from {{ ref('base') }} where price > 1",
  'models/seen.sql': "select count(*) as n, sum(price) as total from {{ ref('parts') }}",
  'models/incremental/by_key.sql': `{{ config(unique_key='id', incremental_strategy='delete+insert') }}
select id, name, price from {{ ref('base') }}{% if is_incremental() %} where id > 1{% endif %}`,
  'models/incremental/merged.sql': `{{ config(unique_key='id', incremental_strategy='merge') }}
select id, price from {{ ref('base') }}{% if is_incremental() %} where id >= (select max(id) from {{ this }}){% endif %}`,
  'models/incremental/appended.sql': `{{ config(incremental_strategy='append', on_schema_change='append_new_columns') }}
select id, {{ var('round') }} as round_no{% if var('round') > 1 %}, name{% endif %} from {{ ref('base') }}`,
  'models/kind_changes.sql': `{{ config(materialized='table' if var('round') == 1 else 'view', tags=['later']) }}
select id, {{ dbt.concat(["'n'", 'name']) }} as label from {{ ref('base') }}`,
  'models/loaded.sql': `{{ config(materialized='table') }}
select id, case when id > 1 or {{ var('round') }} = 1 then name end as name, since as loaded_at from {{ ref('things') }} where id < 3`,
  'models/schema.yml': `
models:
  - name: loaded
    columns:
      - name: name
        data_tests:
          - not_null: { config: { severity: warn, meta: { smallboat: { only_new: loaded_at } } } }
  - name: base
    columns:
      - name: id
        data_tests: [unique, not_null, { relationships: { arguments: { to: ref('things'), field: id } } }]
      - name: name
        data_tests:
          - not_null: { config: { severity: warn } }
          - accepted_values: { arguments: { values: [Ann] }, config: { severity: warn, store_failures: true } }
unit_tests:
  - name: seen_counts
    model: seen
    given: [{ input: ref('parts'), format: sql, rows: 'select 1 as id, 2 as price union all select 2, 3' }]
    expect: { rows: [{ n: 2, total: 5 }] }
`,
  'snapshots/prices.yml': "snapshots:\n  - name: prices\n    relation: ref('base')\n",
  'tests/few.sql': "select * from {{ ref('seen') }} where n > 10",
};

let postgres: PostgresServer;
let redshift: FakeRedshift;
let snowflake: FakeSnowflake;
beforeAll(async () => {
  [postgres, snowflake] = await Promise.all([startPostgres(), startFakeSnowflake()]);
  redshift = await startFakeRedshift(postgres);
}, 300_000);
afterAll(async () => {
  for (const server of [redshift, snowflake, postgres]) await server[Symbol.asyncDispose]();
});

type Output = Readonly<Record<string, unknown>>;

function projectWith(output: Output): string {
  const folder = mkdtempSync(join(tmpdir(), 'smallboat-'));
  const profiles = JSON.stringify({ shop: { target: 'dev', outputs: { dev: output } } });
  for (const [path, text] of Object.entries({ ...PROJECT, 'profiles.yml': profiles })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

const TABLES: Readonly<Record<string, string>> = {
  base: 'select id, name, price, since from base order by id',
  seen: 'select n, total from seen',
  by_key: 'select id, name, price from by_key order by id',
  merged: 'select id, price from merged order by id',
  appended: 'select id, round_no, name from appended order by round_no, id',
  kind_changes: 'select id, label from kind_changes order by id',
  prices:
    'select id, price, case when dbt_valid_to is null then 1 else 0 end as is_open from prices order by id, price',
  audit: 'select what from audit order by what',
};

interface Built {
  readonly statuses: readonly (readonly string[])[];
  readonly rows: Readonly<Record<string, readonly (readonly string[])[]>>;
}

/** Numbers as text with two digits, names and dates as they are: each warehouse has types of its own. */
function plain(row: Row): string[] {
  return Object.values(row).map((cell) => {
    const text = cell === null ? 'null' : typeof cell === 'object' ? JSON.stringify(cell) : String(cell);
    return /^-?\d+(\.\d+)?$/.test(text) ? Number(text).toFixed(2) : text;
  });
}

async function built(output: Output, open: () => ReturnType<typeof openWarehouse>, prefix: string): Promise<Built> {
  const project = projectWith(output);
  const statuses: string[][] = [];
  for (const options of [{ vars: { round: 1 } }, { vars: { round: 2 } }, { vars: { round: 2 }, fullRefresh: true }]) {
    const { results } = await transform(project).build(options);
    statuses.push(
      results
        .map(
          ({ name, status, failures, message }) =>
            `${name} ${status} ${failures ?? ''}${status === 'error' ? message : ''}`,
        )
        .sort(),
    );
    if (options.fullRefresh === true) continue;
  }
  expect(statuses.flat().filter((one) => / (error|fail|skipped) /.test(one))).toEqual([]);
  await using warehouse = await open();
  const rows: Record<string, string[][]> = {};
  for (const [name, sql] of Object.entries(TABLES)) {
    const found = await warehouse.query(sql.replace(/ from (\w+)/, ` from ${prefix}$1`));
    rows[name] = found.map(plain);
  }
  return { statuses, rows };
}

let expected: Built;
beforeAll(async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'smallboat-')), 'shop.duckdb');
  expected = await built({ type: 'duckdb', path, schema: 'dev' }, () => openWarehouse(`duckdb:${path}`), 'dev.');
});

it('builds the same in DuckDB as is expected', () => {
  for (const status of expected.statuses.flat()) expect(status).not.toMatch(/ error| fail/);
  expect(expected.rows['by_key']?.length).toBe(3);
  // A test of new rows only: what changed among the old ones is seen with --full-refresh.
  const tested = expected.statuses.map((round) => round.find((one) => one.startsWith('not_null_loaded_name')));
  expect(tested).toEqual(['not_null_loaded_name pass 0', 'not_null_loaded_name pass 0', 'not_null_loaded_name warn 1']);
});

it('builds the same in PostgreSQL', { timeout: 120_000 }, async () => {
  const database = await postgres.database();
  const { host, port, user, password } = postgres;
  const output = { type: 'postgres', host, port, user, password, dbname: database, schema: 'dev' };
  const url = `postgres://${user}@${host}:${port}/${database}`;
  expect(await built(output, () => openWarehouse(url, { env: { PGPASSWORD: password } }), 'dev.')).toEqual(expected);
});

it('builds the same in Redshift, as far as PostgreSQL stands in for it', { timeout: 120_000 }, async () => {
  const database = await postgres.database();
  await postgres.psql(
    database,
    `${REDSHIFT_CATALOGUE}CREATE FUNCTION getdate() RETURNS timestamp LANGUAGE sql STABLE AS 'SELECT now()::timestamp';`,
  );
  const { user, password } = postgres;
  const server = { host: '127.0.0.1', port: redshift.port, user, password, sslmode: 'prefer' };
  const output = { type: 'redshift', ...server, dbname: database, schema: 'dev' };
  const url = `redshift://${user}@127.0.0.1:${redshift.port}/${database}?sslmode=prefer`;
  const env = { REDSHIFT_PASSWORD: password };
  expect(await built(output, () => openWarehouse(url, { env }), 'dev.')).toEqual(expected);
});

it('builds the same in Snowflake, as far as fakesnow stands in for it', { timeout: 120_000 }, async () => {
  const output = {
    type: 'snowflake',
    account: 'fake',
    user: 'sailor',
    password: 'not-looked-at',
    database: 'SHOP',
    warehouse: 'w',
    schema: 'DEV',
    protocol: 'http',
    host: '127.0.0.1',
    port: snowflake.port,
  };
  const open = (): ReturnType<typeof openWarehouse> => openWarehouse(snowflake.url('SHOP'), { env: snowflake.env });
  expect(await built(output, open, 'dev.')).toEqual(expected);
});
