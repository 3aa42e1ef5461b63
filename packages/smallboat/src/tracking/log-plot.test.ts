import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { localTracker } from './local.ts';
import { logPlot } from './log-plot.ts';

it('keeps a plot as a page and as data', async () => {
  const tracker = localTracker({ folder: await mkdtemp(join(tmpdir(), 'smallboat-')) });
  await using run = await tracker.startRun({ experiment: 'intent' });
  const chart = {
    kind: 'lineChart',
    title: 'Loss',
    xLabel: 'epoch',
    yLabel: 'nats',
    series: [
      {
        name: 'a',
        points: [
          [0, 1],
          [1, 0.5],
        ],
      },
    ],
  } as const;
  const { location } = await logPlot(run, 'loss', [chart]);
  expect(await readFile(location, 'utf8')).toContain('<svg');
  const { artifacts } = await tracker.run(run.id);
  expect(artifacts.map((a) => a.name)).toEqual(['plots/loss.html', 'plots/loss.json']);
  expect(JSON.parse(await readFile(artifacts[1]?.location ?? '', 'utf8'))).toEqual([chart]);
});
