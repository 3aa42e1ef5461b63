import type { BlobFacts } from './blobs.ts';
import { seal } from './seal.ts';
import type { ArtifactKey } from './run-store.ts';

export interface NamedBlob extends BlobFacts {
  readonly name: string;
  readonly key: ArtifactKey;
}

/** `N.data.json`: what an attempt left behind, in Metaflow's words. */
export function dataJson(
  blobs: readonly NamedBlob[],
  of: { readonly datastore: string; readonly attempt: number; readonly begunAt?: number; readonly endedAt: number },
): string {
  return seal({
    datastore: of.datastore,
    version: '1.0',
    attempt: of.attempt,
    python_version: `none (smallboat on Node ${process.version})`,
    objects: Object.fromEntries(blobs.map(({ name, key }) => [name, key])),
    info: Object.fromEntries(
      blobs.map(({ name, size, type }) => [
        name,
        { size, type, encoding: 'pickle-v4', serializer_info: { source: 'metaflow' } },
      ]),
    ),
    ...(of.begunAt === undefined ? {} : { begun_at: of.begunAt }),
    ended_at: of.endedAt,
  });
}
