import { defineErrors } from '../kernel/index.ts';

/** What a parameter or tag may be: plain, comparable, the same in every tracking system. */
export type ParamValue = string | number | boolean;

export type Params = Readonly<Record<string, ParamValue>>;
export type Tags = Readonly<Record<string, string>>;

/** Where a tracked run comes from, so that its result can be made again. */
export interface Lineage {
  /** The run of the flow, as `flow/run/step/task` or a part of it. */
  readonly flowRun?: string;
  /** Hash or id of the data that was read. */
  readonly dataSnapshot?: string;
  /** Commit or hash of the code. */
  readonly codeHash?: string;
  /** Other inputs by name: a file's hash, a table's version, a parent model. */
  readonly inputs?: Readonly<Record<string, string>>;
}

/** Data that a run read. */
export interface DataUse {
  /** What people call it: `cart_sessions`. */
  readonly name: string;
  /** Hash or version of its content, 1 to 36 characters if MLflow is to take it whole. */
  readonly digest: string;
  /** What for: `training`, `validation`, `test`. */
  readonly context?: string;
  /** Where it lies, without secrets: `duckdb:/home/me/w.duckdb#cart_sessions`, `s3://bucket/events/`. */
  readonly source?: string;
  readonly rows?: number;
  /** Type of each column, as the warehouse names it. */
  readonly columns?: Readonly<Record<string, string>>;
}

/** A model that a run made. */
export interface ModelMade {
  readonly name: string;
  /** Hash of the model: that of its manifest. */
  readonly digest: string;
  /** Its number in the registry, if it was registered. */
  readonly version?: number;
  /** Folder of its files among the run's artifacts, if they are there: `model`. */
  readonly artifacts?: string;
}

/** How a run may end. */
export type EndStatus = 'finished' | 'failed' | 'stopped';

/** `lost`: the run has no end, and the process that wrote it is gone. */
export type RunStatus = EndStatus | 'running' | 'lost';

export interface MetricPoint {
  /** Epoch, batch or whatever the run counts by; a whole number. */
  readonly step: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** May be NaN or infinite: a diverged loss is a result too. */
  readonly value: number;
}

/** One metric of one run, summed up. `min` and `max` leave NaN out, and are NaN if there is nothing else. */
export interface MetricSummary {
  readonly points: number;
  readonly last: number;
  readonly lastStep: number;
  readonly min: number;
  readonly minStep: number;
  readonly max: number;
  readonly maxStep: number;
}

export interface ArtifactInfo {
  readonly name: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Where to read it: a path for the local tracker, a URL elsewhere. */
  readonly location: string;
}

/** One tracked run as it can be read, while it runs or after. */
export interface TrackedRunInfo {
  readonly id: string;
  readonly experiment: string;
  readonly name: string;
  readonly status: RunStatus;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly parent?: string;
  readonly params: Params;
  readonly tags: Tags;
  readonly lineage: Lineage;
  readonly metrics: Readonly<Record<string, MetricSummary>>;
  readonly artifacts: readonly ArtifactInfo[];
  /** What it read, in the order it was logged. */
  readonly data: readonly DataUse[];
  /** What it made, in the order it was logged. */
  readonly models: readonly ModelMade[];
  /** What could not be read, in sentences: a last line cut off by a crash, for one. Empty is the rule. */
  readonly problems: readonly string[];
}

export interface NewTrackedRun {
  /**
   * Id of the run: letters, digits, `-` and `_`, 1 to 64. Default a new one. A run of this id that is there already is
   * continued, with the parameters, counts and artifacts that it has: a task that is tried again goes on where it was.
   */
  readonly id?: string;
  /** 1 to 200 characters, no control characters. */
  readonly experiment: string;
  /** For people; default is the run's id. */
  readonly name?: string;
  readonly params?: Params;
  readonly tags?: Tags;
  /** Id of the run that this one is a part of: the search that a trial belongs to. */
  readonly parent?: string;
  readonly lineage?: Lineage;
}

/** A file by its path, kept under its own name, or bytes under a name (`plots/roc.svg`). */
export type NewArtifact = string | { readonly name: string; readonly bytes: Uint8Array };

/**
 * A run being written. When a call's promise resolves, what it logged can be read by any other process and outlives
 * the death of this one; it outlives a power cut once `finish` has resolved. Leaving it open at `await using` ends it
 * as `failed`.
 */
