import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoreSpec } from '../store/open-run-store.ts';
import { type MetadataService, metadataService } from './metadata-service.ts';
import { type S3Server, s3Server } from './s3-server.ts';

/** One place for runs of each kind, for tests that are to hold for all of them. Dispose of it to stop its servers. */
export interface StorePlace extends AsyncDisposable {
  readonly spec: StoreSpec;
  readonly s3?: S3Server;
  readonly service?: MetadataService;
}

/** What is elsewhere in the places that tests go through. */
export const STORE_PLACES: Readonly<Record<string, { readonly s3: boolean; readonly service: boolean }>> = {
  local: { s3: false, service: false },
  's3 and local metadata': { s3: true, service: false },
  'local and service': { s3: false, service: true },
  's3 and service': { s3: true, service: true },
};

/** Makes a place. S3's client wants credentials, whatever they are: they are set where there are none. */
export async function storePlace({
  s3: hasS3,
  service: hasService,
}: {
  s3: boolean;
  service: boolean;
}): Promise<StorePlace> {
  process.env['AWS_ACCESS_KEY_ID'] ??= 'test';
  process.env['AWS_SECRET_ACCESS_KEY'] ??= 'test';
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-place-'));
  const s3 = hasS3 ? await s3Server() : undefined;
  const service = hasService ? await metadataService() : undefined;
  return {
    spec: {
      folder,
      ...(s3
        ? { datastore: { kind: 's3', root: 's3://bucket/metaflow', endpoint: s3.endpoint, region: 'us-east-1' } }
        : {}),
      ...(service ? { metadata: { kind: 'service', url: service.url } } : {}),
    },
    ...(s3 ? { s3 } : {}),
    ...(service ? { service } : {}),
    async [Symbol.asyncDispose]() {
      await s3?.[Symbol.asyncDispose]();
      await service?.[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
