/**
 * What a GPU is to be asked, made where there is Node:
 *
 *     node bench/training/gpu.ts FOLDER
 *
 * Trains a GRU and an LSTM here, on generated sessions, and writes the same training as jobs for `train.py`: same examples, weights to begin
 * with and batches; and a wide LSTM, which is there for its time. `python3 FOLDER/gpu_proof.py FOLDER` trains them on a CPU and
 * on a GPU, needs torch and numpy only, and prints one JSON that compares all three.
 */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { LstmHyper } from '../../packages/smallboat/src/training/index.ts';
import { TORCH_TRAINER, trainLstm, writeModel, writeTorchJob } from '../../packages/smallboat/src/training/index.ts';
import { TOKENS } from '../../packages/smallboat/src/features/index.ts';
// The plan is not public: the trainer is given the very batches that ours takes.
import { planBasis, planEpoch } from '../../packages/smallboat/src/training/batch-plan.ts';
import { sharingOrder } from '../../packages/smallboat/src/training/sequences.ts';
import { syntheticSequences } from './synthetic-sequences.ts';
import { syntheticSessions } from './synthetic-sessions.ts';

const folder = resolve(process.argv[2] ?? 'gpu-proof');
await mkdir(folder, { recursive: true });
await copyFile(TORCH_TRAINER, join(folder, 'train.py'));
await copyFile(join(import.meta.dirname, 'gpu_proof.py'), join(folder, 'gpu_proof.py'));

const [train, validation] = [syntheticSessions(2500, 1), syntheticSessions(1000, 2)];
const epochs = 4;
const window = 4;
for (const cell of ['gru', 'lstm'] as const) {
  const hyper: LstmHyper = {
    cell,
    units: 48,
    learningRate: 3e-3,
    batchSize: 128,
    epochs,
    patience: epochs,
    seed: 1,
    weightDecay: 0.01,
    clipNorm: 1,
    schedule: 'one-cycle',
    inputRate: 4,
  };
  const ours = await trainLstm({ train, validation, hyper, window });
  const basis = planBasis(train, sharingOrder(train), { batchSize: hyper.batchSize, window });
  const plans = Array.from({ length: epochs }, (_, i) => ({
    plan: planEpoch(basis, hyper.seed, i + 1),
    parts: basis.parts,
  }));
  const job = join(folder, `same-${cell}`);
  await writeTorchJob(job, { train, validation, hyper, plans });
  const lineage = { run: '', dataSnapshot: '', codeHash: '' };
  await writeModel(join(job, 'ours'), {
    name: 'ours',
    weights: ours.weights,
    hyper,
    vocabulary: TOKENS,
    metrics: {},
    lineage,
  });
  await writeFile(
    join(job, 'ours.json'),
    JSON.stringify({ bestEpoch: ours.bestEpoch, history: ours.history, examples: ours.examples }),
  );
}
await writeTorchJob(join(folder, 'wide'), {
  train: syntheticSequences(8192, 3),
  validation: syntheticSequences(2048, 4),
  hyper: {
    cell: 'lstm',
    units: 512,
    learningRate: 1e-3,
    batchSize: 1024,
    epochs: 2,
    patience: 2,
    seed: 1,
    clipNorm: 1,
  },
});
console.log(`Wrote ${folder}. Where the GPU is: python3 ${join(folder, 'gpu_proof.py')} ${folder}`);
