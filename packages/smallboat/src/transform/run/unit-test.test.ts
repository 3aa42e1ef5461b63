import { expect, it } from 'vitest';
import { openWarehouse } from '../../warehouse/index.ts';
import { writeProject } from '../test-project.ts';
import { runVerb } from '../verbs/run-verbs.ts';

it('puts what stands for inputs of a unit test in the order in which the model reads them', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  const project = await writeProject({
    'models/a.sql': 'select 1 as id',
    'models/b.sql': 'select 1 as id',
    'models/c.sql': "select a.id from {{ ref('a') }} as a join {{ ref('b') }} as b on a.id = b.id",
    'models/s.yml': `
unit_tests:
  - name: joins
    model: c
    given: [{ input: ref('b'), rows: [{ id: 2 }] }, { input: ref('a'), rows: [{ id: 2 }] }]
    expect: { rows: [{ id: 2 }] }
`,
  });
  const { results } = await runVerb('build', { project, warehouse });
  const test = results.find(({ kind }) => kind === 'unit_test');
  expect(test?.status).toBe('pass');
  expect(test?.compiledSql).toMatch(/^with\s+__dbt__cte__a as \([^]*__dbt__cte__b as \(/);
});
