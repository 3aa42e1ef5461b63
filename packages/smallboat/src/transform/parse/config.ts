import type { ConfiguredKind, DbtProjectFile } from '../project/dbt-project-file.ts';
import { isRecord, listOf, recordOf, textOf } from '../project/plain.ts';
import type { Hook, NodeConfig } from '../manifest/node.ts';

type Layer = Readonly<Record<string, unknown>>;

const COMMON: Layer = {
  enabled: true,
  alias: null,
  schema: null,
  database: null,
  tags: [],
  meta: {},
  group: null,
  static_analysis: null,
};

const NODE: Layer = {
  ...COMMON,
  materialized: 'view',
  incremental_strategy: null,
  batch_size: null,
  lookback: 1,
  begin: null,
  persist_docs: {},
  'post-hook': [],
  'pre-hook': [],
  quoting: {},
  column_types: {},
  full_refresh: null,
  unique_key: null,
  on_schema_change: 'ignore',
  on_configuration_change: 'apply',
  grants: {},
  packages: [],
  docs: { show: true, node_color: null },
  contract: { enforced: false, alias_types: true },
  event_time: null,
  concurrent_batches: null,
};

/** What a node is configured as where nobody says anything. */
const DEFAULTS: Readonly<Record<ConfigSources['kind'], Layer>> = {
  group: { meta: {} },
  model: { ...NODE, access: 'protected', freshness: null },
  analysis: NODE,
  operation: NODE,
  seed: { ...NODE, materialized: 'seed', delimiter: ',', quote_columns: null },
  snapshot: {
    ...NODE,
    materialized: 'snapshot',
    strategy: null,
    target_schema: null,
    target_database: null,
    updated_at: null,
    check_cols: null,
    snapshot_meta_column_names: {
      dbt_valid_to: null,
      dbt_valid_from: null,
      dbt_scd_id: null,
      dbt_updated_at: null,
      dbt_is_deleted: null,
    },
    dbt_valid_to_current: null,
  },
  test: {
    ...COMMON,
    schema: 'dbt_test__audit',
    materialized: 'test',
    severity: 'ERROR',
    store_failures: null,
    store_failures_as: null,
    where: null,
    limit: null,
    fail_calc: 'count(*)',
    warn_if: '!= 0',
    error_if: '!= 0',
  },
  source: {
    enabled: true,
    event_time: null,
    freshness: { warn_after: { count: null, period: null }, error_after: { count: null, period: null }, filter: null },
    loaded_at_field: null,
    loaded_at_query: null,
    meta: {},
    tags: [],
    static_analysis: null,
  },
  unit_test: { tags: [], meta: {}, enabled: true, static_analysis: null },
  exposure: { enabled: true, tags: [], meta: {} },
  metric: { enabled: true, group: null, meta: {} },
  semantic_model: { enabled: true, group: null, meta: {} },
  saved_query: {
    enabled: true,
    group: null,
    meta: {},
    export_as: null,
    schema: null,
    cache: { enabled: false },
  },
  function: {
    ...NODE,
    materialized: 'function',
    type: 'scalar',
    volatility: null,
    runtime_version: null,
    entry_point: null,
  },
};

const APPENDED: ReadonlySet<string> = new Set(['pre-hook', 'post-hook', 'tags', 'packages']);
const UPDATED: ReadonlySet<string> = new Set(['quoting', 'column_types', 'meta', 'docs', 'contract']);

/** What dbt_project.yml says for a node, from the whole project down to its own name. A key is a folder, or with `+` a setting. */
export function layersFor(tree: Layer, fqn: readonly string[]): Layer[] {
  const layers: Layer[] = [];
  let at: unknown = tree;
  for (const part of [undefined, ...fqn]) {
    if (part !== undefined) at = isRecord(at) ? at[part] : undefined;
    if (!isRecord(at)) break;
    const layer: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(at)) {
      if (key.startsWith('+')) layer[key.slice(1).trim()] = value;
      else if (!isRecord(value)) layer[key] = value;
    }
    layers.push(layer);
  }
  return layers;
}

/** Hooks under the names that the manifest has for them. */
export function withHookKeys(layer: Layer): Record<string, unknown> {
  return Object.fromEntries(Object.entries(layer).map(([key, value]) => [keyOf(key), value]));
}

function keyOf(key: string): string {
  const name = key.trim();
  return name === 'pre_hook' ? 'pre-hook' : name === 'post_hook' ? 'post-hook' : name;
}

/** Puts a layer over what was merged before: tags and hooks add up, meta and its like are merged by key, the rest is replaced. */
export function mergeLayer(merged: Record<string, unknown>, layer: Layer): void {
  for (const [given, value] of Object.entries(layer)) {
    const key = keyOf(given);
    const before = merged[key];
    if (APPENDED.has(key)) merged[key] = [...listOf(before), ...listOf(value)];
    else if (UPDATED.has(key) && isRecord(value)) merged[key] = { ...recordOf(before), ...value };
    else if (key === 'snapshot_meta_column_names' && isRecord(value)) merged[key] = { ...recordOf(before), ...value };
    else if (key === 'grants') merged[key] = mergedGrants(recordOf(before), recordOf(value));
    else merged[key] = value;
  }
}

