import type { StoreSpec } from '../store/open-run-store.ts';
import type { ComputeSettings } from './settings.ts';

/**
 * A store as containers reach it. Metadata that lie in a folder of this machine are written here when a task has ended: its container writes
 * none. Holds no secret but the headers of the metadata service, which Metaflow hands on in the same way.
 */
export function specInContainer(spec: StoreSpec, settings: Pick<ComputeSettings, 'region' | 'serviceUrl'>): StoreSpec {
  const { folder, user, datastore, metadata } = spec;
  const { region, serviceUrl } = settings;
  const common = { folder, ...(user === undefined ? {} : { user }) };
  const service =
    metadata?.kind === 'service'
      ? { metadata: { ...metadata, ...(serviceUrl === undefined ? {} : { url: serviceUrl }) } }
      : {};
  if (!datastore) return { ...common, ...service };
  const { certificates, ...rest } = datastore;
  return {
    ...common,
    datastore: {
      ...(region === undefined ? {} : { region }),
      ...rest,
      // A file of this machine is not there.
      ...(certificates === false ? { certificates } : {}),
    },
    ...(service.metadata ? service : { isMetadataElsewhere: true }),
  };
}
