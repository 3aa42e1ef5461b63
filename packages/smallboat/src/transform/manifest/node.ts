/**
 * The nodes of a project, in the shape of dbt's manifest.json (version 12): what templates see as `model` and `graph`, and what is
 * written, is this. Names are dbt's.
 */

export type ResourceType =
  | 'model'
  | 'seed'
  | 'snapshot'
  | 'analysis'
  | 'test'
  | 'unit_test'
  | 'operation'
  | 'sql_operation'
  | 'source'
  | 'exposure'
  | 'metric'
  | 'semantic_model'
  | 'saved_query'
  | 'function';

/** Plain data, as YAML and JSON give it. */
export type Plain = Readonly<Record<string, unknown>>;

export interface Hook {
  readonly sql: string;
  readonly transaction: boolean;
  readonly index: number | null;
}

/** The configuration of a node, all layers merged. Any key may be there: packages and adapters have their own. */
export type NodeConfig = Record<string, unknown>;

export interface RefArguments {
  readonly name: string;
  readonly package: string | null;
  readonly version: string | number | null;
}

export interface Constraint {
  readonly type: string;
  readonly name: string | null;
  readonly expression: string | null;
  readonly warn_unenforced: boolean;
  readonly warn_unsupported: boolean;
  readonly to: string | null;
  readonly to_columns: readonly string[];
  /** Of constraints of a model only. */
  readonly columns?: readonly string[];
}

export interface ColumnInfo {
  readonly name: string;
  description: string;
  readonly meta: Plain;
  readonly data_type: string | null;
  readonly constraints: readonly Constraint[];
  readonly quote: boolean | null;
  readonly config: Plain;
  readonly tags: readonly string[];
  readonly granularity: string | null;
  doc_blocks: readonly string[];
}

export interface DependsOn {
  readonly macros: string[];
  readonly nodes: string[];
}

/** What all kinds of nodes have. */
export interface NodeBase {
  readonly name: string;
  readonly resource_type: ResourceType;
  readonly package_name: string;
  /** Relative to the folder of its kind. */
  readonly path: string;
  /** Relative to the project. */
  readonly original_file_path: string;
  readonly unique_id: string;
  fqn: string[];
  config: NodeConfig;
  tags: string[];
  description: string;
  readonly depends_on: DependsOn;
  created_at: number;
  /** Left out in `graph` and in the manifest. */
  unrendered_config: Record<string, unknown>;
}

/** A node that is SQL, or a seed: what has a place in the warehouse, or could have. */
export interface SqlNode extends NodeBase {
  readonly resource_type:
    | 'model'
    | 'seed'
    | 'snapshot'
    | 'analysis'
    | 'test'
    | 'operation'
    | 'sql_operation'
    | 'function';
  database: string | null;
  schema: string;
  alias: string;
  checksum: { readonly name: string; readonly checksum: string };
  columns: Record<string, ColumnInfo>;
  meta: Plain;
  group: string | null;
  docs: { show: boolean; node_color: string | null };
  patch_path: string | null;
  build_path: string | null;
  relation_name: string | null;
  raw_code: string;
  doc_blocks: string[];
  /** All but seeds. */
  language?: string;
  refs?: RefArguments[];
  sources?: string[][];
  metrics?: string[][];
  functions?: string[][];
  compiled_path?: string | null;
  compiled?: boolean;
  compiled_code?: string;
  extra_ctes_injected?: boolean;
  extra_ctes?: { id: string; sql: string }[];
  contract?: { enforced: boolean; alias_types: boolean; checksum: string | null };
  /** Models. */
  access?: string;
  constraints?: Constraint[];
  version?: string | number | null;
  latest_version?: string | number | null;
  deprecation_date?: string | null;
  primary_key?: string[];
  time_spine?: unknown;
  defer_relation?: unknown;
  /** Generic tests. */
  column_name?: string | null;
  file_key_name?: string | null;
  attached_node?: string | null;
  test_metadata?: { readonly name: string; readonly kwargs: Plain; readonly namespace: string | null };
  /** Seeds. */
  root_path?: string;
  /** Hooks. */
  index?: number;
  /** Functions. */
  returns?: unknown;
  arguments?: unknown;
}

