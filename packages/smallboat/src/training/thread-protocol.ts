import type { RunSettings, Stretch, TrainingData } from './batch-runner.ts';
import type { NetworkMemory } from './kernel/network-kernel.ts';

/** What a thread of the training is started with; all big arrays lie in shared memory. */
export interface ThreadStart {
  readonly network: NetworkMemory;
  readonly train: TrainingData;
  readonly validation: TrainingData;
  readonly validationOrder: Uint32Array;
  readonly settings: RunSettings;
  readonly threads: number;
  /** See `CONTROL`. */
  readonly control: Int32Array;
  /** The validation part's probabilities, by example. */
  readonly scores: Float32Array;
  /** Losses of the validation part's chunks. */
  readonly chunkLosses: Float64Array;
}

/** Words that the threads of a training share. */
export const CONTROL = {
  /** The next part (or chunk) that nobody has taken. */
  next: 0,
  /** Threads that have nothing left to do in the batch. */
  arrived: 1,
  /** Goes up when all have: the sign that the next batch may begin. */
  generation: 2,
  length: 16,
} as const;

export type ThreadTask =
  | { readonly kind: 'train'; readonly stretch: Stretch; readonly losses: Float64Array }
  | { readonly kind: 'validate' };
