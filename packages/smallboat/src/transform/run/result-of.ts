import type { Invocation } from '../context/invocation.ts';
import type { ManifestNode } from '../manifest/node.ts';
import { isSqlNode, materializedOf } from '../manifest/node.ts';
import type { NodeResult, NodeStatus, Timing } from './node-result.ts';

/** What became of a node, with what all results have. */
export function resultOf(
  node: ManifestNode,
  status: NodeStatus,
  more: Partial<NodeResult> & { readonly startedAt: Date },
): NodeResult {
  const completedAt = new Date();
  const [compile, run] = more.timing ?? [];
  const timing: readonly Timing[] =
    compile && run
      ? [compile, { ...run, completedAt }]
      : [
          { name: 'compile', startedAt: more.startedAt, completedAt: more.startedAt },
          { name: 'execute', startedAt: more.startedAt, completedAt },
        ];
  const relation = isSqlNode(node) ? node.relation_name : null;
  return {
    uniqueId: node.unique_id,
    name: node.name,
    kind: node.resource_type,
    status,
    message: '',
    response: {},
    file: node.original_file_path,
    seconds: (completedAt.getTime() - more.startedAt.getTime()) / 1000,
    thread: 'Thread-1 (worker)',
    ...(isSqlNode(node) ? { materialized: materializedOf(node) } : {}),
    ...(relation === null ? {} : { relation }),
    ...(isSqlNode(node) && node.compiled_code !== undefined && node.resource_type !== 'seed'
      ? { compiledSql: node.compiled_code }
      : {}),
    ...more,
    timing: status === 'skipped' ? [] : timing,
  };
}

/** A result as templates of `on-run-end` see it. */
export function resultValue(result: NodeResult, { manifest }: Invocation): Record<string, unknown> {
  const node = manifest.get(result.uniqueId);
  return {
    status: result.status,
    message: result.message === '' ? null : result.message,
    failures: result.failures ?? null,
    execution_time: result.seconds,
    thread_id: result.thread,
    unique_id: result.uniqueId,
    adapter_response: result.response,
    timing: result.timing.map((one) => ({
      name: one.name,
      started_at: one.startedAt.toISOString(),
      completed_at: one.completedAt.toISOString(),
    })),
    node: node ?? {},
  };
}
