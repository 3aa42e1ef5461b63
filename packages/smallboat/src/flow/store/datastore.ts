import type { S3Spec } from './s3/s3-spec.ts';

/** Text, or pieces of bytes one after the other. */
export type Content = string | readonly Uint8Array[];

/** What is kept beside a file's content, as Metaflow names it: how a blob is packed. */
export type Attributes = Readonly<Record<string, unknown>>;

export interface PutOptions {
  /** Wait until the content cannot be lost, by a power cut neither. Default false: a killed process loses nothing all the same. */
  readonly isDurable?: boolean;
  readonly attributes?: Attributes;
}

export interface FileFacts {
  readonly bytes: number;
  /** Milliseconds since 1970, by the clock of the place. */
  readonly changedAt: number;
  /** MD5 of the bytes as they lie there, in hex, where the place knows it without reading them. */
  readonly md5?: string;
  /** Where they come without another question. */
  readonly attributes?: Attributes;
  /** Changes whenever the content does, and may change when it does not; absent where the place can't tell. */
  readonly version?: string;
}

/** A file that is being written under a name of its own, until it is known what it will be called. */
export interface Staged {
  /** Waits for it, and gives it its name, in place of what was there. Rejects with `STORE_WRITE_FAILED`; then nothing is left of it. */
  keepAs(path: string, options?: Pick<PutOptions, 'attributes'>): Promise<void>;
  /** Deletes it. */
  drop(): Promise<void>;
}

/** What can be done with files of many megabytes where they lie on this machine. */
export interface LargeFiles {
  /** Whether a file holds these bytes and no others. It is read, and not kept. */
  holds(path: string, content: readonly Uint8Array[]): Promise<boolean>;
  /** `get`; `hear` is told the pieces in their order, each while the next is read. */
  read(path: string, hear: (bytes: Uint8Array) => void): Promise<Uint8Array | undefined>;
  /** Begins to write a file into a folder, and goes on while this thread does other work. The content must not change before it has its name. */
  stage(folder: string, content: readonly Uint8Array[]): Staged;
}

export interface ListedFile extends FileFacts {
  readonly path: string;
}

/**
 * Where Metaflow keeps blobs and the files of tasks: a folder, or a bucket. Paths are relative to its root, parts divided by `/`, as
 * `layout.ts` makes them. It knows nothing of runs and artifacts.
 *
 * A file appears whole: a reader sees all of what one `put` wrote or what was there before, whoever else writes. Every function rejects
 * with `STORE_WRITE_FAILED` where writing fails, and with `STORE_UNREACHABLE` or `STORE_DENIED` where a remote place can't be asked.
 */
export interface Datastore extends AsyncDisposable {
  /** Metaflow's name of the kind. */
  readonly kind: 'local' | 's3' | 'memory';
  /** In Metaflow's words, and for messages: the path of `.metaflow`, or `s3://bucket/prefix`. Holds no secret. */
  readonly root: string;
  /** Whether a question takes a round trip over a network. */
  readonly isRemote: boolean;
  /** Where it is, for objects beside it; absent where it is not in S3. */
  readonly spec?: S3Spec;

  put(path: string, content: Content, options?: PutOptions): Promise<void>;
  /** Makes a file if there is none: false if there is. Of two that try, one makes it. */
  putNew(path: string, content: Content, options?: Pick<PutOptions, 'attributes'>): Promise<boolean>;
  /** Adds to a file what `more` makes of its end: its last lines, or part of the last where that is longer than 4 KiB. */
  append(path: string, more: (tail: string) => string): Promise<void>;
  /** The content, in memory of its own; undefined where there is no such file. */
  get(path: string): Promise<Uint8Array | undefined>;
  stat(path: string): Promise<FileFacts | undefined>;
  attributes(path: string): Promise<Attributes | undefined>;
  /** Waits until what these files hold cannot be lost. Gives those that are not there. */
  settle(paths: readonly string[]): Promise<readonly string[]>;
  /** Makes an old file young: `changedAt` is now. False where that can't be done, or there is no such file. */
  renew(path: string): Promise<boolean>;

  /** Names of the files directly in each of `folders`, which all lie below `under`; none for a folder that is not there. */
  filesIn(under: string, folders: readonly string[]): Promise<readonly (readonly string[])[]>;
  /** Names of the folders directly in one, those that are there for files of ours only (`_meta`) left out. In no order. */
  foldersIn(folder: string): Promise<readonly string[]>;
  /** Every file below a folder, without those that hold attributes. In no order. */
  walk(folder: string): AsyncIterable<ListedFile>;
  /** Deletes files with their attributes; those that are not there are passed over. */
  remove(paths: readonly string[]): Promise<void>;
  /** Absent where files do not lie on this machine. */
  readonly large?: LargeFiles;
  /** Deletes all below a folder, and the folder. Killed in the middle, it has deleted a part. */
  removeFolder(folder: string): Promise<void>;
}