export interface TrackedRun extends AsyncDisposable {
  readonly id: string;
  /** `step` defaults to the number of points that the metric has; `at` to now. */
  logMetrics(
    values: Readonly<Record<string, number>>,
    options?: { readonly step?: number; readonly at?: number },
  ): Promise<void>;
  /** A parameter keeps its first value: rejects with `TRACKED_PARAM_CHANGED` if it is given another. */
  logParams(params: Params): Promise<void>;
  /** Rejects with `TRACKED_NAME_INVALID` if the name leaves the run's folder. The same name again replaces. */
  logArtifact(artifact: NewArtifact): Promise<ArtifactInfo>;
  setTags(tags: Tags): Promise<void>;
  logData(data: DataUse): Promise<void>;
  logModel(model: ModelMade): Promise<void>;
  /** Nothing can be logged afterwards: every call rejects with `TRACKED_RUN_ENDED`. */
  finish(status?: EndStatus): Promise<void>;
}

export interface RunQuery {
  readonly status?: RunStatus;
  /** Runs that have all of these tags. */
  readonly tags?: Tags;
  /** Runs that have all of these parameters. */
  readonly params?: Params;
  readonly parent?: string;
  /** Best first by a metric's best value; runs without it last. Default: latest first. */
  readonly best?: { readonly metric: string; readonly is: 'highest' | 'lowest' };
  readonly limit?: number;
}

/**
 * Where experiments are tracked: a log in a local folder, which may be sent on to MLflow, Weights & Biases, Comet
 * (`openTracker`). Several processes may write at once, each its own runs. The caller ends the runs it starts; the
 * tracker itself holds nothing open.
 */
export interface Tracker {
  /** For messages: `local:/home/me/.smallboat/tracking`. Holds no secret. */
  readonly location: string;
  /** Rejects with `TRACKED_NAME_INVALID`, and with `TRACKED_RUN_BUSY` if a run of that id is being written by another. */
  startRun(run: NewTrackedRun): Promise<TrackedRun>;
  /**
   * Goes on with a run that ended, or was left by a killed process; it is `running` again. Rejects with `TRACKED_RUN_NOT_FOUND`,
   * and with `TRACKED_RUN_BUSY` while another writes it. A process on another machine cannot be asked whether it
   * lives: `isOwnerGone` says that it does not.
   */
  resumeRun(id: string, options?: { readonly isOwnerGone?: boolean }): Promise<TrackedRun>;
  /** Names of the experiments that have runs, in alphabetical order. */
  experiments(): Promise<readonly string[]>;
  /** An experiment that does not exist has no runs. */
  runs(experiment: string, query?: RunQuery): Promise<readonly TrackedRunInfo[]>;
  /** Rejects with `TRACKED_RUN_NOT_FOUND`. */
  run(id: string): Promise<TrackedRunInfo>;
  /** All points of a metric in the order they were logged; none if it was never logged. Rejects with `TRACKED_RUN_NOT_FOUND`. */
  metricHistory(id: string, metric: string): Promise<readonly MetricPoint[]>;
}

export const trackerErrors = defineErrors({
  TRACKED_RUN_NOT_FOUND: (f: { id: string; location: string }) =>
    `There is no tracked run ${f.id} in ${f.location}. 'smallboat experiments' lists those there are.`,
  TRACKED_RUN_ENDED: (f: { id: string; status: string }) =>
    `Tracked run ${f.id} has ended as ${f.status} and takes nothing more. Start another with startRun.`,
  TRACKED_RUN_BUSY: (f: { id: string; owner: string }) =>
    `Tracked run ${f.id} is being written by ${f.owner}. Wait until it ends; if that process is gone for certain, resume the run with isOwnerGone.`,
  TRACKED_SECRET: (f: { what: string; variable: string }) =>
    `${f.what} holds the value of ${f.variable}, which is a secret, and was not tracked. Take it out and log it again.`,
  TRACKED_PARAM_CHANGED: (f: { id: string; param: string; was: ParamValue; now: ParamValue }) =>
    `Parameter ${f.param} of tracked run ${f.id} is ${JSON.stringify(f.was)} and cannot become ${JSON.stringify(f.now)}. Start another run for other parameters.`,
  TRACKED_NAME_INVALID: (f: { what: string; name: string; rule: string }) =>
    `${JSON.stringify(f.name)} cannot be the name of ${f.what}: it needs ${f.rule}. Choose another name.`,
  TRACKED_VALUE_INVALID: (f: { what: string; value: string; rule: string }) =>
    `${f.what} is ${f.value}, and must be ${f.rule}. Correct what is logged.`,
});
