import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { writeWhole } from '../../kernel/index.ts';
import { quotingOf } from '../context/adapter-options.ts';
import { findMacroDependencies } from '../macros/registry.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { ManifestNode } from '../manifest/node.ts';
import type { Project } from '../load.ts';
import { metadataOf } from './run-results.ts';

/** Fields that we keep on nodes and dbt has not in its manifest. */
const OURS: Readonly<Partial<Record<ManifestNode['resource_type'], readonly string[]>>> = {
  unit_test: ['tags', 'unrendered_config'],
  source: ['depends_on'],
  semantic_model: ['tags'],
};

/** A node as it stands in the manifest. */
export function nodeDocument(node: ManifestNode): Record<string, unknown> {
  const left = OURS[node.resource_type] ?? [];
  const document = Object.fromEntries(Object.entries(node).filter(([key]) => !left.includes(key)));
  // Fields stand in dbt's order, which `list --output json` shows.
  if (node.resource_type === 'semantic_model') return withLast(document, 'config');
  if (node.resource_type === 'metric') return withLast(withLast(document, 'config'), 'depends_on');
  if (node.resource_type === 'saved_query') return withLast(document, 'tags');
  return node.resource_type === 'seed' ? { ...document, depends_on: { macros: node.depends_on.macros } } : document;
}

function withLast(document: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> {
  const { [name]: last, ...rest } = document;
  return { ...rest, [name]: last };
}

/** The manifest as dbt writes it, version 12. */
export function manifestDocument(
  { manifest, invocation }: Project,
  selectors: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  findMacroDependencies(invocation.registry);
  const part = (nodes: ReadonlyMap<string, ManifestNode>): Record<string, unknown> =>
    Object.fromEntries([...nodes].map(([id, node]) => [id, nodeDocument(node)]));
  const sortedEdges = (edges: ReadonlyMap<string, readonly string[]>): Record<string, readonly string[]> =>
    Object.fromEntries([...edges].map(([id, others]) => [id, others.toSorted()]));
  const { adapter, root } = invocation;
  return {
    metadata: {
      ...metadataOf(invocation, 'manifest/v12'),
      project_name: root.name,
      project_id: createHash('md5').update(root.name).digest('hex'),
      user_id: null,
      send_anonymous_usage_stats: false,
      adapter_type: adapter.type,
      quoting: { ...quotingOf(invocation), column: null },
      run_started_at: invocation.startedAt.toISOString().replace('Z', '+00:00'),
    },
    nodes: part(manifest.nodes),
    sources: part(manifest.sources),
    macros: Object.fromEntries([...invocation.registry.all()].map(({ info }) => [info.unique_id, info])),
    docs: Object.fromEntries(manifest.docs),
    exposures: part(manifest.exposures),
    metrics: part(manifest.metrics),
    groups: Object.fromEntries(manifest.groups),
    selectors,
    disabled: Object.fromEntries([...manifest.disabled].map(([id, nodes]) => [id, nodes.map(nodeDocument)])),
    parent_map: sortedEdges(manifest.parentMap()),
    child_map: sortedEdges(manifest.childMap()),
    group_map: groupMap(manifest),
    saved_queries: part(manifest.savedQueries),
    semantic_models: part(manifest.semanticModels),
    unit_tests: part(manifest.unitTests),
    functions: part(manifest.functions),
  };
}

function groupMap(manifest: Manifest): Record<string, string[]> {
  const map: Record<string, string[]> = Object.fromEntries([...manifest.groups.values()].map(({ name }) => [name, []]));
  for (const node of manifest.all()) {
    const group = 'group' in node && typeof node.group === 'string' ? map[node.group] : undefined;
    group?.push(node.unique_id);
  }
  return map;
}

export async function writeManifest(
  folder: string,
  project: Project,
  selectors?: Readonly<Record<string, unknown>>,
): Promise<void> {
  await writeWhole(join(folder, 'manifest.json'), JSON.stringify(manifestDocument(project, selectors)), {
    sync: false,
  });
}
