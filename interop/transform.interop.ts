import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { NodeStatus } from '../packages/smallboat/src/transform/index.ts';
import {
  buildProject,
  loadProject,
  projectErrors,
  transformErrors,
} from '../packages/smallboat/src/transform/index.ts';
import type { Row, Warehouse } from '../packages/smallboat/src/warehouse/index.ts';
import { openWarehouse } from '../packages/smallboat/src/warehouse/index.ts';
import { python } from './python.ts';

const intent = fileURLToPath(new URL('../apps/intent/dbt', import.meta.url));
const jinjaCases = fileURLToPath(new URL('../packages/smallboat/src/transform/jinja/cases.json', import.meta.url));

/** 20,000 events in 3,000 sessions of two shops: few times, so that many events tie; duplicates; missing values of every kind. */
const RAW = `
create schema sigir_2021_demo;
create table sigir_2021_demo.browsing_train_raw as
with drawn as (
  select i, hash(i) as a, hash(i, 1) as b, hash(i, 2) as c, hash(i, 3) as d from range(19600) as t(i)
), events as (
  select
    'session ' || (a % 3000) as session_id_hash,
    timestamp '2019-01-15' + to_milliseconds(((b % 40) * 777)::bigint) as server_timestamp_epoch_ms,
    case when c % 5 = 0 then 'shop ''b''' else 'shop' end as organization_id,
    case when d % 3 = 0 then 'event_product' else 'pageview' end as event_type,
    case when d % 3 = 0 then ['detail', 'add', 'remove', 'purchase'][(1 + c % 4)::int] else '' end as action,
    i, c, d
  from drawn
), said as (
  select session_id_hash, server_timestamp_epoch_ms, organization_id,
    (case
      when i % 11 = 0 then json_object('event_type', event_type, 'product_action', action)
      when i % 13 = 0 then json_object('event_type', event_type, 'product_action', nullif(action, ''), 'product_sku_hash', null, 'hashed_url', null)
      else json_object('event_type', event_type, 'product_action', action, 'product_sku_hash', case when action = '' then '' else 'sku ' || c % 50 end, 'hashed_url', 'url "' || d % 7 || '"')
    end)::json as raw_browsing_event
  from events
)
from said union all (from said order by all limit 400);
create table sigir_2021_demo.search_train_raw as
select 'session ' || (hash(i) % 3000) as session_id_hash,
  timestamp '2019-01-15' + to_seconds(i) as server_timestamp_epoch_ms,
  'shop' as organization_id,
  'words ' || i as query_string,
  (case when i % 5 = 0 then '{"query_vector": null, "clicked_skus_hash": null, "product_skus_hash": null}'
    when i % 7 = 0 then '{"product_skus_hash": []}'
    else '{"query_vector": [0.5, -1, ' || i || '], "product_skus_hash": ["a' || i || '", "b", "c"]}' end)::json as raw_search_event
from range(300) as t(i);
create table sigir_2021_demo.sku_to_content_raw as
select 'sku ' || (i % 50) as product_sku_hash,
  timestamp '2020-01-01' + to_seconds(i) as ingestion_timestamp_epoch_ms,
  'shop' as organization_id,
  (case when i % 4 = 0 then '{"description_vector": null, "price_bucket": ""}'
    else '{"description_vector": [1.5, ' || i || '], "image_vector": [0], "category_hash": "c", "price_bucket": "' || i % 10 || '"}' end)::json as metadata
from range(80) as t(i);
`;

/** Everything that the tests of the project look for, once. */
const BROKEN = `
insert into sigir_2021_demo.browsing_train_raw
select null, null, null, '{"event_type": null}'::json from range(3)
union all select 'session x', timestamp '2019-02-01', 'shop', '{"event_type": "event_product", "product_action": "wish"}'::json
union all select 'session x', timestamp '2019-02-02', 'shop', '{"event_type": "event_product", "product_action": ""}'::json
union all select 'session y', timestamp '2019-02-02', 'shop', '{"event_type": "scroll", "product_action": "add"}'::json;
`;

interface Outcome {
  readonly status: NodeStatus;
  readonly failures: number | null;
}

