import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { mapAtMost } from '../../../kernel/index.ts';
import type { Attributes, FileFacts, ListedFile } from '../datastore.ts';
import type { S3 } from './s3-client.ts';
import { isGone, s3Failure } from './s3-errors.ts';

/** Bytes that one request asks for: larger objects are fetched in several at once. */
const STRIDE = 8 << 20;
/** Requests at once for one object. */
const WIDTH = 8;

/** The name under which Metaflow keeps attributes in an object's metadata, as JSON. */
export const ATTRIBUTES = 'metaflow-user-attributes';

export interface S3Object {
  readonly bytes: Uint8Array;
  readonly etag: string;
}

/** An object's content; undefined where there is none. One request for small ones, several at once for large. */
export async function getObject(s3: S3, path: string): Promise<S3Object | undefined> {
  const { sdk, client } = s3;
  const ask = (from: number, etag?: string): Promise<GetObjectCommandOutput> =>
    client.send(
      new sdk.GetObjectCommand({
        ...s3.object(path),
        Range: `bytes=${from}-${from + STRIDE - 1}`,
        ...(etag === undefined ? {} : { IfMatch: etag }),
      }),
    );
  return s3.ask(path, async () => {
    let first: GetObjectCommandOutput;
    try {
      first = await ask(0);
    } catch (error) {
      if (isGone(error)) return undefined;
      // There is no first byte.
      if (s3Failure(error)?.status === 416) return { bytes: new Uint8Array(0), etag: '' };
      throw error;
    }
    const size = Number(/\/(\d+)$/.exec(first.ContentRange ?? '')?.[1] ?? first.ContentLength ?? 0);
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
    const etag = first.ETag ?? '';
    await fill(bytes, 0, first);
    const froms = Array.from({ length: Math.ceil(size / STRIDE) - 1 }, (_, i) => (i + 1) * STRIDE);
    await mapAtMost(froms, WIDTH, async (from) => fill(bytes, from, await ask(from, etag)));
    return { bytes, etag };
  });
}

async function fill(bytes: Uint8Array, from: number, { Body: body }: GetObjectCommandOutput): Promise<void> {
  let at = from;
  // In Node a body is a stream of buffers.
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
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

/** All objects below a folder, page by page. */
export async function* listObjects(s3: S3, folder: string): AsyncIterable<ListedFile> {
  const start = `${s3.place.prefix}${folder === '' ? '' : `${folder}/`}`;
  let token: string | undefined;
  do {
    const page = await s3.ask(folder, ({ sdk, client }) =>
      client.send(
        new sdk.ListObjectsV2Command({
          Bucket: s3.place.bucket,
          Prefix: start,
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
