import { defineErrors } from '../../kernel/index.ts';
import type { S3Spec } from '../store/s3/s3-spec.ts';

export const objectErrors = defineErrors({
  OBJECT_MISSING: (f: { url: string }) => `There is no object ${f.url}. find() gives undefined where there is none.`,
  OBJECT_KEY_INVALID: (f: { key: string; root: string }) =>
    `${JSON.stringify(f.key)} is no key below ${f.root}. A key is written from there on, without a slash at its ends: models/7/weights.bin.`,
  RUN_WITHOUT_OBJECTS: (f: { location: string }) =>
    `The runs are kept in ${f.location}, and a run has a prefix of its own only where they are kept in S3. Set METAFLOW_DEFAULT_DATASTORE=s3, or name a place: s3Objects({ root: 's3://bucket/prefix' }).`,
});

/** A part of an object, in bytes. */
export interface ByteRange {
  /** Of the first byte, from 0. */
  readonly from: number;
  /** How many at most. Default: up to the end. */
  readonly bytes?: number;
}

/** What is known of an object without its content. */
export interface S3Info {
  /** From the root on. */
  readonly key: string;
  readonly url: string;
  /** Of the whole object. */
  readonly bytes: number;
  /** In whole seconds. */
  readonly changedAt: Date;
  readonly contentType?: string;
  /** What `put` was given, from here or from Metaflow's client. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface S3Object extends S3Info {
  /** The content, or the part of it that was asked for. */
  readonly content: Uint8Array;
  /** The content as UTF-8. */
  text(): string;
  /** The content as JSON; what it holds is for the caller to check. */
  json(): unknown;
}

/** What a list has: objects, and where it is of one level the folders in it. */
export type S3Entry =
  | ({ readonly kind: 'object' } & Pick<S3Info, 'key' | 'url' | 'bytes' | 'changedAt'>)
  | { readonly kind: 'folder'; readonly key: string; readonly url: string };

/** Text, bytes, a file of this machine, or bytes as they come. The latter two are sent piece by piece, whatever their size. */
export type S3Content = string | Uint8Array | { readonly file: string } | AsyncIterable<Uint8Array>;

export interface PutOptions {
  /** False: an object that is there stays as it is. Default true. */
  readonly overwrite?: boolean;
  readonly contentType?: string;
  /** Plain data that is kept beside the content, 2 KB at most. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface Put extends PutOptions {
  readonly key: string;
  readonly content: S3Content;
}

export interface Written {
  readonly key: string;
  readonly url: string;
  /** False where an object was there and stays. */
  readonly isWritten: boolean;
}

/**
 * Objects below a place in S3, as Metaflow's client `S3` has them. Many at once go side by side, large ones in parts; what fails is tried again.
 * Every function rejects with `OBJECT_KEY_INVALID` for what is no key, and with `STORE_UNREACHABLE`, `STORE_DENIED`, `STORE_WRITE_FAILED`.
 */
export interface S3Objects extends AsyncDisposable {
  /** `s3://bucket/prefix` */
  readonly root: string;
  /** Rejects with `OBJECT_MISSING`. */
  get(key: string, range?: ByteRange): Promise<S3Object>;
  /** Undefined where there is none. */
  find(key: string, range?: ByteRange): Promise<S3Object | undefined>;
  /** In the order of the keys. Rejects with `OBJECT_MISSING`. All of them are in memory: for large ones see `download` and `stream`. */
  getMany(keys: readonly string[]): Promise<readonly S3Object[]>;
  /** The bytes as they come, one request after the other. Rejects with `OBJECT_MISSING` when it is read. */
  stream(key: string, range?: ByteRange): AsyncIterable<Uint8Array>;
  /** Writes an object into a file, which appears whole. Rejects with `OBJECT_MISSING`. */
  download(key: string, path: string): Promise<S3Info>;
  put(key: string, content: S3Content, options?: PutOptions): Promise<Written>;
  /** In the order that they are given in. */
  putMany(all: readonly Put[]): Promise<readonly Written[]>;
  /** Undefined where there is none. */
  info(key: string): Promise<S3Info | undefined>;
  infoMany(keys: readonly string[]): Promise<readonly (S3Info | undefined)[]>;
  /** What is in a folder, and with `isDeep` in those below it too: then objects alone. In the order of their names, page by page. */
  list(folder?: string, options?: { readonly isDeep?: boolean }): AsyncIterable<S3Entry>;
}

export type S3ObjectsOptions = Omit<S3Spec, 'kind' | 'dataRoot'>;

/**
 * Opens a place in S3 for objects of one's own: nothing is asked yet. Credentials are found as AWS's tools find them. In a step, `context.s3()` is
 * the place of the run. Rejects with `PACKAGE_MISSING`, `STORE_ROOT_INVALID`.
 */
export async function s3Objects(options: S3ObjectsOptions): Promise<S3Objects> {
  // Loaded when it is called: every worker process imports this room.
  return (await import('./s3-objects.ts')).openS3Objects({ kind: 's3', ...options });
}

/**
 * The place of a run: that of Metaflow's `S3(run=…)`. Rejects with `RUN_WITHOUT_OBJECTS` where runs are not kept in S3.
 *
 * @param store Where the runs are kept.
 */
export async function objectsOfRun(
  { s3, location }: { readonly s3?: S3Spec; readonly location: string },
  { flow, run }: { readonly flow: string; readonly run: string },
): Promise<S3Objects> {
  if (!s3) throw objectErrors.RUN_WITHOUT_OBJECTS({ location });
  const { dataRoot = `${s3.root.replace(/\/+$/, '')}/data`, ...spec } = s3;
  return s3Objects({ ...spec, root: `${dataRoot.replace(/\/+$/, '')}/${flow}/${run}` });
}
