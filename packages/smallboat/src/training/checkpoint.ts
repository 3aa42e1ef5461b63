import { createHash } from 'node:crypto';
import type { EpochFigures } from './epoch-figures.ts';
import type { LstmHyper } from './hyper.ts';
import { trainingErrors } from './hyper.ts';
import type { NetworkKernel } from './kernel/network-kernel.ts';
import type { Sequences } from './sequences.ts';

/**
 * All that a training needs to go on as if it had not been interrupted: at a batch, not only between epochs. Plain data; a training
 * that goes on from it gives the same bytes as one that was never stopped.
 */
export interface TrainingCheckpoint {
  readonly hyper: LstmHyper;
  /** SHA-256 over the examples. */
  readonly data: string;
  /** The epoch under way, counted from 1, and its batches that are done. */
  readonly epoch: number;
  readonly batch: number;
  /** Steps of Adam so far. */
  readonly step: number;
  /** Sum of the losses, and of the weights, of the epoch's batches so far. */
  readonly loss: number;
  readonly weight: number;
  /** Seconds that the epoch has taken so far. */
  readonly seconds: number;
  /** The kernel's blocks. */
  readonly weights: Float32Array;
  readonly moments1: Float32Array;
  readonly moments2: Float32Array;
  readonly best: { readonly epoch: number; readonly loss: number; readonly weights: Float32Array };
  readonly history: readonly EpochFigures[];
}

/** What a checkpoint says of the data it was made with. */
export function dataHash({ tokens, offsets, context }: Sequences, labels: Uint8Array): string {
  const hash = createHash('sha256');
  for (const array of [tokens, offsets, labels, ...(context === undefined ? [] : [context.rows, context.first])]) {
    hash.update(`${array.length};`).update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  }
  return hash.digest('hex');
}

/**
 * Puts a kernel where a checkpoint was made. More epochs and another patience than then are allowed.
 *
 * @throws TRAINING_CHECKPOINT_UNLIKE
 */
export function restore(
  kernel: NetworkKernel,
  checkpoint: TrainingCheckpoint,
  now: { hyper: LstmHyper; data: string },
): void {
  const told = (hyper: LstmHyper): string => {
    const kept = Object.entries(hyper).filter(([name]) => name !== 'epochs' && name !== 'patience');
    return JSON.stringify(Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1))));
  };
  const unlike = (what: string, then: string, is: string): void => {
    if (then !== is) throw trainingErrors.TRAINING_CHECKPOINT_UNLIKE({ what, checkpoint: then, now: is });
  };
  unlike('hyperparameters', told(checkpoint.hyper), told(now.hyper));
  unlike('examples', checkpoint.data, now.data);
  for (const name of ['weights', 'moments1', 'moments2'] as const) {
    const block = kernel.block(name);
    unlike(`${name} of length`, String(checkpoint[name].length), String(block.length));
    block.set(checkpoint[name]);
  }
  kernel.refresh();
}
