import { defineErrors } from '../../kernel/index.ts';
import type { RunSummary } from './run-summary.ts';
import type { S3Spec } from './s3/s3-spec.ts';

/** What any run store throws. Its adapters and the encoding of values add their own. */
export const runStoreErrors = defineErrors({
  RUN_NOT_FOUND: (f: { flow: string; run: string; location: string }) =>
    `There is no run ${f.flow}/${f.run} in ${f.location}. See the runs with 'smallboat runs'.`,
  TASK_NOT_FOUND: (f: { task: string; location: string }) =>
    `There is no task ${f.task} in ${f.location}. See the tasks of the run with 'smallboat show'.`,
  ATTEMPT_ENDED: (f: { task: string; attempt: number }) =>
    `Attempt ${f.attempt} of ${f.task} has ended already, and what has ended is never changed. Begin the next attempt.`,
  ARTIFACT_NOT_FOUND: (f: { key: string; location: string }) =>
    `There is no artifact ${f.key} in ${f.location}. It was deleted, or made in another store: run the step that makes it again ('smallboat resume --from <step>').`,
  ARTIFACT_CORRUPT: (f: { key: string; path: string; problem: string }) =>
    `The artifact in ${f.path} is not what was stored: ${f.problem}. Run the step that made it again ('smallboat resume --from <step>'), or put the file back from a backup.`,
  TAG_REFUSED: (f: { tag: string; problem: string }) => `The tag ${JSON.stringify(f.tag)} was refused: ${f.problem}.`,
  STORE_NAME_INVALID: (f: { what: string; name: string }) =>
    `${JSON.stringify(f.name)} is no name for a ${f.what}. Use letters, digits and _, and for flows and steps also - and . inside.`,
});

/** The place of a run. */
export type RunPath = Pick<TaskPath, 'flow' | 'run'>;

/** The place of one task in Metaflow's words (a "pathspec"): flow/run/step/task. */
export interface TaskPath {
  readonly flow: string;
  /** Unique in the store and rising with time: microseconds since 1970 where metadata is local, else a number that the service gives. */
  readonly run: string;
  readonly step: string;
  /** Unique within the run, in decimal. */
  readonly task: string;
}

/** `intent/1795433364090388/train/4` */
export function pathspecOf({ flow, run, step, task }: TaskPath): string {
  return [flow, run, step, task].join('/');
}

/** Content key of an artifact's blob: two artifacts of the same content have the same key. */
export type ArtifactKey = string & { readonly __brand: 'ArtifactKey' };

/** What an attempt left behind: its artifacts by name. */
export type ArtifactKeys = Readonly<Record<string, ArtifactKey>>;

/** A list that is fanned out over, and the place in it: from the outermost to the innermost, they say where a task stands. */
export interface ForeachFrame {
  /** The first step inside: Metaflow calls the list by it. */
  readonly step: string;
  /** The name of the list. */
  readonly variable: string;
  /** How many items it has. */
  readonly count: number;
  /** From 0. */
  readonly index: number;
}

/** Where a task stands in the lists and iterations around its step. */
export interface TaskPlace {
  readonly foreach?: readonly ForeachFrame[];
  /** Iterations of the repeats around it, outermost first, from 0. */
  readonly iterations?: readonly number[];
  /** Where it is one of several that run at the same time: how many, and which, from 0. */
  readonly gang?: { readonly count: number; readonly index: number };
  /** Id of the task that it is a copy of, in the run that this one continues. */
  readonly copyOf?: string;
}

/** The code that a run's tasks are made from, where it was stored for them. */
export interface CodePackage {
  readonly key: ArtifactKey;
  /** Where its bytes are, as they were given. */
  readonly url: string;
}

/** How an attempt ended. */
export interface AttemptEnd extends TaskPlace {
  readonly artifacts: ArtifactKeys;
  readonly hasSucceeded: boolean;
  /** The list among its artifacts that the next step is fanned out over. */
  readonly fansOutOver?: { readonly variable: string; readonly count: number };
}

/** Something that is known of a task, in Metaflow's words: `attempt`, `origin-run-id`, `code-package`, … */
export interface TaskFact {
  readonly field: string;
  readonly value: string;
  readonly type: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The attempt that it is about, where that is known. */
  readonly attempt?: number;
}

