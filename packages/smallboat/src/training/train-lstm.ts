import { setImmediate as nextTurn } from 'node:timers/promises';
import { VOCABULARY_SIZE } from '../features/index.ts';
import type { Examples } from '../features/index.ts';
import { defineErrors } from '../kernel/index.ts';
import type { WorkOptions } from '../kernel/index.ts';
import { batchLoader } from './batch-trie.ts';
import { epochBatches } from './epoch-batches.ts';
import { lstmKernel } from './kernel/lstm-kernel.ts';
import { initialWeights } from './lstm-weights.ts';
import type { LstmWeights } from './lstm-weights.ts';
import { seededRandom } from './random.ts';
import { groupedByEnd, scoreGroups } from './score-lstm.ts';
import { sequenceTrie } from './sequence-trie.ts';
import { weightedAuc } from './weighted-auc.ts';

export const trainingErrors = defineErrors({
  TRAINING_EMPTY: (f: { part: 'train' | 'validation' }) =>
    `The ${f.part} part has no example. Give more sessions with an add, or another split.`,
  TRAINING_ONE_CLASS: (f: { label: number; examples: number }) =>
    `All ${f.examples} training examples have label ${f.label}, so there is nothing to tell apart. ` +
    `Give data with purchases and without.`,
  TRAINING_HYPER_INVALID: (f: { name: string; value: number; wanted: string }) =>
    `Hyperparameter ${f.name} is ${f.value}; it must be ${f.wanted}.`,
  TRAINING_DIVERGED: (f: { epoch: number; learningRate: number }) =>
    `The loss stopped being a number in epoch ${f.epoch} at learning rate ${f.learningRate}. Take a lower rate.`,
});

/** What is chosen before training. */
export interface LstmHyper {
  /** Width of the LSTM's state; multiples of 16 use the kernel fully. */
  readonly units: number;
  readonly learningRate: number;
  /** Examples a step of Adam, as Keras counts them. */
  readonly batchSize: number;
  /** Passes over the training data at most. */
  readonly epochs: number;
  /** Epochs without a lower validation loss before training stops. */
  readonly patience: number;
  /** Whole number; on one kind of processor the same seed gives the same bytes. */
  readonly seed: number;
}

/** How one epoch went. Losses are binary cross-entropy in nats an example. */
export interface EpochFigures {
  /** Counted from 1. */
  readonly epoch: number;
  /** Mean over the epoch's batches, each before its step, as Keras reports it. */
  readonly trainLoss: number;
  readonly validationLoss: number;
  /** Null where the validation part has one class only. */
  readonly validationAuc: number | null;
  readonly seconds: number;
}

/** A trained LSTM: the weights of its best epoch, and how it came to them. */
export interface LstmTrial {
  readonly hyper: LstmHyper;
  readonly weights: LstmWeights;
  readonly history: readonly EpochFigures[];
  /** The epoch with the lowest validation loss, counted from 1. */
  readonly bestEpoch: number;
  /** Examples of the training part, and how many different sequences they are. */
  readonly examples: number;
  readonly distinctSequences: number;
}

/** `onProgress` and `signal` are heard between batches. */
export interface TrainLstmOptions extends WorkOptions {
  readonly train: Examples;
  /** For early stopping; no gradient comes from it. */
  readonly validation: Examples;
  readonly hyper: LstmHyper;
  readonly onEpoch?: (figures: EpochFigures) => void;
  /** Batches whose examples are sorted together by prefix (see `epochBatches`). Default 16; 1 for none. */
  readonly window?: number;
}

/** Milliseconds of work after which the event loop gets its turn. */
const TURN_MS = 20;

/**
 * Trains LSTM(units) → Dense(1, sigmoid) on sequences of tokens with Adam and binary cross-entropy, stops when the
 * validation loss has not fallen for `patience` epochs, and gives the weights of the best epoch: what Keras does with
 * `EarlyStopping(restore_best_weights=True)`, without padding and with shared prefixes computed once.
 *
 * Throws `TRAINING_EMPTY`, `TRAINING_ONE_CLASS`, `TRAINING_HYPER_INVALID`, `TRAINING_DIVERGED`, `SEQUENCE_TOKEN_UNKNOWN`.
 */
