import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import type { EncodedSession, FeatureSet, SessionEncoder } from '../../features/index.ts';
import { sessionEncoder } from '../../features/index.ts';
import { isMissing, sha256 } from '../../kernel/index.ts';
import type { LstmWeights } from '../network-weights.ts';
import { GATES, inputLayout } from '../network-weights.ts';
import { kernelFor } from '../score-lstm.ts';
import type { LiveSession } from '../session-scorer.ts';
import { sessionScorer } from '../session-scorer.ts';
import { ModelManifest, StoredFeatures } from './manifest.ts';
import { modelErrors } from './model-errors.ts';
import { readSafetensors } from './safetensors.ts';

/** A model that was read from its folder and is ready to predict. */
export interface Model {
  readonly manifest: ModelManifest;
  readonly weights: LstmWeights;
  /** What events have beside their actions; left out where the model knows actions only. */
  readonly features?: FeatureSet;
  /** Makes sessions into what `predict` takes. */
  readonly encoder: SessionEncoder;
  /**
   * The probability of a purchase, 0 to 1, for each session: a sequence of tokens, or one with rows of its events' features. A few
   * microseconds a session. An empty sequence scores as a session that has not begun.
   *
   * @throws SEQUENCE_TOKEN_UNKNOWN, SEQUENCE_VALUE_UNKNOWN, SEQUENCES_UNLIKE
   */
  readonly predict: (sessions: readonly (Uint8Array | EncodedSession)[]) => Float32Array;
  /** A session that is under way: each event costs the same, however many came before. */
  readonly live: () => LiveSession;
}

/**
 * Reads a model folder. Every file is checked against the manifest, and nothing in it is executed.
 *
 * Rejects with `MODEL_MISSING`, `MODEL_MANIFEST_INVALID`, `MODEL_CORRUPT`, `MODEL_WEIGHTS_INVALID`.
 */
export async function loadModel(folder: string): Promise<Model> {
  const root = resolve(folder);
  const manifest = parseManifest(join(root, 'manifest.json'), await readPart(root, 'manifest.json'));
  await readChecked(root, 'model.onnx', manifest);
  const features = await readFeatures(root, manifest);
  const weights = parseWeights(
    join(root, 'weights.safetensors'),
    await readChecked(root, 'weights.safetensors', manifest),
    { manifest, ...(features === undefined ? {} : { features }) },
  );
  const { protocol, maxEvents } = manifest;
  const rule = { protocol, maxEvents };
  const { predict, live } = sessionScorer(kernelFor(weights, features?.columns), {
    rule,
    ...(features === undefined ? {} : { features }),
  });
  const encoder = sessionEncoder(rule, features);
  return { manifest, weights, encoder, predict, live, ...(features === undefined ? {} : { features }) };
}

async function readFeatures(root: string, manifest: ModelManifest): Promise<FeatureSet | undefined> {
  if (manifest.files['features.json'] === undefined) return undefined;
  const content = await readChecked(root, 'features.json', manifest);
  try {
    return StoredFeatures.parse(JSON.parse(new TextDecoder().decode(content)));
  } catch (cause) {
    const path = join(root, 'features.json');
    const problem = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw modelErrors.MODEL_MANIFEST_INVALID({ path, problem }, { cause });
  }
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
  const expected = manifest.files[file]?.sha256 ?? '';
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

function parseWeights(
  path: string,
  content: Uint8Array,
  { manifest, features }: { readonly manifest: ModelManifest; readonly features?: FeatureSet },
): LstmWeights {
  try {
    const tensors = readSafetensors(content);
    const { units } = manifest.hyper;
    const cell = manifest.architecture === 'gru-dense-sigmoid' ? 'gru' : 'lstm';
    const width = GATES[cell] * units;
    const tensor = (name: string, shape: readonly number[]): Float32Array => {
      const found = tensors[name];
      if (!found) throw new Error(`there is no tensor ${name}`);
      if (found.shape.join() !== shape.join()) {
        throw new Error(`tensor ${name} has shape [${found.shape.join(', ')}], and [${shape.join(', ')}] was expected`);
      }
      const odd = found.values.findIndex((value) => !Number.isFinite(value));
      if (odd !== -1) throw new Error(`value ${odd} of tensor ${name} is ${found.values[odd]}, not a number`);
      return found.values;
    };
    const weights = {
      units,
      kernel: tensor(`${cell}/kernel`, [inputLayout(features?.columns).inputs, width]),
      recurrentKernel: tensor(`${cell}/recurrent_kernel`, [units, width]),
      bias: tensor(`${cell}/bias`, [width]),
      denseKernel: tensor('dense/kernel', [units, 1]),
      denseBias: tensor('dense/bias', [1]),
    };
    return cell === 'lstm' ? weights : { cell, ...weights, recurrentBias: tensor('gru/recurrent_bias', [units]) };
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw modelErrors.MODEL_WEIGHTS_INVALID({ path, problem }, { cause });
  }
}
