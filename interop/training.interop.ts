import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { syntheticSequences } from '../bench/training/synthetic-sequences.ts';
import { SESSION_COLUMNS, syntheticSessions } from '../bench/training/synthetic-sessions.ts';
import { TOKENS, examplesOf } from '../packages/smallboat/src/features/index.ts';
import type { Examples } from '../packages/smallboat/src/features/index.ts';
import {
  KERAS_EXPORTER,
  initialWeights,
  loadModel,
  scoreLstm,
  trainLstm,
  writeModel,
} from '../packages/smallboat/src/training/index.ts';
import type { LstmWeights } from '../packages/smallboat/src/training/index.ts';
// The kernel is not public; its gradients are checked here all the same.
import { initialNetwork } from '../packages/smallboat/src/training/network-weights.ts';
import { networkKernel } from '../packages/smallboat/src/training/kernel/network-kernel.ts';
import { trieLoader } from '../packages/smallboat/src/training/trie-loader.ts';
import { onnxruntimeNode } from './onnxruntime-node.ts';
import { python } from './python.ts';

const names = ['kernel', 'recurrentKernel', 'bias', 'denseKernel', 'denseBias'] as const;
type ByName = Readonly<Record<(typeof names)[number], number[]>>;
const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

async function writeExamples(folder: string, part: string, { tokens, offsets, labels }: Examples): Promise<void> {
  await writeFile(join(folder, `${part}.tokens`), tokens);
  await writeFile(join(folder, `${part}.offsets`), offsets);
  await writeFile(join(folder, `${part}.labels`), labels);
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a, (x, i) => Math.abs(x - (b[i] ?? NaN))).reduce((x, y) => Math.max(x, y), 0);
}

/** Without the long sequences: Keras pads all to the longest, which takes it minutes. */
function shortOnes({ tokens, offsets, labels }: Examples): Examples {
  const all = Array.from(labels, (label, i) => ({
    tokens: tokens.subarray(offsets[i], offsets[i + 1]),
    label: label === 1 ? (1 as const) : (0 as const),
  }));
  return examplesOf(all.filter((example) => example.tokens.length <= 30));
}

/** Weights away from the start values, so that gates are not all near the middle. */
function someWeights(units: number): LstmWeights {
  const weights = initialWeights(units, 11);
  return { ...weights, kernel: weights.kernel.map((x) => 3 * x), denseKernel: weights.denseKernel.map((x) => 2 * x) };
}

describe('against Keras', () => {
  it.each([16, 48])('has its loss, predictions, gradients and step of Adam at %i units', async (units) => {
    const examples = syntheticSequences(128, 4);
    const weights = someWeights(units);
    const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
    await writeExamples(folder, 'train', examples);
    for (const name of names) await writeFile(join(folder, `${name}.f32`), weights[name]);
    await writeFile(join(folder, 'job.json'), JSON.stringify({ task: 'step', units, learningRate: 1e-3 }));
    const keras = JSON.parse(await python('keras', [script('training_keras.py'), folder])) as {
      loss: number;
      predictions: number[];
      gradients: ByName;
      after: ByName;
    };

    const kernel = networkKernel({ units });
    kernel.setWeights(weights);
    const all = Uint32Array.from(examples.labels, (_, i) => i);
    const { shape } = trieLoader(examples, kernel).load(all, { labels: examples.labels });
    const loss = kernel.forward(shape) / 128;
    kernel.backward(shape, 128);
    const { gradients } = kernel;
    const rate = (1e-3 * Math.sqrt(1 - 0.999)) / (1 - 0.9);
    kernel.adam({ rate, inputRate: 1, kept: 1, clip: 1, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 });

    expect(loss).toBeCloseTo(keras.loss, 6);
    expect(largestDifference(scoreLstm(weights, examples), keras.predictions)).toBeLessThan(2e-6);
    let compared = 0;
    for (const name of names) {
      const largest = Math.max(...keras.gradients[name].map(Math.abs));
      expect(largestDifference(gradients[name], keras.gradients[name]) / largest, name).toBeLessThan(1e-5);
      // The first step goes by the sign of the gradient, so where that is all but 0 rounding decides: up to 2 · rate.
      const clear = keras.gradients[name].map((g) => Math.abs(g) > 1e-4 * largest);
      compared += clear.filter(Boolean).length;
      const kept = (values: ArrayLike<number>): number[] => Array.from(values).filter((_, i) => clear[i]);
      expect(largestDifference(kept(kernel.weights[name]), kept(keras.after[name])), name).toBeLessThan(2e-6);
    }
    // Two of the seven tokens do not occur, so their input rows have no gradient at all.
    expect(compared).toBeGreaterThan(0.9 * (5 * 4 * units + units * 4 * units + 5 * units + 1));
  });

  it('learns as well, within the noise of the seed', async () => {
    const train = shortOnes(syntheticSequences(12_000, 1));
    const validation = shortOnes(syntheticSequences(6_000, 2));
    const settings = { units: 16, learningRate: 3e-3, batchSize: 128, epochs: 6, patience: 3 };
    const seeds = [1, 2, 3];
    const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
    await writeExamples(folder, 'train', train);
    await writeExamples(folder, 'validation', validation);
    await writeFile(join(folder, 'job.json'), JSON.stringify({ task: 'train', seeds, ...settings }));
    const keras = JSON.parse(await python('keras', [script('training_keras.py'), folder])) as {
      auc: number[];
      loss: number[];
    };

    const best = await Promise.all(
      seeds.map(async (seed) => {
        const { history, bestEpoch } = await trainLstm({ train, validation, hyper: { ...settings, seed } });
        return history[bestEpoch - 1];
      }),
    );
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    const auc = best.map((figures) => figures?.validationAuc ?? NaN);
    const loss = best.map((figures) => figures?.validationLoss ?? NaN);
    console.log('validation AUC and loss, ours and Keras:', auc, keras.auc, loss, keras.loss);
    expect(Math.abs(mean(auc) - mean(keras.auc))).toBeLessThan(0.006);
    expect(Math.abs(mean(loss) - mean(keras.loss))).toBeLessThan(0.004);
  });
});