export interface SourceNode extends NodeBase {
  readonly resource_type: 'source';
  database: string | null;
  schema: string;
  readonly source_name: string;
  source_description: string;
  readonly loader: string;
  identifier: string;
  readonly quoting: Record<string, boolean | null>;
  readonly loaded_at_field: string | null;
  readonly loaded_at_query: string | null;
  readonly freshness: Freshness | null;
  readonly external: unknown;
  columns: Record<string, ColumnInfo>;
  meta: Plain;
  readonly source_meta: Plain;
  readonly patch_path: string | null;
  relation_name: string;
  readonly unrendered_database: string | null;
  readonly unrendered_schema: string | null;
  doc_blocks: string[];
}

export interface Freshness {
  readonly warn_after: FreshnessTime;
  readonly error_after: FreshnessTime;
  readonly filter: string | null;
}

export interface FreshnessTime {
  readonly count: number | null;
  readonly period: string | null;
}

export interface UnitTestNode extends NodeBase {
  readonly resource_type: 'unit_test';
  readonly model: string;
  readonly given: readonly UnitFixture[];
  readonly expect: UnitFixture;
  readonly overrides: { readonly macros: Plain; readonly vars: Plain; readonly env_vars: Plain } | null;
  checksum: string;
  schema: string;
  readonly versions: unknown;
  version: string | number | null;
}

export interface UnitFixture {
  readonly input?: string;
  readonly rows: readonly Plain[] | string | null;
  readonly format: 'dict' | 'csv' | 'sql';
  readonly fixture: string | null;
}

export interface ExposureNode extends NodeBase {
  readonly resource_type: 'exposure';
  readonly type: string;
  readonly owner: Plain;
  readonly label: string | null;
  readonly maturity: string | null;
  meta: Plain;
  readonly url: string | null;
  readonly refs: RefArguments[];
  readonly sources: string[][];
  readonly metrics: string[][];
}

/** Metrics, semantic models and saved queries: read, checked for what they refer to, and written; not queried. */
export interface SemanticNode extends NodeBase {
  readonly resource_type: 'metric' | 'semantic_model' | 'saved_query';
  readonly [key: string]: unknown;
}

export type ManifestNode = SqlNode | SourceNode | UnitTestNode | ExposureNode | SemanticNode;

export interface MacroInfo {
  readonly name: string;
  readonly resource_type: 'macro';
  readonly package_name: string;
  readonly path: string;
  readonly original_file_path: string;
  readonly unique_id: string;
  readonly macro_sql: string;
  readonly depends_on: { readonly macros: string[] };
  description: string;
  meta: Plain;
  docs: { show: boolean; node_color: string | null };
  config: Plain;
  patch_path: string | null;
  arguments: unknown[];
  created_at: number;
  readonly supported_languages: readonly string[] | null;
}

export interface DocBlock {
  readonly name: string;
  readonly resource_type: 'doc';
  readonly package_name: string;
  readonly path: string;
  readonly original_file_path: string;
  readonly unique_id: string;
  readonly block_contents: string;
}

export interface GroupNode {
  readonly name: string;
  readonly resource_type: 'group';
  readonly package_name: string;
  readonly path: string;
  readonly original_file_path: string;
  readonly unique_id: string;
  readonly owner: Plain;
  readonly description: string | null;
  readonly config: Plain;
}

/** What can be built or run, in the order of dbt's kinds. */
export function isSqlNode(node: ManifestNode): node is SqlNode {
  return (
    node.resource_type !== 'source' &&
    node.resource_type !== 'unit_test' &&
    node.resource_type !== 'exposure' &&
    node.resource_type !== 'metric' &&
    node.resource_type !== 'semantic_model' &&
    node.resource_type !== 'saved_query'
  );
}

export function materializedOf(node: SqlNode): string {
  return typeof node.config['materialized'] === 'string' ? node.config['materialized'] : 'view';
}

export function isEphemeral(node: ManifestNode | undefined): boolean {
  return node?.resource_type === 'model' && materializedOf(node) === 'ephemeral';
}
