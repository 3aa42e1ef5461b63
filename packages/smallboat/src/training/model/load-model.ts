import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { VOCABULARY_SIZE } from '../../features/index.ts';
import { isMissing, sha256 } from '../../kernel/index.ts';
import { lstmKernel } from '../kernel/lstm-kernel.ts';
import type { LstmKernel } from '../kernel/lstm-kernel.ts';
import type { LstmWeights } from '../lstm-weights.ts';
import { scoreWith } from '../score-lstm.ts';
import { sequenceErrors } from '../sequence-trie.ts';
import { ModelManifest } from './manifest.ts';
import { modelErrors } from './model-errors.ts';
import { readSafetensors } from './safetensors.ts';

/** A model that was read from its folder and is ready to predict. */
export interface Model {
  readonly manifest: ModelManifest;
  readonly weights: LstmWeights;
  /**
   * The probability of a purchase, 0 to 1, for each sequence of tokens. A few microseconds a session. An empty sequence
   * scores as a session that has not begun. Throws `SEQUENCE_TOKEN_UNKNOWN`.
   */
  predict(sequences: readonly Uint8Array[]): Float32Array;
}

/** From this many sequences on it pays to compute shared prefixes once. */
const MANY = 16;

/**
 * Reads a model folder. Every file is checked against the manifest, and nothing in it is executed.
 *
 * Rejects with `MODEL_MISSING`, `MODEL_MANIFEST_INVALID`, `MODEL_CORRUPT`, `MODEL_WEIGHTS_INVALID`.
 */
export async function loadModel(folder: string): Promise<Model> {
  const root = resolve(folder);
  const manifest = parseManifest(join(root, 'manifest.json'), await readPart(root, 'manifest.json'));
  await readChecked(root, 'model.onnx', manifest);
  const weights = parseWeights(
    join(root, 'weights.safetensors'),
    await readChecked(root, 'weights.safetensors', manifest),
    manifest,
  );
  const kernel = lstmKernel({ units: weights.units, vocabulary: VOCABULARY_SIZE });
  kernel.setWeights(weights);
  return { manifest, weights, predict: (sequences) => predict(kernel, sequences) };
}

async function readPart(root: string, file: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(join(root, file)));
  } catch (cause) {
    if (isMissing(cause)) throw modelErrors.MODEL_MISSING({ folder: root, file }, { cause });
    throw cause;
  }
}

async function readChecked(
  root: string,
  file: keyof ModelManifest['files'],
  manifest: ModelManifest,
): Promise<Uint8Array> {
  const content = await readPart(root, file);
  const expected = manifest.files[file].sha256;
  const found = sha256(content);
  if (found !== expected) throw modelErrors.MODEL_CORRUPT({ path: join(root, file), expected, found });
  return content;
}

function parseManifest(path: string, content: Uint8Array): ModelManifest {
  try {
    return ModelManifest.parse(JSON.parse(new TextDecoder().decode(content)));
  } catch (cause) {
    const problem = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw modelErrors.MODEL_MANIFEST_INVALID({ path, problem }, { cause });
  }
}

function parseWeights(path: string, content: Uint8Array, manifest: ModelManifest): LstmWeights {
  try {
    const tensors = readSafetensors(content);
    const { units } = manifest.hyper;
    const tensor = (name: string, shape: readonly number[]): Float32Array => {
      const found = tensors[name];
      if (!found) throw new Error(`there is no tensor ${name}`);
      if (found.shape.join() !== shape.join()) {
        throw new Error(`tensor ${name} has shape [${found.shape.join(', ')}], and [${shape.join(', ')}] was expected`);
      }
      return found.values;
    };
    return {
      units,
      kernel: tensor('lstm/kernel', [VOCABULARY_SIZE, 4 * units]),
      recurrentKernel: tensor('lstm/recurrent_kernel', [units, 4 * units]),
      bias: tensor('lstm/bias', [4 * units]),
      denseKernel: tensor('dense/kernel', [units, 1]),
      denseBias: tensor('dense/bias', [1]),
    };
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw modelErrors.MODEL_WEIGHTS_INVALID({ path, problem }, { cause });
  }
}

function predict(kernel: LstmKernel, sequences: readonly Uint8Array[]): Float32Array {
  if (sequences.length < MANY) {
    const scores = new Float32Array(sequences.length);
    for (let i = 0; i < sequences.length; i++) scores[i] = scoreKnown(kernel, sequences[i] ?? new Uint8Array(), i);
    return scores;
  }
  const offsets = new Uint32Array(sequences.length + 1);
  for (const [i, sequence] of sequences.entries()) offsets[i + 1] = (offsets[i] ?? 0) + sequence.length;
  const tokens = new Uint8Array(offsets[sequences.length] ?? 0);
  for (const [i, sequence] of sequences.entries()) tokens.set(sequence, offsets[i]);
  return scoreWith(kernel, { tokens, offsets });
}

function scoreKnown(kernel: LstmKernel, sequence: Uint8Array, index: number): number {
  // A token beyond the vocabulary would read memory that is not a row of the input.
  for (const token of sequence) {
    if (token >= VOCABULARY_SIZE) {
      throw sequenceErrors.SEQUENCE_TOKEN_UNKNOWN({ token, sequence: index, vocabulary: VOCABULARY_SIZE });
    }
  }
  return kernel.scoreOne(sequence);
}
