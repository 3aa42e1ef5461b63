import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localTracker } from 'smallboat/tracking';
import { expect, it } from 'vitest';
import { ensureTracked, startTrial, trackedFiles } from './track-trial.ts';
import type { Trained } from './trial.ts';

const empty = { tokens: new Uint8Array(0), offsets: new Uint32Array(1), labels: new Uint8Array(3) };

it('has the log of a trial that was trained elsewhere, as it was written there', async () => {
  const [there, here] = await Promise.all([0, 1].map(() => mkdtemp(join(tmpdir(), 'smallboat-tracking-'))));
  const away = localTracker({ folder: join(there ?? '', 'tracking') });
  const hyper = { units: 4, learningRate: 0.01, batchSize: 8, epochs: 2, patience: 1, seed: 1 };
  const tracked = await startTrial(away, {
    name: 'lstm-4 lr=0.01',
    input: 'actions',
    hyper,
    trainer: 'smallboat',
    runId: '7',
    snapshot: { id: 'abc' },
    examples: { train: empty, validation: empty },
  } as never);
  await tracked.logMetrics({ trainLoss: 0.6 }, { step: 1 });
  await tracked.logArtifact({ name: 'parts/plot.svg', bytes: new TextEncoder().encode('<svg/>') });
  await tracked.finish();

  const files = await trackedFiles(there ?? '', tracked.id);
  const trained = { trackedRun: tracked.id, tracked: files } as Trained;
  for (let i = 0; i < 2; i += 1) await ensureTracked(here ?? '', [trained]);
  const tracker = localTracker({ folder: join(here ?? '', 'tracking') });
  const found = await tracker.run(tracked.id);
  const { artifacts, ...rest } = await away.run(tracked.id);
  expect(found).toMatchObject(rest);
  expect(found).toMatchObject({ status: 'finished', name: 'lstm-4 lr=0.01', lineage: { flowRun: 'intent/7' } });
  expect(found.artifacts.map(({ name }) => name)).toEqual(artifacts.map(({ name }) => name));
  expect(await tracker.metricHistory(tracked.id, 'trainLoss')).toEqual(
    await away.metricHistory(tracked.id, 'trainLoss'),
  );
  for (const folder of [there, here]) await rm(folder ?? '', { recursive: true });
});
