import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { defineErrors } from '../../kernel/index.ts';
import { loadSdk } from '../sdk.ts';

export const s3Errors = defineErrors({
  BUCKET_URL_INVALID: (f: { url: string }) => `'${f.url}' is no place in S3. Write it like s3://bucket/folder.`,
  BUCKET_FAILED: (f: { url: string; problem: string }) =>
    `${f.url} could not be read or written: ${f.problem}. Check the name, the region (AWS_REGION) and the credentials of the environment (AWS_PROFILE, AWS_ACCESS_KEY_ID, or the role of the machine).`,
});

/** An object in S3. */
export interface S3Object {
  /** `s3://bucket/key`. */
  readonly url: string;
  readonly bytes: number;
}

/** What is used of S3, by `@aws-sdk/client-s3`; where and with what credentials is what AWS's own variables say. */
export interface S3 extends AsyncDisposable {
  /** Objects whose URL begins with `url`, in order of their names. */
  list(url: string, signal?: AbortSignal): Promise<readonly S3Object[]>;
  download(url: string, path: string, signal?: AbortSignal): Promise<void>;
  upload(path: string, url: string, signal?: AbortSignal): Promise<void>;
  remove(url: string): Promise<void>;
}

/** @param location For the message where the SDK is missing. */
export async function openS3(location: string): Promise<S3> {
  const sdk = await loadSdk('@aws-sdk/client-s3', location, () => import('@aws-sdk/client-s3'));
  const client = new sdk.S3Client({ followRegionRedirects: true, forcePathStyle: hasOwnEndpoint(process.env) });
  const under = (signal?: AbortSignal): { abortSignal?: AbortSignal } =>
    signal === undefined ? {} : { abortSignal: signal };
  const told = async <T>(url: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> => {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (cause) {
      signal?.throwIfAborted();
      if (s3Errors.BUCKET_URL_INVALID.is(cause)) throw cause;
      const problem = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
      throw s3Errors.BUCKET_FAILED({ url, problem }, { cause });
    }
  };
  return {
    list: (url, signal) =>
      told(url, signal, async () => {
        const { bucket: Bucket, key: Prefix } = s3Parts(url);
        const objects: S3Object[] = [];
        const pages = sdk.paginateListObjectsV2({ client }, { Bucket, Prefix }, under(signal));
        for await (const { Contents = [] } of pages) {
          for (const { Key = '', Size = 0 } of Contents) objects.push({ url: `s3://${Bucket}/${Key}`, bytes: Size });
        }
        return objects;
      }),

    download: (url, path, signal) =>
      told(url, signal, async () => {
        const { bucket: Bucket, key: Key } = s3Parts(url);
        const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket, Key }), under(signal));
        // In Node it is a stream of Node's.
        await pipeline(Body as Readable, createWriteStream(path), signal === undefined ? {} : { signal });
      }),

    upload: (path, url, signal) =>
      told(url, signal, async () => {
        const { bucket: Bucket, key: Key } = s3Parts(url);
        const { size: ContentLength } = await stat(path);
        const put = new sdk.PutObjectCommand({ Bucket, Key, Body: createReadStream(path), ContentLength });
        await client.send(put, under(signal));
      }),

    remove: (url) =>
      told(url, undefined, async () => {
        const { bucket: Bucket, key: Key } = s3Parts(url);
        await client.send(new sdk.DeleteObjectCommand({ Bucket, Key }));
      }),

    async [Symbol.asyncDispose]() {
      client.destroy();
    },
  };
}

/** S3-compatible servers have no host name for each bucket. */
function hasOwnEndpoint(env: Readonly<Record<string, string | undefined>>): boolean {
  return (env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'] ?? '') !== '';
}

/** `s3://bucket/a/b` → bucket and `a/b`. @throws BUCKET_URL_INVALID */
export function s3Parts(url: string): { readonly bucket: string; readonly key: string } {
  const [, bucket, key = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]*)(?:\/(.*))?$/s.exec(url) ?? [];
  if (bucket === undefined) throw s3Errors.BUCKET_URL_INVALID({ url });
  return { bucket, key };
}
