import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FeatureSet, SessionEvent } from '../../features/index.ts';
import { DEFAULT_FEATURES, TOKENS, columnsOf } from '../../features/index.ts';
import { initialNetwork, initialWeights } from '../network-weights.ts';
import { scoreLstm } from '../score-lstm.ts';
import { loadModel } from './load-model.ts';
import { writeModel } from './write-model.ts';

const hyper = { units: 20, learningRate: 1e-3, batchSize: 128, epochs: 3, patience: 1, seed: 5 };
const parts = {
  name: 'intent',
  weights: initialWeights(20, 5),
  hyper,
  vocabulary: TOKENS,
  metrics: { auc: 0.75, byDecision: [{ decision: 0, auc: NaN }] },
  lineage: { run: 'intent/1', dataSnapshot: 'd', codeHash: 'c' },
};
const folderOf = async (): Promise<string> => join(await mkdtemp(join(tmpdir(), 'smallboat-')), 'models', 'intent');
const failure = (promise: Promise<unknown>): Promise<unknown> => promise.then(String, (e: unknown) => e);

it('reads back the model it wrote', async () => {
  const folder = await folderOf();
  const written = await writeModel(folder, parts);
  const model = await loadModel(folder);
  expect(model.manifest).toEqual(written);
  expect(model.weights).toEqual(parts.weights);
  expect(model.manifest).toMatchObject({
    protocol: 'decision-points',
    maxEvents: 200,
    metrics: { byDecision: [{ auc: null }] },
  });
  expect((await readdir(folder)).sort()).toEqual(['manifest.json', 'model.onnx', 'weights.safetensors']);
  expect(await readdir(join(folder, '..'))).toEqual(['intent']);
});

it('predicts one session, a few and many alike', async () => {
  const folder = await folderOf();
  await writeModel(folder, parts);
  const model = await loadModel(folder);
  const sequences = Array.from({ length: 40 }, (_, i) =>
    Uint8Array.from({ length: 1 + (i % 9) }, (_, j) => (i * j) % 7),
  );
  const many = model.predict(sequences);
  const alone = sequences.map((sequence) => model.predict([sequence])[0] ?? NaN);
  for (const [i, score] of alone.entries()) expect(many[i]).toBeCloseTo(score, 6);
  const tokens = Uint8Array.from(sequences.flatMap((sequence) => Array.from(sequence)));
  const offsets = Uint32Array.from({ length: 41 }, (_, i) => sequences.slice(0, i).reduce((n, s) => n + s.length, 0));
  expect(scoreLstm(parts.weights, { tokens, offsets })).toEqual(many);
  expect(model.predict([])).toEqual(new Float32Array());
});

it('gives the same bytes for the same model, and replaces the one that was there', async () => {
  const [a, b] = [await folderOf(), await folderOf()];
  await writeModel(a, { ...parts, name: 'other' });
  await writeModel(a, parts);
  await writeModel(b, parts);
  for (const file of await readdir(b)) expect(await readFile(join(a, file))).toEqual(await readFile(join(b, file)));
  expect(await readdir(join(a, '..'))).toEqual(['intent']);
});

it.each([7, 255])('refuses token %i alone and among many', async (token) => {
  const folder = await folderOf();
  await writeModel(folder, parts);
  const model = await loadModel(folder);
  const bad = Uint8Array.of(0, token);
  const facts = { code: 'SEQUENCE_TOKEN_UNKNOWN', facts: { token, vocabulary: 7 } };
  expect(() => model.predict([bad])).toThrow(expect.objectContaining({ code: facts.code }));
  expect(() => model.predict(Array.from({ length: 30 }, () => bad))).toThrow(
    expect.objectContaining({ code: facts.code }),
  );
});

