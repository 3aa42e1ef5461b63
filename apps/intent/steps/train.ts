import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dataset, Examples } from 'smallboat/features';
import { step } from 'smallboat/flow';
import type { Cell, EpochFigures, LstmHyper, LstmTrial, TrainLstmOptions } from 'smallboat/training';
import { trainLstm, trainWithTorch } from 'smallboat/training';
import { homeOf } from './home.ts';
import type { Snapshot } from './ingest.ts';
import { figuresOf, startTrial, trackedFiles } from './track-trial.ts';
import type { Input, Trained } from './trial.ts';
import { trackerOf } from './tracker.ts';

/** The original project's batch size. */
const BATCH_SIZE = 128;

/** One model to train. */
export interface Point {
  readonly input: Input;
  readonly hyper: LstmHyper;
}

export interface GridInputs {
  readonly examples: Dataset;
  readonly inputs: readonly Input[];
  readonly cells: readonly Cell[];
  readonly rates: readonly number[];
  readonly units: readonly number[];
  readonly epochs: number;
  readonly patience: number;
  readonly seed: number;
}

/**
 * Every input with every kind of cell, width and learning rate. Where sessions have contexts, a few thousand of them are little to learn
 * many inputs from: units are dropped, gradients clipped, and one session in ten is shown without its context in each
 * epoch, so that the model can answer for those too.
 */
export const grid = step('grid', {
  run: ({ examples, inputs, cells, rates, units, epochs, patience, seed }: GridInputs) => {
    const possible = inputs.filter((input) => input === 'actions' || examples.features !== undefined);
    const points = (possible.length === 0 ? (['actions'] as const) : possible).flatMap((input) =>
      cells.flatMap((cell) =>
        units.flatMap((width) =>
          rates.map((learningRate): Point => ({
            input,
            hyper: {
              cell,
              units: width,
              learningRate,
              batchSize: BATCH_SIZE,
              epochs,
              patience,
              seed,
              schedule: 'one-cycle',
              clipNorm: 1,
              ...(input === 'context' ? { dropout: 0.4, contextDropout: 0.1, inputRate: 4 } : {}),
            },
          })),
        ),
      ),
    );
    return { points };
  },
});

/** Cores that one of several trainings may use, so that those side by side share the machine. */
function threadsFor(points: number): number {
  return Math.max(1, Math.floor(availableParallelism() / points));
}

/** The part of a dataset that a model is shown. */
export function seenBy(input: Input, { context, ...examples }: Examples): Examples {
  return input === 'actions' || context === undefined ? examples : { ...examples, context };
}

export interface TrainInputs {
  readonly examples: Dataset;
  readonly point: Point;
  readonly points: readonly Point[];
  readonly snapshot: Snapshot;
  readonly home: string;
  /** A Python with torch, to train there, on a GPU if it has one; empty to train here. */
  readonly torch: string;
}

/** In PyTorch, and the same trial as one trained here. */
async function inTorch(python: string, options: TrainLstmOptions): Promise<LstmTrial> {
  const { train: examples, validation, hyper, onEpoch, signal } = options;
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-torch-'));
  try {
    const {
      device: _,
      losses: _losses,
      ...trial
    } = await trainWithTorch({
      train: examples,
      validation,
      hyper,
      folder,
      python,
      ...(onEpoch === undefined ? {} : { onEpoch }),
      ...(signal === undefined ? {} : { signal }),
    });
    return trial;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `gru-48 lr=0.003`, and what it is not shown. */
function nameOf({ input, hyper }: Point): string {
  const { cell = 'lstm', units, learningRate } = hyper;
  return `${cell}-${units} lr=${learningRate}${input === 'actions' ? ' on actions' : ''}`;
}

/** One model of the grid, tracked epoch by epoch. */
export const train = step('train', {
  run: async (
    { examples, point, points, snapshot, home, torch }: TrainInputs,
    { log, progress, runId, signal, tempFolder },
  ) => {
    const here = await homeOf(home, { tempFolder });
    const tracker = await trackerOf(here, log);
    const { input, hyper } = point;
    const name = nameOf(point);
    const trainer = torch === '' ? 'smallboat' : 'torch';
    await using tracked = await startTrial(tracker, { name, input, hyper, trainer, runId, snapshot, examples });
    const logged: Promise<void>[] = [];
    const options: TrainLstmOptions = {
      train: seenBy(input, examples.train),
      validation: seenBy(input, examples.validation),
      hyper,
      threads: threadsFor(points.length),
      signal,
      onProgress: progress,
      onEpoch: (figures: EpochFigures) => {
        const values = figuresOf(figures);
        logged.push(tracked.logMetrics(values, { step: figures.epoch }));
        log(`epoch ${figures.epoch}`, values);
      },
    };
    const trial: LstmTrial = torch === '' ? await trainLstm(options) : await inTorch(torch, options);
    await Promise.all(logged);
    await tracked.finish();
    const { id } = tracked;
    const files = await trackedFiles(here.folder, id);
    return { trial, input, name, trainer, trackedRun: id, tracked: files } satisfies Trained;
  },
});