const RunResults = z.object({
  results: z.array(
    z.object({
      unique_id: z.string(),
      status: z.enum(['success', 'error', 'skipped', 'pass', 'fail', 'warn']),
      failures: z.number().nullable(),
      relation_name: z.string().nullable(),
    }),
  ),
});

/** Status and failures by unique id; nodes that dbt skipped have no failures to compare. */
function outcomes(folder: string): Record<string, Outcome> {
  const { results } = RunResults.parse(JSON.parse(readFileSync(join(folder, 'run_results.json'), 'utf8')));
  return Object.fromEntries(
    results
      .map(({ unique_id: id, status, failures }): [string, Outcome] => [
        id,
        { status, failures: status === 'skipped' ? null : failures },
      ])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

interface Both {
  readonly ours: {
    readonly outcomes: Record<string, Outcome>;
    readonly rows: Readonly<Record<string, readonly Row[]>>;
  };
  readonly theirs: Both['ours'];
}

/** Builds a project over the same raw data by both, each in a warehouse file of the same name. */
async function buildBoth(project: string, raw: string, vars: Readonly<Record<string, unknown>> = {}): Promise<Both> {
  const root = mkdtempSync(join(tmpdir(), 'smallboat-'));
  const copy = join(root, 'project');
  cpSync(project, copy, { recursive: true });
  const paths = { ours: join(root, 'ours/warehouse.duckdb'), theirs: join(root, 'theirs/warehouse.duckdb') };
  for (const path of Object.values(paths)) {
    mkdirSync(dirname(path));
    await using warehouse = await openWarehouse(`duckdb:${path}`);
    for (const sql of raw.split(/;\n/)) if (sql.trim() !== '') await warehouse.execute(sql);
  }
  const target = join(root, 'target');
  await python(
    'dbt',
    [
      '-c',
      'import json, sys; from dbt.cli.main import dbtRunner; r = dbtRunner().invoke(json.loads(sys.argv[1])); sys.exit(2 if r.exception else 0)',
      JSON.stringify([
        'build',
        '--project-dir',
        copy,
        '--profiles-dir',
        copy,
        '--target-path',
        target,
        '--log-path',
        target,
        '--vars',
        JSON.stringify(vars),
      ]),
    ],
    { env: { INTENT_WAREHOUSE: paths.theirs, DBT_SEND_ANONYMOUS_USAGE_STATS: 'false', DO_NOT_TRACK: '1' } },
  );
  const folder = join(root, 'ours/target');
  {
    await using warehouse = await openWarehouse(`duckdb:${paths.ours}`);
    await buildProject({ project: copy, vars, warehouse, targetFolder: folder }).catch((error: unknown) => {
      if (!transformErrors.TESTS_FAILED.is(error) && !transformErrors.MODELS_FAILED.is(error)) throw error;
    });
  }
  const rows = async (path: string): Promise<Record<string, readonly Row[]>> => {
    await using warehouse = await openWarehouse(`duckdb:${path}`);
    return await everything(warehouse);
  };
  return {
    ours: { outcomes: outcomes(folder), rows: await rows(paths.ours) },
    theirs: { outcomes: outcomes(target), rows: await rows(paths.theirs) },
  };
}

/** All rows of all tables and views, raw ones too, in one order; arrays inside rows as they are. */
async function everything(warehouse: Warehouse): Promise<Record<string, readonly Row[]>> {
  const relations = await warehouse.query<{ name: string }>(
    `select '"' || table_schema || '"."' || table_name || '"' as name from information_schema.tables order by 1`,
  );
  const rows: Record<string, readonly Row[]> = {};
  for (const { name } of relations) rows[name] = await warehouse.query(`select * from ${name} order by all`);
  return rows;
}

describe('the project of the intent application', () => {
  it('gives the same tables and the same test results as dbt-core', async () => {
    const { ours, theirs } = await buildBoth(intent, RAW);
    expect(ours.outcomes).toEqual(theirs.outcomes);
    expect(Object.values(ours.outcomes).every(({ status }) => status === 'success' || status === 'pass')).toBe(true);
    expect(Object.keys(ours.rows)).toEqual(Object.keys(theirs.rows));
    for (const [name, rows] of Object.entries(theirs.rows)) expect(ours.rows[name], name).toEqual(rows);
    expect(ours.rows['"public"."sessions"']?.length).toBeGreaterThan(3000);
    expect(ours.rows['"public"."cart_sessions"']?.length).toBeGreaterThan(500);
  });

  it('fails the same tests as dbt-core, by the same counts, and skips the same models', async () => {
    const { ours, theirs } = await buildBoth(intent, RAW + BROKEN);
    expect(ours.outcomes).toEqual(theirs.outcomes);
    const failed = Object.values(ours.outcomes).filter(({ status }) => status === 'fail');
    expect(failed.length).toBeGreaterThan(3);
    expect(ours.rows).toEqual(theirs.rows);
  });
});

/** A project that uses more of dbt's language than ours needs. */
const SHOP: Readonly<Record<string, string>> = {
  'dbt_project.yml': `
name: shop
version: "1.0"
config-version: 2
profile: shop
vars:
  actions: [add, remove]
  shop:
    least: 2
models:
  shop:
    +materialized: table
    +tags: [all]
    marts:
      +schema: marts
      +tags: nightly
data_tests:
  shop:
    +severity: error
`,
  'profiles.yml': `
shop:
  target: "{{ env_var('SHOP_TARGET', 'dev') }}"
  outputs:
    dev: { type: duckdb, path: "{{ env_var('INTENT_WAREHOUSE', 'x') }}", schema: main, threads: 2 }
`,
  'models/staging/stg_events.sql': `
{{ config(materialized='ephemeral') }}
select i, 'event ' || i % 4 as kind, case when i % 10 = 0 then null else i % 6 end as grp from {{ source('raw', 'numbers') }}
`,
  'models/staging/stg_groups.sql': `-- ephemeral on ephemeral
{{ config(materialized='ephemeral') }}
with grouped as (select grp, count(*) as n from {{ ref('stg_events') }} group by grp)
select * from grouped`,
  'models/marts/wide.sql': `
{%- set kinds = run_query("select distinct 'event ' || i % 4 as kind from " ~ source('raw', 'numbers') ~ " order by 1") -%}
{%- if execute %}{% set names = kinds.columns[0].values() %}{% else %}{% set names = [] %}{% endif -%}
select grp
{%- for name in names %},
  count(case when kind = '{{ name }}' then 1 end) as {{ name | replace(' ', '_') }}
{%- endfor %}
from {{ ref('stg_events') }}
group by grp having count(*) >= {{ var('least') }}`,
  'models/marts/groups.sql': `
{{ config(materialized='view', alias='groups_of_events') }}
-- depends_on: {{ ref('wide') }}
{% if execute %}{% set columns = adapter.get_columns_in_relation(ref('wide')) %}{% else %}{% set columns = [] %}{% endif %}
select *, '{{ columns | map(attribute='name') | join(',') }}' as columns, {{ quoted(var('actions')) }} as actions,
  '{{ this.schema }}.{{ this.identifier }} {{ target.type }} {{ model.unique_id }}' as about
from {{ ref('stg_groups') }}
{% if is_incremental() %}where false{% endif %}`,
  'models/numbers.sql': `
{% set parts = [] %}
{% for n in range(3) %}{% do parts.append('select ' ~ n ~ ' as n, ' ~ dbt.concat(["'a'", "'" ~ loop.index ~ "'"]) ~ ' as name') %}{% endfor %}
{{ parts | join('\\nunion all\\n') }}
union all select null, {{ double("'x'") }}
union all select 1, 'b'`,
  'models/schema.yml': `
version: 2
sources:
  - name: raw
    schema: raw_data
    tables:
      - name: numbers
        columns: [{ name: i, data_tests: [not_null, unique] }]
models:
  - name: numbers
    columns:
      - name: n
        data_tests:
          - unique
          - not_null: { config: { severity: warn } }
          - not_null: { name: numbers_given, config: { where: "name <> 'xx'" } }
          - accepted_values: { arguments: { values: [0, 1], quote: false } }
          - positive
          - at_most: { arguments: { limit_to: 1 }, config: { error_if: ">3", warn_if: ">0" } }
          - relationships: { arguments: { to: ref('wide'), field: grp } }
      - name: name
        data_tests:
          - accepted_values: { arguments: { values: [a1, a2, "a3", b, xx] } }
          - unique
  - name: wide
    config: { tags: [yaml] }
    data_tests:
      - unique: { arguments: { column_name: "coalesce(grp, -1)" } }
  - name: after_numbers
    columns: [{ name: n, tests: [not_null] }]
`,
  'models/after_numbers.sql': "select * from {{ ref('numbers') }}",
  'tests/no_big_numbers.sql': "select * from {{ ref('wide') }} where grp > 100",
  'tests/some_numbers.sql': "{{ config(severity='warn') }}\nselect * from {{ ref('wide') }} where grp > 3",
  'tests/generic/positive.sql':
    '{% test positive(model, column_name) %}\nselect * from {{ model }} where not {{ column_name }} >= 0\n{% endtest %}',
  'macros/all.sql': `
{% macro quoted(list) %}{{ "['" ~ (list | join("','")) ~ "']" }}{% endmacro %}
{% macro double(text) %}{{ return(adapter.dispatch('double', 'shop')(text)) }}{% endmacro %}
{% macro default__double(text) %}nothing{% endmacro %}
{% macro duckdb__double(text) %}{{ text }} || {{ text }}{% endmacro %}
{% test at_most(model, column_name, limit_to) %}
select * from {{ model }} where {{ column_name }} is null or {{ column_name }} > {{ limit_to }}
{% endtest %}
`,
};

it('builds and tests a project of many features as dbt-core does', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'smallboat-'));
  for (const [path, text] of Object.entries(SHOP)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const raw =
    'create schema raw_data;\ncreate table raw_data.numbers as select i::integer as i from range(100) as t(i);\n';
  const { ours, theirs } = await buildBoth(folder, raw, { least: 5 });
  expect(ours.outcomes).toEqual(theirs.outcomes);
  expect(ours.rows).toEqual(theirs.rows);
  expect(new Set(Object.values(ours.outcomes).map(({ status }) => status))).toEqual(
    new Set(['success', 'pass', 'fail', 'warn', 'skipped']),
  );
});

