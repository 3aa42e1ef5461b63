import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { step } from 'smallboat/flow';
import { checkpointComponents, checkpointErrors, runCheckpoint } from 'smallboat/quality';
import type { Dialect } from 'smallboat/warehouse';
import { factsOf } from 'smallboat/warehouse';
import { homeOf } from './home.ts';
import type { Tables } from './tables.ts';
import { openTables, refusing } from './tables.ts';

const suites = join(import.meta.dirname, '../expectations');

/** The relation of the suite browsing_train, in the SQL of a warehouse. */
export async function browsingSql(dialect: Dialect): Promise<string> {
  const text = await readFile(join(suites, 'browsing_train.sql'), 'utf8');
  return text.replace('{{ server_timestamp_epoch_ms }}', factsOf(dialect).epochMs('server_timestamp'));
}

/** The expectation suites over the models. A failed expectation stops the flow. */
export const validate = step('validate', {
  cache: false,
  run: async ({ tables }: { tables: Tables }, { card, progress, runId, signal, tempFolder }) => {
    const home = await homeOf(tables.home, { tempFolder });
    await using warehouse = await openTables(tables, signal);
    const browsing = await browsingSql(warehouse.dialect);
    const checking = runCheckpoint({
      warehouse,
      validations: [
        { suite: join(suites, 'browsing_train.json'), relation: `(${browsing})`, dataName: 'browsing_train' },
        { suite: join(suites, 'public.content_flattened.warning.json'), relation: 'public.content_flattened' },
        { suite: join(suites, 'public.session_stats.json'), relation: 'public.session_stats' },
      ],
      folder: join(home.folder, 'data-docs'),
      runName: `intent-${runId}`,
      failOnError: true,
      signal,
      onProgress: progress,
    });
    const checkpoint = await refusing(tables, [checkpointErrors.EXPECTATIONS_FAILED.code], checking);
    card(...checkpointComponents(checkpoint));
    const { validations } = checkpoint;
    const expectations = validations.reduce((sum, { result }) => sum + result.results.length, 0);
    const { indexPath } = checkpoint;
    return { checked: tables, expectations, dataDocs: home.pathOf(indexPath), kept: await home.kept() };
  },
});
