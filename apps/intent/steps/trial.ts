import type { LstmTrial } from 'smallboat/training';

/** What a model is shown: all features of the dataset, or actions alone. */
export type Input = 'context' | 'actions';

/** What a train task gives. */
export interface Trained {
  readonly trial: LstmTrial;
  readonly input: Input;
  readonly name: string;
  readonly trainer: 'smallboat' | 'torch';
  readonly trackedRun: string;
}
