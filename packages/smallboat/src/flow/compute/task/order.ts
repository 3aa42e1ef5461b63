import type { Job } from '../../engine/job.ts';
import type { StoreSpec } from '../../store/open-run-store.ts';
import type { ArtifactKey } from '../../store/run-store.ts';

/** What a container is told of its task, as JSON in the environment variable `SMALLBOAT_TASK`. Holds no secret and no value. */
export interface TaskOrder {
  /** Name of the flow among those that the module exports. */
  readonly flow: string;
  /** The store as the container reaches it. */
  readonly store: StoreSpec;
  /** The job itself, or where the store keeps it: long lists of inputs have no place in an environment. */
  readonly job: RemoteJob | { readonly stored: ArtifactKey } | GangOrder;
  readonly code: CodePlace;
  /** The folder that bodies begin in, from the root of the code package. */
  readonly folder: string;
  /** Wall-clock limit of the body, in seconds. */
  readonly timeoutSeconds?: number;
  /** How long a body that was told to stop may take to do so, in seconds. */
  readonly graceSeconds: number;
}

/** Where the store keeps the jobs of a gang (`readonly RemoteJob[]`): a container's own is the one of its number. */
export interface GangOrder {
  readonly gang: ArtifactKey;
}

/** An attempt as a container gets it, and what is not part of it. */
export interface RemoteJob {
  /** Without its environment, which is the container's. */
  readonly job: Job;
  /** What the flow's module read as configuration, as environment variables. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Where a code package lies. */
export interface CodePlace {
  /** `s3://bucket/path` or `file:///path`. */
  readonly url: string;
  /** Hash of its bytes, in hex: SHA-1 (40 digits) or SHA-256 (64). */
  readonly key: string;
}

export const ORDER_VARIABLE = 'SMALLBOAT_TASK';
