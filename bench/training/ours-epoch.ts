/**
 * Our side of `lstm.ts`, in a process of its own: `ours-epoch.ts FOLDER EPOCHS WINDOW [THREADS]`, where FOLDER has the examples as
 * `train.tokens`, `train.offsets` and `train.labels`, and may have others as `valid.*`. Prints JSON.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Examples, TOKENS, examplesOf } from 'smallboat/features';
import { loadModel, scoreLstm, trainLstm, writeModel } from 'smallboat/training';

const [folder = '', ...numbers] = process.argv.slice(2);
const [epochs = 3, window = 16, threads] = numbers.map(Number);
/** In memory that the threads share, so that the examples are there once. */
async function read(name: string): Promise<Uint8Array<SharedArrayBuffer>> {
  await using file = await open(join(folder, name));
  const bytes = new Uint8Array(new SharedArrayBuffer((await file.stat()).size));
  for (let at = 0; at < bytes.length;) at += (await file.read(bytes, at)).bytesRead;
  return bytes;
}
async function examples(part: string): Promise<Examples> {
  const [tokens, labels] = [await read(`${part}.tokens`), await read(`${part}.labels`)];
  const offsets = new Uint32Array((await read(`${part}.offsets`)).buffer);
  return { tokens, offsets, labels, decision: new Uint8Array(labels.length) };
}
const train = await examples('train');
const { tokens, offsets, labels } = train;
const count = labels.length;
const isHeldOut = existsSync(join(folder, 'valid.labels'));
// A validation part of one session, so that the time is that of training alone; with others, it is that of both.
const validation = isHeldOut
  ? await examples('valid')
  : examplesOf([{ tokens: [TOKENS.start, TOKENS.view, TOKENS.add], label: 1 }]);
const hyper = { units: 48, learningRate: 1e-3, batchSize: 128, epochs, patience: epochs, seed: 1 };
const began = Date.now();
const { history, weights } = await trainLstm({
  train,
  validation,
  hyper,
  window,
  ...(threads === undefined ? {} : { threads }),
});
const ended = Date.now();

const model = join(await mkdtemp(join(tmpdir(), 'smallboat-bench-')), 'model');
const lineage = { run: '', dataSnapshot: '', codeHash: '' };
await writeModel(model, { name: 'bench', weights, hyper, vocabulary: TOKENS, metrics: {}, lineage });
const { predict } = await loadModel(model);
await rm(join(model, '..'), { recursive: true });
const sequences = Array.from({ length: 2000 }, (_, i) => tokens.subarray(offsets[i], offsets[i + 1]));
for (const sequence of sequences) predict([sequence]);
const times = sequences
  .map((sequence) => {
    const started = performance.now();
    predict([sequence]);
    return (performance.now() - started) * 1000;
  })
  .sort((a, b) => a - b);
const started = performance.now();
scoreLstm(weights, train);
const batchSeconds = (performance.now() - started) / 1000;
console.log(
  JSON.stringify({
    seconds: history.map((epoch) => epoch.seconds),
    losses: isHeldOut ? history.map((epoch) => epoch.validationLoss) : [],
    sequences: count,
    predictMicroseconds: times[1000],
    predictP99Microseconds: times[1980],
    scoredPerSecond: count / batchSeconds,
    dataBytes: tokens.byteLength + offsets.byteLength + labels.byteLength,
    began,
    ended,
  }),
);
