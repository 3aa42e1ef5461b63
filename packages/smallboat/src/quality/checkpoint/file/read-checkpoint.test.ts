import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { readCheckpoint } from './read-checkpoint.ts';

const clock = () => new Date('2016-08-01T07:05:09Z');

async function project(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'smallboat-'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  return root;
}

it('reads a checkpoint of 1.x with its definitions, suites and assets', async () => {
  const definition = (asset: string, batch: string) =>
    JSON.stringify({
      name: asset,
      data: { datasource: { name: 'dwh' }, asset: { name: asset }, batch_definition: { name: batch } },
      suite: { name: 'public.shop' },
    });
  const root = await project({
    'gx/great_expectations.yml': `
config_version: 4.0
config_variables_file_path: uncommitted/config_variables.yml
fluent_datasources:
  dwh:
    type: postgres
    assets:
      orders: {type: table, table_name: orders, schema_name: shop, batch_definitions: {all: {partitioner: }}}
      few: {type: query, query: 'select * from orders where amount < 3', batch_definitions: {all: {}}}
      daily:
        type: table
        table_name: events
        batch_definitions:
          by day: {partitioner: {column_name: at, method_name: partition_on_year_and_month_and_day, sort_ascending: true}}
`,
    'gx/uncommitted/config_variables.yml': 'SLACK: https://hooks.example/1',
    'gx/expectations/public/shop.json': '{}',
    'gx/validation_definitions/orders.json': definition('orders', 'all'),
    'gx/validation_definitions/few.json': definition('few', 'all'),
    'gx/validation_definitions/daily.json': definition('daily', 'by day'),
    'gx/validation_definitions/none.json': definition('none', 'all'),
    'gx/checkpoints/nightly.json': JSON.stringify({
      name: 'nightly',
      actions: [{ type: 'slack', name: 'tell', slack_webhook: '${SLACK}', notify_on: 'failure' }],
      result_format: { result_format: 'COMPLETE', unexpected_index_column_names: ['id'] },
      validation_definitions: ['orders', 'few', 'daily', 'none'].map((name) => ({ name, id: null })),
    }),
  });
  const read = await readCheckpoint(join(root, 'gx/checkpoints/nightly.json'));
  const suite = join(root, 'gx/expectations/public/shop.json');
  expect(read).toMatchObject({
    name: 'nightly',
    runName: 'nightly',
    actions: [{ type: 'slack', name: 'tell', slack_webhook: '${SLACK}', notify_on: 'failure' }],
    resultFormat: { result_format: 'COMPLETE', unexpected_index_column_names: ['id'] },
  });
  expect(read.validations.slice(0, 3)).toEqual([
    { suite, relation: 'shop.orders' },
    { suite, relation: '(select * from orders where amount < 3)', dataName: 'few' },
    {
      suite,
      relation:
        '(select * from events where date_trunc(\'day\', "at") = (select max(date_trunc(\'day\', "at")) from events))',
      dataName: 'daily',
    },
  ]);
  expect(read.validations[3]?.problem?.message).toContain('there is no asset none of dwh in the project');
});

it('reads a checkpoint of 0.13 to 0.18, with what stands on top for all, a template, and Slack as a SimpleCheckpoint has it', async () => {
  const root = await project({
    'checkpoints/base.yml': `
name: base
class_name: SimpleCheckpoint
run_name_template: "%Y%m%d-%H%M%S-$\{WHO}"
expectation_suite_name: shop.warning
slack_webhook: $\{HOOK}
notify_on: failure
action_list:
  - {name: store, action: {class_name: StoreValidationResultAction}}
`,
    'checkpoints/hourly.yml': `
name: hourly
template_name: base
evaluation_parameters: {least: 5}
runtime_configuration: {result_format: {result_format: BASIC, partial_unexpected_count: 2}}
validations:
  - batch_request: {datasource_name: d, data_connector_name: c, data_asset_name: shop.orders}
  - batch_request:
      data_asset_name: recent
      runtime_parameters: {query: "select * from orders where id > $\{LAST};"}
      batch_identifiers: {x: 1}
    expectation_suite_name: recent.critical
    evaluation_parameters: {most: $LAST}
    action_list:
      - {name: api, action: {class_name: APINotificationAction, url: http://x.example}}
`,
  });
  const read = await readCheckpoint(join(root, 'checkpoints/hourly.yml'), { env: { WHO: 'me', LAST: '7' }, clock });
  expect(read).toMatchObject({ runName: '20160801-070509-me', parameters: { least: 5 } });
  expect(read.validations).toEqual([
    { suite: join(root, 'checkpoints/expectations/shop/warning.json'), relation: 'shop.orders' },
    {
      suite: join(root, 'checkpoints/expectations/recent/critical.json'),
      relation: '(select * from orders where id > 7)',
      dataName: 'recent',
      parameters: { most: '7' },
    },
  ]);
  expect(read.actions.map(({ name, type, class_name }) => [name, type ?? class_name])).toEqual([
    ['store', 'StoreValidationResultAction'],
    ['api', 'APINotificationAction'],
    ['send_slack_notification_on_validation_result', 'slack'],
  ]);
});

