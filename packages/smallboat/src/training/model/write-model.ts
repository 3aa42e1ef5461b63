import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { MAX_EVENTS } from '../../features/index.ts';
import type { FeatureSet, SequenceRule } from '../../features/index.ts';
import { isMissing, sha256, writeWhole } from '../../kernel/index.ts';
import type { LstmHyper } from '../hyper.ts';
import type { LstmWeights } from '../network-weights.ts';
import { ModelManifest } from './manifest.ts';
import { onnxModel } from './onnx.ts';
import { tensorsOf } from './weight-tensors.ts';

/** What a model folder is made of. */
export interface ModelParts {
  readonly name: string;
  /** Default: the first 12 hex digits of a hash of the weights, so equal models have equal versions. */
  readonly version?: string;
  /** When it was made; left out of the manifest if not given, so that equal inputs give equal bytes. */
  readonly createdAt?: Date;
  readonly weights: LstmWeights;
  /** Of a model that was trained elsewhere what is known of it. */
  readonly hyper: LstmHyper | { readonly units: number };
  /** Token of each action; `TOKENS` of the features room. */
  readonly vocabulary: Readonly<Record<string, number>>;
  /** How sessions became sequences. Default: the features room's defaults. */
  readonly rule?: SequenceRule;
  /** What events have beside their actions. Left out where the network knows actions only. */
  readonly features?: FeatureSet;
  /** Anything that JSON can say. */
  readonly metrics: object;
  readonly lineage: ModelManifest['lineage'];
}

/**
 * Writes a model as a folder of data: `model.onnx`, `weights.safetensors`, `features.json` where it has features, `manifest.json`. The folder appears whole: it
 * is written beside its place and renamed. A model that was there is replaced.
 */
export async function writeModel(folder: string, parts: ModelParts): Promise<ModelManifest> {
  const { weights, name, features } = parts;
  const target = resolve(folder);
  const contents = {
    'model.onnx': onnxModel(weights, name, features?.columns),
    'weights.safetensors': tensorsOf(weights),
    ...(features === undefined ? {} : { 'features.json': new TextEncoder().encode(`${JSON.stringify(features)}\n`) }),
  };
  const manifest = ModelManifest.parse({
    format: 'smallboat-model',
    formatVersion: 2,
    name,
    version: parts.version ?? versionOf(contents),
    createdAt: parts.createdAt?.toISOString(),
    architecture: `${weights.cell ?? 'lstm'}-dense-sigmoid`,
    hyper: parts.hyper,
    vocabulary: parts.vocabulary,
    protocol: parts.rule?.protocol ?? 'decision-points',
    maxEvents: parts.rule?.maxEvents ?? MAX_EVENTS,
    // Through JSON, so that the answer is what a reader gets: a NaN becomes null, a typed array an object.
    metrics: JSON.parse(JSON.stringify(parts.metrics)),
    lineage: parts.lineage,
    files: Object.fromEntries(Object.entries(contents).map(([file, content]) => [file, described(content)])),
  });
  await writeFolder(target, contents, manifest);
  return manifest;
}

/** Of the weights, and of what they were trained for. */
function versionOf(contents: {
  readonly 'weights.safetensors': Uint8Array;
  readonly 'features.json'?: Uint8Array;
}): string {
  const features = contents['features.json'];
  const weights = sha256(contents['weights.safetensors']);
  return (features === undefined ? weights : sha256(`${weights} ${sha256(features)}`)).slice(0, 12);
}

export function described(content: Uint8Array): { sha256: string; bytes: number } {
  return { sha256: sha256(content), bytes: content.length };
}

/** Writes files and manifest beside a folder's place, and renames. */
export async function writeFolder(
  target: string,
  contents: Readonly<Record<string, Uint8Array>>,
  manifest: ModelManifest,
): Promise<void> {
  const aside = `${target}.${randomUUID()}.part`;
  try {
    await mkdir(aside, { recursive: true });
    for (const [file, content] of Object.entries(contents)) await writeWhole(join(aside, file), content);
    await writeWhole(join(aside, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    await putInPlace(aside, target);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
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
