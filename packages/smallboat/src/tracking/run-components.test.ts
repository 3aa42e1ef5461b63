import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { localTracker } from './local.ts';
import { comparisonComponents, learningCurveComponents } from './run-components.ts';
import type { Tracker } from './tracker.ts';

async function twoRuns(): Promise<Tracker> {
  const tracker = localTracker({ folder: await mkdtemp(join(tmpdir(), 'smallboat-')), clock: () => 1_000 });
  for (const [name, rate, losses] of [
    ['slow', 0.001, [3, 2]],
    ['fast', 0.01, [2, Number.NaN]],
  ] as const) {
    await using run = await tracker.startRun({ experiment: 'e', name, params: { rate, units: 48 } });
    for (const loss of losses) await run.logMetrics({ loss });
    await run.finish();
  }
  return tracker;
}

it('compares runs by the parameters in which they differ, and marks the best', async () => {
  const runs = [...(await (await twoRuns()).runs('e'))].sort((a, b) => (a.name < b.name ? -1 : 1));
  const [table] = comparisonComponents(runs, { metrics: [{ name: 'loss', best: 'lowest' }] });
  expect(table).toEqual({
    kind: 'table',
    columns: ['run', 'status', 'rate', 'loss'],
    rows: [
      ['fast', 'finished', 0.01, { value: 2, tone: 'good' }],
      ['slow', 'finished', 0.001, { value: 2, tone: 'good' }],
    ],
  });
});

it('draws a line a run, without the points that are no numbers', async () => {
  const tracker = await twoRuns();
  const runs = [...(await tracker.runs('e'))].sort((a, b) => (a.name < b.name ? -1 : 1));
  const [chart] = await learningCurveComponents(tracker, runs, { title: 'Loss', metrics: ['loss'] });
  expect(chart).toMatchObject({
    kind: 'lineChart',
    xLabel: 'epoch',
    series: [
      { name: 'fast', points: [[0, 2]] },
      {
        name: 'slow',
        points: [
          [0, 3],
          [1, 2],
        ],
      },
    ],
  });
});