/** Tags of the user to take away, and then to add. */
export interface TagChange {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

export interface NewRun {
  readonly tags?: readonly string[];
  readonly systemTags?: readonly string[];
  /** The run that this one continues, if it was made by `resume`. */
  readonly origin?: string;
  /** The flow's steps, for readers that draw it or walk from a step to its neighbours. */
  readonly graph?: RunGraph;
  readonly code?: CodePackage;
}

/** A flow's steps and what follows each, in Metaflow's words. */
export interface RunGraph {
  /** What the flow is for. */
  readonly doc?: string;
  /** The name of the file that defines the flow. */
  readonly file?: string;
  /** In the order in which they are to be read. The first is `start`, the last is `end`. */
  readonly steps: readonly RunGraphStep[];
}

export interface RunGraphStep {
  readonly name: string;
  /** `split` goes to all that is in `next`, `switch` to one of them; `foreach` runs the one in `next` once for each item of a list, `gang` as several tasks at the same time. */
  readonly kind: 'start' | 'linear' | 'split' | 'switch' | 'foreach' | 'gang' | 'join' | 'end';
  /** Names of the steps after this one. */
  readonly next: readonly string[];
  readonly doc?: string;
}

export interface RunInfo {
  readonly flow: string;
  readonly run: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Milliseconds since 1970 of the run's last sign of life; absent if it gave none, and in a list where it would have to be read for each. */
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
  /** Without Metaflow's own hidden ones (`_success`, `_transition`, …). */
  readonly artifacts: ArtifactKeys;
  /** Metaflow's own hidden ones. */
  readonly internals: ArtifactKeys;
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

/** A card as it lies in a store. */
export interface StoredCard {
  /** Metaflow's kind of card. Ours are `default`. */
  readonly type: string;
  /** Tells apart several cards of a task: the card of a whole run is the card `run` of its task `start`. */
  readonly id?: string;
  /** What Metaflow's client calls its hash: the same for every writing of this card. */
  readonly hash: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
}

export interface NewCard {
  /** Letters, digits and `_`. Default `default`. */
  readonly type?: string;
  readonly id?: string;
  /** The page, in place of the one before. */
  readonly html?: string;
  /** What a page is made of while its task runs: JSON, in place of what was there before. */
  readonly data?: string;
}

/**
 * Where a store keeps the pages of tasks: where Metaflow's client, command line and UI look for them (`mf.cards`). They are for readers: a page may be
 * written again and again while its task runs, and may be lost with the power.
 */
export interface CardStore {
  /** What is saved is there when `save` returns, before its promise settles: so it is on this machine. */
  readonly isImmediate: boolean;
  /** A reader sees the card before or the new one, each whole. */
  save(task: TaskPath, card: NewCard): Promise<void>;
  /** Cards of a task that have a page, in the order of their names. */
  list(task: TaskPath): Promise<readonly StoredCard[]>;
  /** The page of a card; undefined where there is none. */
  html(task: TaskPath, card?: Pick<NewCard, 'type' | 'id'>): Promise<string | undefined>;
  /** The data of a card; undefined where there is none. */
  data(task: TaskPath, card?: Pick<NewCard, 'type' | 'id'>): Promise<string | undefined>;
}

/**
 * Where runs live: artifacts, metadata and logs. It keeps them as Metaflow does, so that Metaflow's Python client reads them.
 *
 * Changes of state are atomic: a reader sees an attempt as ended with all of its artifacts, or as not ended. Several
 * processes may use one store at once; one attempt of one task is written by one process.
 */
export interface RunStore extends AsyncDisposable {
  /** For messages and logs. Holds no secret. */
  readonly location: string;
  /** Who makes the runs. */
  readonly user: string;
  /** Where artifacts are, for objects that bodies keep beside them; absent where they are not in S3. */
  readonly s3?: S3Spec;

  /** Rejects with `STORE_NAME_INVALID`, as everything that takes a name. */
  createRun(flow: string, options?: NewRun): Promise<string>;
  /** Rejects with `RUN_NOT_FOUND`. */
  createTask(flow: string, run: string, step: string): Promise<TaskPath>;
  /** Says that the run is alive. Rejects with `RUN_NOT_FOUND`. */
  beat(flow: string, run: string): Promise<void>;
  /** Takes tags of the user away and adds others; gives those that there are now. Rejects with `RUN_NOT_FOUND`, `TAG_REFUSED`. */
  changeTags(run: RunPath, change: TagChange): Promise<readonly string[]>;

