import { parseTemplate } from '../jinja/parse.ts';
import type { Template } from '../jinja/parse.ts';
import { render } from '../jinja/run.ts';
import type { Value } from '../jinja/value.ts';
import type { Hook, NodeConfig, SqlNode } from '../manifest/node.ts';
import type { DbtPackage } from '../project/package.ts';
import { recordOf, textsOf } from '../project/plain.ts';
import type { ConfigSources } from './config.ts';
import { configOf, mergeLayer, unrenderedConfigOf, withHookKeys } from './config.ts';
import type { Noted, Parsing } from './parsing.ts';
import { namesFor, parseContext, relationNameOf } from './parsing.ts';

/** What a node is read from. */
export interface SqlNodeSource {
  readonly pkg: DbtPackage;
  readonly kind: 'model' | 'analysis' | 'test' | 'snapshot' | 'seed' | 'operation' | 'function' | 'sql_operation';
  readonly name: string;
  readonly uniqueId: string;
  readonly path: string;
  readonly file: string;
  readonly rawCode: string;
  readonly fqn: readonly string[];
  readonly checksum: { readonly name: string; readonly checksum: string };
  /** What a properties file says of its configuration. */
  readonly patch?: Readonly<Record<string, unknown>>;
  /** Configuration that counts as if it stood in the file. */
  readonly inFile?: Readonly<Record<string, unknown>>;
  readonly tags?: readonly string[];
  /** The template, where it is a part of a file or something else than `rawCode`. */
  readonly template?: Template;
  readonly extra?: Readonly<Record<string, Value>>;
  /** Runs in place of the template: a generic test has arguments to be rendered first. */
  readonly renderWith?: (parsing: ReturnType<typeof parseContext>) => Promise<void>;
  readonly version?: string | number | null;
  readonly language?: string;
}

/** The template of a node, ready to run again. */
const templates = new WeakMap<SqlNode, Template>();

export function templateOf(node: SqlNode): Template {
  const known = templates.get(node);
  if (known) return known;
  const made = parseTemplate({ file: node.original_file_path, text: node.raw_code });
  templates.set(node, made);
  return made;
}

/**
 * Reads a node: runs its template without a warehouse, to learn what it refers to and how it configures itself, and
 * puts together its configuration and its place.
 */
