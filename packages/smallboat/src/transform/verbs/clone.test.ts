import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openWarehouse } from '../../warehouse/index.ts';
import { writeProject } from '../test-project.ts';
import { runVerb } from './run-verbs.ts';

it('clones what another state has, and says so where there is none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
  const path = join(folder, 'shop.duckdb');
  const output = (schema: string): unknown => ({ type: 'duckdb', path, schema });
  const project = await writeProject({
    'profiles.yml': JSON.stringify({ shop: { target: 'prod', outputs: { prod: output('prod'), dev: output('dev') } } }),
    'models/a.sql': "{{ config(materialized='table') }}select 1 as x",
    'models/b.sql': "select x + 1 as y from {{ ref('a') }}",
  });
  await runVerb('run', { project, targetFolder: join(folder, 'state') });
  const dev = { project, target: 'dev', targetFolder: join(folder, 'target') };
  const { results } = await runVerb('clone', { ...dev, state: join(folder, 'state') });
  expect(results.map(({ name, status }) => `${name} ${status}`)).toEqual(['a success', 'b success']);
  {
    await using warehouse = await openWarehouse(`duckdb:${path}`);
    expect(await warehouse.query('select x, y from dev.a, dev.b')).toEqual([{ x: 1, y: 2 }]);
  }
  await expect(runVerb('clone', { ...dev, state: join(folder, 'gone') })).rejects.toMatchObject({
    code: 'STATE_MISSING',
  });
});

it('does nothing for a selection that fits nothing, where that may be', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  const project = await writeProject({ 'models/a.sql': 'select 1 as x' });
  const { results, hasFailed } = await runVerb('build', { project, warehouse, select: 'nobody', mayBeEmpty: true });
  expect({ results, hasFailed }).toEqual({ results: [], hasFailed: false });
});
