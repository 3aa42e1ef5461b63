import { join } from 'node:path';
import type { Dataset } from 'smallboat/features';
import { joinExamples } from 'smallboat/features';
import { step } from 'smallboat/flow';
import type { ReportComponent } from 'smallboat/report';
import { localTracker } from 'smallboat/tracking';
import type { Cell, EpochFigures, LstmHyper, Space, TrainingCheckpoint } from 'smallboat/training';
import { gridPoints, metricsOf, randomPoints, rungEpochs, scoreLstm, survivors, trainLstm } from 'smallboat/training';
import { homeOf } from './home.ts';
import type { Tables } from './tables.ts';
import type { Input } from './trial.ts';
import { seenBy } from './train.ts';

/** How points are chosen: all of a grid, some by lot, or many by lot of which the better go on. */
export type Method = 'grid' | 'random' | 'halving';

/** One point of the search space. */
interface Choice {
  readonly cell: Cell;
  readonly units: number;
  readonly learningRate: number;
  readonly dropout: number;
  readonly weightDecay: number;
}

const VALUES: Space<Choice> = {
  cell: ['gru', 'lstm'],
  units: [32, 48],
  learningRate: [0.001, 0.003],
  dropout: [0.4],
  weightDecay: [0],
};
const RANGES: Space<Choice> = {
  cell: ['gru', 'lstm'],
  units: [16, 32, 48, 64],
  learningRate: { low: 5e-4, high: 1e-2, scale: 'log' },
  dropout: { low: 0, high: 0.6 },
  weightDecay: [0, 0.01, 0.1],
};
/** One of so many goes on from rung to rung, with so many times the epochs. */
const ETA = 3;
const RUNGS = 3;

/** The warehouse that a pipeline has filled, for a flow that begins there. */
export const tables = step('tables', {
  run: ({ home, warehouse, memoryLimitMiB }: { home: string; warehouse: string; memoryLimitMiB: number }) => {
    const url = warehouse === '' ? `duckdb:${join(home, 'warehouse.duckdb')}` : warehouse;
    const checked: Tables = { warehouse: url, home, memoryLimitMiB };
    return { checked };
  },
});

/** What is being tried, and how far it is. */
export interface Contender {
  readonly trial: number;
  readonly input: Input;
  readonly hyper: LstmHyper;
  /** Where its training stands; none before the first rung. */
  readonly checkpoint: TrainingCheckpoint | null;
  readonly history: readonly EpochFigures[];
  /** The lowest validation loss so far. */
  readonly loss: number;
  readonly trackedRun: string | null;
}

export interface DrawInputs {
  readonly examples: Dataset;
  readonly method: Method;
  readonly trials: number;
  readonly epochs: number;
  readonly patience: number;
  readonly seed: number;
}

/** The points to try. */
export const draw = step('draw', {
  run: ({ examples, method, trials, epochs, patience, seed }: DrawInputs, { log }) => {
    const points = method === 'grid' ? gridPoints(VALUES) : randomPoints(RANGES, trials, seed);
    const input: Input = examples.features === undefined ? 'actions' : 'context';
    const contenders = points.map(({ weightDecay, dropout, ...point }, trial): Contender => ({
      trial,
      input,
      hyper: {
        ...point,
        batchSize: 128,
        epochs,
        patience,
        seed,
        weightDecay,
        dropout,
        clipNorm: 1,
        // A rung must not depend on how many follow: the rate stays.
        schedule: 'constant',
        ...(input === 'context' ? { contextDropout: 0.1, inputRate: 4 } : {}),
      },
      checkpoint: null,
      history: [],
      loss: Number.POSITIVE_INFINITY,
      trackedRun: null,
    }));
    log('points', { method, count: contenders.length });
    // Of a grid and of points drawn once all are trained to the end at once.
    const untilEpochs =
      method === 'halving' ? rungEpochs(epochs, RUNGS, ETA) : Array.from({ length: RUNGS }, () => epochs);
    return { contenders, untilEpochs };
  },
});

export interface RungInputs {
  readonly examples: Dataset;
  readonly contender: Contender;
  readonly untilEpochs: readonly number[];
  readonly rung: number;
  readonly home: string;
}

