import { describe, expect, it } from 'vitest';
import type { Examples } from '../features/index.ts';
import { examplesOf, sliceExamples } from '../features/index.ts';
import { averageCheckpoints, checkpointWeights } from './average-checkpoints.ts';
import type { TrainingCheckpoint } from './checkpoint.ts';
import { trainLstm } from './train-lstm.ts';
import type { LstmTrial } from './train-lstm.ts';

const hyper = { units: 8, learningRate: 0.01, batchSize: 16, epochs: 3, patience: 3, seed: 1 };
// Who looked at details, buys.
const examples = examplesOf(
  Array.from({ length: 240 }, (_, i) => {
    const label = i % 3 === 0 ? 1 : 0;
    return { tokens: [0, ...Array(1 + (i % 4)).fill(label === 1 ? 5 : 6), 2], label } as const;
  }),
);

/** One epoch more. @returns where it stands then, and the trial. */
async function epochOver(
  train: Examples,
  from?: TrainingCheckpoint,
): Promise<{ readonly checkpoint: TrainingCheckpoint; readonly trial: LstmTrial }> {
  const made: TrainingCheckpoint[] = [];
  const trial = await trainLstm({
    train,
    validation: examples,
    hyper,
    until: from?.epoch ?? 1,
    gives: 'last',
    onCheckpoint: (checkpoint) => void made.push(checkpoint),
    ...(from === undefined ? {} : { from }),
  });
  const checkpoint = made.at(-1);
  if (checkpoint === undefined) throw new Error('There was no checkpoint.');
  return { checkpoint, trial };
}

describe('averageCheckpoints', () => {
  it('changes nothing where all are the same', async () => {
    const first = await epochOver(examples);
    const [one, two] = averageCheckpoints([first.checkpoint, first.checkpoint]);
    expect(one?.weights).toEqual(first.checkpoint.weights);
    const straight = await epochOver(examples, first.checkpoint);
    expect((await epochOver(examples, two)).trial.weights).toEqual(straight.trial.weights);
  });

  it('gives each share the mean, from which it goes on over its own examples', async () => {
    const shares = [0, 1, 2].map((i) => sliceExamples(examples, 80 * i, 80 * (i + 1)));
    const first = await Promise.all(shares.map((share) => epochOver(share)));
    const before = first.map(({ checkpoint }) => checkpoint);
    const mean = averageCheckpoints(before);
    for (const name of ['weights', 'moments1', 'moments2'] as const) {
      for (const i of [0, 7, 100]) {
        const by = before.reduce((sum, one) => sum + (one[name][i] ?? Number.NaN), 0) / 3;
        expect(mean[1]?.[name][i]).toBeCloseTo(by, 6);
      }
    }
    expect(mean.map(({ data }) => data)).toEqual(before.map(({ data }) => data));
    const second = await Promise.all(shares.map((share, i) => epochOver(share, mean[i])));
    expect(second.map(({ checkpoint }) => [checkpoint.epoch, checkpoint.best.epoch])).toEqual([
      [3, 2],
      [3, 2],
      [3, 2],
    ]);
    const [{ trial, checkpoint } = await epochOver(examples)] = second;
    expect(checkpointWeights(checkpoint)).toEqual(trial.weights);
  });

  it('refuses what is of another training or place, and takes none', async () => {
    const { checkpoint } = await epochOver(examples);
    const code = { code: 'TRAINING_CHECKPOINT_UNLIKE' };
    expect(() => averageCheckpoints([checkpoint, { ...checkpoint, epoch: 3 }])).toThrow(expect.objectContaining(code));
    const other = { ...checkpoint, hyper: { ...hyper, learningRate: 0.02 } };
    expect(() => averageCheckpoints([checkpoint, other])).toThrow(expect.objectContaining(code));
    expect(averageCheckpoints([])).toEqual([]);
  });
});
