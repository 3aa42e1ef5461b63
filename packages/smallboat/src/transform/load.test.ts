import { describe, expect, it } from 'vitest';
import type { LoadOptions, Project } from './load.ts';
import { loadProject } from './load.ts';
import { findMacroDependencies } from './macros/registry.ts';
import type { SqlNode } from './manifest/node.ts';
import { writeProject } from './test-project.ts';

async function load(files: Readonly<Record<string, string>>, options: LoadOptions = {}): Promise<Project> {
  return loadProject(await writeProject(files), { isProfileOptional: true, env: {}, ...options });
}

const nodesOf = ({ manifest }: Project, kind: SqlNode['resource_type']): SqlNode[] =>
  [...manifest.nodes.values()].filter((node) => node.resource_type === kind);

const SOURCES = `
sources:
  - name: raw
    schema: "{{ var('raw_schema', 'landing') }}"
    tables: [{ name: events }, { name: orders, identifier: orders_2024 }]
`;

it('finds what each model reads, whatever reads it: a comment too', async () => {
  const project = await load({
    'models/a.sql': "select * from {{ ref('b') }}",
    'models/b.sql': "-- depends_on: {{ ref('c') }}\nselect 1",
    'models/sub/c.sql': 'select 1',
  });
  const depends = nodesOf(project, 'model').map((node) => [node.fqn.join('.'), node.depends_on.nodes]);
  expect(depends).toEqual([
    ['shop.a', ['model.shop.b']],
    ['shop.b', ['model.shop.c']],
    ['shop.sub.c', []],
  ]);
});

it('keeps the text of a macro as dbt does, and finds what it calls in its tags only', async () => {
  const { invocation } = await load({
    'macros/m.sql':
      "{% macro one() %}1{% endmacro %}\n\n{%- macro two(x) -%}\ncast(one() as int) {{ 'two(1) length(' ~ x|length() ~ one() }}{# three() #}\n{%- endmacro -%}\n\n{% macro three() %}{{ two([]) }}{% endmacro %}\n",
    'macros/length.sql': '{% macro length() %}{% endmacro %}{% macro cast() %}{% endmacro %}',
  });
  findMacroDependencies(invocation.registry);
  const of = (name: string): unknown => {
    const info = invocation.registry.find(name, 'shop')?.info;
    return [info?.macro_sql.replace(/^(\s*).*?(\s*)$/s, '$1…$2'), info?.depends_on.macros];
  };
  expect(of('one')).toEqual(['…', []]);
  expect(of('two')).toEqual(['\n\n…\n\n', ['macro.shop.one']]);
  expect(of('three')).toEqual(['…', ['macro.shop.two']]);
});

it('puts the first row of a fixture without nulls in front, and takes the rows of a seed from its file', async () => {
  const project = await load({
    'models/a.sql': 'select 1 as id',
    'models/b.sql': "select * from {{ ref('a') }}, {{ ref('c') }}",
    'seeds/c.csv': 'x,y\n1,a\n2,\n',
    'models/s.yml': `
unit_tests:
  - name: t
    model: b
    given: [{ input: ref('a'), rows: [{ id: null }, { id: 2 }, { id: 3 }] }, { input: ref('c') }]
    expect: { rows: [{ id: null }] }
`,
  });
  const [test] = project.manifest.unitTests.values();
  expect(test?.given[0]?.rows).toEqual([{ id: 2 }, { id: null }, { id: 3 }]);
  expect(test?.given[1]?.rows).toEqual([
    { x: '1', y: 'a' },
    { x: '2', y: '' },
  ]);
  expect(test?.expect.rows).toEqual([{ id: null }]);
});

