import { describe, expect, it } from 'vitest';
import { writeProject } from '../test-project.ts';
import { loadProject } from './load-project.ts';
import type { LoadOptions } from './load-project.ts';
import type { Project } from './project.ts';

async function load(files: Readonly<Record<string, string>>, options: LoadOptions = {}): Promise<Project> {
  return loadProject(await writeProject(files), options);
}

const SOURCES = `
sources:
  - name: raw
    schema: "{{ var('raw_schema', 'landing') }}"
    tables: [{ name: events }, { name: orders, identifier: orders_2024 }]
`;

it('puts models after what they read, whatever reads it: a comment too', async () => {
  const { models } = await load({
    'models/a.sql': "select * from {{ ref('b') }}",
    'models/b.sql': "-- depends_on: {{ ref('c') }}\nselect 1",
    'models/sub/c.sql': 'select 1',
  });
  expect(models.map(({ name }) => name)).toEqual(['c', 'b', 'a']);
  expect(models[2]).toMatchObject({ uniqueId: 'model.shop.a', dependsOn: ['model.shop.b'], fqn: ['shop', 'a'] });
});

it('takes configuration from the project by folder, then from YAML, then from the model itself', async () => {
  const { models } = await load({
    'dbt_project.yml': `
name: shop
models:
  shop:
    +materialized: view
    +tags: all
    marts: { +materialized: table, +schema: marts }
`,
    'models/plain.sql': 'select 1',
    'models/marts/wide.sql': "{{ config(tags=['own'], alias='broad') }}select 1",
    'models/marts/schema.yml': 'models: [{ name: wide, config: { tags: [yaml], materialized: view } }]',
  });
  const [plain, wide] = ['plain', 'wide'].map((name) => models.find((model) => model.name === name));
  expect(plain).toMatchObject({ config: { materialized: 'view', tags: ['all'] }, place: { schema: 'main' } });
  expect(wide).toMatchObject({
    config: { materialized: 'view', tags: ['all', 'yaml', 'own'] },
    place: { schema: 'main_marts', identifier: 'broad' },
  });
});

it('lets the project say how schemas are named', async () => {
  const { models } = await load({
    'macros/names.sql':
      '{% macro generate_schema_name(custom, node) %}{{ custom or target.schema }}_{{ node.name }}{% endmacro %}',
    'models/a.sql': "{{ config(schema='x') }}select 1",
    'profiles.yml': 'shop: { target: dev, outputs: { dev: { type: duckdb, schema: public } } }',
    'models/b.sql': 'select 1',
  });
  expect(models.map(({ place }) => place.schema)).toEqual(['x_a', 'public_b']);
});

it('renders sources with variables; those of the caller win', async () => {
  const files = { 'models/sources.yml': SOURCES, 'models/a.sql': "select * from {{ source('raw', 'orders') }}" };
  const place = { schema: 'landing', identifier: 'orders_2024' };
  expect((await load(files)).sources[1]).toMatchObject({ uniqueId: 'source.shop.raw.orders', place });
  expect((await load(files, { vars: { raw_schema: 'lake' } })).sources[0]).toMatchObject({ place: { schema: 'lake' } });
});

it('leaves out what is not enabled', async () => {
  const { models } = await load({ 'models/a.sql': '{{ config(enabled=false) }}select 1', 'models/b.sql': 'select 1' });
  expect(models.map(({ name }) => name)).toEqual(['b']);
});

it('reads tests from YAML under both names, of columns, models and sources, and from tests/', async () => {
  const { tests } = await load({
    'models/a.sql': 'select 1 as id',
    'models/schema.yml': `
models:
  - name: a
    columns:
      - name: id
        tests: [not_null, { accepted_values: { values: [1, 2], config: { severity: warn, where: "id > 0" } } }]
    data_tests:
      - relationships: { arguments: { column_name: id, to: "source('raw', 'events')", field: id } }
${SOURCES.replace('{ name: events }', '{ name: events, columns: [{ name: id, data_tests: [unique] }] }')}`,
    'tests/none.sql': "select * from {{ ref('a') }} where false",
  });
  expect(tests.map(({ name, dependsOn }) => [name, dependsOn.toSorted()])).toEqual([
    ['not_null_a_id', ['model.shop.a']],
    ['accepted_values_a_id__1__2', ['model.shop.a']],
    ['relationships_a_id__id__source_raw_events_', ['model.shop.a', 'source.shop.raw.events']],
    ['source_unique_raw_events_id', ['source.shop.raw.events']],
    ['none', ['model.shop.a']],
  ]);
  expect(tests[1]?.config).toMatchObject({ severity: 'warn', where: 'id > 0' });
});