/** A privilege with `+` in front adds to who has it; without, replaces them. */
function mergedGrants(before: Layer, layer: Layer): Record<string, unknown> {
  const grants: Record<string, unknown> = { ...before };
  for (const [key, value] of Object.entries(layer)) {
    const name = key.replace(/^\+/, '');
    grants[name] = key.startsWith('+') ? [...listOf(grants[name]), ...listOf(value)] : listOf(value);
  }
  return grants;
}

export interface ConfigSources {
  readonly kind: ConfiguredKind | 'analysis' | 'operation' | 'group';
  readonly fqn: readonly string[];
  /** The package that the node is of, and the one that is run: the latter's words on nodes of others count last. */
  readonly own: DbtProjectFile;
  readonly root: DbtProjectFile;
  /** What a properties file says. */
  readonly patch?: Layer;
  /** What `config(…)` in its own file says, merged. */
  readonly inFile: Layer;
}

function treeOf(project: DbtProjectFile, kind: ConfigSources['kind'], isRaw: boolean): Layer {
  const configs = isRaw ? project.rawConfigs : project.configs;
  // dbt configures analyses, hooks and groups with what stands under `models`.
  return configs[kind === 'analysis' || kind === 'operation' || kind === 'group' ? 'model' : kind];
}

/** The configuration of a node: defaults, its package's dbt_project.yml, properties, its file, the root's dbt_project.yml. */
export function configOf(sources: ConfigSources): NodeConfig {
  const { kind, own, root, fqn, patch, inFile } = sources;
  const merged: Record<string, unknown> = structuredClone(DEFAULTS[kind]);
  for (const layer of layersFor(treeOf(own, kind, false), fqn)) mergeLayer(merged, layer);
  if (patch) mergeLayer(merged, patch);
  mergeLayer(merged, inFile);
  if (own.name !== root.name) for (const layer of layersFor(treeOf(root, kind, false), fqn)) mergeLayer(merged, layer);
  return finished(merged, kind);
}

/** The same without defaults and with templates as they are written: what state comparison looks at. */
export function unrenderedConfigOf({ kind, own, root, fqn, patch, inFile }: ConfigSources): Record<string, unknown> {
  const merged: Record<string, unknown> = {};
  for (const layer of layersFor(treeOf(own, kind, true), fqn)) Object.assign(merged, layer);
  if (patch) Object.assign(merged, patch);
  Object.assign(merged, inFile);
  if (own.name !== root.name)
    for (const layer of layersFor(treeOf(root, kind, true), fqn)) Object.assign(merged, layer);
  return merged;
}

function finished(merged: Record<string, unknown>, kind: ConfigSources['kind']): NodeConfig {
  if (kind !== 'group') merged['tags'] = listOf(merged['tags']);
  if (typeof merged['begin'] === 'string') merged['begin'] = wholeTime(merged['begin']);
  for (const when of ['pre-hook', 'post-hook']) {
    if (when in merged) merged[when] = listOf(merged[when]).map(hookOf);
  }
  // Of a model's freshness dbt keeps what says when to build it; the rest is for sources.
  if (kind === 'model' && isRecord(merged['freshness']) && !('build_after' in merged['freshness']))
    merged['freshness'] = null;
  if (merged['static_analysis'] === true) merged['static_analysis'] = 'on';
  if (merged['static_analysis'] === false) merged['static_analysis'] = 'off';
  if (kind === 'test') {
    const as = merged['store_failures_as'];
    if (as === null || as === undefined) {
      const stores = merged['store_failures'];
      merged['store_failures_as'] = stores === true ? 'table' : stores === false ? 'ephemeral' : null;
    } else merged['store_failures'] = as !== 'ephemeral';
  }
  if (typeof merged['enabled'] === 'string') merged['enabled'] = merged['enabled'].toLowerCase() !== 'false';
  return merged;
}

/** A day as the beginning of it: what dbt writes for `begin`. */
function wholeTime(text: string): string {
  return /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00` : text.replace(/^(\d{4}-\d\d-\d\d) (?=\d)/, '$1T');
}

/** A hook as text, as a mapping, or as JSON text (what `after_commit(…)` gives). */
export function hookOf(given: unknown): Hook {
  if (isRecord(given)) {
    const index = given['index'];
    return {
      sql: textOf(given['sql']) ?? '',
      transaction: given['transaction'] !== false,
      index: typeof index === 'number' ? index : null,
    };
  }
  const sql = textOf(given) ?? '';
  const parsed = sql.trimStart().startsWith('{"') ? jsonOf(sql) : undefined;
  return isRecord(parsed) && 'sql' in parsed ? hookOf(parsed) : { sql, transaction: true, index: null };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // SQL that only looks like JSON
    throw error;
  }
}