it('reads semantic models, metrics and saved queries, and finds what is behind each', async () => {
  const spine = { 'models/metricflow_time_spine.sql': "select date '2024-01-01' as date_day" };
  const project = await load({
    ...spine,
    'models/a.sql': 'select 1 as id',
    'models/s.yml': `
semantic_models:
  - name: sales
    model: ref('a')
    entities: [{ name: id, type: primary }]
    dimensions: [{ name: day, type: time, type_params: { time_granularity: month } }]
    measures: [{ name: amount, agg: SUM, create_metric: true }, { name: count, agg: sum, expr: 1 }]
metrics:
  - { name: many, label: Many, type: simple, type_params: { measure: count }, filter: "{{ Dimension('id__day') }} > 1" }
  - { name: share, label: Share, type: ratio, type_params: { numerator: many, denominator: { name: amount } } }
  - { name: week, label: Week, type: cumulative, type_params: { measure: count, window: 7 days } }
saved_queries:
  - { name: q, query_params: { metrics: [share], where: ["{{ x }}"] }, exports: [{ name: e, config: { export_as: view } }] }
`,
  });
  const { metrics, semanticModels, savedQueries } = project.manifest;
  const above = [...semanticModels.values(), ...metrics.values(), ...savedQueries.values()];
  expect(Object.fromEntries(above.map((node) => [node.unique_id, node.depends_on.nodes]))).toEqual({
    'semantic_model.shop.sales': ['model.shop.a'],
    'metric.shop.amount': ['semantic_model.shop.sales'],
    'metric.shop.many': ['semantic_model.shop.sales'],
    'metric.shop.share': ['metric.shop.many', 'metric.shop.amount'],
    'metric.shop.week': ['semantic_model.shop.sales'],
    'saved_query.shop.q': ['metric.shop.share'],
  });
  expect(metrics.get('metric.shop.share')?.['type_params']).toMatchObject({
    input_measures: [{ name: 'count' }, { name: 'amount' }],
  });
  expect(metrics.get('metric.shop.many')?.['filter']).toEqual({
    where_filters: [{ where_sql_template: "{{ Dimension('id__day') }} > 1" }],
  });
  expect(metrics.get('metric.shop.week')?.['type_params']).toMatchObject({
    cumulative_type_params: { window: { count: 7, granularity: 'day' }, period_agg: 'first' },
  });
  const wrong = 'metrics: [{ name: m, label: M, type: simple, type_params: { measure: nope } }]';
  await expect(load({ 'models/s.yml': wrong })).rejects.toMatchObject({ code: 'PROJECT_UNREADABLE' });
});

it('reads a YAML file without the space around its text: a block at its end has no last line break', async () => {
  const project = await load({
    'models/a.sql': 'select 1 as id',
    'models/b.sql': 'select 1 as id',
    'models/s.yml':
      '\n  models:\n  - name: b\n    description: |\n      one\n  - name: a\n    description: |\n      two\n      lines\n\n',
  });
  expect(nodesOf(project, 'model').map((node) => [node.name, node.description])).toEqual([
    ['a', 'two\nlines'],
    ['b', 'one\n'],
  ]);
});

it('keeps a tag that is written as a text so in the configuration as it is written', async () => {
  const project = await load({
    'models/a.sql': 'select 1 as id',
    'models/s.yml': 'models: [{ name: a, config: { tags: nightly } }]',
  });
  const [model] = nodesOf(project, 'model');
  expect([model?.unrendered_config['tags'], model?.config['tags'], model?.tags]).toEqual([
    'nightly',
    ['nightly'],
    ['nightly'],
  ]);
});

it('names the macro of a generic test before the macros that its arguments call', async () => {
  const project = await load({
    'models/a.sql': 'select 1 as id',
    'models/s.yml': 'models: [{ name: a, columns: [{ name: id, data_tests: [accepted_values: { values: [1] }] }] }]',
  });
  const [test] = nodesOf(project, 'test');
  expect(test?.depends_on.macros).toEqual(['macro.dbt.test_accepted_values', 'macro.dbt.get_where_subquery']);
});

it('renders a variable that is a template where it is asked for', async () => {
  const project = await load({
    'dbt_project.yml': `name: shop\nversion: "1.0"\nprofile: shop\nvars: { least: "{{ five() }}", wrong: "{{ ref('x' }}", many: ["{{ x }}"] }\n`,
    'macros/five.sql': '{% macro five() %}{{ return(5) }}{% endmacro %}',
    'models/a.sql': "{{ config(alias=var('least') ~ var('many')) }}select 1 as id",
  });
  expect(nodesOf(project, 'model')[0]?.alias).toBe("5['{{ x }}']");
});

