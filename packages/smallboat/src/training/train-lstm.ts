import { availableParallelism } from 'node:os';
import type { Examples } from '../features/index.ts';
import type { WorkOptions } from '../kernel/index.ts';
import { planBasis, planEpoch } from './batch-plan.ts';
import type { RunSettings, TrainingData } from './batch-runner.ts';
import type { TrainingCheckpoint } from './checkpoint.ts';
import { dataHash, restore } from './checkpoint.ts';
import type { Engine } from './engine.ts';
import { localEngine } from './engine.ts';
import type { EpochFigures } from './epoch-figures.ts';
import type { LstmHyper } from './hyper.ts';
import { checkHyper, trainingErrors } from './hyper.ts';
import { networkKernel, networkMemory } from './kernel/network-kernel.ts';
import type { NetworkKernel } from './kernel/network-kernel.ts';
import { fromBlock } from './kernel/weight-layout.ts';
import type { LstmWeights, NetworkForm } from './network-weights.ts';
import { sharingOrder } from './sequences.ts';
import { checkParts, classWeightsOf, initialOf } from './training-parts.ts';
import { weightedAuc } from './weighted-auc.ts';

/** A trained network: the weights of its best epoch, and how it came to them. */
export interface LstmTrial {
  readonly hyper: LstmHyper;
  readonly weights: LstmWeights;
  readonly history: readonly EpochFigures[];
  /** The epoch with the lowest validation loss, counted from 1. */
  readonly bestEpoch: number;
  readonly examples: number;
}

/** `onProgress` and `signal` are heard every few batches. */
export interface TrainLstmOptions extends WorkOptions {
  /** Threads read arrays that lie in a `SharedArrayBuffer` where they lie; of others they get a copy. */
  readonly train: Examples;
  /** For early stopping; no gradient comes from it. */
  readonly validation: Examples;
  readonly hyper: LstmHyper;
  readonly onEpoch?: (figures: EpochFigures) => void;
  /**
   * Threads that work; 1 is this one alone. The result does not depend on it. Default: as many as there are cores, where there is
   * work enough for them.
   */
  readonly threads?: number;
  /**
   * Batches whose examples are sorted together by prefix (see `planEpoch`); 1 for none. Default 16, and fewer where an epoch has fewer than
   * 512: sorted batches are less alike, which a short training feels.
   */
  readonly window?: number;
  /** Ends after this epoch, as a rung of a search does; the schedule stays that of all epochs. Default all. */
  readonly until?: number;
  /** Which weights are given: those of the epoch with the lowest validation loss (default), or of the last. */
  readonly gives?: 'best' | 'last';
  /** Weights to begin with. Default those of the seed. */
  readonly initial?: LstmWeights;
  /** Goes on from here. */
  readonly from?: TrainingCheckpoint;
  /** Is handed a checkpoint every `checkpointSeconds`, within epochs too, and after each epoch. */
  readonly onCheckpoint?: (checkpoint: TrainingCheckpoint) => void | Promise<void>;
  /** Default 30. */
  readonly checkpointSeconds?: number;
}

/** Events below which starting threads takes longer than they save. */
const WORTH_THREADS = 200_000;

/**
 * Trains an LSTM or GRU → Dense(1, sigmoid) on sequences with Adam and binary cross-entropy, stops when the
 * validation loss has not fallen for `patience` epochs, and gives the weights of the best epoch: what Keras does with
 * `EarlyStopping(restore_best_weights=True)`, without padding and with shared prefixes computed once.
 *
 * Rejects with `TRAINING_…` (hyper.ts), `SEQUENCE_…` (sequences.ts), and the signal's reason.
 */
export async function trainLstm(options: TrainLstmOptions): Promise<LstmTrial> {
  const { train, validation, hyper, signal } = options;
  checkHyper(hyper);
  checkParts(train, validation);
  signal?.throwIfAborted();
  const order = sharingOrder(train);
  const perEpoch = Math.ceil(train.labels.length / hyper.batchSize);
  const window = options.window ?? Math.max(1, Math.min(16, Math.floor(perEpoch / 32)));
  const basis = planBasis(train, order, { batchSize: hyper.batchSize, window, isReused: true });
  const batches = planEpoch(basis, hyper.seed, 1).batches;
  const form: NetworkForm = {
    units: hyper.units,
    ...(hyper.cell === undefined ? {} : { cell: hyper.cell }),
    ...(train.context === undefined ? {} : { columns: train.context.columns }),
  };
  const kernel = networkKernel(form, networkMemory(form, basis.parts));
  kernel.setWeights(initialOf(form, hyper, options.initial));
  const settings: RunSettings = {
    hyper,
    parts: basis.parts,
    steps: batches * hyper.epochs,
    classWeights: classWeightsOf(hyper, train.labels),
  };
  await using engine = await engineOf(options, kernel, settings);
  // Awaited here, or the engine would be closed at once.
  return await run({ options, engine, kernel, planOf: (epoch) => planEpoch(basis, hyper.seed, epoch), settings });
}

