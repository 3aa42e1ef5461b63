import type { Invocation } from '../context/invocation.ts';
import type { SqlNode } from '../manifest/node.ts';

/** A node for what is run without being in the project. */
export function operationNode(
  invocation: Invocation,
  name: string,
  sql: string,
  kind: 'operation' | 'sql_operation' = 'operation',
): SqlNode {
  return {
    database: invocation.database,
    schema: invocation.target.schema,
    name,
    resource_type: kind,
    package_name: invocation.root.name,
    path: name,
    original_file_path: name,
    unique_id: `${kind}.${invocation.root.name}.${name}`,
    fqn: [invocation.root.name, name],
    alias: name,
    checksum: { name: 'none', checksum: '' },
    config: { materialized: 'view', enabled: true },
    tags: [],
    description: '',
    columns: {},
    meta: {},
    group: null,
    docs: { show: true, node_color: null },
    patch_path: null,
    build_path: null,
    unrendered_config: {},
    created_at: invocation.startedAt.getTime() / 1000,
    relation_name: null,
    raw_code: sql,
    doc_blocks: [],
    language: 'sql',
    refs: [],
    sources: [],
    metrics: [],
    functions: [],
    depends_on: { macros: [], nodes: [] },
  };
}
