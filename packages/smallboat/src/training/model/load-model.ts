import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import type { EncodedSession, FeatureSet, SessionEncoder } from '../../features/index.ts';
import { TOKENS, sessionEncoder } from '../../features/index.ts';
import { isMissing, sha256, messageOf } from '../../kernel/index.ts';
import type { LstmWeights, NetworkForm } from '../network-weights.ts';
import { foreignScorer } from '../onnx/foreign-scorer.ts';
import type { ForeignInput } from '../onnx/foreign-model.ts';
import { foreignModel } from '../onnx/foreign-model.ts';
import { kernelFor, scoreWith } from '../score-lstm.ts';
import type { Sequences } from '../sequences.ts';
import type { LiveSession } from '../session-scorer.ts';
import { sessionScorer } from '../session-scorer.ts';
import { ModelManifest, StoredFeatures } from './manifest.ts';
import { modelErrors } from './model-errors.ts';
import { parseWeights } from './weight-tensors.ts';

/** A model that was read from its folder and is ready to predict. */
export interface Model {
  readonly manifest: ModelManifest;
  /** Left out of a model that was made elsewhere and is run as its own graph says. */
  readonly weights?: LstmWeights;
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
  /** The same for sessions in one buffer, as `readSequences` gives them. */
  readonly score: (sequences: Sequences) => Float32Array;
  /** A session that is under way: each event costs the same, however many came before. */
  readonly live: () => LiveSession;
}

/**
 * Reads a model folder. Every file is checked against the manifest, and nothing in it is executed.
 *
 * Rejects with `MODEL_MISSING`, `MODEL_MANIFEST_INVALID`, `MODEL_CORRUPT`, `MODEL_VOCABULARY_DIFFERS`, `MODEL_WEIGHTS_INVALID`.
 */
export async function loadModel(folder: string): Promise<Model> {
  const root = resolve(folder);
  const manifest = parseManifest(join(root, 'manifest.json'), await readPart(root, 'manifest.json'));
  checkVocabulary(root, manifest);
  const onnx = await readChecked(root, 'model.onnx', manifest);
  const { protocol, maxEvents, architecture } = manifest;
  const rule = { protocol, maxEvents };
  if (architecture === 'onnx') {
    const { foreign } = manifest;
    const { lengths, ...how } = foreign ?? { lengths: undefined };
    const known =
      foreign === undefined ? undefined : ({ ...how, ...(lengths === undefined ? {} : { lengths }) } as ForeignInput);
    return { manifest, encoder: sessionEncoder(rule), ...foreignScorer(foreignModel(onnx, known), rule) };
  }
  const features = await readFeatures(root, manifest);
  const { units } = manifest.hyper;
  if (units === undefined) {
    throw modelErrors.MODEL_MANIFEST_INVALID({ path: join(root, 'manifest.json'), problem: 'it has no hyper.units' });
  }
  const form: NetworkForm = {
    cell: architecture === 'gru-dense-sigmoid' ? 'gru' : 'lstm',
    units,
    ...(features === undefined ? {} : { columns: features.columns }),
  };
  const stored = await readChecked(root, 'weights.safetensors', manifest);
  const weights = readWeights(join(root, 'weights.safetensors'), stored, form);
  const kernel = kernelFor(weights, features?.columns);
  const withFeatures = features === undefined ? {} : { features };
  return {
    manifest,
    weights,
    encoder: sessionEncoder(rule, features),
    score: (sequences) => scoreWith(kernel, sequences),
    ...sessionScorer(kernel, { rule, ...withFeatures }),
    ...withFeatures,
  };
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

/** Tokens that mean something else here would give answers that look like any others. */
function checkVocabulary(folder: string, { vocabulary }: ModelManifest): void {
  for (const [action, ours] of Object.entries(TOKENS)) {
    // Padding fills rectangles while training; no session holds it.
    if (action === 'padding' || vocabulary[action] === ours) continue;
    const model = String(vocabulary[action] ?? 'none');
    throw modelErrors.MODEL_VOCABULARY_DIFFERS({ folder, action, model, ours });
  }
}

function readWeights(path: string, content: Uint8Array, form: NetworkForm): LstmWeights {
  try {
    return parseWeights(content, form);
  } catch (cause) {
    const problem = messageOf(cause);
    throw modelErrors.MODEL_WEIGHTS_INVALID({ path, problem }, { cause });
  }
}
