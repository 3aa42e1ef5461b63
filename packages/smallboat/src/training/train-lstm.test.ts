import { describe, expect, it } from 'vitest';
import { examplesOf } from '../features/index.ts';
import type { Examples } from '../features/index.ts';
import { initialNetwork } from './network-weights.ts';
import { seededRandom } from './random.ts';
import { scoreLstm } from './score-lstm.ts';
import type { TrainingCheckpoint } from './checkpoint.ts';
import type { EpochFigures } from './epoch-figures.ts';
import { trainLstm } from './train-lstm.ts';

const hyper = { units: 16, learningRate: 0.01, batchSize: 64, epochs: 12, patience: 3, seed: 1 };

/** Sequences whose label is 1 where the last add comes after the last remove: order decides, counts do not. */
function orderedExamples(count: number, seed: number): Examples {
  const random = seededRandom(seed);
  const token = (): number => [2, 3, 5, 6][Math.floor(random.uniform() * 4)] ?? 6;
  return examplesOf(
    Array.from({ length: count }, () => {
      const tokens = [0, ...Array.from({ length: 1 + Math.floor(random.uniform() * 10) }, token)];
      return { tokens, label: tokens.lastIndexOf(2) > tokens.lastIndexOf(3) ? 1 : 0 };
    }),
  );
}

const train = orderedExamples(3000, 1);
const validation = orderedExamples(800, 2);
const failure = (promise: Promise<unknown>): Promise<unknown> => promise.then(String, (e: unknown) => e);

