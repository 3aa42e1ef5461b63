import { setTimeout as delay } from 'node:timers/promises';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { mapAtMost } from '../../../kernel/index.ts';
import type { Attributes, FileFacts, ListedFile } from '../datastore.ts';
import type { S3 } from './s3-client.ts';
import { asStoreError, isGone, s3Failure } from './s3-errors.ts';

/** Bytes that one request asks for: larger objects are fetched in several at once. */
const STRIDE = 8 << 20;
/** Requests at once for one object. */
const WIDTH = 8;

/** The name under which Metaflow keeps attributes in an object's metadata, as JSON. */
export const ATTRIBUTES = 'metaflow-user-attributes';

/** What is known of an object as a whole. */
export interface ObjectHead {
  readonly bytes: number;
  readonly changedAt: Date;
  readonly contentType?: string;
  readonly metadata?: Attributes;
}

export interface GotObject {
  readonly bytes: Uint8Array;
  readonly etag: string;
  readonly head: ObjectHead;
}

/** A part of an object: from its first byte on, so many at most. */
interface Range {
  readonly from: number;
  readonly bytes?: number;
}

/** Times that the rest of a piece is asked for, whose connection broke while it came. */
const TRIES = 5;

/** An object's content, or a part of it; undefined where there is none. One request for small ones, several at once for large. */
export async function getObject(s3: S3, path: string, range: Range = { from: 0 }): Promise<GotObject | undefined> {
  let bytes = new Uint8Array(0);
  const got = await fetchObject(s3, path, {
    ...range,
    begin(size) {
      bytes = new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
    },
    take: (chunk, at) => bytes.set(chunk, at),
  });
  return got && { ...got, bytes };
}

/** Hands an object's bytes on with where they belong, in no order: large objects come in several pieces at once. Undefined where there is none. */
export async function fetchObject(
  s3: S3,
  path: string,
  {
    begin,
    take,
    ...range
  }: Range & {
    readonly begin?: (size: number) => void;
    readonly take: (chunk: Uint8Array, at: number) => void | Promise<void>;
  },
): Promise<Omit<GotObject, 'bytes'> | undefined> {
  const end = range.from + (range.bytes ?? Number.POSITIVE_INFINITY);
  return s3.ask(path, async () => {
    const first = await firstPiece(s3, path, { from: range.from, to: Math.min(end, range.from + STRIDE) });
    if (!first) return undefined;
    if (first === 'nothing') {
      const head = await headNow(s3, path);
      return head && { etag: '', head };
    }
    const { head, etag } = first;
    const size = Math.min(end, head.bytes) - range.from;
    begin?.(size);
    const froms = Array.from({ length: Math.ceil(size / STRIDE) }, (_, i) => i * STRIDE);
    await mapAtMost(froms, WIDTH, async (at) => {
      const piece = { from: range.from + at, to: range.from + Math.min(size, at + STRIDE), etag };
      let next = at;
      for await (const chunk of pieces(s3, path, at === 0 ? { ...piece, first: first.body } : piece)) {
        await take(chunk, next);
        next += chunk.length;
      }
    });
    return { etag, head };
  });
}

/** An object's bytes as they come, or those of a part of it; undefined where there is none. */
export async function streamObject(
  s3: S3,
  path: string,
  range: Range = { from: 0 },
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const end = range.from + (range.bytes ?? Number.POSITIVE_INFINITY);
  const first = await s3.ask(path, () => firstPiece(s3, path, { from: range.from, to: end }));
  if (!first) return undefined;
  if (first === 'nothing') return nothing();
  const { head, etag, body } = first;
  return piecesAsOurs(s3, path, { from: range.from, to: Math.min(end, head.bytes), etag, first: body });
}

async function* nothing(): AsyncIterable<Uint8Array> {}

async function* piecesAsOurs(s3: S3, path: string, piece: Piece): AsyncIterable<Uint8Array> {
  try {
    yield* pieces(s3, path, piece);
  } catch (error) {
    throw asStoreError(error, { location: s3.place.root, path });
  }
}

interface Piece {
  readonly from: number;
  /** Behind the last byte. */
  readonly to: number;
  /** Of the object that it is a piece of. */
  readonly etag: string;
  /** What is coming already. */
  readonly first?: AsyncIterable<Uint8Array>;
}

/** The bytes of a piece, of one and the same object; where a connection breaks the rest is asked for. */
async function* pieces(s3: S3, path: string, { from, to, etag, first }: Piece): AsyncIterable<Uint8Array> {
  let at = from;
  let body = first;
  for (let tries = 1; at < to; tries += 1) {
    try {
      body ??= bodyOf(await ask(s3, path, { from: at, to, etag }));
      for await (const chunk of body) {
        at += chunk.length;
        yield chunk;
      }
      if (at >= to) return;
      throw new Error('the connection ended early');
    } catch (error) {
      // What has a status was tried again by the SDK.
      if (s3Failure(error)?.status !== undefined || tries === TRIES) throw error;
      body = undefined;
      await delay(50 * 2 ** tries);
    }
  }
}

interface First {
  readonly head: ObjectHead;
  readonly etag: string;
  readonly body: AsyncIterable<Uint8Array>;
}

