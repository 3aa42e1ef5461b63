import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { type MetadataService, metadataService } from '../testing/metadata-service.ts';
import { type S3Server, s3Server } from '../testing/s3-server.ts';
import { runStoreContract } from './contract.ts';
import type { StoreSpec } from './open-run-store.ts';
import { openRunStore } from './open-run-store.ts';

const open: AsyncDisposable[] = [];
const folders: string[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each[Symbol.asyncDispose]()));
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

process.env['AWS_ACCESS_KEY_ID'] = 'test';
process.env['AWS_SECRET_ACCESS_KEY'] = 'test';

const theS3 = async (): Promise<S3Server> => {
  const server = await s3Server();
  open.push(server);
  return server;
};
const theService = async (): Promise<MetadataService> => {
  const server = await metadataService();
  open.push(server);
  return server;
};
const aFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-remote-'));
  folders.push(folder);
  return folder;
};
const s3At = ({ endpoint }: S3Server): NonNullable<StoreSpec['datastore']> => ({
  kind: 's3',
  root: 's3://bucket/metaflow',
  endpoint,
  region: 'us-east-1',
});

for (const [name, where] of Object.entries({
  's3 and local metadata': { datastore: true, metadata: false },
  'local and service': { datastore: false, metadata: true },
  's3 and service': { datastore: true, metadata: true },
})) {
  runStoreContract({
    name,
    create: async () => {
      const s3 = where.datastore ? await theS3() : undefined;
      const service = where.metadata ? await theService() : undefined;
      const spec: StoreSpec = {
        folder: await aFolder(),
        ...(s3 ? { datastore: s3At(s3) } : {}),
        ...(service ? { metadata: { kind: 'service', url: service.url } } : {}),
      };
      const corrupt = s3
        ? {
            corrupt: async (key: string): Promise<void> => {
              const [path = '', stored] = [...s3.objects].find(([path]) => path.endsWith(`/${key}`)) ?? [];
              if (!stored) throw new Error(`no object ${key}`);
              const bytes = Buffer.from(stored.bytes);
              bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff;
              s3.objects.set(path, { ...stored, bytes, etag: '"0123456789abcdef0123456789abcdef"' });
            },
          }
        : {};
      return { open: () => openRunStore(spec), ...corrupt };
    },
  });
}
