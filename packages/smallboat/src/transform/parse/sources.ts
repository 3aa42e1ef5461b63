import { Relation } from '../adapter/relation.ts';
import type { Freshness, FreshnessTime, NodeConfig, SourceNode } from '../manifest/node.ts';
import { projectErrors } from '../project/errors.ts';
import { isRecord, listOf, recordOf, textOf, textOrNull, textsOf } from '../project/plain.ts';
import { columnsOf } from './columns.ts';
import { configOf } from './config.ts';
import { askedTests, readGenericTest } from './generic-tests.ts';
import type { Entry } from './properties.ts';
import type { Parsing } from './parsing.ts';

/** Reads the tables of `sources:` of all packages, and their tests. Entries with `overrides` change those of a package. */
export async function readSources(parsing: Parsing, entries: readonly Entry[]): Promise<void> {
  const all = entries.filter(({ section }) => section === 'sources');
  const patches = new Map<string, Entry>();
  for (const entry of all) {
    const overrides = textOf(entry.data['overrides']);
    if (overrides !== undefined) patches.set(`${overrides}.${entry.name}`, entry);
  }
  for (const entry of all) {
    if (entry.data['overrides'] !== undefined) continue;
    const patch = patches.get(`${entry.pkg.name}.${entry.name}`);
    for (const [t, table] of listOf(entry.data['tables']).entries()) {
      if (!isRecord(table) || textOf(table['name']) === undefined) {
        throw projectErrors.PROJECT_UNREADABLE({
          file: entry.file,
          line: entry.lineOf(['tables', t]),
          problem: `a table of source '${entry.name}' has no name`,
        });
      }
      await readTable(parsing, entry, { table, t, patch });
    }
  }
}

interface TableEntry {
  readonly table: Readonly<Record<string, unknown>>;
  readonly t: number;
  readonly patch: Entry | undefined;
}

async function readTable(parsing: Parsing, entry: Entry, given: TableEntry): Promise<void> {
  const { invocation, manifest } = parsing;
  const { pkg, file } = entry;
  const patchTable = listOf(given.patch?.data['tables'])
    .filter(isRecord)
    .find((one) => one['name'] === given.table['name']);
  const { overrides: _o, tables: _t, name: _n, ...patchSource } = given.patch?.data ?? {};
  const source: Readonly<Record<string, unknown>> = { ...entry.data, ...patchSource };
  const table: Readonly<Record<string, unknown>> = { ...given.table, ...patchTable };
  const name = String(table['name']);
  const fqnPath = file.split('/').slice(1, -1);
  const fqn = [pkg.name, ...fqnPath, entry.name, name];
  const node = sourceNode(parsing, entry, { source, table, fqn });
  node.relation_name = sourceRelation(invocation, node).print();
  const isEnabled = node.config['enabled'] !== false;
  manifest.addSource(node);
  const quoting = { ...recordOf(source['quoting']), ...recordOf(table['quoting']) };
  const asked = askedTests(table, (path) => entry.lineOf(['tables', given.t, ...path]), {
    quotesColumns: quoting['column'] === true,
    quote: (one) => `${invocation.adapter.quoteCharacter}${one}${invocation.adapter.quoteCharacter}`,
    tags: [...textsOf(source['tags']), ...textsOf(table['tags'])],
  });
  for (const one of asked) {
    const test = await readGenericTest(
      parsing,
      { kind: 'source', name, sourceName: entry.name, section: 'sources', pkg, file },
      one,
    );
    if (isEnabled) manifest.add(test);
  }
}

interface SourceParts {
  readonly source: Readonly<Record<string, unknown>>;
  readonly table: Readonly<Record<string, unknown>>;
  readonly fqn: string[];
}

function sourceNode(parsing: Parsing, entry: Entry, { source, table, fqn }: SourceParts): SourceNode {
  const { invocation } = parsing;
  const { pkg, file } = entry;
  const sourceConfig = recordOf(source['config']);
  const tableConfig = recordOf(table['config']);
  const raw = entry.raw;
  const name = String(table['name']);
  const freshness = freshnessOf([source, sourceConfig, table, tableConfig].map((one) => one['freshness']));
  const pick = (key: string): unknown => tableConfig[key] ?? table[key] ?? sourceConfig[key] ?? source[key];
  const sourceMeta = { ...recordOf(source['meta']), ...recordOf(sourceConfig['meta']) };
  const meta = { ...sourceMeta, ...recordOf(table['meta']), ...recordOf(tableConfig['meta']) };
  const tags = [
    ...textsOf(source['tags']),
    ...textsOf(sourceConfig['tags']),
    ...textsOf(table['tags']),
    ...textsOf(tableConfig['tags']),
  ];
  const layered = configOf({
    kind: 'source',
    fqn,
    own: pkg.project,
    root: invocation.root.project,
    inFile: {
      ...sourceConfig,
      ...tableConfig,
      ...(freshness === undefined ? {} : { freshness }),
      ...(pick('loaded_at_field') === undefined ? {} : { loaded_at_field: pick('loaded_at_field') }),
      ...(pick('loaded_at_query') === undefined ? {} : { loaded_at_query: pick('loaded_at_query') }),
      meta,
      tags: [...new Set(tags)].sort(),
    },
  });
  const config: NodeConfig = { ...layered };
  const quoting = { ...recordOf(source['quoting']), ...recordOf(table['quoting']) };
  const quote = (part: string): boolean | null => {
    const value = quoting[part];
    return typeof value === 'boolean' ? value : null;
  };
  const database = textOf(source['database']) ?? textOf(source['catalog']);
  return {
    database: database ?? invocation.database,
    schema: textOf(source['schema']) ?? entry.name,
    name,
    resource_type: 'source',
    package_name: pkg.name,
    path: file,
    original_file_path: file,
    unique_id: `source.${pkg.name}.${entry.name}.${name}`,
    fqn,
    source_name: entry.name,
    source_description: textOf(source['description']) ?? '',
    loader: textOf(table['loader']) ?? textOf(source['loader']) ?? '',
    identifier: textOf(table['identifier']) ?? name,
    quoting: {
      database: quote('database'),
      schema: quote('schema'),
      identifier: quote('identifier'),
      column: quote('column'),
    },
    loaded_at_field: textOrNull(config['loaded_at_field']),
    loaded_at_query: textOrNull(config['loaded_at_query']),
    freshness: config['freshness'] === null ? null : ((config['freshness'] as Freshness | undefined) ?? null), // as freshnessOf makes it, or the default's shape
    external: table['external'] ?? null,
    description: textOf(table['description']) ?? '',
    columns: columnsOf(table['columns']),
    meta: recordOf(config['meta']),
    source_meta: sourceMeta,
    tags: textsOf(config['tags']),
    config,
    patch_path: null,
    unrendered_config: {
      loaded_at_field: pick('loaded_at_field') ?? null,
      loaded_at_query: pick('loaded_at_query') ?? null,
      ...sourceConfig,
      ...tableConfig,
      ...(freshness === undefined ? {} : { freshness }),
      meta,
      tags,
    },
    relation_name: '',
    created_at: parsing.now,
    unrendered_database: textOrNull(raw['database']),
    unrendered_schema: textOrNull(raw['schema']),
    doc_blocks: [],
    depends_on: { macros: [], nodes: [] },
  };
}