it('finds a wrong reference where dbt-core does', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'smallboat-'));
  cpSync(intent, folder, { recursive: true });
  writeFileSync(join(folder, 'models/wrong.sql'), "select * from {{ ref('sesions') }}");
  const error: unknown = await loadProject(folder).catch((e: unknown) => e);
  expect(projectErrors.REF_UNKNOWN.is(error) && error.facts).toEqual({
    from: 'models/wrong.sql',
    name: 'sesions',
    nearest: ['sessions'],
  });
  const said = await python(
    'dbt',
    [
      '-c',
      'import json, sys; from dbt.cli.main import dbtRunner; r = dbtRunner().invoke(json.loads(sys.argv[1])); print(r.exception)',
      JSON.stringify([
        'parse',
        '--project-dir',
        folder,
        '--profiles-dir',
        folder,
        '--target-path',
        join(folder, 't'),
        '--log-path',
        join(folder, 't'),
      ]),
    ],
    { env: { DO_NOT_TRACK: '1' } },
  );
  expect(said).toMatch(/sesions.*was not found/s);
});

it("holds the cases of our Jinja to Python's", async () => {
  const program = `
import json, sys, jinja2
cases = json.load(open(sys.argv[1]))
def render(text):
    return jinja2.Environment(extensions=['jinja2.ext.do', 'jinja2.ext.loopcontrols']).from_string(text).render()
wrong = [c['name'] for c in cases['rendered'] if render(c['template']) != c['expected']]
for c in cases['failing']:
    try:
        render(c['template'])
        wrong.append(c['name'])
    except Exception:
        pass
print(json.dumps(wrong))
`;
  expect(JSON.parse(await python('dbt', ['-c', program, jinjaCases]))).toEqual([]);
});
