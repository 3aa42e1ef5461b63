import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { TOKENS } from '../../features/index.ts';
import { initialWeights } from '../lstm-weights.ts';
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
    const expected = files[file as keyof typeof files].sha256;
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

it('refuses weights that are not of the size in the manifest', async () => {
  const folder = await folderOf();
  await writeModel(folder, { ...parts, hyper: { ...hyper, units: 48 } });
  expect(await failure(loadModel(folder))).toMatchObject({ code: 'MODEL_WEIGHTS_INVALID' });
});