function timeOf(value: unknown): FreshnessTime {
  const { count, period } = recordOf(value);
  return { count: typeof count === 'number' ? count : null, period: textOrNull(period) };
}

/**
 * The freshness of a source, over it that of its configuration, then the table's, then that of its configuration; null where one of them
 * turns it off and none after it says more, undefined where none says anything.
 */
function freshnessOf(layers: readonly unknown[]): Freshness | null | undefined {
  if (layers.every((one) => one === undefined)) return undefined;
  let found: Freshness | null = NO_FRESHNESS;
  for (const layer of layers) {
    const over = recordOf(layer);
    if (layer === null) found = null;
    else if (found !== null || Object.keys(over).length > 0) {
      const under: Freshness = found ?? NO_FRESHNESS;
      found = {
        warn_after: mergedTime(under.warn_after, over['warn_after']),
        error_after: mergedTime(under.error_after, over['error_after']),
        filter: textOrNull(over['filter'] ?? under.filter),
      };
    }
  }
  return found;
}

const NO_FRESHNESS: Freshness = { warn_after: timeOf({}), error_after: timeOf({}), filter: null };

function mergedTime(under: FreshnessTime | null, over: unknown): FreshnessTime {
  return over === null ? timeOf({}) : { ...timeOf(under), ...defined(timeOf(over)) };
}

function defined(time: FreshnessTime): Partial<FreshnessTime> {
  return time.count === null && time.period === null ? {} : time;
}

/** The relation of a source: quoted as it says itself; with dbt-duckdb's `external_location`, what stands for it. */
export function sourceRelation(invocation: Parsing['invocation'], node: SourceNode): Relation {
  const { adapter } = invocation;
  const part = (name: 'database' | 'schema' | 'identifier'): boolean => node.quoting[name] ?? adapter.quotes[name];
  return new Relation(adapter, {
    database: node.database,
    schema: node.schema,
    identifier: node.identifier,
    quotes: { database: part('database'), schema: part('schema'), identifier: part('identifier') },
    external: adapter.type === 'duckdb' ? externalLocation(node) : undefined,
  });
}

/** dbt-duckdb: files that are read in place of a table, as the source's meta or config says. */
function externalLocation(node: SourceNode): string | undefined {
  const settings: Readonly<Record<string, unknown>> = {
    ...node.source_meta,
    ...node.meta,
    ...recordOf(node.config['meta']),
    ...extraOf(node.config),
  };
  if (settings['plugin'] !== undefined) {
    throw projectErrors.ADAPTER_FEATURE({
      from: node.original_file_path,
      feature: `the dbt-duckdb plugin '${textOf(settings['plugin']) ?? '?'}' of source '${node.source_name}.${node.name}'`,
      instead: 'read the files with external_location, or load them before',
    });
  }
  const location = textOf(settings['external_location']);
  if (location === undefined) return undefined;
  const values: Readonly<Record<string, unknown>> = {
    ...settings,
    name: node.name,
    identifier: node.identifier,
    schema: node.schema,
    database: node.database,
    source_name: node.source_name,
  };
  const known = (key: string): string => textOf(values[key]) ?? '';
  const formatter = textOf(settings['formatter']) ?? 'newstyle';
  const text =
    formatter === 'oldstyle'
      ? location.replace(/%\((\w+)\)[sd]/g, (_all, key: string) => known(key))
      : formatter === 'template'
        ? location.replace(/\$\{?(\w+)\}?/g, (_all, key: string) => known(key))
        : location.replace(/\{\{|\}\}|\{(\w+)\}/g, (all, key?: string) =>
            key === undefined ? all.slice(1) : known(key),
          );
  return text.includes('(') || text.startsWith("'") ? text : `'${text}'`;
}

function extraOf(config: NodeConfig): Record<string, unknown> {
  const {
    enabled: _e,
    event_time: _t,
    freshness: _f,
    loaded_at_field: _l,
    loaded_at_query: _q,
    meta: _m,
    tags: _g,
    ...rest
  } = config;
  return rest;
}