async function firstPiece(
  s3: S3,
  path: string,
  range: { readonly from: number; readonly to: number },
): Promise<First | 'nothing' | undefined> {
  if (range.to <= range.from) return (await headNow(s3, path)) && 'nothing';
  try {
    const got = await ask(s3, path, range);
    const size = Number(/\/(\d+)$/.exec(got.ContentRange ?? '')?.[1] ?? got.ContentLength ?? 0);
    return { head: headOf(got, size), etag: got.ETag ?? '', body: bodyOf(got) };
  } catch (error) {
    if (isGone(error)) return undefined;
    // It has no byte there.
    if (s3Failure(error)?.status === 416) return 'nothing';
    throw error;
  }
}

async function ask(
  { sdk, client, object }: S3,
  path: string,
  { from, to, etag }: { readonly from: number; readonly to: number; readonly etag?: string },
): Promise<GetObjectCommandOutput> {
  return client.send(
    new sdk.GetObjectCommand({
      ...object(path),
      Range: `bytes=${from}-${Number.isFinite(to) ? to - 1 : ''}`,
      ...(etag === undefined ? {} : { IfMatch: etag }),
    }),
  );
}

/** In Node a body is a stream of buffers. */
function bodyOf({ Body: body }: GetObjectCommandOutput): AsyncIterable<Uint8Array> {
  return body as unknown as AsyncIterable<Uint8Array>;
}

function headOf(
  {
    LastModified: at,
    ContentType: contentType,
    Metadata: metadata,
  }: Pick<GetObjectCommandOutput, 'LastModified' | 'ContentType' | 'Metadata'>,
  bytes: number,
): ObjectHead {
  const attributes = metadata?.[ATTRIBUTES];
  return {
    bytes,
    changedAt: at ?? new Date(0),
    ...(contentType === undefined ? {} : { contentType }),
    ...(attributes === undefined ? {} : { metadata: JSON.parse(attributes) as Attributes }), // An object, of us or of Python.
  };
}

async function headNow({ sdk, client, object }: S3, path: string): Promise<ObjectHead | undefined> {
  try {
    const head = await client.send(new sdk.HeadObjectCommand(object(path)));
    return headOf(head, head.ContentLength ?? 0);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** What is known of an object as a whole; undefined where there is none. */
export async function headWhole(s3: S3, path: string): Promise<ObjectHead | undefined> {
  return s3.ask(path, () => headNow(s3, path));
}

/** What is known of an object; undefined where there is none. */
export async function headObject(s3: S3, path: string): Promise<FileFacts | undefined> {
  return s3.ask(path, async ({ sdk, client }) => {
    try {
      const head = await client.send(new sdk.HeadObjectCommand(s3.object(path)));
      const attributes = head.Metadata?.[ATTRIBUTES];
      const md5 = head.ServerSideEncryption === 'aws:kms' ? undefined : md5In(head.ETag);
      return {
        bytes: head.ContentLength ?? 0,
        changedAt: head.LastModified?.getTime() ?? 0,
        ...(md5 === undefined ? {} : { md5 }),
        ...(attributes === undefined ? {} : { attributes: JSON.parse(attributes) as Attributes }), // An object, of us or of Python.
      };
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  });
}

/** The tag of an object is its MD5, unless it was uploaded in parts. */
function md5In(etag = ''): string | undefined {
  return /^"([0-9a-f]{32})"$/.exec(etag)?.[1];
}

/** All objects below a folder, or only those that are directly in it, page by page. */
export async function* listObjects(
  s3: S3,
  folder: string,
  { isDeep = true }: { readonly isDeep?: boolean } = {},
): AsyncIterable<ListedFile> {
  const start = `${s3.place.prefix}${folder === '' ? '' : `${folder}/`}`;
  let token: string | undefined;
  do {
    const page = await s3.ask(folder, ({ sdk, client }) =>
      client.send(
        new sdk.ListObjectsV2Command({
          Bucket: s3.place.bucket,
          Prefix: start,
          ...(isDeep ? {} : { Delimiter: '/' }),
          ...(token === undefined ? {} : { ContinuationToken: token }),
        }),
      ),
    );
    for (const { Key: key = '', Size: bytes = 0, LastModified: at, ETag: tag } of page.Contents ?? []) {
      const md5 = md5In(tag);
      yield {
        path: key.slice(s3.place.prefix.length),
        bytes,
        changedAt: at?.getTime() ?? 0,
        ...(md5 === undefined ? {} : { md5 }),
      };
    }
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

/** Names of the folders directly in one. */
export async function listFolders(s3: S3, folder: string): Promise<readonly string[]> {
  const start = `${s3.place.prefix}${folder === '' ? '' : `${folder}/`}`;
  const names: string[] = [];
  let token: string | undefined;
  do {
    const page = await s3.ask(folder, ({ sdk, client }) =>
      client.send(
        new sdk.ListObjectsV2Command({
          Bucket: s3.place.bucket,
          Prefix: start,
          Delimiter: '/',
          ...(token === undefined ? {} : { ContinuationToken: token }),
        }),
      ),
    );
    names.push(...(page.CommonPrefixes ?? []).map(({ Prefix: prefix = '' }) => prefix.slice(start.length, -1)));
    token = page.NextContinuationToken;
  } while (token !== undefined);
  return names;
}
