import * as z from 'zod';

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256 in hex');
const StoredFile = z.object({ sha256: Sha256, bytes: z.int().nonnegative() });

/** What a model folder says of itself, as `manifest.json`. */
export const ModelManifest = z.object({
  format: z.literal('smallboat-model'),
  formatVersion: z.literal(1),
  name: z.string().min(1),
  /** Names this model in answers, logs and the registry. */
  version: z.string().min(1),
  /** ISO 8601; left out where the writer gave none. */
  createdAt: z.iso.datetime().optional(),
  architecture: z.literal('lstm-dense-sigmoid'),
  hyper: z.object({
    units: z.int().positive(),
    learningRate: z.number(),
    batchSize: z.int().positive(),
    epochs: z.int().positive(),
    patience: z.int().nonnegative(),
    seed: z.int(),
  }),
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
  files: z.object({ 'model.onnx': StoredFile, 'weights.safetensors': StoredFile }),
});

/** What a model folder says of itself: what it is, how it was made, how good it is, and the hashes of its files. */
export type ModelManifest = z.infer<typeof ModelManifest>;
