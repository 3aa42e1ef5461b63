import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localTracker } from 'smallboat/tracking';
import { initialWeights } from 'smallboat/training';
import { expect, it } from 'vitest';
import { ensureTracked } from './track-trial.ts';
import type { Trained } from './trial.ts';

const empty = { tokens: new Uint8Array(0), offsets: new Uint32Array(1), labels: new Uint8Array(3) };
const figures = { epoch: 1, trainLoss: 0.6, validationLoss: 0.5, validationAuc: null, seconds: 2 };

it('writes the log of a trial that was trained elsewhere, once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-tracking-'));
  const tracker = localTracker({ folder });
  const hyper = { units: 4, learningRate: 0.01, batchSize: 8, epochs: 2, patience: 1, seed: 1 };
  const history = [figures, { ...figures, epoch: 2, trainLoss: 0.4, validationAuc: 0.7 }];
  const trained = {
    trial: { hyper, weights: initialWeights(4, 1), history, bestEpoch: 2, examples: 3 },
    input: 'actions',
    name: 'lstm-4 lr=0.01',
    trainer: 'smallboat',
    trackedRun: 'away-1',
  } as Trained;
  const facts = { runId: '7', snapshot: { id: 'abc' }, examples: { train: empty, validation: empty } } as never;
  for (let i = 0; i < 2; i += 1) await ensureTracked(tracker, [trained], facts);
  const run = await tracker.run('away-1');
  expect(run).toMatchObject({
    status: 'finished',
    name: 'lstm-4 lr=0.01',
    params: { units: 4, input: 'actions' },
    tags: { run: '7', trainer: 'smallboat' },
    lineage: { flowRun: 'intent/7', dataSnapshot: 'abc' },
    data: [
      { context: 'training', rows: 3 },
      { context: 'validation', rows: 3 },
    ],
  });
  expect((await tracker.metricHistory('away-1', 'trainLoss')).map(({ step, value }) => [step, value])).toEqual([
    [1, 0.6],
    [2, 0.4],
  ]);
  expect(run.metrics['validationAuc']?.points).toBe(1);
  await rm(folder, { recursive: true });
});
