import * as z from 'zod';
import { FEATURE_NAMES } from '../../features/index.ts';

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256 in hex');
const StoredFile = z.object({ sha256: Sha256, bytes: z.int().nonnegative() });

/** What a model folder says of itself, as `manifest.json`. */
export const ModelManifest = z.object({
  format: z.literal('smallboat-model'),
  /** 1 had an LSTM on tokens alone, and is still read. */
  formatVersion: z.union([z.literal(1), z.literal(2)]),
  name: z.string().min(1),
  /** Names this model in answers, logs and the registry. */
  version: z.string().min(1),
  /** ISO 8601; left out where the writer gave none. */
  createdAt: z.iso.datetime().optional(),
  /** `onnx`: a model that was made elsewhere, run as its graph says. */
  architecture: z.enum(['lstm-dense-sigmoid', 'gru-dense-sigmoid', 'onnx']),
  /** Hyperparameters: those of `LstmHyper` that were set; of an imported model only what its weights show. */
  hyper: z.looseObject({ units: z.int().positive().optional() }),
  /** Of an `onnx` model: how it takes a session. */
  foreign: z
    .object({
      input: z.string(),
      kind: z.enum(['tokens', 'one-hot']),
      width: z.int().min(1),
      lengths: z.string().optional(),
      output: z.string(),
      gives: z.enum(['probability', 'logit']),
    })
    .optional(),
  /** Token of each action; the input has one row for each token up to the last but padding. */
  vocabulary: z.record(z.string(), z.int().nonnegative()),
  /** How sessions became sequences; serving does it the same way. */
  protocol: z.enum(['decision-points', 'seed']),
  maxEvents: z.int().positive(),
  metrics: z.json(),
  lineage: z.object({
    /** Flow and run that trained it: `intent/1732435200000`. */
    run: z.string(),
    /** SHA-256 of the examples it learned from. */
    dataSnapshot: z.string(),
    /** Hash or commit of the code that trained it. */
    codeHash: z.string(),
  }),
  /** What else lies in the folder, by name. */
  files: z.object({
    'model.onnx': StoredFile,
    /** Left out of an `onnx` model. */
    'weights.safetensors': StoredFile.optional(),
    /** What events have beside their actions, and what was learned for that; left out where that is nothing. */
    'features.json': StoredFile.optional(),
  }),
});

/** What a model folder says of itself: what it is, how it was made, how good it is, and the hashes of its files. */
export type ModelManifest = z.infer<typeof ModelManifest>;

const Column = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('category'), name: z.string(), size: z.int().min(1).max(256) }),
  z.object({ kind: z.literal('number'), name: z.string(), low: z.number(), high: z.number() }),
]);
const Byte = z.int().min(0).max(255);

/** The file `features.json`. */
export const StoredFeatures = z.object({
  names: z.array(z.enum(FEATURE_NAMES)),
  columns: z.array(Column),
  pages: z.array(z.string()),
  products: z.record(z.string(), z.tuple([Byte, Byte])),
});