/** One trial, trained on from where it stands to the end of a rung; tracked. */
export const rung = step('rung', {
  run: async (
    { examples, contender, untilEpochs, rung: place, home }: RungInputs,
    { log, progress, runId, signal, tempFolder },
  ) => {
    const { trial, hyper, input, checkpoint, history } = contender;
    const until = untilEpochs[place] ?? hyper.epochs;
    const isOver = history.length >= until || (checkpoint !== null && checkpoint.epoch > until);
    if (isOver) return { contender };
    const { folder } = await homeOf(home, { tempFolder });
    const tracker = localTracker({ folder: join(folder, 'tracking') });
    await using tracked = await tracker.startRun({
      experiment: 'intent-search',
      name: `trial ${trial}, to epoch ${until}`,
      params: { input, ...hyper, classWeights: String(hyper.classWeights ?? '1,1') },
      tags: { run: runId, trial: String(trial), rung: String(place) },
      lineage: { flowRun: `intent-search/${runId}` },
    });
    let last: TrainingCheckpoint | null = checkpoint;
    const logged: Promise<void>[] = [];
    const trained = await trainLstm({
      train: seenBy(input, examples.train),
      validation: seenBy(input, examples.validation),
      hyper,
      until,
      threads: 1,
      signal,
      onProgress: progress,
      checkpointSeconds: Number.POSITIVE_INFINITY,
      onCheckpoint: (made) => void (last = made),
      ...(checkpoint === null ? {} : { from: checkpoint }),
      onEpoch: ({ epoch, trainLoss, validationLoss, validationAuc, seconds }) => {
        const values = { trainLoss, validationLoss, seconds, ...(validationAuc === null ? {} : { validationAuc }) };
        logged.push(tracked.logMetrics(values, { step: epoch }));
      },
    });
    await Promise.all(logged);
    await tracked.finish();
    const loss = Math.min(...trained.history.map(({ validationLoss }) => validationLoss));
    log(`trial ${trial}`, { until, loss });
    const next: Contender = { ...contender, checkpoint: last, history: trained.history, loss, trackedRun: tracked.id };
    return { contender: next };
  },
});

/** Those that go on; of a grid or of points drawn once all do, until the last rung. */
export const keep = step('keep', {
  run: ({ rung: trained, method }: { rung: readonly { readonly contender: Contender }[]; method: Method }, { log }) => {
    const all = trained.map(({ contender }) => contender);
    const kept = method === 'halving' ? survivors(all, ({ loss }) => loss, ETA) : all;
    log('going on', { of: all.length, kept: kept.map(({ trial }) => trial) });
    return { kept };
  },
});

export interface RefitInputs {
  readonly examples: Dataset;
  readonly first: readonly { readonly contender: Contender }[];
  readonly last: readonly { readonly contender: Contender }[];
}

/** The best point, trained once more on the training and the validation part together, for as many epochs as were best, and judged on the test part. */
export const refit = step('refit', {
  run: async ({ examples, first, last }: RefitInputs, { card, log, progress, signal }) => {
    const [best] = survivors(
      last.map(({ contender }) => contender),
      ({ loss }) => loss,
      last.length,
    );
    if (best === undefined) throw new RangeError('The search has no trial.');
    const { input, history } = best;
    const epochs = history.reduce((low, figures) =>
      figures.validationLoss < low.validationLoss ? figures : low,
    ).epoch;
    const validation = seenBy(input, examples.validation);
    const hyper: LstmHyper = { ...best.hyper, epochs, patience: epochs };
    const trial = await trainLstm({
      train: joinExamples(seenBy(input, examples.train), validation),
      // Seen by now: it only has to be there, and nothing is chosen by it.
      validation,
      hyper,
      gives: 'last',
      signal,
      onProgress: progress,
    });
    const test = seenBy(input, examples.test);
    const metrics = metricsOf(scoreLstm(trial.weights, test), test);
    const all = metrics.find(({ decision }) => decision === 'all');
    log('refitted', { trial: best.trial, epochs, auc: all?.auc, logLoss: all?.logLoss });
    card(...tableOf(first, last), {
      kind: 'text',
      text: `Trial ${best.trial}, refitted on training and validation for ${epochs} epochs: ROC-AUC ${metrics.map((m) => `${m.decision === 'all' ? 'all' : `+${m.decision}`} ${m.auc?.toFixed(3) ?? '–'}`).join(', ')}.`,
    });
    return { hyper, weights: trial.weights, metrics };
  },
});

function tableOf(first: RefitInputs['first'], last: RefitInputs['last']): readonly ReportComponent[] {
  const end = new Map(last.map(({ contender }) => [contender.trial, contender]));
  const all = first.map(({ contender }) => end.get(contender.trial) ?? contender).toSorted((a, b) => a.loss - b.loss);
  return [
    {
      kind: 'table',
      caption: 'Trials, the best first',
      columns: ['trial', 'cell', 'units', 'learning rate', 'dropout', 'decay', 'epochs', 'validation loss'],
      rows: all.map(({ trial, hyper, history, loss }) => [
        trial,
        hyper.cell ?? 'lstm',
        hyper.units,
        hyper.learningRate,
        Number((hyper.dropout ?? 0).toFixed(2)),
        hyper.weightDecay ?? 0,
        history.length,
        Number(loss.toFixed(4)),
      ]),
    },
    {
      kind: 'lineChart',
      title: 'Validation loss of the trials',
      xLabel: 'epoch',
      yLabel: 'nats an example',
      series: all.slice(0, 6).map(({ trial, history }) => ({
        name: `trial ${trial}`,
        points: history.map(({ epoch, validationLoss }) => [epoch, validationLoss] as const),
      })),
    },
  ];
}
