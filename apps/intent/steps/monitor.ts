import { join } from 'node:path';
import { step } from 'smallboat/flow';
import { writeWhole } from 'smallboat/kernel';
import { driftReport, monitoringComponents, readReference, renderDriftPage } from 'smallboat/monitoring';
import type { Served } from './deploy.ts';
import type { Chosen } from './select.ts';

/** Compares what the endpoint just predicted with the model's reference, and writes the page. */
export const monitor = step('monitor', {
  cache: false,
  run: async ({ chosen, served, home }: { chosen: Chosen; served: Served; home: string }, { card, signal }) => {
    const report = await driftReport({
      reference: await readReference(join(chosen.folder, 'reference.json')),
      folder: served.log,
      from: served.since,
      now: Date.now() + 1,
      modelVersion: served.modelVersion,
      signal,
    });
    const page = join(home, 'monitoring', 'report.html');
    await writeWhole(page, renderDriftPage(report));
    card(...monitoringComponents(report));
    return { page, status: report.status, sentence: report.sentence };
  },
});
