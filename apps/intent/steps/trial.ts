import type { LstmTrial } from 'smallboat/training';
import type { FolderFiles } from './folder-files.ts';

/** What a model is shown: all features of the dataset, or actions alone. */
export type Input = 'context' | 'actions';

/** What a train task gives. */
export interface Trained {
  readonly trial: LstmTrial;
  readonly input: Input;
  readonly name: string;
  readonly trainer: 'smallboat' | 'torch';
  readonly trackedRun: string;
  /** The log of that run, from the folder of tracking: it is copied to where the run goes on, if it is not there. */
  readonly tracked: FolderFiles;
}