export async function trainLstm(options: TrainLstmOptions): Promise<LstmTrial> {
  const { train, validation, hyper, onEpoch, onProgress, signal, window = 16 } = options;
  checkHyper(hyper);
  checkParts(train, validation);
  signal?.throwIfAborted();

  const kernel = lstmKernel({ units: hyper.units, vocabulary: VOCABULARY_SIZE });
  kernel.setWeights(initialWeights(hyper.units, hyper.seed));
  const trie = sequenceTrie(train, VOCABULARY_SIZE);
  const loader = batchLoader(trie, kernel);
  const validationTrie = sequenceTrie(validation, VOCABULARY_SIZE);
  const validationLoader = batchLoader(validationTrie, kernel);
  const validationGroups = groupedByEnd(validationTrie, validation.labels);
  const random = seededRandom(hyper.seed ^ 0x5eed);
  const examples = train.labels.length;

  const history: EpochFigures[] = [];
  let best = { epoch: 0, loss: Infinity, weights: kernel.weights };
  let step = 0;
  let turn = performance.now();
  let waited = 0;
  for (let epoch = 1; epoch <= hyper.epochs && (waited === 0 || waited < hyper.patience); epoch++) {
    const started = performance.now();
    let loss = 0;
    let done = 0;
    for (const batch of epochBatches({ ends: trie.end, batchSize: hyper.batchSize, random, window })) {
      const ends = batch.map((example) => trie.end[example] ?? 0);
      const { shape } = loader.load(
        ends,
        batch.map((example) => train.labels[example] ?? 0),
      );
      loss += kernel.forward(shape);
      kernel.backward(shape, batch.length);
      kernel.adam(++step, { learningRate: hyper.learningRate });
      done += batch.length;
      if (performance.now() - turn > TURN_MS) {
        onProgress?.((epoch - 1 + done / examples) / hyper.epochs, `epoch ${epoch}`);
        await nextTurn();
        signal?.throwIfAborted();
        turn = performance.now();
      }
    }
    const { scores, loss: validationSum } = scoreGroups(kernel, validationLoader, validationGroups);
    const figures = {
      epoch,
      trainLoss: loss / examples,
      validationLoss: validationSum / validation.labels.length,
      validationAuc: weightedAuc(scores, validationGroups.counts, validationGroups.positives),
      seconds: (performance.now() - started) / 1000,
    };
    if (!Number.isFinite(figures.trainLoss + figures.validationLoss)) {
      throw trainingErrors.TRAINING_DIVERGED({ epoch, learningRate: hyper.learningRate });
    }
    history.push(figures);
    onEpoch?.(figures);
    if (figures.validationLoss < best.loss) best = { epoch, loss: figures.validationLoss, weights: kernel.weights };
    waited = epoch - best.epoch;
  }
  onProgress?.(1);
  const distinctSequences = groupedByEnd(trie).ends.length;
  return { hyper, weights: best.weights, history, bestEpoch: best.epoch, examples, distinctSequences };
}

function checkHyper(hyper: LstmHyper): void {
  for (const name of ['units', 'batchSize', 'epochs', 'patience'] as const) {
    const value = hyper[name];
    const least = name === 'patience' ? 0 : 1;
    if (!Number.isInteger(value) || value < least) {
      throw trainingErrors.TRAINING_HYPER_INVALID({ name, value, wanted: `a whole number of at least ${least}` });
    }
  }
  const { learningRate, seed } = hyper;
  if (!(learningRate > 0 && Number.isFinite(learningRate))) {
    throw trainingErrors.TRAINING_HYPER_INVALID({ name: 'learningRate', value: learningRate, wanted: 'above 0' });
  }
  if (!Number.isSafeInteger(seed)) {
    throw trainingErrors.TRAINING_HYPER_INVALID({ name: 'seed', value: seed, wanted: 'a whole number' });
  }
}

function checkParts(train: Examples, validation: Examples): void {
  const examples = train.labels.length;
  if (examples === 0) throw trainingErrors.TRAINING_EMPTY({ part: 'train' });
  if (validation.labels.length === 0) throw trainingErrors.TRAINING_EMPTY({ part: 'validation' });
  const positives = train.labels.reduce((sum, label) => sum + label, 0);
  if (positives === 0 || positives === examples) {
    throw trainingErrors.TRAINING_ONE_CLASS({ label: positives === 0 ? 0 : 1, examples });
  }
}