async function engineOf(options: TrainLstmOptions, kernel: NetworkKernel, settings: RunSettings): Promise<Engine> {
  const { train, validation, hyper } = options;
  const parts = { kernel, train: data(train), validation: data(validation), settings };
  const worth = train.tokens.length * hyper.epochs >= WORTH_THREADS;
  const threads = Math.min(options.threads ?? (worth ? availableParallelism() : 1), settings.parts);
  if (threads <= 1) return localEngine(parts);
  const { threadedEngine } = await import('./threaded-engine.ts');
  return threadedEngine(parts, threads);
}

function data({ tokens, offsets, labels, session, context }: Examples): TrainingData {
  return {
    tokens,
    offsets,
    labels,
    ...(session === undefined ? {} : { session }),
    ...(context === undefined ? {} : { context }),
  };
}

interface Run {
  readonly options: TrainLstmOptions;
  readonly engine: Engine;
  readonly kernel: NetworkKernel;
  readonly planOf: (epoch: number) => ReturnType<typeof planEpoch>;
  readonly settings: RunSettings;
}

async function run({ options, engine, kernel, planOf, settings }: Run): Promise<LstmTrial> {
  const { train, validation, hyper, from, onEpoch, onProgress, onCheckpoint, signal } = options;
  const { checkpointSeconds = 30 } = options;
  const [negative, positive] = settings.classWeights;
  const positives = train.labels.reduce((sum, label) => sum + label, 0);
  const allWeight = negative * (train.labels.length - positives) + positive * positives;
  const hash = from === undefined && onCheckpoint === undefined ? '' : dataHash(train, train.labels);
  if (from !== undefined) restore(kernel, from, { hyper, data: hash });
  const history: EpochFigures[] = [...(from?.history ?? [])];
  let best = from?.best ?? { epoch: 0, loss: Infinity, weights: kernel.block('weights').slice() };
  let { epoch, batch, step, loss, weight, seconds } = from ?? {
    epoch: 1,
    batch: 0,
    step: 0,
    loss: 0,
    weight: 0,
    seconds: 0,
  };
  let saved = performance.now();
  const checkpoint = async (): Promise<void> => {
    saved = performance.now();
    const copy = (name: 'weights' | 'moments1' | 'moments2'): Float32Array => Float32Array.from(kernel.block(name));
    const [weights, moments1, moments2] = [copy('weights'), copy('moments1'), copy('moments2')];
    const place = { epoch, batch, step, loss, weight, seconds, history: [...history], best };
    await onCheckpoint?.({ hyper, data: hash, ...place, weights, moments1, moments2 });
  };
  const waited = (): number => epoch - 1 - best.epoch;
  const last = Math.min(hyper.epochs, options.until ?? hyper.epochs);
  for (; epoch <= last && (epoch === 1 || waited() === 0 || waited() < hyper.patience); epoch++) {
    let began = performance.now();
    const plan = planOf(epoch);
    while (batch < plan.batches) {
      const to = Math.min(plan.batches, batch + engine.stretch);
      const losses = await engine.train({ plan, epoch, from: batch, to, stepsBefore: step });
      for (const one of losses) loss += one;
      step += to - batch;
      batch = to;
      onProgress?.(
        (epoch - 1 + batch / plan.batches) / hyper.epochs,
        progressText(epoch, { history, part: batch / plan.batches }),
      );
      signal?.throwIfAborted();
      if (onCheckpoint !== undefined && performance.now() - saved > checkpointSeconds * 1000) {
        seconds += (performance.now() - began) / 1000;
        began = performance.now();
        await checkpoint();
      }
    }
    const { scores, loss: validationSum } = await engine.validate();
    const figures = {
      epoch,
      trainLoss: loss / allWeight,
      validationLoss: validationSum / validation.labels.length,
      validationAuc: weightedAuc(scores, new Uint8Array(scores.length).fill(1), validation.labels),
      seconds: seconds + (performance.now() - began) / 1000,
    };
    if (!Number.isFinite(figures.trainLoss + figures.validationLoss)) {
      throw trainingErrors.TRAINING_DIVERGED({ epoch, learningRate: hyper.learningRate });
    }
    history.push(figures);
    if (figures.validationLoss < best.loss) {
      best = { epoch, loss: figures.validationLoss, weights: Float32Array.from(kernel.block('weights')) };
    }
    onEpoch?.(figures);
    signal?.throwIfAborted();
    [batch, loss, weight, seconds] = [0, 0, 0, 0];
    if (onCheckpoint !== undefined) {
      epoch++;
      await checkpoint();
      epoch--;
    }
  }
  onProgress?.(1);
  const given = options.gives === 'last' ? kernel.block('weights') : best.weights;
  const weights = fromBlock(kernel.form, given);
  return { hyper, weights, history, bestEpoch: best.epoch, examples: train.labels.length };
}

/** `epoch 3, loss 0.5123, validation 0.5201`: what a bar shows beside the time left. */
function progressText(
  epoch: number,
  { history }: { readonly history: readonly EpochFigures[]; readonly part: number },
): string {
  const last = history.at(-1);
  if (last === undefined) return `epoch ${epoch}`;
  return `epoch ${epoch}, loss ${last.trainLoss.toFixed(4)}, validation ${last.validationLoss.toFixed(4)}`;
}