it("leaves out of a model's freshness what is for sources", async () => {
  const freshness = (given: string): Record<string, string> => ({
    'models/a.sql': 'select 1 as id',
    'models/s.yml': `models: [{ name: a, config: { freshness: ${given} } }]`,
  });
  const [stale] = nodesOf(await load(freshness('{ warn_after: { count: 8, period: hour } }')), 'model');
  expect(stale?.config['freshness']).toBeNull();
  const [built] = nodesOf(await load(freshness('{ build_after: { count: 8, period: hour } }')), 'model');
  expect(built?.config['freshness']).toMatchObject({ build_after: { count: 8 } });
});

it('takes the freshness of a source from its configuration before that beside it, and the table before both', async () => {
  const project = await load({
    'models/s.yml': `
sources:
  - name: raw
    freshness: { warn_after: { count: 1, period: hour }, error_after: { count: 2, period: hour } }
    config: { freshness: { warn_after: { count: 3, period: hour } } }
    tables:
      - name: plain
      - { name: own, freshness: { error_after: { count: 9, period: day } } }
      - { name: none, config: { freshness: null } }
`,
  });
  const sources = [...project.manifest.sources.values()];
  expect(sources.map(({ name, freshness: one }) => [name, one?.warn_after?.count, one?.error_after?.count])).toEqual([
    ['plain', 3, 2],
    ['own', 3, 9],
    ['none', undefined, undefined],
  ]);
});

it('wants a time spine of a day or less where there are semantic models', async () => {
  const files = (granularity: string): Record<string, string> => ({
    'models/a.sql': 'select 1 as id',
    'models/days.sql': "select date '2024-01-01' as day",
    'models/s.yml': `
semantic_models: [{ name: sales, model: ref('a'), entities: [{ name: id, type: primary }] }]
models:
  - name: days
    time_spine: { standard_granularity_column: day }
    columns: [{ name: day, granularity: ${granularity} }]
`,
  });
  await expect(load(files('month'))).rejects.toMatchObject({ code: 'TIME_SPINE_ABSENT' });
  expect((await load(files('day'))).manifest.semanticModels.size).toBe(1);
});

it('keeps a float that is whole a float: in templates, in the arguments and the names of tests', async () => {
  const project = await load({
    'dbt_project.yml': 'name: shop\nversion: 1.0\nprofile: shop\nvars: { rate: 2.0, many: [1.0, 2, 1e3] }\n',
    'models/a.sql': "{{ config(alias=var('rate') ~ ' ' ~ var('many') ~ ' ' ~ fromyaml('a: [3.0, y]')) }}select 1",
    'tests/generic/near.sql':
      "{% test near(model, to) %}{{ config(fail_calc='max(' ~ to ~ ')') }}select 1{% endtest %}",
    'models/s.yml': 'models: [{ name: a, config: { meta: { ratio: 5.0 } }, data_tests: [near: { to: 7.0 }] }]',
  });
  const [model] = nodesOf(project, 'model');
  const [test] = nodesOf(project, 'test');
  expect(model?.alias).toBe("2.0 [1.0, 2, '1e3'] {'a': [3.0, 'y']}");
  expect(JSON.stringify(model?.config['meta'])).toBe('{"ratio":5}');
  expect(test).toMatchObject({ name: 'near_a_7_0', config: { fail_calc: 'max(7.0)' } });
});