export async function readSqlNode(parsing: Parsing, source: SqlNodeSource): Promise<SqlNode> {
  const { invocation, now } = parsing;
  const { pkg, kind, name } = source;
  const isRendered = kind !== 'seed' && source.language !== 'python';
  const template = isRendered && !source.renderWith ? (source.template ?? parsed(source)) : undefined;
  const sources = (inFile: Readonly<Record<string, unknown>>): ConfigSources => ({
    kind: kind === 'sql_operation' ? 'operation' : kind,
    fqn: source.fqn,
    own: pkg.project,
    root: invocation.root.project,
    inFile,
    ...(source.patch ? { patch: source.patch } : {}),
  });
  const given = source.inFile ?? {};
  const needsRender = template !== undefined && hasJinja(template);
  let noted: Noted = { refs: [], sources: [], metrics: [], functions: [], macros: [], configs: [] };
  let reading: ReturnType<typeof parseContext> | undefined;
  const model = (): Record<string, unknown> => ({
    unique_id: source.uniqueId,
    name,
    alias: name,
    package_name: pkg.name,
    original_file_path: source.file,
    path: source.path,
    resource_type: kind,
    fqn: source.fqn,
    raw_code: source.rawCode,
    database: invocation.database,
    schema: invocation.target.schema,
    tags: source.tags ?? [],
    meta: {},
    columns: {},
    config: configOf(sources(given)),
  });
  if (needsRender || source.renderWith) {
    const node = model();
    reading = parseContext(parsing, node as never, source.extra); // has the fields of a ContextNode: see above
    noted = reading.noted;
    if (source.renderWith) await source.renderWith(reading);
    else if (template) await render(template, reading.context.options);
  }
  const inFile: Record<string, unknown> = { ...given };
  for (const config of noted.configs) mergeLayer(inFile, config);
  const asWritten = withHookKeys(Object.assign({ ...given }, ...noted.configs));
  const config = configOf(sources(inFile));
  const tags = [...new Set([...(source.tags ?? []), ...textsOf(config['tags'])])];
  const names = await namesFor(parsing, {
    ...(model() as { unique_id: string }), // the macros see what a template of the node would see
    name,
    package_name: pkg.name,
    config,
    version: source.version ?? null,
  });
  const docs = { show: true, node_color: null, ...recordOf(config['docs']) } as SqlNode['docs'];
  const contract = recordOf(config['contract']);
  const node: SqlNode = {
    database: names.database,
    schema: names.schema,
    name,
    resource_type: kind,
    package_name: pkg.name,
    path: source.path,
    original_file_path: source.file,
    unique_id: source.uniqueId,
    fqn: [...source.fqn],
    alias: names.alias,
    checksum: source.checksum,
    config,
    tags,
    description: '',
    columns: {},
    meta: recordOf(config['meta']),
    group: typeof config['group'] === 'string' ? config['group'] : null,
    docs,
    patch_path: null,
    build_path: null,
    unrendered_config: unrenderedConfigOf(sources(asWritten)),
    created_at: now,
    relation_name: null,
    raw_code: source.rawCode,
    doc_blocks: [],
    ...(kind === 'seed'
      ? { root_path: pkg.folder }
      : {
          language: source.language ?? 'sql',
          refs: noted.refs,
          sources: noted.sources,
          metrics: noted.metrics,
          functions: noted.functions,
        }),
    depends_on: { macros: noted.macros, nodes: [] },
    ...(kind === 'seed'
      ? {}
      : {
          compiled_path: null,
          contract: {
            enforced: contract['enforced'] === true,
            alias_types: contract['alias_types'] !== false,
            checksum: null,
          },
        }),
    ...(kind === 'model'
      ? {
          access: typeof config['access'] === 'string' ? config['access'] : 'protected',
          constraints: [],
          version: source.version ?? null,
          latest_version: null,
          deprecation_date: null,
          primary_key: [],
          time_spine: null,
        }
      : {}),
  };
  if (kind === 'snapshot') placeSnapshot(node, config);
  node.relation_name = relationNameOf(invocation, node);
  if (template) templates.set(node, template);
  await readHooks(parsing, node, reading);
  return node;
}

function parsed({ file, rawCode }: SqlNodeSource): Template {
  return parseTemplate({ file, text: rawCode });
}

function hasJinja({ body }: Template): boolean {
  return body.some((statement) => statement.kind !== 'text');
}

/** Snapshots of before dbt 1.9 say their place by keys of their own. */
function placeSnapshot(node: SqlNode, config: NodeConfig): void {
  const { target_database: database, target_schema: schema } = config;
  if (typeof database === 'string' && database !== '') node.database = database;
  if (typeof schema === 'string' && schema !== '') node.schema = schema;
}

/** Hooks refer to nodes too: what they need is built before. */
async function readHooks(
  parsing: Parsing,
  node: SqlNode,
  reading: ReturnType<typeof parseContext> | undefined,
): Promise<void> {
  if (node.resource_type === 'test') return;
  const hooks = ['pre-hook', 'post-hook'].flatMap((when) => (node.config[when] ?? []) as readonly Hook[]); // as configOf makes them
  if (hooks.length === 0) return;
  const { context, noted } = reading ?? parseContext(parsing, node);
  for (const { sql } of hooks) {
    if (sql.includes('{')) await context.render(sql, node.original_file_path);
  }
  if (reading) return;
  node.refs?.push(...noted.refs);
  node.sources?.push(...noted.sources);
  node.depends_on.macros.push(...noted.macros);
}
