import type { TaskCard } from './card/task-card.ts';
import type { FolderRef } from './folder/folder-ref.ts';
import type { S3Objects } from './objects/objects.ts';

/** Keeps what a long task has done so far, so that its next attempt, or a resumed run, goes on from there. */
export interface Checkpoint {
  /** Stores a value, in place of the one before. When it resolves, a kill loses nothing that is in it. */
  save(value: unknown): Promise<void>;
  /** What an earlier attempt of this task saved, or the same task of the run that is resumed; undefined where none did. */
  load(): Promise<unknown>;
}

/** The tasks of one step that run at the same time: see `gang()`. */
export interface GangContext {
  /** Which of them this one is, from 0: the first is the main one. */
  readonly index: number;
  readonly count: number;
  /** Address of the machine that the main one runs on: a name or an IP address, without a port. */
  readonly mainAddress: string;
}

/** Handed to every step body beside its inputs. */
export interface StepContext {
  /** The flow's name. */
  readonly flow: string;
  /** The run's id, as `smallboat runs` lists it. */
  readonly runId: string;
  /** The run that this one continues. */
  readonly originRunId?: string;
  /** Who started the run. */
  readonly user: string;
  readonly tags: readonly string[];
  /** The step's name, with its place in the lists and iterations around it: `train[3]`. */
  readonly step: string;
  /** That place as numbers, outermost first. */
  readonly index: readonly number[];
  /** Where the step is inside `gang()`: which of its tasks this is, and where the first is. */
  readonly gang?: GangContext;
  /** Flow, run, step and task: `intent/1795433364090388/train/4`. */
  readonly pathspec: string;
  /** From 0; above 0 on a retry. */
  readonly attempt: number;
  /** Aborts when the attempt runs out of time or the run is stopped. */
  readonly signal: AbortSignal;
  /** Writes one line to the task's log, with facts after it: `trained f1=0.81`. */
  readonly log: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
  /** Says how far the body has come, from 0 to 1, and a few words. Calling it often costs little. */
  readonly progress: (fraction: number, message?: string) => void;
  /** The task's part of the run's card: `card(component, …)` puts components there, `card.progress(…)` and its like ones that can change. */
  readonly card: TaskCard;
  readonly checkpoint: Checkpoint;
  /** A folder for the attempt alone: made when it is first asked for, gone when the attempt has ended. */
  readonly tempFolder: () => Promise<string>;
  /**
   * Keeps a folder (or one file) beside the artifacts: a model, a data set, whatever its size. What it gives is a small artifact to hand on. Rejects
   * with `FOLDER_NOT_STORABLE`.
   */
  readonly saveFolder: (path: string, metadata?: Readonly<Record<string, unknown>>) => Promise<FolderRef>;
  /** Writes a folder that was kept into one of this machine: by default one that is gone when the attempt has ended. @returns its path. */
  readonly loadFolder: (ref: FolderRef, into?: string) => Promise<string>;
  /** Objects of the run's own in S3: the place of Metaflow's `S3(run=self)`. Open until the attempt has ended. Rejects with `RUN_WITHOUT_OBJECTS`. */
  readonly s3: () => Promise<S3Objects>;
}