  /** Rejects with `TASK_NOT_FOUND`, and with `ATTEMPT_ENDED`. */
  beginAttempt(task: TaskPath, attempt: number, place?: TaskPlace): Promise<void>;
  /**
   * Stores one artifact's content for a flow: plain data, as `encodePickle` has it. It belongs to no attempt until `endAttempt` names it, in any
   * process. The value must not change before the promise settles. Rejects with `VALUE_NOT_STORABLE`, naming the path inside the value.
   */
  save(flow: string, value: unknown): Promise<ArtifactKey>;
  /** Stores bytes as they are, such as a code package. Readers of the datastore find them at `url`. */
  saveBytes(flow: string, bytes: Uint8Array): Promise<CodePackage>;
  /**
   * Ends an attempt: from now on its artifacts are what readers see. Metaflow's own hidden artifacts are added here, where they are not
   * among `artifacts`. Rejects with `ARTIFACT_NOT_FOUND` for a key that was not saved for this flow, `TASK_NOT_FOUND`, and `ATTEMPT_ENDED`.
   */
  endAttempt(task: TaskPath, attempt: number, end: AttemptEnd): Promise<void>;
  /**
   * Registers that an attempt began, and what it left behind if it has ended, where its process could not: it reached the datastore and not the
   * metadata. Nothing where it has not begun. Rejects with `TASK_NOT_FOUND`.
   */
  adopt(task: TaskPath, attempt: number, place?: TaskPlace): Promise<void>;
  /** Adds text to a log of an attempt; a line may come in several pieces. Rejects with `TASK_NOT_FOUND`. */
  appendLog(task: TaskPath, attempt: number, stream: 'stdout' | 'stderr', text: string): Promise<void>;

  /**
   * Deletes what a log of an attempt holds, a secret that was printed say, and leaves one line that says so, who did it and when. Gives the bytes
   * that are gone: 0 where there was no log. Cards that show the log are pages of their own. Rejects with `TASK_NOT_FOUND`.
   */
  scrubLog(task: TaskPath, attempt: number, stream: 'stdout' | 'stderr'): Promise<number>;

  /** Keeps a key under a name of the run, in place of the one before: where a task has come to. Rejects with `RUN_NOT_FOUND`. */
  saveCheckpoint(run: RunPath, name: string, key: ArtifactKey): Promise<void>;
  /** The key under a name of the run; undefined where none was kept. */
  checkpoint(run: RunPath, name: string): Promise<ArtifactKey | undefined>;

  /** Keeps a key under a name of the flow, for other runs of it, in place of the one before. It keeps nothing alive: see `has`. */
  remember(flow: string, name: string, key: ArtifactKey): Promise<void>;
  /** The key under a name of the flow; undefined where none was kept. */
  remembered(flow: string, name: string): Promise<ArtifactKey | undefined>;
  /** Whether the content is there, without reading it. */
  has(flow: string, key: ArtifactKey): Promise<boolean>;

  /** Keeps what a list shows of a run that has ended; by a power cut it may be lost. Rejects with `RUN_NOT_FOUND`. */
  saveSummary(run: RunPath, summary: RunSummary): Promise<void>;
  /** Undefined where none was kept: the run goes on, was stopped or killed, or another system made it. */
  summary(run: RunPath): Promise<RunSummary | undefined>;

  flows(): Promise<readonly string[]>;
  /** One run; undefined where there is none. However many there are, only this one is read. */
  run(flow: string, run: string): Promise<RunInfo | undefined>;
  /** Newest first. */
  runs(flow: string): Promise<readonly RunInfo[]>;
  /** Newest first, each read when it is asked for: the first of very many come at once. */
  eachRun(flow: string): AsyncIterable<RunInfo>;
  /** All tasks of a run, in the order of their creation. Rejects with `RUN_NOT_FOUND`. */
  tasks(flow: string, run: string): Promise<readonly TaskInfo[]>;
  /** One task. Rejects with `TASK_NOT_FOUND`. */
  task(path: TaskPath): Promise<TaskInfo>;
  /** What is known of a task beside its artifacts, in the order of time. Rejects with `TASK_NOT_FOUND`. */
  facts(task: TaskPath): Promise<readonly TaskFact[]>;
  /** Rejects with `ARTIFACT_NOT_FOUND`, and with `ARTIFACT_CORRUPT` if the bytes do not match the key. */
  load(flow: string, key: ArtifactKey): Promise<unknown>;
  /** Bytes as `saveBytes` took them. Rejects as `load` does. */
  loadBytes(flow: string, key: ArtifactKey): Promise<Uint8Array>;
  /** All that an attempt wrote; empty text if it wrote nothing. */
  readLog(task: TaskPath, attempt: number, stream: 'stdout' | 'stderr'): Promise<string>;

  /** Bytes of an artifact's content, unpacked. Rejects with `ARTIFACT_NOT_FOUND`. */
  size(flow: string, key: ArtifactKey): Promise<number>;
  /** Pages of tasks. */
  readonly cards: CardStore;
}
