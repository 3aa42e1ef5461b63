import type { ArtifactKey, RunInfo, RunPath, TagChange, TaskFact, TaskPath } from './run-store.ts';

/** Something that is known of a task, in Metaflow's words. */
export interface Fact {
  readonly field: string;
  readonly value: string;
  /** Metaflow's type of the fact; by default its field's name. */
  readonly type?: string;
}

export interface RegisteredArtifact {
  readonly name: string;
  readonly key: ArtifactKey;
}

/** Where artifacts lie, for those who find them by their registration. */
export interface ArtifactPlace {
  readonly kind: string;
  readonly root: string;
}

export interface NewRunInfo {
  readonly tags: readonly string[];
  /** Beside `user:<name>`, which is always one. */
  readonly systemTags: readonly string[];
  /** Waited for when the run has an id and before anybody sees it, where that is possible. */
  readonly prepare: (run: string) => Promise<void>;
}

export interface TaskStub {
  readonly path: TaskPath;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/**
 * What is known of flows, runs and tasks: Metaflow's "metadata", as files or in its metadata service. It says what exists, who made it and
 * how it is tagged; what attempts left behind is in the datastore.
 */
export interface Metadata extends AsyncDisposable {
  readonly kind: 'local' | 'service' | 'memory' | 'elsewhere';
  /** A path or a URL, for messages. Holds no secret. */
  readonly location: string;
  readonly user: string;

  /** Gives the run's id. */
  createRun(flow: string, info: NewRunInfo): Promise<string>;
  /** Rejects with `RUN_NOT_FOUND`. */
  createTask(flow: string, run: string, step: string): Promise<TaskPath>;
  /** Rejects with `RUN_NOT_FOUND`. */
  checkRun(run: RunPath): Promise<void>;
  /** Rejects with `TASK_NOT_FOUND`. */
  checkTask(task: TaskPath): Promise<void>;
  /** Says that the run is alive. Rejects with `RUN_NOT_FOUND`. */
  beat(run: RunPath): Promise<void>;
  /** From now on, and until it is told to end, gives signs of life of a task that runs in this process. Absent where nobody looks for them. */
  beginBeats?(task: TaskPath): void;
  endBeats?(task: TaskPath): void;
  /** Adds to what is known of an attempt. Facts are told in their order, after the artifacts: who sees the last has the rest. */
  register(
    task: TaskPath,
    attempt: number,
    known: { readonly facts: readonly Fact[]; readonly artifacts?: readonly RegisteredArtifact[] },
  ): Promise<void>;
  /** Removes tags of the user, then adds some, and gives those that there are now. Rejects with `RUN_NOT_FOUND`, `TAG_REFUSED`. */
  changeTags(run: RunPath, change: TagChange): Promise<readonly string[]>;

  flows(): Promise<readonly string[]>;
  run(path: RunPath): Promise<RunInfo | undefined>;
  /** Newest first, each read when it is asked for; without `heartbeatAt` where that would have to be read for each. */
  runs(flow: string): AsyncIterable<RunInfo>;
  /** In the order of their creation. Rejects with `RUN_NOT_FOUND`. */
  tasks(run: RunPath): Promise<readonly TaskStub[]>;
  /** Rejects with `TASK_NOT_FOUND`. */
  task(path: TaskPath): Promise<TaskStub>;
  /** Rejects with `TASK_NOT_FOUND`. */
  facts(task: TaskPath): Promise<readonly TaskFact[]>;
  /** Deletes what is known of a run; false where the place cannot. Nothing where there is no such run. */
  forget(run: RunPath): Promise<boolean>;
  /**
   * Takes back which tasks those of a run are copies of, once the run that it continues is gone: Metaflow's client would look there for their logs.
   * Nothing where the place cannot forget either.
   */
  cutOrigin(run: RunPath): Promise<void>;
}
