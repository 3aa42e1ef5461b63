import type { Datastore } from './datastore.ts';
import type { Metadata } from './metadata.ts';
import type { RunStore } from './run-store.ts';
import type { S3Spec } from './s3/s3-spec.ts';
import type { ServiceSpec } from './service/service-spec.ts';

/** A store by where it is: plain data, so that it can be told to another process. */
export interface StoreSpec {
  /** The folder that `.metaflow` lies in, or will: for what is not elsewhere. */
  readonly folder: string;
  /** Who makes the runs. Default: the user of the process. */
  readonly user?: string;
  /** Where artifacts, logs and the files of tasks are. Default: the folder. */
  readonly datastore?: S3Spec;
  /** Where it is known what runs and tasks there are. Default: the folder. */
  readonly metadata?: ServiceSpec;
  /** The metadata cannot be reached from here: what is made here, another process registers (`RunStore.adopt`). */
  readonly isMetadataElsewhere?: boolean;
  /** It is what the configuration says, so that commands find it by themselves: messages need not say how. */
  readonly isConfigured?: boolean;
  /** A store that artifacts are read from where this one has not got them. */
  readonly behind?: StoreSpec;
}

/** Opens a store; what it needs is loaded now, and nothing of the stores that are not asked for. */
export async function openRunStore(spec: StoreSpec): Promise<RunStore> {
  const store = await openFront(spec);
  if (!spec.behind) return store;
  const { overlay } = await import('./overlay.ts');
  return overlay(store, await openRunStore(spec.behind));
}

async function openFront(spec: StoreSpec): Promise<RunStore> {
  if (!spec.datastore && !spec.metadata) {
    const { localRunStore } = await import('./local-run-store.ts');
    return localRunStore(spec);
  }
  const { metaflowRunStore } = await import('./metaflow-run-store.ts');
  return metaflowRunStore({ ...(await openStoreParts(spec)), clock: Date.now });
}

/** The two halves of a store, for what looks behind the runs: `gc`, `doctor`. */
export async function openStoreParts(
  spec: StoreSpec,
): Promise<{ readonly datastore: Datastore; readonly metadata: Metadata }> {
  const { localParts, processUser } = await import('./local-run-store.ts');
  const local = localParts(spec);
  const datastore = spec.datastore
    ? await (await import('./s3/s3-datastore.ts')).s3Datastore(spec.datastore)
    : local.datastore();
  if (spec.isMetadataElsewhere) {
    const { metadataElsewhere } = await import('./metadata-elsewhere.ts');
    return { datastore, metadata: metadataElsewhere(spec.user ?? processUser()) };
  }
  if (!spec.metadata) return { datastore, metadata: local.metadata(datastore) };
  const { serviceMetadata } = await import('./service/service-metadata.ts');
  const metadata = serviceMetadata({ ...spec.metadata, user: spec.user ?? processUser(), artifactsIn: datastore });
  return { datastore, metadata };
}
