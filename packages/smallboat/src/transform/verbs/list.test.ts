import { expect, it } from 'vitest';
import { writeProject } from '../test-project.ts';
import { list } from './list.ts';

const FILES = {
  'profiles.yml': 'shop: { target: dev, outputs: { dev: { type: duckdb, path: "shop.duckdb", schema: main } } }',
  'models/a.sql': "{{ config(tags=['é']) }}select 1 as id",
  'seeds/s.csv': 'x\n1\n',
};

it('prints nodes as the JSON of Python, fields in the order of the manifest', async () => {
  const project = await writeProject(FILES);
  const [model = '', seed = ''] = await list({ project, output: 'json' });
  expect(Object.keys(JSON.parse(model) as object).join(' ')).toBe(
    'name resource_type package_name original_file_path unique_id alias config tags depends_on',
  );
  expect(model).toContain('"name": "a", "resource_type": "model"');
  expect(model).toContain(String.raw`"tags": ["\u00e9"], "depends_on": {"macros": [], "nodes": []}`);
  expect(seed).toContain('"depends_on": {"macros": []}'); // a seed reads no node
});

it('prints the fields that are asked for: none that is not there, and none within a field that is empty', async () => {
  const project = await writeProject(FILES);
  const outputKeys = ['group', 'name', 'config.materialized', 'config.alias', 'nothing'];
  expect(await list({ project, output: 'json', outputKeys, select: 'a' })).toEqual([
    '{"group": null, "name": "a", "config.materialized": "view"}',
  ]);
});