it('writes a model that onnxruntime runs, in Python and in Node, and safetensors reads', async () => {
  const folder = join(await mkdtemp(join(tmpdir(), 'smallboat-')), 'model');
  const weights = someWeights(20);
  await writeModel(folder, {
    name: 'intent',
    weights,
    hyper: { units: 20, learningRate: 1e-3, batchSize: 128, epochs: 1, patience: 1, seed: 1 },
    vocabulary: TOKENS,
    metrics: {},
    lineage: { run: 'intent/1', dataSnapshot: '', codeHash: '' },
  });
  const { tokens, offsets } = syntheticSequences(60, 8);
  const sequences = Array.from({ length: 60 }, (_, i) => tokens.subarray(offsets[i], offsets[i + 1]));
  const list = JSON.stringify(sequences.map((sequence) => Array.from(sequence)));
  const read = JSON.parse(await python('keras', [script('training_readers.py'), folder, list])) as {
    together: number[];
    alone: number[];
    inputs: unknown;
    outputs: unknown;
    weights: Readonly<Record<string, { shape: number[]; values: number[] }>>;
  };
  const ours = (await loadModel(folder)).predict(sequences);
  expect(largestDifference(ours, read.together)).toBeLessThan(1e-5);
  expect(largestDifference(ours, read.alone)).toBeLessThan(1e-5);
  const inNode = await onnxruntimeNode(
    join(folder, 'model.onnx'),
    sequences.map((session) => ({ tokens: session })),
  );
  expect(largestDifference(ours, inNode.answers)).toBeLessThan(1e-5);
  expect(read.inputs).toEqual([
    ['tokens', 'tensor(int64)', ['batch', 'length']],
    ['lengths', 'tensor(int32)', ['batch']],
  ]);
  expect(read.outputs).toEqual([['probability', 'tensor(float)', ['batch']]]);
  expect(read.weights).toEqual({
    'lstm/kernel': { shape: [7, 80], values: Array.from(weights.kernel) },
    'lstm/recurrent_kernel': { shape: [20, 80], values: Array.from(weights.recurrentKernel) },
    'lstm/bias': { shape: [80], values: Array.from(weights.bias) },
    'dense/kernel': { shape: [20, 1], values: Array.from(weights.denseKernel) },
    'dense/bias': { shape: [1], values: Array.from(weights.denseBias) },
  });
});

describe('to_keras.py', () => {
  it.each([
    ['lstm', false],
    ['gru', false],
    ['gru', true],
  ] as const)('makes a Keras model of a %s, with features: %s, that predicts the same', async (cell, hasFeatures) => {
    const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
    const model = join(folder, 'model');
    const { context, ...plain } = syntheticSessions(80, 3);
    const columns = hasFeatures ? SESSION_COLUMNS : [];
    const start = initialNetwork({ cell, units: 20, columns }, 5);
    const weights = {
      ...start,
      bias: start.bias.map((x, i) => x + Math.sin(i)),
      ...(start.recurrentBias ? { recurrentBias: start.recurrentBias.map((_, i) => Math.cos(i)) } : {}),
      denseKernel: start.denseKernel.map((x) => 3 * x),
    };
    await writeModel(model, {
      name: 'intent',
      weights,
      hyper: { units: 20 },
      vocabulary: TOKENS,
      ...(hasFeatures ? { features: { names: [], columns, pages: [], products: {} } } : {}),
      metrics: {},
      lineage: { run: 'intent/1', dataSnapshot: '', codeHash: '' },
    });
    await writeFile(join(folder, 'part.tokens'), plain.tokens);
    await writeFile(join(folder, 'part.offsets'), plain.offsets);
    await writeFile(join(folder, 'part.rows'), context?.rows ?? new Uint8Array(0));
    await writeFile(join(folder, 'part.first'), context?.first ?? new Uint32Array(0));
    const saved = join(folder, 'model.keras');
    await python('keras', [KERAS_EXPORTER, model, saved]);
    const theirs = await python('keras', [script('training_to_keras.py'), folder, saved, String(columns.length)]);
    const ours = scoreLstm(weights, hasFeatures && context ? { ...plain, context } : plain);
    expect(new Set(ours).size).toBeGreaterThan(50);
    expect(largestDifference(ours, JSON.parse(theirs) as number[])).toBeLessThan(2e-6);
  });
});