it('takes configuration from the project by folder, then from YAML, then from the model itself', async () => {
  const project = await load({
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
  const [wide, plain] = nodesOf(project, 'model').toSorted((a, b) => (a.name < b.name ? 1 : -1));
  expect(plain).toMatchObject({ config: { materialized: 'view', tags: ['all'] }, schema: 'main' });
  expect(wide).toMatchObject({ config: { materialized: 'view' }, schema: 'main_marts', alias: 'broad' });
  expect(wide?.tags.toSorted()).toEqual(['all', 'own', 'yaml']);
});

it('lets the project say how schemas are named', async () => {
  const project = await load({
    'macros/names.sql':
      '{% macro generate_schema_name(custom, node) %}{{ custom or target.schema }}_{{ node.name }}{% endmacro %}',
    'models/a.sql': "{{ config(schema='x') }}select 1",
    'profiles.yml': 'shop: { target: dev, outputs: { dev: { type: duckdb, schema: public } } }',
    'models/b.sql': 'select 1',
  });
  expect(nodesOf(project, 'model').map(({ schema }) => schema)).toEqual(['x_a', 'public_b']);
});

it('renders sources with variables; those of the caller win', async () => {
  const files = { 'models/sources.yml': SOURCES, 'models/a.sql': "select * from {{ source('raw', 'orders') }}" };
  const source = ({ manifest }: Project): unknown => manifest.sources.get('source.shop.raw.orders');
  expect(source(await load(files))).toMatchObject({ schema: 'landing', identifier: 'orders_2024' });
  expect(source(await load(files, { vars: { raw_schema: 'lake' } }))).toMatchObject({ schema: 'lake' });
});

it('leaves out what is not enabled', async () => {
  const project = await load({ 'models/a.sql': '{{ config(enabled=false) }}select 1', 'models/b.sql': 'select 1' });
  expect(nodesOf(project, 'model').map(({ name }) => name)).toEqual(['b']);
  expect([...project.manifest.disabled.keys()]).toEqual(['model.shop.a']);
});

it('reads tests from YAML under both names, of columns, models and sources, and from tests/', async () => {
  const project = await load({
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
  const tests = nodesOf(project, 'test').toSorted((a, b) => (a.name < b.name ? -1 : 1));
  expect(tests.map((test) => [test.name, test.depends_on.nodes.toSorted()])).toEqual([
    ['accepted_values_a_id__1__2', ['model.shop.a']],
    ['none', ['model.shop.a']],
    ['not_null_a_id', ['model.shop.a']],
    ['relationships_a_id__id__source_raw_events_', ['model.shop.a', 'source.shop.raw.events']],
    ['source_unique_raw_events_id', ['source.shop.raw.events']],
  ]);
  expect(tests[0]?.config).toMatchObject({ severity: 'warn', where: 'id > 0' });
});

describe('warns of what nothing reads', () => {
  it.each([['a model that is not there', { 'models/s.yml': 'models:\n- name: aa\n' }, /models\/s\.yml.*'aa'/]])(
    '%s',
    async (_name, files: Record<string, string>, warning) => {
      const { warnings } = await load({ 'models/a.sql': 'select 1 as id', ...files });
      expect(warnings.join('\n')).toMatch(warning);
    },
  );
});

describe('refuses, and says where', () => {
  it.each<[string, Record<string, string>, object]>([
    [
      'an unknown key of the project',
      { 'dbt_project.yml': 'name: shop\nmodle-paths: [x]\n' },
      { code: 'PROJECT_UNREADABLE', facts: { file: 'dbt_project.yml', line: 2 } },
    ],
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
      { code: 'NODE_DUPLICATE', facts: { name: 'a', files: ['models/a.sql', 'models/x/a.sql'] } },
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
      { code: 'TEST_UNKNOWN', facts: { test: 'not_nul', nearest: ['not_null'] } },
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
      { code: 'TEMPLATE_FAILED', facts: { problem: expect.stringContaining('default__conct') } },
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

it('takes the output that fits the warehouse which the caller brings', async () => {
  const outputs = '{ dev: { type: duckdb, schema: a }, prod: { type: postgres, schema: b } }';
  const files = { 'profiles.yml': `shop: { target: dev, outputs: ${outputs} }` };
  const chosen = async (options: LoadOptions): Promise<readonly string[]> => {
    const { target, adapter } = (await load(files, options)).invocation;
    return [target.name, target.schema, adapter.type];
  };
  expect(await chosen({ adapterType: 'duckdb' })).toEqual(['dev', 'a', 'duckdb']);
  expect(await chosen({ adapterType: 'postgres' })).toEqual(['prod', 'b', 'postgres']);
  expect(await chosen({ adapterType: 'postgres', target: 'dev' })).toEqual(['dev', 'a', 'duckdb']);
  const without = await loadProject(await writeProject({}), {
    isProfileOptional: true,
    adapterType: 'snowflake',
    env: {},
  });
  expect([without.invocation.target.schema, without.invocation.adapter.type]).toEqual(['public', 'snowflake']);
});
