import { nodeDocument } from '../artifacts/manifest.ts';
import { toJson } from '../jinja/json.ts';
import { fromPlain } from '../jinja/json.ts';
import type { ManifestNode, ResourceType } from '../manifest/node.ts';
import { isRecord } from '../project/plain.ts';
import type { VerbOptions } from './session.ts';
import { beginVerb, noteManifest } from './session.ts';

export interface ListOptions extends VerbOptions {
  readonly output?: 'selector' | 'name' | 'path' | 'json';
  /** Of `json`: which fields; with dots, fields of fields. */
  readonly outputKeys?: readonly string[];
}

/** What can be listed: all kinds but analyses, which are listed where they are asked for. */
export const LISTABLE = [
  'model',
  'snapshot',
  'seed',
  'test',
  'source',
  'exposure',
  'metric',
  'saved_query',
  'semantic_model',
  'unit_test',
  'function',
] as const satisfies readonly ResourceType[];

/** Fields of a node that `json` shows where none are asked for, in the order in which the node has them. */
const KEYS: ReadonlySet<string> = new Set([
  'alias',
  'name',
  'package_name',
  'depends_on',
  'tags',
  'config',
  'resource_type',
  'source_name',
  'original_file_path',
  'unique_id',
]);

/** The nodes that are chosen, a line each: dbt's `list`. */
export async function list(options: ListOptions): Promise<string[]> {
  const session = await beginVerb('list', options);
  await noteManifest(session, options);
  const asked = options.resourceTypes ?? LISTABLE;
  const chosen = session.choose([...new Set([...LISTABLE, ...asked])], { mayBeEmpty: true }).sort();
  const { manifest } = session.project;
  const nodes = chosen.flatMap((id) => manifest.get(id) ?? []);
  const line: Readonly<Record<NonNullable<ListOptions['output']>, (node: ManifestNode) => string>> = {
    selector: selectorOf,
    name: searchName,
    path: (node) => node.original_file_path,
    json: (node) => toJson(fromPlain(fieldsOf(node, options.outputKeys))),
  };
  return nodes.map(line[options.output ?? 'selector']);
}

/** The name by which a node is looked for. */
function searchName(node: ManifestNode): string {
  if (node.resource_type === 'source') return `${node.source_name}.${node.name}`;
  const version = 'version' in node ? (node.version as string | number | null | undefined) : undefined; // of models and unit tests
  if (version === null || version === undefined) return node.name;
  return node.resource_type === 'unit_test' ? `${node.name}_v${version}` : `${node.name}.v${version}`;
}

const NAMED: ReadonlySet<string> = new Set(['exposure', 'metric', 'semantic_model', 'saved_query']);

function selectorOf(node: ManifestNode): string {
  const named = `${node.package_name}.${node.name}`;
  if (node.resource_type === 'source') return `source:${node.package_name}.${node.source_name}.${node.name}`;
  if (node.resource_type === 'unit_test')
    return `unit_test:${named}${node.version === null ? '' : `_v${node.version}`}`;
  return NAMED.has(node.resource_type) ? `${node.resource_type}:${named}` : node.fqn.join('.');
}

/** A key with dots that leads to nothing is left out; a field that is there is shown, empty or not. */
function fieldsOf(node: ManifestNode, keys: readonly string[] = []): Record<string, unknown> {
  const data = nodeDocument(node);
  if (keys.length === 0) return Object.fromEntries(Object.entries(data).filter(([key]) => KEYS.has(key)));
  const found: Record<string, unknown> = {};
  for (const key of keys) {
    let at: unknown = data;
    for (const part of key.split('.')) at = isRecord(at) ? at[part] : undefined;
    if (at !== undefined && !(at === null && key.includes('.'))) found[key] = at;
  }
  return found;
}
