import type { Examples } from '../features/index.ts';
import type { LstmHyper } from './hyper.ts';
import { trainingErrors } from './hyper.ts';
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
 * @throws TRAINING_EMPTY, TRAINING_ONE_CLASS, SEQUENCE_TOKEN_UNKNOWN, SEQUENCE_VALUE_UNKNOWN, SEQUENCES_UNLIKE
 */
export function checkParts(train: Examples, validation: Examples): void {
  const examples = train.labels.length;
  if (examples === 0) throw trainingErrors.TRAINING_EMPTY({ part: 'train' });
  if (validation.labels.length === 0) throw trainingErrors.TRAINING_EMPTY({ part: 'validation' });
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
