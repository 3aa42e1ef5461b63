import { createHash } from 'node:crypto';
import { Relation } from '../adapter/relation.ts';
import { RelationCache } from '../adapter/relation-cache.ts';
import { quotingOf } from '../context/adapter-options.ts';
import type { Invocation } from '../context/invocation.ts';
import type { ContextNode, NodeContext } from '../context/node-context.ts';
import { nodeContext } from '../context/node-context.ts';
import { fromPlain } from '../jinja/json.ts';
import type { Value } from '../jinja/value.ts';
import { Bag, str } from '../jinja/value.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { NodeConfig, RefArguments, SqlNode } from '../manifest/node.ts';
import { materializedOf } from '../manifest/node.ts';
import type { DbtPackage } from '../project/package.ts';
import { recordOf, textOf } from '../project/plain.ts';

/** What is noted while the templates of a node are rendered for the first time. */
export interface Noted {
  readonly refs: RefArguments[];
  readonly sources: string[][];
  readonly metrics: string[][];
  readonly functions: string[][];
  readonly macros: string[];
  /** What `config(…)` was called with, in order. */
  readonly configs: Record<string, unknown>[];
}

/** A line of YAML or SQL that a user should look at, though the project can be read. */
export type Warn = (message: string) => void;

/** What the readers of one project share. */
export interface Parsing {
  readonly invocation: Invocation;
  readonly manifest: Manifest;
  readonly warn: Warn;
  /** Seconds since 1970, for `created_at`. */
  readonly now: number;
}

const NO_RELATIONS = new RelationCache();

/** The names that the templates of a node see while the project is read, and what they note. */
export function parseContext(
  { invocation }: Parsing,
  node: ContextNode,
  extra: Readonly<Record<string, Value>> = {},
): { readonly context: NodeContext; readonly noted: Noted } {
  const noted: Noted = { refs: [], sources: [], metrics: [], functions: [], macros: [], configs: [] };
  const self = new Relation(invocation.adapter, {
    database: node.database ?? invocation.database,
    schema: node.schema ?? invocation.target.schema,
    identifier: node.name,
  });
  const context = nodeContext({
    invocation,
    node,
    self,
    session: undefined,
    cache: NO_RELATIONS,
    extra,
    references: {
      ref: (given) => {
        noted.refs.push(given);
        return self;
      },
      source: (source, table) => {
        noted.sources.push([source, table]);
        return self;
      },
      metric: (given) => {
        noted.metrics.push([...given]);
        return new Bag('MetricReference', { name: given.at(-1) ?? '' }, given.at(-1) ?? '');
      },
      function: (given) => {
        noted.functions.push([...given]);
        return self.with({ type: 'function' });
      },
    },
    onConfig: (config) => void noted.configs.push(config),
    onMacro: ({ info }) => {
      if (!noted.macros.includes(info.unique_id)) noted.macros.push(info.unique_id);
    },
  });
  return { context, noted };
}

export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A checksum of a file's text, as dbt writes it: without white space around. */
export function checksumOf(text: string): { readonly name: string; readonly checksum: string } {
  return { name: 'sha256', checksum: sha256Of(text.trim()) };
}

export interface NamedNode {
  readonly name: string;
  readonly package_name: string;
  readonly config: NodeConfig;
  readonly version?: string | number | null;
}

export interface Naming {
  readonly database: string;
  readonly schema: string;
  readonly alias: string;
}

/** Where a node goes: what the macros `generate_database_name`, `generate_schema_name` and `generate_alias_name` say. */
export async function namesFor(parsing: Parsing, node: NamedNode): Promise<Naming> {
  const { invocation } = parsing;
  const { registry, root, target } = invocation;
  const isOwn = (name: string): boolean =>
    registry.generateFor(name, root.name) !== undefined || registry.generateFor(name, node.package_name) !== undefined;
  const custom = (key: string): string | null => textOf(node.config[key]) ?? null;
  let asked: NodeContext | undefined;
  const ask = async (name: string, value: string | null): Promise<string> => {
    asked ??= parseContext(parsing, {
      unique_id: node.name,
      name: node.name,
      package_name: node.package_name,
      original_file_path: name,
    }).context;
    const own = node.package_name === root.name ? undefined : registry.generateFor(name, node.package_name);
    const macro = own ?? registry.generate(name);
    if (!macro) throw new Error(`the macro '${name}' is missing`);
    const answer = await asked.macros.of(macro).call({ positional: [value, fromPlain(node)], named: new Map() });
    return answer === null ? '' : str(answer).trim();
  };
  // The program's own three are done here: asking a macro for each node of a large project takes longer than all else.
  const dispatched = ['database', 'schema', 'alias'].some((what) => isDispatched(invocation, `generate_${what}_name`));
  const database =
    isOwn('generate_database_name') || dispatched
      ? await ask('generate_database_name', custom('database'))
      : (custom('database')?.trim() ?? invocation.database);
  const schemaName = custom('schema');
  const schema =
    isOwn('generate_schema_name') || dispatched
      ? await ask('generate_schema_name', schemaName)
      : schemaName === null
        ? target.schema
        : `${target.schema}_${schemaName.trim()}`;
  const aliasName = custom('alias');
  const version = node.version ?? null;
  const alias =
    isOwn('generate_alias_name') || dispatched
      ? await ask('generate_alias_name', aliasName)
      : aliasName !== null && aliasName !== ''
        ? aliasName.trim()
        : version === null
          ? node.name
          : `${node.name}_v${String(version).replaceAll('.', '_')}`;
  return { database, schema, alias };
}

/** True where the project has `<adapter>__…` or `default__…` for a macro that dispatches. */
function isDispatched({ registry, root }: Invocation, name: string): boolean {
  const result = registry.dispatch(name, 'dbt', root.name);
  return 'macro' in result && !registry.options.internal.includes(result.macro.packageName);
}

/** The name of a node in SQL; null for what the warehouse does not have. */
export function relationNameOf(invocation: Invocation, node: SqlNode): string | null {
  const { config, resource_type: kind } = node;
  const stores = config['store_failures'] ?? invocation.flags.storeFailures;
  const isStored = kind === 'test' && stores === true && config['store_failures_as'] !== 'ephemeral';
  if (kind !== 'model' && kind !== 'seed' && kind !== 'snapshot' && kind !== 'function' && !isStored) return null;
  if (kind === 'model' && materializedOf(node) === 'ephemeral') return null;
  return relationFor(invocation, node).render();
}

/** The relation of a node, quoted as its configuration and the project say. */
export function relationFor(
  invocation: Invocation,
  node: Pick<SqlNode, 'database' | 'schema' | 'alias' | 'config'>,
): Relation {
  const quoting = recordOf(node.config['quoting']);
  const base = quotingOf(invocation);
  const part = (name: 'database' | 'schema' | 'identifier'): boolean => {
    const own = quoting[name];
    return typeof own === 'boolean' ? own : base[name];
  };
  return new Relation(invocation.adapter, {
    database: node.database,
    schema: node.schema,
    identifier: node.alias,
    quotes: { database: part('database'), schema: part('schema'), identifier: part('identifier') },
  });
}

/** The parts of a path of folders, and the name at its end, as dbt's `fqn`. */
export function fqnOf(pkg: DbtPackage, path: string, name: string): string[] {
  return [pkg.name, ...path.split('/').slice(0, -1), name];
}

export function nameOfFile(path: string): string {
  return (path.split('/').at(-1) ?? '').replace(/\.[^.]*$/, '');
}
