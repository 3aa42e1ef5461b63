import type { Examples } from '../features/index.ts';
import type { LstmHyper } from './hyper.ts';
import { trainingErrors } from './hyper.ts';
import type { LstmWeights, NetworkForm } from './network-weights.ts';
import { initialNetwork } from './network-weights.ts';
import { checkSequences, sequenceErrors } from './sequences.ts';

/** What an example with label 0 and one with label 1 count. */
export function classWeightsOf({ classWeights = [1, 1] }: LstmHyper, labels: Uint8Array): readonly [number, number] {
  if (classWeights !== 'balanced') return classWeights;
  const positives = labels.reduce((sum, label) => sum + label, 0);
  return [labels.length / (2 * (labels.length - positives)), labels.length / (2 * positives)];
}

/**
 * Both parts must be there, and hold what the other holds.
 *
 * @throws TRAINING_EMPTY, TRAINING_LABELS_INVALID, TRAINING_ONE_CLASS, SEQUENCE_TOKEN_UNKNOWN, SEQUENCE_VALUE_UNKNOWN, SEQUENCES_UNLIKE
 */
export function checkParts(train: Examples, validation: Examples): void {
  const examples = train.labels.length;
  if (examples === 0) throw trainingErrors.TRAINING_EMPTY({ part: 'train' });
  if (validation.labels.length === 0) throw trainingErrors.TRAINING_EMPTY({ part: 'validation' });
  for (const [part, { labels, offsets }] of Object.entries({ train, validation })) {
    const problem =
      labels.length === offsets.length - 1
        ? oddLabel(labels)
        : `it has ${offsets.length - 1} sequences and ${labels.length} labels`;
    if (problem !== undefined) throw trainingErrors.TRAINING_LABELS_INVALID({ part, problem });
  }
  const positives = train.labels.reduce((sum, label) => sum + label, 0);
  if (positives === 0 || positives === examples) {
    throw trainingErrors.TRAINING_ONE_CLASS({ label: positives === 0 ? 0 : 1, examples });
  }
  checkSequences(train);
  checkSequences(validation);
  const [ours, theirs] = [train, validation].map(({ context }) => JSON.stringify(context?.columns ?? []));
  if (ours !== theirs) {
    throw sequenceErrors.SEQUENCES_UNLIKE({
      problem: `training events have columns ${ours}, validation events ${theirs}`,
    });
  }
}

function oddLabel(labels: Uint8Array): string | undefined {
  const odd = labels.findIndex((label) => label > 1);
  return odd === -1 ? undefined : `example ${odd} has label ${labels[odd]}`;
}

/**
 * The weights that a training begins with: those that are given, or the seed's.
 *
 * @throws TRAINING_INITIAL_INVALID where those that are given are not this network's, or not numbers
 */
export function initialOf(form: NetworkForm, hyper: LstmHyper, initial?: LstmWeights): LstmWeights {
  const drawn = initialNetwork(form, hyper.seed, hyper.inputRate);
  if (initial === undefined) return drawn;
  for (const [name, wanted] of Object.entries(drawn)) {
    if (!(wanted instanceof Float32Array)) continue;
    const given = initial[name as keyof LstmWeights]; // Both are weights.
    if (!(given instanceof Float32Array) || given.length !== wanted.length) {
      const found = given instanceof Float32Array ? `${given.length} numbers` : 'nothing';
      throw trainingErrors.TRAINING_INITIAL_INVALID({ problem: `${name} has ${found}, and needs ${wanted.length}` });
    }
    const odd = given.findIndex((value) => !Number.isFinite(value));
    if (odd !== -1) throw trainingErrors.TRAINING_INITIAL_INVALID({ problem: `${name}[${odd}] is ${given[odd]}` });
  }
  return initial;
}
