/**
 * Seconds an epoch in tfjs on its own JavaScript, bucketed by length: `tfjs-epoch.ts FOLDER EPOCHS LIMIT`. Prints JSON. tfjs-node is
 * no peer here: it fetches its library when it is installed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodePackages } from '../../interop/node-packages.ts';

/** Of tfjs, what is used here. */
interface Tensors {
  dispose(): void;
}
interface Model {
  compile(options: object): void;
  trainOnBatch(x: Tensors, y: Tensors): Promise<number>;
  predict(x: Tensors): Tensors & { dataSync(): Float32Array };
}
interface Tfjs {
  readonly layers: Readonly<Record<'masking' | 'lstm' | 'dense', (options: object) => object>>;
  readonly train: { adam(rate: number): object };
  sequential(options: { readonly layers: readonly object[] }): Model;
  setBackend(name: string): Promise<boolean>;
  tensor3d(values: Float32Array, shape: readonly number[]): Tensors;
  tensor2d(values: Float32Array, shape: readonly number[]): Tensors;
}

const [folder = '', ...numbers] = process.argv.slice(2);
const [epochs = 1, limit = 2000] = numbers.map(Number);
const tf = nodePackages('@tensorflow/tfjs@4.22.0')('@tensorflow/tfjs') as Tfjs;
await tf.setBackend('cpu');

const read = (kind: string): Uint8Array<ArrayBuffer> => Uint8Array.from(readFileSync(join(folder, `train.${kind}`)));
const [tokens, offsets, labels] = [read('tokens'), new Uint32Array(read('offsets').buffer), read('labels')];
const count = Math.min(limit, labels.length);
const sequence = (i: number): Uint8Array => tokens.subarray(offsets[i], offsets[i + 1]);

/** Tokens as one of seven, a row of noughts for the places behind the end: what masking leaves out. */
function oneHot(sequences: readonly Uint8Array[]): Tensors {
  const longest = Math.max(...sequences.map(({ length }) => length));
  const values = new Float32Array(sequences.length * longest * 7);
  sequences.forEach((of, i) => of.forEach((token, t) => (values[(i * longest + t) * 7 + token] = 1)));
  return tf.tensor3d(values, [sequences.length, longest, 7]);
}

const model = tf.sequential({
  layers: [
    tf.layers.masking({ maskValue: 0, inputShape: [null, 7] }),
    tf.layers.lstm({ units: 48 }),
    tf.layers.dense({ units: 1, activation: 'sigmoid' }),
  ],
});
model.compile({ optimizer: tf.train.adam(1e-3), loss: 'binaryCrossentropy' });
const order = Array.from({ length: count }, (_, i) => i).sort((a, b) => sequence(a).length - sequence(b).length);
const batches = Array.from({ length: Math.ceil(count / 128) }, (_, b) => {
  const rows = order.slice(b * 128, b * 128 + 128);
  const y = Float32Array.from(rows, (i) => labels[i] ?? 0);
  return [oneHot(rows.map(sequence)), tf.tensor2d(y, [rows.length, 1])] as const;
});
const seconds: number[] = [];
for (let epoch = 0; epoch < epochs; epoch++) {
  const began = performance.now();
  for (const [x, y] of batches) await model.trainOnBatch(x, y);
  seconds.push((performance.now() - began) / 1000);
}
const calls = Array.from({ length: 50 }, (_, i) => {
  const began = performance.now();
  const x = oneHot([sequence(i)]);
  model.predict(x).dataSync();
  x.dispose();
  return (performance.now() - began) * 1000;
}).sort((a, b) => a - b);
console.log(JSON.stringify({ seconds, sequences: count, predictMicroseconds: calls[25] }));
