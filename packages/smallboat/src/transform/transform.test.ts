import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Warehouse } from '../warehouse/index.ts';
import { openWarehouse } from '../warehouse/index.ts';
import type { NodeEvent } from './run/node-event.ts';
import { writeProject } from './test-project.ts';
import { buildProject, transform } from './transform.ts';
import { transformErrors } from './verbs/run-verbs.ts';

const memory = (): Promise<Warehouse> => openWarehouse('duckdb::memory:', { threads: 1 });

const CHAIN = {
  'models/first.sql': "{{ config(materialized='table') }}select i as id, i % 2 as kind from range(4) as t(i)",
  'models/second.sql': "select * from {{ ref('first') }} where kind = 1",
  'models/third.sql': "{{ config(materialized='table') }}select * from {{ ref('second') }}",
};
const strict = (test: string): string => `models: [{ name: first, columns: [{ name: kind, data_tests: [${test}] }] }]`;

it('builds models and runs tests in the order of what they read, and writes what became of them as dbt does', async () => {
  await using warehouse = await memory();
  const project = await writeProject({ ...CHAIN, 'models/s.yml': strict('not_null') });
  const events: NodeEvent[] = [];
  const { results, targetFolder } = await buildProject({ project, warehouse, onNode: (event) => events.push(event) });
  expect(results.map(({ name, status, rows }) => [name, status, rows])).toEqual([
    ['first', 'success', 4],
    ['not_null_first_kind', 'pass', undefined],
    ['second', 'success', undefined],
    ['third', 'success', 2],
  ]);
  expect(await warehouse.query('select * from main.third order by id')).toEqual([
    { id: 1, kind: 1 },
    { id: 3, kind: 1 },
  ]);
  expect(events.filter(({ phase }) => phase === 'end').map(({ index, total }) => `${index}/${total}`)).toEqual([
    '1/4',
    '2/4',
    '3/4',
    '4/4',
  ]);
  const written: unknown = JSON.parse(await readFile(join(targetFolder, 'run_results.json'), 'utf8'));
  expect(written).toMatchObject({
    metadata: { dbt_schema_version: 'https://schemas.getdbt.com/dbt/run-results/v6.json' },
    results: [
      { unique_id: 'model.shop.first', status: 'success', relation_name: '"memory"."main"."first"' },
      { failures: 0 },
      {},
      {},
    ],
  });
  const compiled = await readFile(join(targetFolder, 'compiled/shop/models/second.sql'), 'utf8');
  expect(compiled).toBe('select * from "memory"."main"."first" where kind = 1');
});

it('leaves the former table where a model fails, and skips what reads it', async () => {
  await using warehouse = await memory();
  const before = await writeProject({ 'models/a.sql': "{{ config(materialized='table') }}select 1 as x" });
  await buildProject({ project: before, warehouse });
  const after = await writeProject({
    'models/a.sql': "{{ config(materialized='view') }}select no_such_column",
    'models/b.sql': "select * from {{ ref('a') }}",
    'models/c.sql': 'select 1 as x',
  });
  const error: unknown = await buildProject({ project: after, warehouse }).catch((e: unknown) => e);
  expect(error).toMatchObject({
    code: 'MODELS_FAILED',
    facts: { models: [{ name: 'a', problem: expect.stringContaining('no_such_column') }], skipped: ['b'] },
  });
  expect(await warehouse.query('select * from main.a')).toEqual([{ x: 1 }]);
  expect(await warehouse.query('select * from main.c')).toEqual([{ x: 1 }]);
});

it('turns a view into a table and back', async () => {
  await using warehouse = await memory();
  for (const as of ['view', 'table', 'view']) {
    const project = await writeProject({ 'models/a.sql': `{{ config(materialized='${as}') }}select '${as}' as kind` });
    await buildProject({ project, warehouse });
    expect(await warehouse.query('select * from main.a')).toEqual([{ kind: as }]);
    const [row] = await warehouse.query(
      "select table_type as type from information_schema.tables where table_name = 'a'",
    );
    expect(row).toEqual({ type: as === 'view' ? 'VIEW' : 'BASE TABLE' });
  }
});

