import { TOKENS } from '../../features/index.ts';
import { initialWeights, writeModel } from '../../training/index.ts';

/** Writes a small model with weights from a seed. */
export async function writeTestModel(folder: string, version = 'm-1', seed = 1): Promise<string> {
  await writeModel(folder, {
    name: 'intent',
    version,
    weights: initialWeights(8, seed),
    hyper: { units: 8, learningRate: 0.001, batchSize: 32, epochs: 1, patience: 1, seed },
    vocabulary: TOKENS,
    metrics: {},
    lineage: { run: 'intent/1', dataSnapshot: 'none', codeHash: 'none' },
  });
  return folder;
}
