import { defineErrors } from '../kernel/index.ts';
import type { Cell } from './network-weights.ts';

export const trainingErrors = defineErrors({
  TRAINING_EMPTY: (f: { part: 'train' | 'validation' }) =>
    `The ${f.part} part has no example. Give more sessions with an add, or another split.`,
  TRAINING_ONE_CLASS: (f: { label: number; examples: number }) =>
    `All ${f.examples} training examples have label ${f.label}, so there is nothing to tell apart. ` +
    `Give data with purchases and without.`,
  TRAINING_LABELS_INVALID: (f: { part: string; problem: string }) =>
    `The ${f.part} part cannot be learned from: ${f.problem}. Give one label for each sequence, 0 or 1.`,
  TRAINING_INITIAL_INVALID: (f: { problem: string }) =>
    `The weights to begin with do not fit: ${f.problem}. Give those of a network of the same cell, units and features, or none.`,
  TRAINING_HYPER_INVALID: (f: { name: string; value: number | string; wanted: string }) =>
    `Hyperparameter ${f.name} is ${f.value}; it must be ${f.wanted}.`,
  TRAINING_DIVERGED: (f: { epoch: number; learningRate: number }) =>
    `The loss stopped being a number in epoch ${f.epoch} at learning rate ${f.learningRate}. Take a lower rate.`,
  TRAINING_CHECKPOINT_UNLIKE: (f: { what: string; checkpoint: string; now: string }) =>
    `The checkpoint was made with ${f.what} ${f.checkpoint}, and now it is ${f.now}. Resume with what it was made with, or train from the start.`,
  TRAINING_WORKER_FAILED: (f: { problem: string }) =>
    `A thread of the training ended: ${f.problem}. Train again, with fewer threads if memory is short.`,
});

/** How the learning rate goes over the steps of all epochs: constant, a half cosine down to 0, or up and down in one cycle. */
export type Schedule = 'constant' | 'cosine' | 'one-cycle';

/** What is chosen before training. Whatever is left out is plain: Adam as in Keras, nothing dropped, nothing clipped. */
export interface LstmHyper {
  /** Default `lstm`. */
  readonly cell?: Cell;
  /** Width of the recurrent state; multiples of 16 use the kernel fully. */
  readonly units: number;
  readonly learningRate: number;
  /** Examples a step of Adam, as Keras counts them. Where examples of a session stay together a batch may have a few more. */
  readonly batchSize: number;
  /** Passes over the training data at most. */
  readonly epochs: number;
  /** Epochs without a lower validation loss before training stops. */
  readonly patience: number;
  /** Whole number; on one kind of processor the same seed gives the same bytes, whatever the number of threads. */
  readonly seed: number;
  /** Decoupled weight decay (AdamW): each step takes learning rate · decay off every weight. Default 0. */
  readonly weightDecay?: number;
  /** Gradients are shrunk to this length where they are longer. Default 0, for never. */
  readonly clipNorm?: number;
  /** Share of the last state's units that a step leaves out. Default 0. */
  readonly dropout?: number;
  /** Share of sessions whose contexts a pass hides, so that the model can answer where only actions are known. Default 0. */
  readonly contextDropout?: number;
  /** Default `constant`. */
  readonly schedule?: Schedule;
  /** Share of the steps in which `one-cycle` rises. Default 0.3. */
  readonly warmup?: number;
  /** What an example with label 0 and one with label 1 count; `balanced`: both labels the same in sum. Default 1 each. */
  readonly classWeights?: 'balanced' | readonly [number, number];
  /**
   * Tokens and categories start this much larger and learn this much faster than the rest, as if their ones in the one-hot input
   * were this number. Default 1. A few rows of many are met in a step, so that with many values 4 learns sooner.
   */
  readonly inputRate?: number;
  /** Adam's, default 0.9, 0.999 and 1e-7, as in Keras. */
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

/** @throws TRAINING_HYPER_INVALID, naming the first that is not possible. */
export function checkHyper(hyper: LstmHyper): void {
  const refuse = (name: string, value: number | string, wanted: string): never => {
    throw trainingErrors.TRAINING_HYPER_INVALID({ name, value, wanted });
  };
  for (const name of ['units', 'batchSize', 'epochs', 'patience'] as const) {
    const least = name === 'patience' ? 0 : 1;
    if (!Number.isInteger(hyper[name]) || hyper[name] < least) {
      refuse(name, hyper[name], `a whole number of at least ${least}`);
    }
  }
  if (hyper.units > 1024) refuse('units', hyper.units, 'at most 1024');
  const { learningRate, seed, classWeights } = hyper;
  if (!(learningRate > 0 && Number.isFinite(learningRate))) refuse('learningRate', learningRate, 'above 0');
  if (!Number.isSafeInteger(seed)) refuse('seed', seed, 'a whole number');
  for (const name of ['weightDecay', 'clipNorm'] as const) {
    const value = hyper[name] ?? 0;
    if (!(value >= 0 && Number.isFinite(value))) refuse(name, value, 'at least 0');
  }
  for (const name of ['dropout', 'contextDropout', 'warmup', 'beta1', 'beta2'] as const) {
    const value = hyper[name] ?? 0;
    if (!(value >= 0 && value < 1)) refuse(name, value, 'at least 0 and below 1');
  }
  for (const name of ['inputRate', 'epsilon'] as const) {
    const value = hyper[name] ?? 1;
    if (!(value > 0 && Number.isFinite(value))) refuse(name, value, 'above 0');
  }
  if (hyper.cell !== undefined && hyper.cell !== 'lstm' && hyper.cell !== 'gru') {
    refuse('cell', String(hyper.cell), 'lstm or gru');
  }
  const schedules: readonly unknown[] = ['constant', 'cosine', 'one-cycle', undefined];
  if (!schedules.includes(hyper.schedule)) refuse('schedule', String(hyper.schedule), 'constant, cosine or one-cycle');
  if (Array.isArray(classWeights) && !classWeights.every((w) => w > 0 && Number.isFinite(w))) {
    refuse('classWeights', String(classWeights), 'two numbers above 0, or balanced');
  }
}

/** The learning rate of a step, counted from 1, of `steps` in all epochs. */
export function learningRateAt(hyper: LstmHyper, step: number, steps: number): number {
  const { learningRate, schedule = 'constant', warmup = 0.3 } = hyper;
  const done = Math.min(1, (step - 1) / Math.max(1, steps));
  const fall = (share: number): number => (1 + Math.cos(Math.PI * share)) / 2;
  switch (schedule) {
    case 'constant':
      return learningRate;
    case 'cosine':
      return learningRate * fall(done);
    case 'one-cycle': {
      // From 1/25 up, then down to nearly 0, both along a cosine.
      if (done < warmup) return learningRate * (1 - (1 - 1 / 25) * fall(done / warmup));
      return learningRate * Math.max(1e-4, fall((done - warmup) / (1 - warmup)));
    }
    default:
      return schedule satisfies never;
  }
}
