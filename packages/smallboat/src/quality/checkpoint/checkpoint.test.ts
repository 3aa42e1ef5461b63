import { mkdtemp, readFile, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { page, renderComponents } from '../../report/index.ts';
import type { Warehouse } from '../../warehouse/index.ts';
import { openWarehouse } from '../../warehouse/index.ts';
import { checkpointComponents } from './card.ts';
import { runCheckpoint } from './checkpoint.ts';
import { readSuite } from '../suite/suite.ts';

let warehouse: Warehouse;
let folder = '';
const evil = '<script>alert(1)</script>';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
  warehouse = await openWarehouse('duckdb::memory:');
  await warehouse.execute(
    `create table events as select i as id, case when i < 3 then '${evil}' else 'add' end as action from range(10) t(i)`,
  );
});
afterAll(async () => warehouse[Symbol.asyncDispose]());

const suiteOf = (value_set: readonly string[]) =>
  readSuite({
    name: 'events.warning',
    expectations: [{ type: 'expect_column_values_to_be_in_set', kwargs: { column: 'action', value_set } }],
  });

async function check(runName: string, failOnError = false) {
  const validations = [
    { suite: await suiteOf(['add']), relation: 'events' },
    { suite: await suiteOf(['add', evil]), relation: 'events' },
  ];
  return runCheckpoint({ warehouse, validations, folder, runName, failOnError });
}

it('keeps results, pages and an index, a name for each validation', async () => {
  const checkpoint = await check('intent-1');
  expect(checkpoint.validations.map((v) => [v.name, v.success])).toEqual([
    ['events', false],
    ['events_2', true],
  ]);
  const [failed] = checkpoint.validations;
  expect(failed?.result.meta.run_id.run_name).toBe('intent-1-events');
  expect(JSON.parse(await readFile(failed?.resultPath ?? '', 'utf8'))).toEqual(failed?.result);
  expect((await readdir(join(folder, 'validations/intent-1'))).sort()).toEqual(['events.html', 'events_2.html']);
  const index = await readFile(checkpoint.indexPath, 'utf8');
  expect(index).toContain('href="validations/intent-1/events.html"');
});

it('writes pages that say what was found, and let no data become markup', async () => {
  const { validations, indexPath } = await check('intent-2');
  const text = await readFile(validations[0]?.pagePath ?? '', 'utf8');
  expect(text).toContain('3 of 10 not (30 %)');
  expect(text).toContain('quality_quarantine.&quot;events&quot;');
  expect(text).toContain('href="../../index.html"');
  expect(text + (await readFile(indexPath, 'utf8'))).not.toContain('<script');
});

it('rejects, when asked to, with what failed and where to read of it', async () => {
  const error: unknown = await check('intent-3', true).catch((e: unknown) => e);
  expect(error).toMatchObject({
    code: 'EXPECTATIONS_FAILED',
    facts: {
      evaluated: 2,
      failed: [{ data: 'events', expectation: 'action is one of add', found: '3 of 10 not (30 %)', examples: evil }],
      quarantine: [{ table: 'quality_quarantine."events"', rows: 3 }],
      page: join(folder, 'validations/intent-3/events.html'),
    },
  });
});

it('keeps a run name from leaving the folder', async () => {
  const { validations } = await check('../../../etc/x');
  expect(validations[0]?.pagePath.startsWith(join(folder, 'validations'))).toBe(true);
});

it('makes components for the card of a run', async () => {
  const components = checkpointComponents(await check('intent-4'));
  expect(components[0]).toEqual({
    kind: 'callout',
    tone: 'bad',
    text: expect.stringContaining('1 of 2 expectations failed') as string,
  });
  expect(page({ title: 'card', body: renderComponents(components) })).not.toContain('<script');
});
