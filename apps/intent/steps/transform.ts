import { join } from 'node:path';
import { step } from 'smallboat/flow';
import { buildProject, transformErrors } from 'smallboat/transform';
import { homeOf } from './home.ts';
import type { Tables } from './tables.ts';
import { openTables, refusing } from './tables.ts';

const project = join(import.meta.dirname, '../dbt');

/** Raw tables to events and sessions: the dbt project, its models and its tests. A failing test stops the flow. */
export const transform = step('transform', {
  cache: false,
  run: async ({ raw }: { raw: Tables }, { card, progress, signal, tempFolder }) => {
    const home = await homeOf(raw.home, { tempFolder });
    await using warehouse = await openTables(raw, signal);
    const building = buildProject({
      project,
      warehouse,
      targetFolder: join(home.folder, 'dbt-target'),
      signal,
      onNode: ({ phase, name, index, total }) => {
        if (phase === 'start') progress((index - 1) / total, name);
      },
    });
    const built = await refusing(raw, [transformErrors.TESTS_FAILED.code], building);
    const models = built.results.filter(({ kind }) => kind === 'model');
    const tests = built.results.filter(({ kind }) => kind === 'test');
    const passed = tests.filter(({ status }) => status === 'pass').length;
    card({
      kind: 'table',
      caption: `dbt project ${built.project}: ${models.length} models, ${passed} of ${tests.length} tests passed`,
      columns: ['Model', 'Materialized', 'Status', 'Rows', 'Seconds'],
      rows: models.map(({ name, materialized = '', status, rows, seconds }) => [
        name,
        materialized,
        status,
        rows ?? null,
        Number(seconds.toFixed(2)),
      ]),
    });
    return { tables: raw, models: models.length, testsPassed: passed, tests: tests.length, kept: await home.kept() };
  },
});
