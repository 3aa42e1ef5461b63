import type { StoreSpec } from '../../store/open-run-store.ts';
import type { ArtifactKey } from '../../store/run-store.ts';

/** What a container is told of its task, as JSON in the environment variable `SMALLBOAT_TASK`. Holds no secret and no value. */
export interface TaskOrder {
  /** Name of the flow among those that the module exports. */
  readonly flow: string;
  /** The store as the container reaches it. */
  readonly store: StoreSpec;
  /** Where the store keeps the job: an attempt of a task, without its environment, which is the container's. */
  readonly job: ArtifactKey;
  readonly code: CodePlace;
  /** The folder that bodies begin in, from the root of the code package. */
  readonly folder: string;
  /** Wall-clock limit of the body, in seconds. */
  readonly timeoutSeconds?: number;
  /** How long a body that was told to stop may take to do so, in seconds. */
  readonly graceSeconds: number;
}

/** Where a code package lies. */
export interface CodePlace {
  /** `s3://bucket/path` or `file:///path`. */
  readonly url: string;
  /** Hash of its bytes, in hex: SHA-1 (40 digits) or SHA-256 (64). */
  readonly key: string;
}

export const ORDER_VARIABLE = 'SMALLBOAT_TASK';
