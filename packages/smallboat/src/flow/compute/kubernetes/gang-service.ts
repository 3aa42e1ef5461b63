import { sha256 } from '../../../kernel/index.ts';
import type { GangPlace } from '../service.ts';

/** The Job of the main pod. */
export interface GangJob {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
}

/** The label of all pods of a gang. */
export const GANG = 'smallboat/gang';

/** Where a pod of a gang is found: a name of its own below the name of the gang's Service. */
export function podHost({ index }: Pick<GangPlace, 'index'>): string {
  return `task-${index}`;
}

/** The address of the main pod of a gang, in the cluster's DNS. */
export function mainAddress({ name }: Pick<GangPlace, 'name'>, namespace: string): string {
  return `${podHost({ index: 0 })}.${name}.${namespace}.svc`;
}

/** A name for an attempt of a gang that no other has: a label of DNS, 63 letters at most. */
export function gangName(parts: readonly (string | number)[]): string {
  const own = parts
    .join('-')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
  return `gang-${own.slice(0, 40).replace(/^-+|-+$/g, '')}-${sha256(JSON.stringify(parts)).slice(0, 8)}`;
}

/** A manifest of `v1`, as the API server takes it. */
export interface GangService {
  readonly apiVersion: 'v1';
  readonly kind: 'Service';
  readonly metadata: GangJob['metadata'] & { readonly ownerReferences: readonly object[] };
  readonly spec: Readonly<Record<string, unknown>>;
}

/**
 * The headless Service by which the pods of a gang find each other: it has no address and no load balancing, only names of pods. Names are told
 * before the pods are ready, since they wait for each other. It is gone with the main pod's Job.
 */
export function gangService({ name }: GangPlace, job: GangJob, uid: string): GangService {
  const { namespace, labels, annotations } = job.metadata;
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name: job.metadata.name, uid };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels, annotations, ownerReferences: [owner] },
    spec: { clusterIP: 'None', selector: { [GANG]: name }, publishNotReadyAddresses: true },
  };
}