it('reads batches as they were before 0.13', async () => {
  const root = await project({
    'great_expectations.yml': `
validation_operators:
  action_list_operator:
    action_list: [{name: store, action: {class_name: StoreValidationResultAction}}]
`,
    'checkpoints/old.yml': `
validation_operator_name: action_list_operator
batches:
  - batch_kwargs: {table: orders, schema: shop, datasource: d}
    expectation_suite_names: [a.warning, a.failure]
  - batch_kwargs: {path: data/Titanic.csv, data_asset_name: Titanic}
    expectation_suite_names: [b]
`,
  });
  const { validations, actions } = await readCheckpoint(join(root, 'checkpoints/old.yml'));
  expect(validations.map(({ relation, suite }) => [relation, suite])).toEqual([
    ['shop.orders', join(root, 'expectations/a/warning.json')],
    ['shop.orders', join(root, 'expectations/a/failure.json')],
    [`(select * from read_csv('${join(root, 'data/Titanic.csv')}'))`, join(root, 'expectations/b.json')],
  ]);
  expect(actions).toEqual([{ class_name: 'StoreValidationResultAction', name: 'store' }]);
});

it('takes the last of the files of an asset', async () => {
  const root = await project({
    'great_expectations.yml': `
fluent_datasources:
  files:
    type: pandas_filesystem
    base_directory: data
    assets: {events: {type: csv, batching_regex: 'events_(?P<year>\\d+)\\.csv'}}
`,
    'data/events_2016.csv': 'a\n1\n',
    'data/events_2017.csv': 'a\n1\n',
    'data/other.csv': 'a\n1\n',
    'checkpoints/c.yml': `
validations:
  - {batch_request: {datasource_name: files, data_asset_name: events}, expectation_suite_name: s}
  - {batch_request: {datasource_name: files, data_asset_name: events, options: {year: "2016"}}, expectation_suite_name: s}
`,
  });
  const { validations } = await readCheckpoint(join(root, 'checkpoints/c.yml'));
  expect(validations.map(({ relation, isInOrder }) => [relation.replace(root, ''), isInOrder])).toEqual([
    ["(select * from read_csv('/data/events_2017.csv'))", true],
    ["(select * from read_csv('/data/events_2016.csv'))", true],
  ]);
});

it('reads its own words for the data, the severity that blocks and where good rows go', async () => {
  const root = await project({
    'c.yml':
      'fail_on: critical\nquarantine: false\nvalidations: [{suite: s.json, relation: orders, good_rows: orders_ok}]',
    's.json': '{}',
  });
  expect(await readCheckpoint(join(root, 'c.yml'))).toEqual({
    name: 'c',
    runName: 'c',
    actions: [],
    failOn: 'critical',
    quarantine: false,
    validations: [{ suite: join(root, 's.json'), relation: 'orders', goodRows: 'orders_ok' }],
  });
});

it.each([
  ['a: [', 'CHECKPOINT_UNREADABLE', 'line 1'],
  ['- a', 'CHECKPOINT_UNREADABLE', 'no mapping'],
  ['name: x', 'CHECKPOINT_UNREADABLE', 'it has no validations'],
  ['validations: [{suite: s, relation: o}]\nfail_on: never', 'CHECKPOINT_UNREADABLE', 'fail_on'],
  ['run_name_template: ${NONE}\nvalidations: [{suite: s, relation: o}]', 'CHECKPOINT_VARIABLE_MISSING', 'NONE'],
])('says what is wrong with %j', async (text, code, message) => {
  const root = await project({ 'c.yml': text });
  await expect(readCheckpoint(join(root, 'c.yml'))).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message) as string,
  });
});

it('says where there is no checkpoint, and keeps what is wrong with one validation to it', async () => {
  const root = await project({ 'c.yml': 'validations: [{relation: a}, {suite: s}, {suite: s, relation: "(${X})"}]' });
  await expect(readCheckpoint(join(root, 'd.yml'))).rejects.toMatchObject({ code: 'CHECKPOINT_NOT_FOUND' });
  const { validations } = await readCheckpoint(join(root, 'c.yml'));
  expect(validations.map((v) => [v.relation, v.problem?.code])).toEqual([
    ['Validation 1', 'CHECKPOINT_DATA_UNKNOWN'],
    ['Validation 2', 'CHECKPOINT_DATA_UNKNOWN'],
    ['Validation 3', 'CHECKPOINT_VARIABLE_MISSING'],
  ]);
});
