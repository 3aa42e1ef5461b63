import { resolve } from 'node:path';
import type { SequenceRule } from '../../features/index.ts';
import { MAX_EVENTS, TOKENS, VOCABULARY_SIZE } from '../../features/index.ts';
import { sha256 } from '../../kernel/index.ts';
import { ModelManifest } from '../model/manifest.ts';
import { described, writeFolder, writeModel } from '../model/write-model.ts';
import type { LstmWeights } from '../network-weights.ts';
import { seededRandom } from '../random.ts';
import { kernelFor, scoreWith } from '../score-lstm.ts';
import type { ForeignModel } from './foreign-model.ts';
import { foreignModel } from './foreign-model.ts';
import { readOnnx } from './onnx-reader.ts';
import { recogniseNetwork } from './recognise.ts';

export interface ImportOnnxOptions {
  readonly name: string;
  /** How the model's sessions were made. Default: up to a decision point, the last 200 events. */
  readonly rule?: SequenceRule;
  readonly metrics?: object;
  readonly lineage?: ModelManifest['lineage'];
}

/** How near two answers are, that are of the same network in single and in double precision. */
const SAME = 1e-5;

/**
 * Makes a model folder of an ONNX model that was trained elsewhere on the tokens of this project (`TOKENS`: start 0, …, view 6). One that
 * is an LSTM or GRU and a dense unit becomes weights for the kernel, after its answers were compared with those of its own graph on 50
 * sessions; any other is kept as it is and run operation by operation, some hundred times slower. Nothing of the file is executed.
 *
 * @returns the manifest; its `architecture` says which of the two it became.
 * @throws ONNX_UNREADABLE, ONNX_UNSUPPORTED
 */
export async function importOnnx(file: Uint8Array, folder: string, options: ImportOnnxOptions): Promise<ModelManifest> {
  const {
    name,
    rule = {},
    metrics = {},
    lineage = { run: 'imported', dataSnapshot: 'unknown', codeHash: sha256(file) },
  } = options;
  const foreign = foreignModel(file);
  const weights = recogniseNetwork(readOnnx(file));
  if (weights !== undefined && answersAlike(weights, foreign)) {
    return writeModel(folder, {
      name,
      weights,
      hyper: { units: weights.units },
      vocabulary: TOKENS,
      rule,
      metrics,
      lineage,
    });
  }
  const manifest = ModelManifest.parse({
    format: 'smallboat-model',
    formatVersion: 2,
    name,
    version: sha256(file).slice(0, 12),
    architecture: 'onnx',
    hyper: {},
    foreign: foreign.how,
    vocabulary: TOKENS,
    protocol: rule.protocol ?? 'decision-points',
    maxEvents: rule.maxEvents ?? MAX_EVENTS,
    metrics: JSON.parse(JSON.stringify(metrics)),
    lineage,
    files: { 'model.onnx': described(file) },
  });
  await writeFolder(resolve(folder), { 'model.onnx': file }, manifest);
  return manifest;
}

/** Whether the kernel with these weights answers as the graph does. */
function answersAlike(weights: LstmWeights, foreign: ForeignModel): boolean {
  const random = seededRandom(1);
  const sessions = Array.from({ length: 50 }, (_, i) =>
    Uint8Array.from({ length: 1 + (i % 20) }, (_e, j) =>
      j === 0 ? 0 : Math.floor(random.uniform() * VOCABULARY_SIZE),
    ),
  );
  const kernel = kernelFor(weights, undefined);
  return sessions.every((tokens) => {
    const [ours = Number.NaN] = scoreWith(kernel, { tokens, offsets: Uint32Array.of(0, tokens.length) });
    return Math.abs(ours - foreign.predict(tokens)) < SAME;
  });
}