it.each(['model.onnx', 'weights.safetensors'])(
  'names %s, the hash expected and the hash found when a bit is flipped',
  async (file) => {
    const folder = await folderOf();
    const { files } = await writeModel(folder, parts);
    const content = await readFile(join(folder, file));
    content[content.length - 3] = (content.at(-3) ?? 0) ^ 1;
    await writeFile(join(folder, file), content);
    const expected = files[file as keyof typeof files]?.sha256;
    expect(await failure(loadModel(folder))).toMatchObject({
      code: 'MODEL_CORRUPT',
      facts: { path: join(folder, file), expected, found: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
  },
);

it.each(['model.onnx', 'weights.safetensors', 'manifest.json'])('says that %s is missing', async (file) => {
  const folder = await folderOf();
  await writeModel(folder, parts);
  await rm(join(folder, file));
  expect(await failure(loadModel(folder))).toMatchObject({ code: 'MODEL_MISSING', facts: { folder, file } });
});

it.each([
  ['{', 'SyntaxError'],
  ['{}', 'format'],
  ['[]', 'expected object'],
])('refuses the manifest %s', async (text, problem) => {
  const folder = await folderOf();
  await writeModel(folder, parts);
  await writeFile(join(folder, 'manifest.json'), text);
  const error = await failure(loadModel(folder));
  expect(error).toMatchObject({ code: 'MODEL_MANIFEST_INVALID' });
  expect(String(error)).toContain(problem);
});

it.each(['model.onnx', 'weights.safetensors', 'manifest.json'])(
  'refuses a %s that was cut short anywhere',
  async (file) => {
    const folder = await folderOf();
    await writeModel(folder, parts);
    const content = await readFile(join(folder, file));
    for (const kept of [0, 7, Math.floor(content.length / 2), content.length - 2]) {
      await writeFile(join(folder, file), content.subarray(0, kept));
      const code = file === 'manifest.json' ? 'MODEL_MANIFEST_INVALID' : 'MODEL_CORRUPT';
      expect(await failure(loadModel(folder))).toMatchObject({ code });
    }
  },
);

it('names the token that the model knows by another number', async () => {
  const folder = await folderOf();
  await writeModel(folder, { ...parts, vocabulary: { ...TOKENS, add: 3, remove: 2 } });
  const facts = { folder, action: 'add', model: '3', ours: 2 };
  expect(await failure(loadModel(folder))).toMatchObject({ code: 'MODEL_VOCABULARY_DIFFERS', facts });
});

it('names the weight that is not a number', async () => {
  const folder = await folderOf();
  await writeModel(folder, { ...parts, weights: { ...parts.weights, bias: parts.weights.bias.with(5, Number.NaN) } });
  const error = await failure(loadModel(folder));
  expect(error).toMatchObject({ code: 'MODEL_WEIGHTS_INVALID' });
  expect(String(error)).toContain('value 5 of tensor lstm/bias is NaN');
});

it('refuses weights that are not of the size in the manifest', async () => {
  const folder = await folderOf();
  await writeModel(folder, { ...parts, hyper: { ...hyper, units: 48 } });
  expect(await failure(loadModel(folder))).toMatchObject({ code: 'MODEL_WEIGHTS_INVALID' });
});

describe.each(['lstm', 'gru'] as const)('a %s with features', (cell) => {
  const pages = ['home', 'basket'];
  const columns = columnsOf(DEFAULT_FEATURES, pages.length);
  const features: FeatureSet = { names: DEFAULT_FEATURES, columns, pages, products: {} };
  const rich = {
    ...parts,
    weights: initialNetwork({ cell, units: 20, columns }, 5),
    features,
    rule: { protocol: 'decision-points', maxEvents: 12 } as const,
  };
  const day = Date.UTC(2019, 0, 5, 23, 58);
  const session: readonly SessionEvent[] = Array.from({ length: 30 }, (_, i) => ({
    action: ['view', 'detail', 'add', 'view', 'remove'][i % 5] ?? 'view',
    ...(i % 7 === 3 ? {} : { at: day + i * 20_000 }),
    ...(i % 4 === 0 ? {} : { url: ['home', 'basket', 'other'][i % 3] ?? '' }),
  }));

  it('comes back as it was written, and refuses a changed byte in each file', async () => {
    const folder = await folderOf();
    const written = await writeModel(folder, rich);
    const model = await loadModel(folder);
    expect(model.manifest).toEqual(written);
    expect(model.weights).toEqual(rich.weights);
    expect(model.features).toEqual(features);
    for (const file of ['model.onnx', 'weights.safetensors', 'features.json']) {
      const content = await readFile(join(folder, file));
      await writeFile(join(folder, file), content.with(content.length - 5, (content.at(-5) ?? 0) ^ 1));
      expect(await failure(loadModel(folder))).toMatchObject({ code: 'MODEL_CORRUPT' });
      await writeFile(join(folder, file), content);
    }
  });

  it('answers the same for a session alone, among many, and event by event, beyond its longest too', async () => {
    const folder = await folderOf();
    await writeModel(folder, rich);
    const { encoder, predict, live } = await loadModel(folder);
    const beginnings = session.map((_, i) => encoder.encode(session.slice(0, i + 1)));
    const together = predict(beginnings);
    const going = live();
    for (const [i, event] of session.entries()) {
      const alone = predict([beginnings[i] ?? new Uint8Array()])[0] ?? Number.NaN;
      expect(together[i]).toBeCloseTo(alone, 6);
      expect(going.add(event)).toBeCloseTo(alone, 6);
    }
    expect(going.events).toBe(30);
  });

  it('answers a session of which only the actions are known', async () => {
    const folder = await folderOf();
    await writeModel(folder, rich);
    const { encoder, predict } = await loadModel(folder);
    const [score = Number.NaN] = predict([encoder.encode([{ action: 'view' }, { action: 'add' }])]);
    expect(score).toBeGreaterThan(0);
    expect(score).toBeLessThan(1);
  });

  it('refuses rows that are not as many as the events, and values beyond a category', async () => {
    const folder = await folderOf();
    await writeModel(folder, rich);
    const { predict } = await loadModel(folder);
    const tokens = Uint8Array.of(0, 6);
    const unlike = { tokens, rows: new Uint8Array(3) };
    const beyond = { tokens, rows: new Uint8Array(columns.length).fill(200) };
    for (const many of [1, 30]) {
      const all = <T>(one: T): T[] => Array.from({ length: many }, () => one);
      expect(() => predict(all(unlike))).toThrow(expect.objectContaining({ code: 'SEQUENCES_UNLIKE' }));
      expect(() => predict(all(beyond))).toThrow(expect.objectContaining({ code: 'SEQUENCE_VALUE_UNKNOWN' }));
    }
  });
});

it('reads a folder of the first format', async () => {
  const folder = await folderOf();
  await writeModel(folder, parts);
  const path = join(folder, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...manifest, formatVersion: 1 }));
  expect((await loadModel(folder)).weights).toEqual(parts.weights);
});
