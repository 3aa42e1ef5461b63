import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { MAX_EVENTS } from '../../features/index.ts';
import type { SequenceRule } from '../../features/index.ts';
import { isMissing, sha256, writeWhole } from '../../kernel/index.ts';
import type { LstmWeights } from '../lstm-weights.ts';
import type { LstmHyper } from '../train-lstm.ts';
import { ModelManifest } from './manifest.ts';
import { onnxModel } from './onnx.ts';
import { writeSafetensors } from './safetensors.ts';

/** What a model folder is made of. */
export interface ModelParts {
  readonly name: string;
  /** Default: the first 12 hex digits of a hash of the weights, so equal models have equal versions. */
  readonly version?: string;
  /** When it was made; left out of the manifest if not given, so that equal inputs give equal bytes. */
  readonly createdAt?: Date;
  readonly weights: LstmWeights;
  readonly hyper: LstmHyper;
  /** Token of each action; `TOKENS` of the features room. */
  readonly vocabulary: Readonly<Record<string, number>>;
  /** How sessions became sequences. Default: the features room's defaults. */
  readonly rule?: SequenceRule;
  /** Anything that JSON can say. */
  readonly metrics: object;
  readonly lineage: ModelManifest['lineage'];
}

/**
 * Writes a model as a folder of data: `model.onnx`, `weights.safetensors`, `manifest.json`. The folder appears whole: it
 * is written beside its place and renamed. A model that was there is replaced.
 */
export async function writeModel(folder: string, parts: ModelParts): Promise<ModelManifest> {
  const { weights, name } = parts;
  const target = resolve(folder);
  const contents = { 'model.onnx': onnxModel(weights, name), 'weights.safetensors': tensorsOf(weights) };
  const manifest = ModelManifest.parse({
    format: 'smallboat-model',
    formatVersion: 1,
    name,
    version: parts.version ?? sha256(contents['weights.safetensors']).slice(0, 12),
    createdAt: parts.createdAt?.toISOString(),
    architecture: 'lstm-dense-sigmoid',
    hyper: parts.hyper,
    vocabulary: parts.vocabulary,
    protocol: parts.rule?.protocol ?? 'decision-points',
    maxEvents: parts.rule?.maxEvents ?? MAX_EVENTS,
    // Through JSON, so that the answer is what a reader gets: a NaN becomes null, a typed array an object.
    metrics: JSON.parse(JSON.stringify(parts.metrics)),
    lineage: parts.lineage,
    files: {
      'model.onnx': described(contents['model.onnx']),
      'weights.safetensors': described(contents['weights.safetensors']),
    },
  });
  const aside = `${target}.${randomUUID()}.part`;
  try {
    await mkdir(aside, { recursive: true });
    for (const [file, content] of Object.entries(contents)) await writeWhole(join(aside, file), content);
    await writeWhole(join(aside, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    await putInPlace(aside, target);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  return manifest;
}

function described(content: Uint8Array): { sha256: string; bytes: number } {
  return { sha256: sha256(content), bytes: content.length };
}

/** Renames a folder to a place that may be taken: what was there steps aside first, and comes back if the rename fails. */
async function putInPlace(aside: string, target: string): Promise<void> {
  const old = `${target}.${randomUUID()}.old`;
  const hadOne = await rename(target, old).then(
    () => true,
    (error: unknown) => {
      if (isMissing(error)) return false;
      throw error;
    },
  );
  try {
    await rename(aside, target);
  } catch (error) {
    if (hadOne) await rename(old, target);
    throw error;
  }
  if (hadOne) await rm(old, { recursive: true, force: true });
}

/** Names as Keras gives them. */
function tensorsOf(weights: LstmWeights): Uint8Array {
  const { units, kernel, recurrentKernel, bias, denseKernel, denseBias } = weights;
  return writeSafetensors({
    'lstm/kernel': { shape: [kernel.length / (4 * units), 4 * units], values: kernel },
    'lstm/recurrent_kernel': { shape: [units, 4 * units], values: recurrentKernel },
    'lstm/bias': { shape: [4 * units], values: bias },
    'dense/kernel': { shape: [units, 1], values: denseKernel },
    'dense/bias': { shape: [1], values: denseBias },
  });
}
