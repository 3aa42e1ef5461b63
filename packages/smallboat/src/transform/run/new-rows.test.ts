import { expect, it } from 'vitest';
import type { Warehouse } from '../../warehouse/index.ts';
import { openWarehouse } from '../../warehouse/index.ts';
import { writeProject } from '../test-project.ts';
import { runVerb } from '../verbs/run-verbs.ts';

const files = (model: string, where = ''): Record<string, string> => ({
  'models/loads.sql': model,
  'models/s.yml': `
sources: [{ name: raw, schema: main, tables: [{ name: events }] }]
models:
  - name: loads
    columns:
      - name: amount
        data_tests:
          - not_null: { config: { ${where}meta: { smallboat: { only_new: loaded_at } } } }
`,
});
const MODEL = "select * from {{ source('raw', 'events') }}";

/** Failures that the one test counted, or its status where it counted none. */
async function tested(warehouse: Warehouse, project: string, flags: { readonly fullRefresh?: boolean } = {}) {
  const { results } = await runVerb('build', { project, warehouse, ...flags });
  const found = results.find(({ kind }) => kind === 'test');
  return [found?.status, found?.failures, found?.compiledSql?.includes('loaded_at >=')];
}

async function withEvents(): Promise<Warehouse> {
  const warehouse = await openWarehouse('duckdb::memory:', { threads: 1 });
  await warehouse.execute(
    "create table events as select 1 as amount, timestamptz '2024-01-01 10:00:00+00' as loaded_at",
  );
  return warehouse;
}

const add = (warehouse: Warehouse, amount: string, at: string): Promise<number> =>
  warehouse.execute(`insert into events values (${amount}, timestamptz '${at}+00')`);

it('tests the rows that are new since it passed, and those again on which it failed', async () => {
  await using warehouse = await withEvents();
  const project = await writeProject(files(MODEL));
  expect(await tested(warehouse, project)).toEqual(['pass', 0, false]);
  await add(warehouse, 'null', '2023-12-31 00:00:00'); // below the mark: nobody looks
  expect(await tested(warehouse, project)).toEqual(['pass', 0, true]);
  await add(warehouse, 'null', '2024-01-01 10:00:00'); // at the mark: it came late
  await add(warehouse, '3', '2024-01-02 00:00:00');
  expect(await tested(warehouse, project)).toEqual(['fail', 1, true]);
  expect(await tested(warehouse, project)).toEqual(['fail', 1, true]);
  await warehouse.execute("update events set amount = 2 where loaded_at = timestamptz '2024-01-01 10:00:00+00'");
  expect(await tested(warehouse, project)).toEqual(['pass', 0, true]);
  expect(await warehouse.query('select count(*)::int as n from main.smallboat_tested_until')).toEqual([{ n: 1 }]);
});

it('tests all rows with --full-refresh, and after a change of the model or of the test', async () => {
  await using warehouse = await withEvents();
  const project = await writeProject(files(MODEL));
  await tested(warehouse, project);
  await add(warehouse, 'null', '2023-12-31 00:00:00');
  expect(await tested(warehouse, project)).toEqual(['pass', 0, true]);
  expect(await tested(warehouse, project, { fullRefresh: true })).toEqual(['fail', 1, false]);
  expect(await tested(warehouse, project)).toEqual(['fail', 1, false]); // what failed is not forgotten
  expect(await tested(warehouse, await writeProject(files(`${MODEL} -- again`)))).toEqual(['fail', 1, false]);
  const other = await writeProject(files(MODEL, "where: 'amount is null or amount > 0', "));
  expect(await tested(warehouse, other)).toEqual(['fail', 1, false]);
});

it('keeps the condition that a test has beside that of its new rows', async () => {
  await using warehouse = await withEvents();
  const project = await writeProject(files(MODEL, "where: 'amount is null or amount < 5', "));
  await tested(warehouse, project);
  await add(warehouse, 'null', '2024-03-01 00:00:00');
  expect(await tested(warehouse, project)).toEqual(['fail', 1, true]);
});
