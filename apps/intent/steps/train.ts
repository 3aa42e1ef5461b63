import { join } from 'node:path';
import { loadSettings } from 'smallboat/config';
import type { Dataset } from 'smallboat/features';
import { step } from 'smallboat/flow';
import { openTracker } from 'smallboat/tracking';
import type { LstmHyper, LstmTrial } from 'smallboat/training';
import { trainLstm } from 'smallboat/training';
import type { Snapshot } from './ingest.ts';

/** The original project's batch size. */
const BATCH_SIZE = 128;

export interface GridInputs {
  readonly rates: readonly number[];
  readonly units: readonly number[];
  readonly epochs: number;
  readonly patience: number;
  readonly seed: number;
}

/** Every learning rate with every width. */
export const grid = step('grid', {
  run: ({ rates, units, epochs, patience, seed }: GridInputs) => ({
    points: units.flatMap((width) =>
      rates.map((learningRate): LstmHyper => ({
        units: width,
        learningRate,
        batchSize: BATCH_SIZE,
        epochs,
        patience,
        seed,
      })),
    ),
  }),
});

export interface TrainInputs {
  readonly examples: Dataset;
  readonly point: LstmHyper;
  readonly snapshot: Snapshot;
  readonly home: string;
}

/** One LSTM of the grid, tracked epoch by epoch. */
export const train = step('train', {
  run: async ({ examples, point, snapshot, home }: TrainInputs, { log, progress, runId, signal }) => {
    const { trackers } = await loadSettings({ folder: join(import.meta.dirname, '..'), env: process.env });
    const tracker = await openTracker({
      folder: join(home, 'tracking'),
      env: process.env,
      tell: (problem) => log(problem),
      ...(trackers === undefined ? {} : { trackers }),
    });
    const name = `lstm-${point.units} lr=${point.learningRate}`;
    await using tracked = await tracker.startRun({
      experiment: 'intent',
      name,
      params: { ...point },
      tags: { run: runId },
      lineage: { flowRun: `intent/${runId}`, dataSnapshot: snapshot.id },
    });
    for (const [context, part] of [
      ['training', examples.train],
      ['validation', examples.validation],
    ] as const) {
      await tracked.logData({ name: 'cart_sessions', digest: snapshot.id, context, rows: part.labels.length });
    }
    const logged: Promise<void>[] = [];
    const trial: LstmTrial = await trainLstm({
      train: examples.train,
      validation: examples.validation,
      hyper: point,
      signal,
      onProgress: progress,
      onEpoch: ({ epoch, trainLoss, validationLoss, validationAuc, seconds }) => {
        const values = { trainLoss, validationLoss, seconds, ...(validationAuc === null ? {} : { validationAuc }) };
        logged.push(tracked.logMetrics(values, { step: epoch }));
        log(`epoch ${epoch}`, values);
      },
    });
    await Promise.all(logged);
    await tracked.finish();
    return { trial, name, trackedRun: tracked.id };
  },
});

/** What a train task gives. */
export interface Trained {
  readonly trial: LstmTrial;
  readonly name: string;
  readonly trackedRun: string;
}
