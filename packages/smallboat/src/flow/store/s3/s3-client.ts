import type * as Sdk from '@aws-sdk/client-s3';
import { optionalPackage } from '../../../kernel/index.ts';
import { asStoreError } from './s3-errors.ts';
import { type S3Place, type S3Spec, s3Place } from './s3-spec.ts';

/** A bucket that can be asked. */
export interface S3 {
  readonly place: S3Place;
  readonly sdk: typeof Sdk;
  readonly client: Sdk.S3Client;
  /** Asks, and gives errors as ours: `STORE_UNREACHABLE`, `STORE_DENIED`, `STORE_WRITE_FAILED`. `path` is what it is about. */
  ask<T>(path: string, request: (s3: S3) => Promise<T>): Promise<T>;
  /** What every request about an object says. */
  readonly object: (path: string) => { readonly Bucket: string; readonly Key: string };
}

/** Connections at once, where nothing else is said. */
const CONNECTIONS = 64;

/** Connects to S3; nothing is asked yet. Rejects with `PACKAGE_MISSING`, `STORE_ROOT_INVALID`. */
export async function openS3(spec: S3Spec): Promise<S3> {
  const place = s3Place(spec.root);
  const sdk = await optionalPackage('@aws-sdk/client-s3', 'The S3 datastore', () => import('@aws-sdk/client-s3'));
  const client = new sdk.S3Client({
    maxAttempts: spec.attempts ?? 10,
    retryMode: spec.retryMode ?? 'adaptive',
    followRegionRedirects: true,
    ...(spec.region === undefined ? {} : { region: spec.region }),
    ...(spec.endpoint === undefined
      ? {}
      : // Other servers know neither buckets as names of hosts nor the newest checksums.
        {
          endpoint: spec.endpoint,
          forcePathStyle: true,
          requestChecksumCalculation: 'WHEN_REQUIRED',
          responseChecksumValidation: 'WHEN_REQUIRED',
        }),
    requestHandler: {
      connectionTimeout: 5000,
      requestTimeout: 0,
      socketTimeout: 60_000,
      ...(await agents(spec)),
    },
  });
  const inTurn = turns(spec.connections ?? CONNECTIONS);
  const s3: S3 = {
    place,
    sdk,
    client,
    async ask(path, request) {
      try {
        return await inTurn(() => request(s3));
      } catch (error) {
        throw asStoreError(error, { location: place.root, path });
      }
    },
    object: (path) => ({ Bucket: place.bucket, Key: place.prefix + path }),
  };
  return s3;
}

async function agents({ connections = CONNECTIONS, certificates }: S3Spec) {
  const [{ readFile }, http, https, tls] = await Promise.all([
    import('node:fs/promises'),
    import('node:http'),
    import('node:https'),
    import('node:tls'),
  ]);
  const options = { keepAlive: true, maxSockets: connections };
  const trust =
    certificates === undefined
      ? {}
      : certificates === false
        ? { rejectUnauthorized: false }
        : { ca: [...tls.rootCertificates, await readFile(certificates, 'utf8')] };
  return { httpAgent: new http.Agent(options), httpsAgent: new https.Agent({ ...options, ...trust }) };
}

/** Lets so many pieces of work go on at once. Others wait here: one that waited for a socket would soon be called unreachable. */
function turns(width: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = width;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
