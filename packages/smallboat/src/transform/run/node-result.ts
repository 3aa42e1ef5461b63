import type { Row } from '../../warehouse/index.ts';
import type { ResourceType } from '../manifest/node.ts';

export type NodeStatus =
  | 'success'
  | 'error'
  | 'skipped'
  | 'partial success'
  | 'no-op'
  | 'pass'
  | 'fail'
  | 'warn'
  | 'runtime error';

export interface Timing {
  readonly name: 'compile' | 'execute';
  readonly startedAt: Date;
  readonly completedAt: Date;
}

/** What became of one node. */
export interface NodeResult {
  readonly uniqueId: string;
  readonly name: string;
  readonly kind: ResourceType;
  /** Of a model what it is materialized as. */
  readonly materialized?: string;
  readonly status: NodeStatus;
  /** In words: `Got 2 results, configured to fail if != 0`; empty where there is nothing to say. */
  readonly message: string;
  /** What the warehouse said: `{ _message: 'OK' }`. */
  readonly response: Readonly<Record<string, unknown>>;
  /** Of a test: how many failures, as its `fail_calc` counts them. */
  readonly failures?: number;
  /** Of a failed test: at most 5 of the rows that it found. */
  readonly sample?: readonly Row[];
  /** Of a table: the rows that were written. */
  readonly rows?: number;
  /** `"database"."schema"."name"` of a node that the warehouse has. */
  readonly relation?: string;
  readonly file: string;
  readonly compiledSql?: string;
  readonly timing: readonly Timing[];
  readonly startedAt: Date;
  /** Wall time. */
  readonly seconds: number;
  readonly thread: string;
  /** Of a microbatch model: the batches that were built and those that failed, as start and end. */
  readonly batches?: {
    readonly successful: readonly (readonly [Date, Date])[];
    readonly failed: readonly (readonly [Date, Date])[];
  };
}

/** What became of a run over a project. */
export interface RunResults {
  readonly invocationId: string;
  readonly startedAt: Date;
  readonly project: string;
  readonly results: readonly NodeResult[];
  readonly seconds: number;
  /** Where run_results.json and the compiled SQL are. */
  readonly targetFolder: string;
  /** What the project's reading warned of. */
  readonly warnings: readonly string[];
  /** True where a node failed: the command exits with 1. */
  readonly hasFailed: boolean;
}

const BAD: ReadonlySet<NodeStatus> = new Set(['error', 'fail', 'skipped', 'partial success', 'runtime error']);

export function isBad({ status }: NodeResult): boolean {
  return BAD.has(status) && status !== 'skipped';
}

/** What stops those that wait for a node. */
export function blocks({ status }: NodeResult): boolean {
  return status === 'error' || status === 'fail' || status === 'skipped' || status === 'runtime error';
}