it('names the tests that failed with their counts and rows, and skips what reads the model', async () => {
  await using warehouse = await memory();
  const project = await writeProject({
    ...CHAIN,
    'models/s.yml': strict('{ accepted_values: { values: [1], quote: false } }'),
  });
  const error: unknown = await buildProject({ project, warehouse }).catch((e: unknown) => e);
  expect(transformErrors.TESTS_FAILED.is(error) && error.facts).toMatchObject({
    tests: [{ name: 'accepted_values_first_kind__False__1', failures: 1, sample: [{ value_field: 0, n_records: 2 }] }],
    skipped: ['second', 'third'],
  });
  expect(error).toMatchObject({ message: expect.stringContaining('{"value_field":0,"n_records":2}') });
});

it('goes on after a test of severity warn', async () => {
  await using warehouse = await memory();
  const project = await writeProject({
    ...CHAIN,
    'models/s.yml': strict('{ unique: { config: { severity: warn } } }'),
  });
  const { results } = await buildProject({ project, warehouse });
  expect(results[1]).toMatchObject({
    status: 'warn',
    failures: 2,
    message: 'Got 2 results, configured to warn if != 0',
  });
  expect(results[3]).toMatchObject({ name: 'third', status: 'success' });
});

it('fails by the conditions that a test sets', async () => {
  await using warehouse = await memory();
  const config = '{ unique: { config: { error_if: "between 5 and 9", warn_if: ">= 2" } } }';
  const project = await writeProject({ ...CHAIN, 'models/s.yml': strict(config) });
  expect((await buildProject({ project, warehouse })).results[1]).toMatchObject({ status: 'warn', failures: 2 });
});

it('reports the one test that cannot run, not those that were counted with it', async () => {
  await using warehouse = await memory();
  const project = await writeProject({
    'models/a.sql': 'select 1 as id',
    'models/s.yml':
      'models: [{ name: a, columns: [{ name: id, data_tests: [not_null, unique] }, { name: gone, data_tests: [not_null] }] }]',
  });
  const error: unknown = await buildProject({ project, warehouse }).catch((e: unknown) => e);
  expect(error).toMatchObject({
    facts: { tests: [{ name: 'not_null_a_gone', problem: expect.stringContaining('gone') }] },
  });
  expect(transformErrors.TESTS_FAILED.is(error) && error.facts.tests.length).toBe(1);
});

it('counts in one scan what each test counts on its own', async () => {
  const tests = (suffix: string, config: string): string =>
    [
      `not_null: { name: nn${suffix}`,
      `unique: { name: u${suffix}`,
      `accepted_values: { name: av${suffix}, arguments: { values: [a, b, c] }`,
    ]
      .map((test) => `{ ${test}, config: { severity: warn, where: "n > 1"${config} } } }`)
      .join(', ');
  // A limit keeps a test out of the shared scan.
  const both = `[${tests('_fused', '')}, ${tests('_single', ', limit: 1000')}]`;
  const project = await writeProject({
    'models/m.sql': 'select * from raw.m',
    'models/s.yml': `models: [{ name: m, columns: [{ name: v, data_tests: ${both} }] }]`,
  });
  await using warehouse = await memory();
  await warehouse.execute('create schema raw');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', null), { maxLength: 12 }), async (values) => {
      const rows = values.map((value, n) => `, (${n}, ${value === null ? 'null' : `'${value}'`})`);
      await warehouse.execute(
        `create or replace table raw.m as select * from (values (0, 'a')${rows.join('')}) as t(n, v)`,
      );
      const { results } = await buildProject({ project, warehouse });
      const found = (suffix: string): unknown[] =>
        results.flatMap(({ name, status, failures }) =>
          name.endsWith(suffix) ? [[name.slice(0, -suffix.length), status, failures]] : [],
        );
      expect(found('_fused').length).toBe(3);
      expect(found('_fused')).toEqual(found('_single'));
    }),
    { numRuns: 10 },
  );
});

it('runs models and tests apart, and the chosen ones only', async () => {
  await using warehouse = await memory();
  const project = await writeProject({ ...CHAIN, 'models/s.yml': strict('not_null') });
  const names = (run: { results: readonly { name: string }[] }): string[] => run.results.map(({ name }) => name);
  expect(names(await transform(project, { warehouse }).run())).toEqual(['first', 'second', 'third']);
  expect(names(await transform(project, { warehouse }).test())).toEqual(['not_null_first_kind']);
  expect(names(await buildProject({ project, warehouse, select: 'second+' }))).toEqual(['second', 'third']);
  expect(names(await buildProject({ project, warehouse, select: '+second', exclude: 'second' }))).toEqual([
    'first',
    'not_null_first_kind',
  ]);
  expect(names(await buildProject({ project, warehouse, select: 'path:models/third.sql fir*' }))).toEqual([
    'first',
    'not_null_first_kind',
    'third',
  ]);
  await expect(buildProject({ project, warehouse, select: 'secnd' })).rejects.toMatchObject({
    code: 'SELECTION_EMPTY',
    facts: { nearest: ['second'] },
  });
});

