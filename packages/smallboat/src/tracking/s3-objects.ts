import { defineErrors, messageOf, optionalPackage } from '../kernel/index.ts';

export const s3RegistryErrors = defineErrors({
  MODELS_PLACE_INVALID: (f: { place: string }) =>
    `SMALLBOAT_MODELS is '${f.place}', and should be s3://bucket/folder. Leave it out to keep models in the home folder.`,
  MODELS_UNREACHABLE: (f: { place: string; object: string; problem: string }) =>
    `The models in ${f.place} cannot be reached (${f.object}): ${f.problem}. Check the credentials, the region and that the bucket is there.`,
});

/** An object and its tag, by which it is replaced only if nobody else has meanwhile. */
export interface TaggedObject {
  readonly bytes: Uint8Array;
  readonly tag: string;
}

/** A folder of a bucket. Paths are below it. All reject with `MODELS_UNREACHABLE`. */
export interface S3Objects {
  /** `s3://bucket/folder`. */
  readonly place: string;
  /** Undefined where there is none. */
  get(path: string): Promise<TaggedObject | undefined>;
  /** Writes one; with `after` only where the object is still that one, null for none. False where it is not. */
  put(path: string, content: Uint8Array | string, after?: TaggedObject | null): Promise<boolean>;
  /** Paths below a folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Folders in a folder, their names alone. */
  folders(folder: string): Promise<readonly string[]>;
}

export interface S3ObjectsOptions {
  /** Another server than AWS's. */
  readonly endpoint?: string;
  /** Default: as the SDK finds it. */
  readonly region?: string;
}

/** What S3 says where a condition does not hold, or two conditional writes meet. */
const CONFLICTS: readonly (number | undefined)[] = [409, 412];

/** Opens a folder of a bucket; the SDK finds credentials and region as always. Rejects with `MODELS_PLACE_INVALID`, `PACKAGE_MISSING`. */
export async function s3Objects(place: string, { endpoint, region }: S3ObjectsOptions = {}): Promise<S3Objects> {
  const [, Bucket, folder = ''] = /^s3:\/\/([^/]+)\/?(.*?)\/*$/.exec(place) ?? [];
  if (Bucket === undefined) throw s3RegistryErrors.MODELS_PLACE_INVALID({ place });
  const sdk = await optionalPackage('@aws-sdk/client-s3', 'Models in S3', () => import('@aws-sdk/client-s3'));
  const client = new sdk.S3Client({
    maxAttempts: 5,
    followRegionRedirects: true,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined
      ? {}
      : // Other servers know neither buckets as names of hosts nor the newest checksums.
        { endpoint, forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED' as const }),
  });
  const root = folder === '' ? '' : `${folder}/`;
  const ask = async <T>(object: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      throw s3RegistryErrors.MODELS_UNREACHABLE({ place, object, problem: messageOf(cause) }, { cause });
    }
  };
  const pages = async function* (Prefix: string, Delimiter?: string) {
    for (let token: string | undefined; ;) {
      const ContinuationToken = token === undefined ? {} : { ContinuationToken: token };
      const page = await ask(Prefix, () =>
        client.send(
          new sdk.ListObjectsV2Command({
            Bucket,
            Prefix,
            ...(Delimiter === undefined ? {} : { Delimiter }),
            ...ContinuationToken,
          }),
        ),
      );
      yield page;
      token = page.NextContinuationToken;
      if (token === undefined) return;
    }
  };
  return {
    place,
    get: (path) =>
      ask(path, async () => {
        try {
          const { Body, ETag = '' } = await client.send(new sdk.GetObjectCommand({ Bucket, Key: root + path }));
          return { bytes: (await Body?.transformToByteArray()) ?? new Uint8Array(0), tag: ETag };
        } catch (error) {
          if (error instanceof sdk.NoSuchKey) return undefined;
          throw error;
        }
      }),
    put: (path, content, after) =>
      ask(path, async () => {
        const condition = after === undefined ? {} : after === null ? { IfNoneMatch: '*' } : { IfMatch: after.tag };
        try {
          await client.send(new sdk.PutObjectCommand({ Bucket, Key: root + path, Body: content, ...condition }));
          return true;
        } catch (error) {
          const status = error instanceof sdk.S3ServiceException ? error.$metadata.httpStatusCode : undefined;
          if (after !== undefined && CONFLICTS.includes(status)) return false;
          throw error;
        }
      }),
    async list(path) {
      const found: string[] = [];
      for await (const { Contents = [] } of pages(`${root}${path}/`)) {
        found.push(...Contents.flatMap(({ Key }) => (Key === undefined ? [] : [Key.slice(root.length)])));
      }
      return found;
    },
    async folders(path) {
      const prefix = path === '' ? root : `${root}${path}/`;
      const found: string[] = [];
      for await (const { CommonPrefixes = [] } of pages(prefix, '/')) {
        found.push(
          ...CommonPrefixes.flatMap(({ Prefix }) =>
            Prefix === undefined ? [] : [Prefix.slice(prefix.length).replace(/\/$/, '')],
          ),
        );
      }
      return found;
    },
  };
}