describe('warns of what nothing reads', () => {
  it.each([
    [
      'a mistyped key',
      { 'models/s.yml': 'models:\n  - name: a\n    columns:\n      - name: id\n        test: [not_null]\n' },
      "models/s.yml:5: unknown key 'test' is left out; did you mean 'data_tests'?",
    ],
    [
      'a column listed twice',
      { 'models/s.yml': 'models:\n- name: a\n  columns:\n  - name: id\n  - name: id\n' },
      "models/s.yml:5: column 'id' is listed twice",
    ],
    [
      'a model that is not there',
      { 'models/s.yml': 'models:\n- name: aa\n' },
      "models/s.yml:2: it describes the model 'aa', which the project does not have",
    ],
    ['seeds', { 'seeds/countries.csv': 'a\n1\n' }, 'seeds/: seeds are not supported yet; 1 file(s) are left out'],
    [
      'hooks',
      { 'dbt_project.yml': "name: shop\non-run-start: ['select 1']\n" },
      "dbt_project.yml:2: 'on-run-start' is not supported yet and is left out",
    ],
    [
      'an unknown key of the project',
      { 'dbt_project.yml': 'name: shop\nmodle-paths: [x]\n' },
      "dbt_project.yml:2: unknown key 'modle-paths' is left out",
    ],
    [
      'an old name',
      { 'dbt_project.yml': 'name: shop\nsource-paths: [models]\n' },
      "dbt_project.yml:2: 'source-paths' is the name before dbt 1.0: write 'model-paths'",
    ],
  ])('%s', async (_name, files: Record<string, string>, warning) => {
    expect((await load({ 'models/a.sql': 'select 1 as id', ...files })).warnings).toEqual([warning]);
  });
});

describe('refuses, and says where', () => {
  it.each<[string, Record<string, string>, object]>([
    [
      'a reference to nothing',
      { 'models/a.sql': "select * from {{ ref('sesions') }}", 'models/sessions.sql': 'select 1' },
      { code: 'REF_UNKNOWN', facts: { from: 'models/a.sql', name: 'sesions', nearest: ['sessions'] } },
    ],
    [
      'a source that is not declared',
      { 'models/s.yml': SOURCES, 'models/a.sql': "select * from {{ source('raw', 'event') }}" },
      { code: 'SOURCE_UNKNOWN', facts: { from: 'models/a.sql', name: 'raw.event', nearest: ['raw.events'] } },
    ],
    [
      'a circle',
      { 'models/a.sql': "{{ ref('b') }}", 'models/b.sql': "{{ ref('c') }}", 'models/c.sql': "{{ ref('b') }}" },
      { code: 'MODEL_CYCLE', facts: { path: ['b', 'c', 'b'] } },
    ],
    [
      'two models of one name',
      { 'models/a.sql': 'select 1', 'models/x/a.sql': 'select 2' },
      { code: 'MODEL_DUPLICATE', facts: { name: 'a', files: ['models/a.sql', 'models/x/a.sql'] } },
    ],
    [
      'an incremental model',
      { 'models/a.sql': "{{ config(materialized='incremental') }}select 1" },
      { code: 'MATERIALIZATION_UNSUPPORTED', facts: { model: 'a', materialized: 'incremental' } },
    ],
    [
      'a template that is wrong',
      { 'models/a.sql': 'select\n{% if x %}' },
      { code: 'TEMPLATE_SYNTAX', facts: { file: 'models/a.sql', line: 2 } },
    ],
    [
      'a template that raises',
      { 'models/a.sql': "{{ exceptions.raise_compiler_error('no luck') }}" },
      { code: 'TEMPLATE_FAILED', facts: { file: 'models/a.sql', problem: 'no luck' } },
    ],
    [
      'a variable that nobody gives',
      { 'models/a.sql': "{{ var('day') }}" },
      { code: 'VAR_MISSING', facts: { name: 'day', from: 'models/a.sql' } },
    ],
    [
      'an environment variable that is not set',
      { 'models/a.sql': "{{ env_var('DAY') }}" },
      { code: 'ENV_VAR_MISSING', facts: { name: 'DAY', from: 'models/a.sql' } },
    ],
    [
      'a test that does not exist',
      {
        'models/a.sql': 'select 1 as id',
        'models/s.yml': 'models:\n- name: a\n  columns:\n  - name: id\n    data_tests: [not_nul]\n',
      },
      { code: 'TEST_UNKNOWN', facts: { from: 'models/s.yml:5', test: 'not_nul', nearest: ['not_null'] } },
    ],
    [
      'broken YAML',
      { 'models/s.yml': 'models:\n  - name: a\n  b: [\n' },
      { code: 'PROJECT_UNREADABLE', facts: { file: 'models/s.yml' } },
    ],
    [
      'YAML of another shape',
      { 'models/s.yml': 'models:\n  - columns: []\n' },
      { code: 'PROJECT_UNREADABLE', facts: { file: 'models/s.yml', line: 2 } },
    ],
    [
      'a dispatch to nothing',
      { 'models/a.sql': "{{ adapter.dispatch('conct')() }}" },
      { code: 'TEMPLATE_FAILED', facts: { problem: expect.stringContaining("did you mean 'default__concat'") } },
    ],
  ])('%s', async (_name, files, error) => {
    await expect(load(files)).rejects.toMatchObject(error);
  });

  it('a folder that is no project, and a target that profiles.yml does not have', async () => {
    await expect(loadProject('/nowhere')).rejects.toMatchObject({ code: 'PROJECT_NOT_FOUND' });
    const files = { 'profiles.yml': 'shop: { outputs: { dev: { type: duckdb } } }' };
    await expect(load(files, { target: 'prod' })).rejects.toMatchObject({
      code: 'PROFILE_TARGET_UNKNOWN',
      facts: { target: 'prod', known: ['dev'] },
    });
  });
});
