/** The place of one task in Metaflow's words (a "pathspec"): flow/run/step/task. */
export interface TaskPath {
  readonly flow: string;
  /** Unique in the store and rising with time: microseconds since 1970, in decimal. */
  readonly run: string;
  readonly step: string;
  /** Unique within the run, in decimal. */
  readonly task: string;
}

/** Content key of an artifact's blob: two artifacts of the same content have the same key. */
export type ArtifactKey = string & { readonly __brand: 'ArtifactKey' };

/** What an attempt left behind: its artifacts by name. */
export type ArtifactKeys = Readonly<Record<string, ArtifactKey>>;

export interface NewRun {
  readonly tags?: readonly string[];
  readonly systemTags?: readonly string[];
  /** The run that this one continues, if it was made by `resume`. */
  readonly origin?: string;
}

export interface RunInfo {
  readonly flow: string;
  readonly run: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Milliseconds since 1970 of the run's last sign of life; absent if it gave none. */
  readonly heartbeatAt?: number;
  readonly user: string;
  readonly tags: readonly string[];
  readonly systemTags: readonly string[];
  readonly origin?: string;
}

/** One attempt of a task that has ended. An attempt without an end (a killed process) is not listed. */
export interface EndedAttempt {
  /** From 0. */
  readonly attempt: number;
  readonly hasSucceeded: boolean;
  readonly artifacts: ArtifactKeys;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
}

export interface TaskInfo {
  readonly path: TaskPath;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Attempts that began, with or without an end. */
  readonly attemptsBegun: number;
  /** The latest ended attempt. */
  readonly ended?: EndedAttempt;
}

/**
 * Where runs live: artifacts, metadata and logs. The local adapter keeps them in Metaflow's own layout, so that
 * Metaflow's Python client reads them.
 *
 * Changes of state are atomic: a reader sees an attempt as ended with all of its artifacts, or as not ended. Several
 * processes may use one store at once; one attempt of one task is written by one process.
 */
export interface RunStore extends AsyncDisposable {
  /** For messages and logs. Holds no secret. */
  readonly location: string;

  createRun(flow: string, options?: NewRun): Promise<string>;
  createTask(flow: string, run: string, step: string): Promise<TaskPath>;
  /** Says that the run is alive. */
  beat(flow: string, run: string): Promise<void>;

  beginAttempt(task: TaskPath, attempt: number): Promise<void>;
  /** Stores one artifact's content. It belongs to no attempt until `endAttempt` names it. */
  save(value: unknown): Promise<ArtifactKey>;
  /** Ends an attempt: from now on its artifacts are what readers see. Metaflow's own hidden artifacts are added here. */
  endAttempt(
    task: TaskPath,
    attempt: number,
    end: { readonly artifacts: ArtifactKeys; readonly hasSucceeded: boolean },
  ): Promise<void>;
  /** Adds text to a log of an attempt. */
  appendLog(task: TaskPath, attempt: number, stream: 'stdout' | 'stderr', text: string): Promise<void>;

  flows(): Promise<readonly string[]>;
  /** Newest first. */
  runs(flow: string): Promise<readonly RunInfo[]>;
  /** All tasks of a run, in the order of their creation. Rejects with `RUN_NOT_FOUND`. */
  tasks(flow: string, run: string): Promise<readonly TaskInfo[]>;
  /** Rejects with `ARTIFACT_NOT_FOUND`, and with `ARTIFACT_CORRUPT` if the bytes do not match the key. */
  load(key: ArtifactKey): Promise<unknown>;
  /** All that an attempt wrote; empty text if it wrote nothing. */
  readLog(task: TaskPath, attempt: number, stream: 'stdout' | 'stderr'): Promise<string>;
}
