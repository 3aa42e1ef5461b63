import type { TrainingCheckpoint } from './checkpoint.ts';
import { trainingErrors } from './hyper.ts';
import type { LstmWeights, NetworkForm } from './network-weights.ts';
import { fromBlock } from './kernel/weight-layout.ts';

const BLOCKS = ['weights', 'moments1', 'moments2'] as const;

/**
 * Where trainings over several shares of the examples go on from, after each has done an epoch over its own: the mean of their weights and
 * of Adam's moments, in each one's own place. What each was best at is forgotten: whether the mean is any good is for the caller to judge, who has
 * its weights by `checkpointWeights`.
 *
 * @param checkpoints Of one network and one set of hyperparameters, each after the same number of epochs. Shares of like size weigh alike.
 * @throws TRAINING_CHECKPOINT_UNLIKE
 */
export function averageCheckpoints(checkpoints: readonly TrainingCheckpoint[]): readonly TrainingCheckpoint[] {
  const [model] = checkpoints;
  if (model === undefined) return [];
  const place = ({ hyper, epoch, batch, weights }: TrainingCheckpoint): string =>
    `${JSON.stringify(hyper)}, epoch ${epoch}, batch ${batch}, ${weights.length} weights`;
  for (const other of checkpoints) {
    if (place(other) === place(model)) continue;
    throw trainingErrors.TRAINING_CHECKPOINT_UNLIKE({ what: 'the place', checkpoint: place(other), now: place(model) });
  }
  const [weights, moments1, moments2] = BLOCKS.map((name) => meanOf(checkpoints.map((one) => one[name])));
  const mean = {
    weights: weights ?? model.weights,
    moments1: moments1 ?? model.moments1,
    moments2: moments2 ?? model.moments2,
  };
  const best = { epoch: model.epoch - 1, loss: Number.POSITIVE_INFINITY, weights: mean.weights };
  return checkpoints.map((one) => ({ ...one, ...mean, best }));
}

/** The weights that a checkpoint stands at. @param columns What events have beside tokens. Default nothing. */
export function checkpointWeights(
  { hyper, weights }: TrainingCheckpoint,
  columns?: NonNullable<NetworkForm['columns']>,
): LstmWeights {
  const { cell, units } = hyper;
  return fromBlock(
    { units, ...(cell === undefined ? {} : { cell }), ...(columns === undefined ? {} : { columns }) },
    weights,
  );
}

function meanOf(blocks: readonly Float32Array[]): Float32Array {
  const sum = new Float64Array(blocks[0]?.length ?? 0);
  for (const block of blocks) for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (block[i] ?? 0);
  return Float32Array.from(sum, (value) => value / blocks.length);
}
