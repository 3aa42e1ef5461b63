import type { Catalog } from '../artifacts/catalog.ts';
import type { NodeLineage } from '../lineage/column-lineage.ts';
import type { Project } from '../load.ts';
import type { ManifestNode } from '../manifest/node.ts';
import { isSqlNode, materializedOf } from '../manifest/node.ts';
import { isRecord, textOf } from '../project/plain.ts';

/** A node as the page of documentation has it. Short names: there may be thousands. */
export interface SiteNode {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly package: string;
  readonly file: string;
  readonly description: string;
  readonly materialized?: string;
  readonly relation?: string;
  readonly tags: readonly string[];
  readonly reads: readonly string[];
  readonly columns: readonly SiteColumn[];
  readonly tests: readonly string[];
  readonly raw?: string;
  readonly compiled?: string;
  readonly facts: readonly (readonly [string, string])[];
}

export interface SiteColumn {
  readonly name: string;
  readonly type: string;
  readonly description: string;
  readonly tests: readonly string[];
  readonly from?: readonly { readonly node: string; readonly column: string }[];
}

export interface SiteData {
  readonly project: string;
  readonly made: string;
  readonly overview: string;
  readonly nodes: readonly SiteNode[];
}

const SHOWN: ReadonlySet<string> = new Set(['model', 'seed', 'snapshot', 'source', 'exposure', 'analysis', 'function']);

/** What the page shows: no tests of their own, they stand with what they test. */
export function siteData(
  { manifest, invocation, root }: Project,
  catalog: Catalog,
  lineage: ReadonlyMap<string, NodeLineage>,
): SiteData {
  const tests = new Map<string, string[]>();
  for (const test of manifest.nodes.values()) {
    if (test.resource_type !== 'test') continue;
    const about = test.attached_node ?? test.depends_on.nodes[0] ?? '';
    const key = test.column_name ? `${about}\n${test.column_name.toLowerCase()}` : about;
    tests.set(key, [...(tests.get(key) ?? []), test.test_metadata ? test.test_metadata.name : test.name]);
  }
  const nodes = [...manifest.nodes.values(), ...manifest.sources.values(), ...manifest.exposures.values()]
    .filter((node) => SHOWN.has(node.resource_type))
    .map((node) => siteNode(node, { tests, catalog, lineage }));
  const overview = [...manifest.docs.values()].find(
    ({ name, package_name: pkg }) => name === '__overview__' && pkg === root.name,
  );
  return {
    project: root.name,
    made: invocation.startedAt.toISOString(),
    overview: overview?.block_contents ?? '',
    nodes,
  };
}

function siteNode(
  node: ManifestNode,
  parts: {
    readonly tests: ReadonlyMap<string, readonly string[]>;
    readonly catalog: Catalog;
    readonly lineage: ReadonlyMap<string, NodeLineage>;
  },
): SiteNode {
  const { catalog, tests, lineage } = parts;
  const id = node.unique_id;
  const table = catalog.nodes[id] ?? catalog.sources[id];
  const described = 'columns' in node && isRecord(node.columns) ? node.columns : {};
  const byName = new Map(Object.entries(described).map(([name, column]) => [name.toLowerCase(), column] as const));
  const traced = lineage.get(id)?.columns ?? {};
  const origins = new Map(Object.entries(traced).map(([name, from]) => [name.toLowerCase(), from] as const));
  const names = table
    ? Object.values(table.columns)
        .toSorted((a, b) => a.index - b.index)
        .map(({ name }) => name)
    : [...new Set([...Object.keys(described), ...Object.keys(traced)])];
  const columns = names.map((name): SiteColumn => {
    const own = byName.get(name.toLowerCase());
    const from = origins.get(name.toLowerCase());
    return {
      name,
      type: table?.columns[name]?.type ?? (isRecord(own) ? (textOf(own['data_type']) ?? '') : ''),
      description: isRecord(own) ? (textOf(own['description']) ?? '') : '',
      tests: tests.get(`${id}\n${name.toLowerCase()}`) ?? [],
      ...(from && from.length > 0 ? { from } : {}),
    };
  });
  const isSql = isSqlNode(node);
  return {
    id,
    kind: node.resource_type,
    name: nameOf(node),
    package: node.package_name,
    file: node.original_file_path,
    description: 'description' in node ? (textOf(node.description) ?? '') : '',
    tags: 'tags' in node && Array.isArray(node.tags) ? node.tags.map(String) : [],
    reads: 'depends_on' in node ? node.depends_on.nodes : [],
    columns,
    tests: tests.get(id) ?? [],
    facts: factsOf(node, table?.metadata.owner ?? null),
    ...(isSql ? { materialized: materializedOf(node) } : {}),
    ...((isSql || node.resource_type === 'source') && node.relation_name !== null
      ? { relation: node.relation_name }
      : {}),
    ...(isSql && node.resource_type !== 'seed' ? { raw: node.raw_code } : {}),
    ...(isSql && node.compiled_code !== undefined && node.resource_type !== 'seed'
      ? { compiled: node.compiled_code }
      : {}),
  };
}

function nameOf(node: ManifestNode): string {
  if (node.resource_type === 'source') return `${node.source_name}.${node.name}`;
  const version = isSqlNode(node) ? textOf(node.version) : undefined;
  return version === undefined ? node.name : `${node.name}.v${version}`;
}

function factsOf(node: ManifestNode, owner: string | null): (readonly [string, string])[] {
  const facts: (readonly [string, string])[] = [];
  const say = (name: string, value: unknown): void => {
    const text = textOf(value);
    if (text !== undefined && text !== '') facts.push([name, text]);
  };
  say('owner', owner);
  if (isSqlNode(node)) {
    say('group', node.group);
    if (node.resource_type === 'model') say('access', node.access);
    say('version', node.version);
  }
  if (node.resource_type === 'exposure') {
    say('type', node.type);
    say('url', node.url);
    say('owner', isRecord(node.owner) ? (node.owner['name'] ?? node.owner['email']) : undefined);
  }
  if (node.resource_type === 'source') say('loader', node.loader);
  return facts;
}
