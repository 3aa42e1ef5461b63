import { join } from 'node:path';
import { step } from 'smallboat/flow';
import { writeWhole } from 'smallboat/kernel';
import { driftReport, monitoringComponents, readReference, renderDriftPage } from 'smallboat/monitoring';
import type { Served } from './deploy.ts';
import { writeFolder } from './folder-files.ts';
import { homeOf } from './home.ts';
import type { Chosen } from './select.ts';

/** Compares what the endpoint just predicted with the model's reference, and writes the page. */
export const monitor = step('monitor', {
  cache: false,
  run: async (
    { chosen, served, home }: { chosen: Chosen; served: Served; home: string },
    { card, signal, tempFolder },
  ) => {
    const here = await homeOf(home, { tempFolder });
    const [model, predictions] = [join(await tempFolder(), 'model'), join(await tempFolder(), 'predictions')];
    await writeFolder(model, chosen.model);
    await writeFolder(predictions, served.predictions);
    const report = await driftReport({
      reference: await readReference(join(model, 'reference.json')),
      folder: predictions,
      from: served.since,
      now: Date.now() + 1,
      modelVersion: served.modelVersion,
      signal,
    });
    const page = join(here.folder, 'monitoring', 'report.html');
    await writeWhole(page, renderDriftPage(report));
    card(...monitoringComponents(report));
    const { status, sentence } = report;
    return { page: here.pathOf(page), status, sentence, kept: await here.kept() };
  },
});
