import type { Datastore } from './datastore.ts';
import { foreachPath } from './foreach-stack.ts';
import type { Fact } from './metadata.ts';
import type { CodePackage, TaskPlace } from './run-store.ts';

export interface BeginFacts extends TaskPlace, Pick<Datastore, 'kind' | 'root'> {
  /** The run that this one continues. */
  readonly origin: string | undefined;
  /** Metaflow's fact about the code package, as JSON. */
  readonly code: string | undefined;
}

/** What Metaflow's client is told of an attempt that begins. */
export function factsAtBegin(attempt: number, begun: BeginFacts): readonly Fact[] {
  const { foreach = [], copyOf, gang, origin, code, kind, root } = begun;
  return [
    { field: 'attempt', value: String(attempt) },
    ...(origin === undefined ? [] : [{ field: 'origin-run-id', value: origin }]),
    ...(copyOf === undefined ? [] : [{ field: 'origin-task-id', value: copyOf }]),
    ...(code === undefined ? [] : [{ field: 'code-package', value: code }]),
    ...(foreach.length === 0 ? [] : [{ field: 'foreach-execution-path', value: foreachPath(foreach) }]),
    ...(gang === undefined ? [] : gangFacts(gang)),
    { field: 'ds-type', value: kind },
    { field: 'ds-root', value: root },
  ];
}

/** As Metaflow has them of its `@parallel`: the first is the "control task". */
function gangFacts({ count, index }: NonNullable<TaskPlace['gang']>): readonly Fact[] {
  const size = { field: 'parallel-world-size', value: String(count) };
  return index === 0 ? [size, { field: 'internal_task_type', value: 'control_task' }] : [size];
}

/** What it is told of one that has ended: the last of these says so. */
export function factsAtEnd(attempt: number, hasSucceeded: boolean): readonly Fact[] {
  return [
    { field: 'attempt_ok', type: 'internal_attempt_status', value: hasSucceeded ? 'True' : 'False' },
    { field: 'attempt-done', value: String(attempt) },
  ];
}

/** How a code package is packed, for Metaflow's readers: their first format, a `.tar.gz` with a member `INFO`. */
const PACKED = JSON.stringify({ version: 0, archive_format: 'tgz', mfcontent_version: 0 });

/** Metaflow's fact about a code package, as JSON. */
export function codeFact(kind: Datastore['kind'], { key, url }: CodePackage): string {
  return JSON.stringify({ ds_type: kind, sha: key, location: url, metadata: PACKED });
}
