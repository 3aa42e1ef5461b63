import { mapAtMost } from '../../../kernel/index.ts';
import type { Datastore } from '../datastore.ts';
import { storeFileErrors } from '../store-file.ts';
import { appender } from './s3-append.ts';
import { type S3, openS3 } from './s3-client.ts';
import { getObject, headObject, listFolders, listObjects } from './s3-read.ts';
import type { S3Spec } from './s3-spec.ts';
import { copyOnto, putObject } from './s3-write.ts';

/** Objects that one request deletes, at most. */
const BATCH = 1000;

/**
 * Metaflow's datastore in S3, or in what speaks like it: objects under a prefix, attributes in the metadata of objects. What is written
 * there cannot be lost, so nothing waits. Rejects with `PACKAGE_MISSING`, `STORE_ROOT_INVALID`; the first request tells what else is wrong.
 */
export async function s3Datastore(spec: S3Spec): Promise<Datastore> {
  const s3 = await openS3(spec);
  const encryption = spec.encryption === undefined ? {} : { encryption: spec.encryption };
  /** Objects that this process wrote: they need not be asked for. */
  const written = new Set<string>();

  async function remove(paths: readonly string[]): Promise<void> {
    const batches = Array.from({ length: Math.ceil(paths.length / BATCH) }, (_, i) =>
      paths.slice(i * BATCH, (i + 1) * BATCH),
    );
    await mapAtMost(batches, 4, (batch) => removeBatch(s3, batch));
    for (const path of paths) written.delete(path);
  }

  return {
    kind: 's3',
    root: s3.place.root,
    isRemote: true,
    spec,
    async put(path, content, { attributes } = {}) {
      await putObject(s3, path, content, { ...encryption, ...(attributes ? { attributes } : {}) });
      // Blobs: nobody asks about the others.
      if (attributes) written.add(path);
    },
    async putNew(path, content, { attributes } = {}) {
      const kept = { ...encryption, ...(attributes ? { attributes } : {}) };
      const isMade = (await putObject(s3, path, content, { ...kept, unless: 'there' })) !== undefined;
      if (isMade && attributes) written.add(path);
      return isMade;
    },
    append: appender(s3, spec.encryption),
    get: async (path) => (await getObject(s3, path))?.bytes,
    stat: (path) => headObject(s3, path),
    attributes: async (path) => (await headObject(s3, path))?.attributes,
    async settle(paths) {
      const isThere = await mapAtMost(
        paths,
        64,
        async (path) => written.has(path) || (await headObject(s3, path)) !== undefined,
      );
      return paths.filter((_, i) => isThere[i] === false);
    },
    async renew(path) {
      const facts = await headObject(s3, path);
      return facts !== undefined && copyOnto(s3, path, { facts, ...encryption });
    },
    async filesIn(under, folders) {
      const names = new Map<string, string[]>(folders.map((folder) => [folder, []]));
      for await (const { path } of listObjects(s3, under)) {
        const at = path.lastIndexOf('/');
        names.get(path.slice(0, at))?.push(path.slice(at + 1));
      }
      return folders.map((folder) => names.get(folder) ?? []);
    },
    foldersIn: async (folder) => (await listFolders(s3, folder)).filter((name) => name !== '_meta'),
    walk: (folder) => listObjects(s3, folder),
    remove,
    async removeFolder(folder) {
      const paths: string[] = [];
      for await (const { path } of listObjects(s3, folder)) paths.push(path);
      await remove(paths);
    },
    async [Symbol.asyncDispose]() {
      s3.client.destroy();
    },
  };
}

async function removeBatch(s3: S3, paths: readonly string[]): Promise<void> {
  const [first = ''] = paths;
  const { Errors: errors = [] } = await s3.ask(first, ({ sdk, client }) =>
    client.send(
      new sdk.DeleteObjectsCommand({
        Bucket: s3.place.bucket,
        Delete: { Objects: paths.map((path) => ({ Key: s3.place.prefix + path })), Quiet: true },
      }),
    ),
  );
  const [error] = errors;
  if (error) {
    const path = `${s3.place.root}/${error.Key?.slice(s3.place.prefix.length) ?? ''}`;
    throw storeFileErrors.STORE_WRITE_FAILED({ path, problem: `${error.Code ?? ''}: ${error.Message ?? ''}` });
  }
}
