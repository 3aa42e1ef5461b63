import { randomUUID } from 'node:crypto';
import { SmallboatError } from '../../kernel/index.ts';
import { type StoreSpec, openStoreParts } from './open-run-store.ts';
import type { S3Spec } from './s3/s3-spec.ts';
import type { ServiceSpec } from './service/service-spec.ts';

/** What was found of one part of a store. */
export interface StoreCheck {
  readonly part: 'datastore' | 'credentials' | 'metadata';
  readonly location: string;
  /** What it is, in a few words: a version, a region, the end of a key. Holds no secret. */
  readonly detail?: string;
  /** What does not work; absent where all does. */
  readonly error?: SmallboatError;
}

/**
 * Asks each part of a store whether it works: a file is written, read and deleted in the datastore, and the metadata's flows are listed. Never
 * rejects for what is wrong with the store.
 */
export async function checkStore(spec: StoreSpec): Promise<readonly StoreCheck[]> {
  const once = { ...spec, ...(spec.datastore ? { datastore: { ...spec.datastore, attempts: 2 } } : {}) };
  const metadata = metadataOf({ ...once, ...(spec.metadata ? { metadata: { ...spec.metadata, attempts: 2 } } : {}) });
  const credentials = once.datastore ? await credentialsOf(once.datastore) : undefined;
  return [
    ...(credentials ? [credentials] : []),
    // Without credentials there is nothing to ask it with.
    ...(credentials?.error ? [] : [await datastoreOf(once)]),
    await metadata,
  ];
}

async function checked(of: Pick<StoreCheck, 'part' | 'location'>, check: () => Promise<string>): Promise<StoreCheck> {
  try {
    return { ...of, detail: await check() };
  } catch (error) {
    if (!(error instanceof SmallboatError)) throw error;
    return { ...of, error };
  }
}

function credentialsOf(spec: S3Spec): Promise<StoreCheck> {
  return checked({ part: 'credentials', location: 'AWS' }, async () => {
    const { openS3 } = await import('./s3/s3-client.ts');
    const s3 = await openS3(spec);
    const { config } = s3.client;
    try {
      const { accessKeyId } = await s3.ask('', () => config.credentials());
      const region = await s3.ask('', () => config.region());
      return `key …${accessKeyId.slice(-4)}, region ${region}`;
    } finally {
      s3.client.destroy();
    }
  });
}

async function datastoreOf({ folder, datastore }: StoreSpec): Promise<StoreCheck> {
  return checked({ part: 'datastore', location: datastore?.root ?? folder }, async () => {
    const parts = await openStoreParts({ folder, ...(datastore ? { datastore } : {}) });
    await using place = parts.datastore;
    const path = `.smallboat/doctor-${randomUUID()}`;
    try {
      await place.put(path, 'to be deleted');
      await place.get(path);
    } finally {
      await place.remove([path]);
      await place.removeFolder('.smallboat');
    }
    return datastore?.endpoint === undefined
      ? 'can be read and written'
      : `can be read and written, at ${datastore.endpoint}`;
  });
}

async function metadataOf(spec: StoreSpec): Promise<StoreCheck> {
  const { metadata } = spec;
  return checked({ part: 'metadata', location: metadata?.url ?? spec.folder }, async () => {
    const version = metadata ? await serviceVersion(metadata) : undefined;
    const { datastore: _, ...rest } = spec;
    await using place = (await openStoreParts(rest)).metadata;
    const flows = await place.flows();
    return `${flows.length} flow${flows.length === 1 ? '' : 's'}${version === undefined ? '' : `, version ${version}`}`;
  });
}

async function serviceVersion(spec: ServiceSpec): Promise<string> {
  const { serviceClient } = await import('./service/service-client.ts');
  const client = serviceClient(spec);
  const answer = await client.ask('GET', '/ping');
  if (answer.status >= 300) throw client.failed('GET /ping', answer);
  return answer.version ?? 'unknown';
}
