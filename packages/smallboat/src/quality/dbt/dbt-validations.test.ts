import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Warehouse } from '../../warehouse/index.ts';
import { openWarehouse } from '../../warehouse/index.ts';
import { validate } from '../run/validate.ts';
import { dbtValidations } from './dbt-validations.ts';

let warehouse: Warehouse;

beforeAll(async () => {
  warehouse = await openWarehouse('duckdb::memory:');
  await warehouse.execute(
    "create table orders as select i as id, case when i = 3 then null else i % 4 end as customer, i * 10 as amount, case when i = 5 then '' else 'k' end as kind from range(10) t(i)",
  );
  await warehouse.execute('create table customers as select i as id from range(3) t(i)');
});
afterAll(async () => warehouse[Symbol.asyncDispose]());

interface Given {
  readonly test?: string;
  readonly namespace?: string;
  readonly column?: string;
  readonly kwargs?: object;
  readonly config?: object;
  readonly sql?: string;
}

async function manifest(tests: readonly Given[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
  const relation = (name: string, more: object = {}) => ({
    name,
    unique_id: `model.shop.${name}`,
    resource_type: 'model',
    package_name: 'shop',
    relation_name: `"memory"."main"."${name}"`,
    ...more,
  });
  const nodes = [
    relation('orders'),
    relation('customers'),
    ...tests.map(({ test, namespace = null, column = null, kwargs = {}, config = {}, sql = null }, i) => ({
      resource_type: 'test',
      name: `test_${i}`,
      unique_id: `test.shop.test_${i}`,
      column_name: column,
      attached_node: test === undefined ? null : 'model.shop.orders',
      depends_on: { nodes: ['model.shop.orders'] },
      config: { severity: 'ERROR', ...config },
      compiled_code: sql,
      test_metadata:
        test === undefined
          ? null
          : {
              name: test,
              namespace,
              kwargs: { model: "{{ get_where_subquery(ref('orders')) }}", column_name: column, ...kwargs },
            },
    })),
  ];
  await mkdir(join(folder, 'target'));
  const text = JSON.stringify({ nodes: Object.fromEntries(nodes.map((node) => [node.unique_id, node])), sources: {} });
  await writeFile(join(folder, 'target/manifest.json'), text);
  return folder;
}

/** Type, success and failing rows of each. */
async function check(...tests: readonly Given[]) {
  const [validation] = await dbtValidations(await manifest(tests));
  if (validation === undefined || typeof validation.suite === 'string') throw new Error('no validation');
  const { suite, relation } = validation;
  const { results } = await validate({ suite, relation, warehouse, runName: 'dbt' });
  return results.map(({ expectation_config: { type, severity }, success, result, exception_info }) => [
    type.replace('expect_', ''),
    severity === 'critical' ? success : `${severity}: ${success}`,
    exception_info.exception_message ?? result['unexpected_count'] ?? result['observed_value'],
  ]);
}

it("reads dbt's own tests", async () => {
  expect(
    await check(
      { test: 'not_null', column: 'customer' },
      { test: 'unique', column: 'customer' },
      { test: 'unique', column: 'id' },
      { test: 'accepted_values', column: 'kind', kwargs: { values: ['k'] } },
      { test: 'accepted_values', column: 'customer', kwargs: { values: [0, 1, 2], quote: false } },
      { test: 'relationships', column: 'customer', kwargs: { to: "ref('customers')", field: 'id' } },
    ),
  ).toEqual([
    ['column_values_to_not_be_null', false, 1],
    ['column_values_to_be_unique', false, 8],
    ['column_values_to_be_unique', true, 0],
    ['column_values_to_be_in_set', false, 1],
    ['column_values_to_be_in_set', false, 1],
    ['column_values_to_be_in_other_table', false, 1],
  ]);
});

it('takes over severity and where', async () => {
  expect(
    await check(
      { test: 'not_null', column: 'customer', config: { severity: 'warn' } },
      { test: 'not_null', column: 'customer', config: { where: 'id <> 3' } },
    ),
  ).toEqual([
    ['column_values_to_not_be_null', 'warning: false', 1],
    ['column_values_to_not_be_null', true, 0],
  ]);
});

it('reads tests of dbt_utils', async () => {
  const namespace = 'dbt_utils';
  expect(
    await check(
      {
        namespace,
        test: 'accepted_range',
        column: 'amount',
        kwargs: { min_value: 0, max_value: 90, inclusive: false },
      },
      { namespace, test: 'accepted_range', column: 'amount', kwargs: { max_value: 'id * 10' } },
      { namespace, test: 'expression_is_true', kwargs: { expression: 'amount = id * 10 and customer < 3' } },
      { namespace, test: 'expression_is_true', column: 'amount', kwargs: { expression: '>= 10' } },
      { namespace, test: 'not_null_proportion', column: 'customer', kwargs: { at_least: 0.95 } },
      { namespace, test: 'not_empty_string', column: 'kind' },
      { namespace, test: 'equal_rowcount', kwargs: { compare_model: "ref('customers')" } },
    ),
  ).toEqual([
    ['column_values_to_be_between', false, 2],
    ['rows_to_meet', true, 0],
    ['rows_to_meet', false, 1],
    ['rows_to_meet', false, 1],
    ['column_proportion_of_non_null_values_to_be_between', false, 0.9],
    ['rows_to_meet', false, 1],
    ['table_row_count_to_equal_other_table', false, { self: 10, other: 3 }],
  ]);
});

it('reads tests of dbt_expectations, for which a missing value is in no set', async () => {
  const namespace = 'dbt_expectations';
  expect(
    await check(
      {
        namespace,
        test: 'expect_column_values_to_be_between',
        column: 'amount',
        kwargs: { min_value: 0, max_value: 90, strictly: true },
      },
      {
        namespace,
        test: 'expect_column_values_to_be_in_set',
        column: 'customer',
        kwargs: { value_set: [0, 1, 2, 3], quote_values: false },
      },
      {
        namespace,
        test: 'expect_column_mean_to_be_between',
        column: 'amount',
        kwargs: { min_value: 40, max_value: 50 },
      },
      {
        namespace,
        test: 'expect_column_values_to_match_regex',
        column: 'kind',
        kwargs: { regex: '^k$', row_condition: 'id < 5' },
      },
      { namespace, test: 'expect_table_row_count_to_equal', kwargs: { value: 10 } },
      {
        namespace,
        test: 'expect_column_pair_values_A_to_be_greater_than_B',
        kwargs: { column_A: 'amount', column_B: 'id' },
      },
    ),
  ).toEqual([
    ['column_values_to_be_between', false, 2],
    ['rows_to_meet', false, 1],
    ['column_mean_to_be_between', true, 45],
    ['column_values_to_match_regex', true, 0],
    ['table_row_count_to_equal', true, 10],
    ['column_pair_values_a_to_be_greater_than_b', false, 1],
  ]);
});

it('runs the SQL of every other test, with its thresholds', async () => {
  const sql = 'select * from orders where amount > 50;';
  expect(
    await check(
      { sql },
      { sql, config: { error_if: '> 10', warn_if: '> 3' } },
      { sql, config: { severity: 'warn', warn_if: '> 4' } },
      { sql, config: { fail_calc: 'max(amount)', error_if: '>= 100', warn_if: '>= 100' } },
      { test: 'unique', column: "concat_ws('/', id, kind)", sql },
      { test: 'home_made', namespace: 'shop', sql },
      { test: 'home_made', namespace: 'shop' },
    ),
  ).toEqual([
    ['dbt_test_to_pass', false, 4],
    ['dbt_test_to_pass', true, 4],
    ['dbt_test_to_pass', 'warning: false', 4],
    ['dbt_test_to_pass', 'warning: true', 4],
    ['dbt_test_to_pass', true, 90],
    ['dbt_test_to_pass', false, 4],
    ['dbt_test_to_pass', false, 4],
    ['dbt_test_to_pass', false, expect.stringContaining('test_6 has no SQL')],
  ]);
});

it('selects by name, and says where there is no manifest or another file', async () => {
  const folder = await manifest([{ test: 'not_null', column: 'id' }]);
  expect(await dbtValidations(folder, { select: ['customers'] })).toEqual([]);
  expect(await dbtValidations(folder, { select: ['orders'] })).toMatchObject([
    { relation: '"memory"."main"."orders"', dataName: 'orders' },
  ]);
  await expect(dbtValidations(join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'DBT_MANIFEST_NOT_FOUND' });
  await writeFile(join(folder, 'x.json'), '{"a": 1}');
  await expect(dbtValidations(join(folder, 'x.json'))).rejects.toMatchObject({ code: 'DBT_MANIFEST_UNREADABLE' });
});