describe('trainLstm', () => {
  it('learns what only the order of the tokens tells', async () => {
    const { history, bestEpoch, examples } = await trainLstm({ train, validation, hyper });
    expect(history[bestEpoch - 1]?.validationAuc).toBeGreaterThan(0.98);
    expect(history.at(-1)?.trainLoss).toBeLessThan((history[0]?.trainLoss ?? 0) / 3);
    expect(examples).toBe(3000);
  });

  it('gives the same bytes for the same seed, and others for another', async () => {
    const short = { ...hyper, epochs: 2 };
    const one = await trainLstm({ train, validation, hyper: short });
    const two = await trainLstm({ train, validation, hyper: short });
    const other = await trainLstm({ train, validation, hyper: { ...short, seed: 2 } });
    expect(two.weights).toEqual(one.weights);
    expect(other.weights).not.toEqual(one.weights);
  });

  const rich: Examples = {
    ...train,
    session: Uint32Array.from(train.labels, (_, i) => i >> 1),
    context: {
      columns: [
        { kind: 'category', name: 'page', size: 4 },
        { kind: 'number', name: 'gap', low: -1, high: 1 },
      ],
      rows: Uint8Array.from({ length: 2 * train.tokens.length }, (_, i) => (i % 2 === 0 ? i % 4 : (i * 7) % 256)),
      first: Uint32Array.from(train.labels, (_, i) => train.offsets[i] ?? 0),
    },
  };
  const everything = {
    ...hyper,
    cell: 'gru',
    batchSize: 256,
    epochs: 3,
    dropout: 0.3,
    contextDropout: 0.2,
    weightDecay: 0.1,
    clipNorm: 0.5,
    schedule: 'one-cycle',
    classWeights: 'balanced',
    inputRate: 4,
  } as const;

  it('gives the same bytes on one thread and on three, with all that it can do', async () => {
    const parts = { train: rich, validation: rich, hyper: everything };
    const alone = await trainLstm({ ...parts, threads: 1 });
    const three = await trainLstm({ ...parts, threads: 3 });
    const bare = (figures: EpochFigures): object => ({ ...figures, seconds: 0 });
    expect(three.weights).toEqual(alone.weights);
    expect(three.history.map(bare)).toEqual(alone.history.map(bare));
  });

  it('goes on from a checkpoint within an epoch as if it had not been stopped', async () => {
    const parts = { train: rich, validation: rich, hyper: { ...everything, batchSize: 32 }, threads: 1 };
    const whole = await trainLstm(parts);
    const made: TrainingCheckpoint[] = [];
    const stopped = trainLstm({
      ...parts,
      checkpointSeconds: 0,
      onCheckpoint: (checkpoint) => {
        made.push(checkpoint);
        if (checkpoint.epoch === 2 && checkpoint.batch > 0) throw new Error('power cut');
      },
    });
    expect(await failure(stopped)).toMatchObject({ message: 'power cut' });
    const last = made.at(-1);
    expect(last).toMatchObject({ epoch: 2 });
    // Through a copy, as it would come from a file.
    const from = structuredClone(last) as TrainingCheckpoint;
    const resumed = await trainLstm({ ...parts, from });
    expect(resumed.weights).toEqual(whole.weights);
    expect(resumed.bestEpoch).toBe(whole.bestEpoch);
    const other = { ...parts, hyper: { ...parts.hyper, dropout: 0.1 }, from };
    expect(await failure(trainLstm(other))).toMatchObject({ code: 'TRAINING_CHECKPOINT_UNLIKE' });
    expect(await failure(trainLstm({ ...parts, train, validation, from }))).toMatchObject({
      code: 'TRAINING_CHECKPOINT_UNLIKE',
    });
  });

  it('stops its threads when it is told to', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const long = { ...everything, epochs: 1000, patience: 1000 };
    const parts = { train: rich, validation: rich, hyper: long, threads: 2, signal: controller.signal };
    expect(await failure(trainLstm({ ...parts, onEpoch: () => controller.abort(reason) }))).toBe(reason);
  });

  it('refuses a validation part whose events have other columns', async () => {
    expect(await failure(trainLstm({ train: rich, validation, hyper }))).toMatchObject({ code: 'SEQUENCES_UNLIKE' });
  });

  it('learns from sequences of length 0 and 100,000', async () => {
    const long = examplesOf([
      ...Array.from({ length: 8 }, (_, i) => ({ tokens: [0, 6, 5], label: (i % 2) as 0 | 1 })),
      { tokens: [], label: 0 },
      { tokens: new Uint8Array(100_000).fill(6), label: 1 },
    ]);
    const { history } = await trainLstm({ train: long, validation: long, hyper: { ...hyper, epochs: 1 } });
    expect(history[0]?.validationLoss).toBeGreaterThan(0);
  });

  it('gives the weights of the best epoch and stops when patience is over', async () => {
    // Labels at random: there is nothing to learn, so the validation loss soon rises.
    const random = seededRandom(9);
    const labels = (n: number): Uint8Array => Uint8Array.from({ length: n }, () => (random.uniform() < 0.5 ? 1 : 0));
    const noise = { ...orderedExamples(300, 3), labels: labels(300) };
    const held = { ...validation, labels: labels(800) };
    const settings = { ...hyper, units: 32, learningRate: 0.02, epochs: 60, patience: 2 };
    const { history, bestEpoch, weights } = await trainLstm({ train: noise, validation: held, hyper: settings });
    expect(history.length).toBe(bestEpoch + 2);
    const losses = history.map(({ validationLoss }) => validationLoss);
    expect(losses[bestEpoch - 1]).toBe(Math.min(...losses));
    const scores = scoreLstm(weights, held);
    const loss = scores.reduce((sum, p, i) => sum - Math.log(held.labels[i] === 1 ? p : 1 - p), 0) / 800;
    expect(loss).toBeCloseTo(losses[bestEpoch - 1] ?? NaN, 5);
  });

  it('goes on with patience 0 while the validation loss falls', async () => {
    const { history, bestEpoch } = await trainLstm({ train, validation, hyper: { ...hyper, patience: 0 } });
    expect(bestEpoch).toBeGreaterThan(1);
    expect(history.length).toBeLessThanOrEqual(bestEpoch + 1);
  });

  it('reports each epoch and leaves the event loop its turn', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const reported: EpochFigures[] = [];
    const fractions: number[] = [];
    const options = {
      hyper: { ...hyper, units: 48, epochs: 12, patience: 12 },
      onProgress: (fraction: number) => fractions.push(fraction),
    };
    const { history } = await trainLstm({
      train,
      validation,
      ...options,
      onEpoch: (figures) => reported.push(figures),
    });
    clearInterval(timer);
    expect(reported).toEqual(history);
    expect(turns).toBeGreaterThan(1);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
  });

  it('stops when it is told to, with the reason', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const onEpoch = (): void => controller.abort(reason);
    const long = { ...hyper, epochs: 1000, patience: 1000 };
    expect(await failure(trainLstm({ train, validation, hyper: long, onEpoch, signal: controller.signal }))).toBe(
      reason,
    );
  });

  it('refuses parts without examples and a training part of one class', async () => {
    const none = examplesOf([]);
    const ones = { ...train, labels: new Uint8Array(3000).fill(1) };
    expect(await failure(trainLstm({ train: none, validation, hyper }))).toMatchObject({
      code: 'TRAINING_EMPTY',
      facts: { part: 'train' },
    });
    expect(await failure(trainLstm({ train, validation: none, hyper }))).toMatchObject({
      code: 'TRAINING_EMPTY',
      facts: { part: 'validation' },
    });
    expect(await failure(trainLstm({ train: ones, validation, hyper }))).toMatchObject({
      code: 'TRAINING_ONE_CLASS',
      facts: { label: 1, examples: 3000 },
    });
  });

  it.each([
    [Uint8Array.of(...train.labels.subarray(1), 2), 'example 2999 has label 2'],
    [train.labels.subarray(1), 'it has 3000 sequences and 2999 labels'],
  ])('refuses labels that are not 0 or 1 for each sequence', async (labels, problem) => {
    for (const part of ['train', 'validation']) {
      const parts = { train, validation: train, [part]: { ...train, labels } };
      const facts = { part, problem };
      expect(await failure(trainLstm({ ...parts, hyper }))).toMatchObject({ code: 'TRAINING_LABELS_INVALID', facts });
    }
  });

  it('refuses weights to begin with that are of another network, or not numbers', async () => {
    const fitting = initialNetwork({ units: hyper.units }, 1);
    const bias = fitting.bias.with(3, Number.NaN);
    for (const [initial, problem] of [
      [initialNetwork({ units: hyper.units + 1 }, 1), /^kernel has \d+ numbers, and needs \d+$/],
      [initialNetwork({ units: hyper.units, cell: 'gru' }, 1), /^kernel has/],
      [{ ...fitting, bias }, /^bias\[3\] is NaN$/],
    ] as const) {
      const error = await failure(trainLstm({ train, validation, hyper, initial }));
      expect(error).toMatchObject({
        code: 'TRAINING_INITIAL_INVALID',
        facts: { problem: expect.stringMatching(problem) },
      });
    }
  });

  it('has no AUC where the validation part has one class', async () => {
    const zeros = { ...validation, labels: new Uint8Array(800) };
    const { history } = await trainLstm({ train, validation: zeros, hyper: { ...hyper, epochs: 1 } });
    expect(history[0]?.validationAuc).toBeNull();
  });

  it.each([
    [{ units: 0 }, 'units'],
    [{ batchSize: 1.5 }, 'batchSize'],
    [{ epochs: 0 }, 'epochs'],
    [{ patience: -1 }, 'patience'],
    [{ learningRate: 0 }, 'learningRate'],
    [{ learningRate: Infinity }, 'learningRate'],
    [{ seed: 0.5 }, 'seed'],
    [{ dropout: 1 }, 'dropout'],
    [{ weightDecay: -1 }, 'weightDecay'],
    [{ clipNorm: NaN }, 'clipNorm'],
    [{ inputRate: 0 }, 'inputRate'],
    [{ classWeights: [0, 1] as const }, 'classWeights'],
    [{ cell: 'rnn' as never }, 'cell'],
    [{ schedule: 'steep' as never }, 'schedule'],
  ])('refuses %j', async (wrong, name) => {
    const error = await failure(trainLstm({ train, validation, hyper: { ...hyper, ...wrong } }));
    expect(error).toMatchObject({ code: 'TRAINING_HYPER_INVALID', facts: { name } });
  });
});