it('asks the warehouse while it compiles, and puts ephemeral models in front', async () => {
  await using warehouse = await memory();
  const project = await writeProject({
    'models/base.sql': "{{ config(materialized='ephemeral') }}select i, 'k' || i % 2 as kind from range(6) as t(i)",
    'models/kinds.sql': "{{ config(materialized='table') }}select distinct kind from {{ ref('base') }}",
    'models/wide.sql': `-- depends_on: {{ ref('kinds') }}
with counted as (select * from {{ ref('base') }})
select {% if execute %}{% for row in run_query('select kind from ' ~ ref('kinds') ~ ' order by 1').rows %}
  count(case when kind = '{{ row.kind }}' then 1 end) as {{ row[0] }}{{ ',' if not loop.last }}{% endfor %}{% endif %} from counted`,
  });
  await buildProject({ project, warehouse });
  expect(await warehouse.query('select * from main.wide')).toEqual([{ k0: 3, k1: 3 }]);
  const { results } = await transform(project, { warehouse }).compile({ select: 'kinds' });
  expect(results[0]?.compiledSql).toContain('with  __dbt__cte__base as (');
});

it('gives packages what they look at: the kind of a relation, the rows of a table, a result once', async () => {
  await using warehouse = await memory();
  const project = await writeProject({
    'models/a.sql': "{{ config(materialized='table') }}select 1 as x union all select 2",
    'models/b.sql': `
{%- set relation = ref('a') -%}
{%- if not (relation is mapping and relation.get('metadata', {}).get('type', '').endswith('Relation')) -%}
  {%- do exceptions.raise_compiler_error('expected a relation, not ' ~ relation) -%}
{%- endif -%}
{%- call statement('asked', fetch_result=true) -%}select x from {{ relation }} order by x{%- endcall -%}
{%- if execute -%}
  {%- set table = load_result('asked').table -%}
  select '{{ table | length }} {{ table[1].x }} {% for row in table %}{{ row[0] }}{% endfor %} {{ table is sequence }}' as said
{%- endif -%}`,
    'models/c.sql': `
{%- call statement('asked', fetch_result=true) -%}select 1{%- endcall -%}
{%- if execute -%}{%- set first = load_result('asked') -%}select {{ load_result('asked').table | length }} as n{%- endif -%}`,
  });
  await expect(buildProject({ project, warehouse })).rejects.toMatchObject({
    facts: { models: [{ name: 'c', problem: expect.stringContaining('already been loaded') }] },
  });
  expect(await warehouse.query('select said from main.b')).toEqual([{ said: '2 2 12 True' }]);
});

it('says so where a reference shows only when it runs', async () => {
  await using warehouse = await memory();
  const project = await writeProject({
    ...CHAIN,
    'models/late.sql': "{% if execute %}select * from {{ ref('first') }}{% endif %}",
  });
  await expect(buildProject({ project, warehouse })).rejects.toMatchObject({
    code: 'MODELS_FAILED',
    facts: { models: [{ name: 'late', problem: expect.stringContaining("-- depends_on: {{ ref('first') }}") }] },
  });
});

it('stops when it is told to, with what was there left as it was', async () => {
  await using warehouse = await memory();
  const project = await writeProject({
    'models/a.sql': "{{ config(materialized='table') }}select 1 as x",
    'models/b.sql':
      "{{ config(materialized='table') }}select count(*) as n from range(100000000000) t(i) where i % 7 = 3",
  });
  const controller = new AbortController();
  const stop = new Error('enough');
  const building = buildProject({
    project,
    warehouse,
    signal: controller.signal,
    onNode: ({ phase, name }) => {
      if (phase === 'start' && name === 'b') controller.abort(stop);
    },
  });
  await expect(building).rejects.toBe(stop);
  expect(
    await warehouse.query("select table_name as name from information_schema.tables where table_schema = 'main'"),
  ).toEqual([{ name: 'a' }]);
});
