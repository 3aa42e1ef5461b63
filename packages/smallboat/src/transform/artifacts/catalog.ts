import { join } from 'node:path';
import { writeWhole } from '../../kernel/index.ts';
import { Relation, informationSchema } from '../adapter/relation.ts';
import { RelationCache } from '../adapter/relation-cache.ts';
import { TableValue } from '../context/table-value.ts';
import { toPlain } from '../jinja/json.ts';
import { PyError } from '../jinja/value.ts';
import type { Project } from '../load.ts';
import type { SourceNode, SqlNode } from '../manifest/node.ts';
import { isEphemeral } from '../manifest/node.ts';
import { textOf } from '../project/plain.ts';
import { Compiler } from '../run/compiler.ts';
import { operationNode } from '../run/operation-node.ts';
import type { WarehouseSession } from '../run/warehouse-session.ts';
import { metadataOf } from './run-results.ts';

export interface CatalogColumn {
  readonly type: string;
  readonly index: number;
  readonly name: string;
  readonly comment: string | null;
}

export interface CatalogTable {
  readonly metadata: {
    readonly type: string;
    readonly schema: string;
    readonly name: string;
    readonly database: string | null;
    readonly comment: string | null;
    readonly owner: string | null;
  };
  readonly columns: Readonly<Record<string, CatalogColumn>>;
  readonly stats: Readonly<Record<string, unknown>>;
  readonly unique_id: string;
}

/** What the warehouse has of a project: by unique id. */
export interface Catalog {
  readonly nodes: Readonly<Record<string, CatalogTable>>;
  readonly sources: Readonly<Record<string, CatalogTable>>;
  readonly errors: readonly string[];
}

const KINDS: ReadonlySet<string> = new Set(['model', 'seed', 'snapshot']);

/** A relation of the warehouse: a table, or the rows that a test keeps. */
function isKept(node: SqlNode): boolean {
  return node.resource_type === 'test'
    ? node.relation_name !== null
    : KINDS.has(node.resource_type) && !isEphemeral(node);
}

type Row = Readonly<Record<string, unknown>>;

/** Asks the warehouse for the columns of all that a project names; `only` keeps those of some nodes. */
export async function readCatalog(
  { manifest, invocation }: Project,
  session: WarehouseSession,
  only?: ReadonlySet<string>,
): Promise<Catalog> {
  const nodes = [...manifest.nodes.values()].filter(isKept);
  const places = new Map<string, Set<string>>();
  for (const node of [...nodes, ...manifest.sources.values()]) {
    const database = node.database ?? invocation.database;
    const schemas = places.get(database) ?? new Set();
    schemas.add(node.schema);
    places.set(database, schemas);
  }
  const compiler = new Compiler({ invocation, cache: new RelationCache(), deferred: new Map() });
  const { macros } = compiler.context(operationNode(invocation, 'macros', ''), { session });
  const tables = new Map<string, CatalogTable>();
  const errors: string[] = [];
  for (const [database, schemas] of places) {
    const within = informationSchema(new Relation(invocation.adapter, { database }), null);
    try {
      const found = await macros
        .find('get_catalog')
        ?.call({ positional: [within, [...schemas].sort()], named: new Map() });
      if (found instanceof TableValue) for (const row of rowsOf(found)) addColumn(tables, row);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      errors.push(error.message);
    }
  }
  const pick = (all: Iterable<SqlNode | SourceNode>): Record<string, CatalogTable> => {
    const picked: Record<string, CatalogTable> = {};
    for (const node of all) {
      if (only && !only.has(node.unique_id)) continue;
      const identifier = node.resource_type === 'source' ? node.identifier : node.alias;
      const table = tables.get(keyOf(node.database, node.schema, identifier));
      if (table) picked[node.unique_id] = { ...table, unique_id: node.unique_id };
    }
    return picked;
  };
  return { nodes: pick(nodes), sources: pick(manifest.sources.values()), errors };
}

function rowsOf(table: TableValue): Row[] {
  return table.rows.map((row) =>
    Object.fromEntries(table.names.map((name, i) => [name.toLowerCase(), toPlain(row.items[i] ?? null)])),
  );
}

function keyOf(database: string | null | undefined, schema: string, name: string): string {
  return JSON.stringify([database?.toLowerCase() ?? null, schema.toLowerCase(), name.toLowerCase()]);
}

const textOrNull = (value: unknown): string | null => textOf(value) ?? null;

function addColumn(tables: Map<string, CatalogTable>, row: Row): void {
  const name = textOf(row['table_name']);
  const schema = textOf(row['table_schema']);
  if (name === undefined || schema === undefined)
    throw new PyError('get_catalog must give the columns table_name and table_schema');
  const database = textOrNull(row['table_database']);
  const key = keyOf(database, schema, name);
  const known = tables.get(key) ?? {
    metadata: {
      type: textOf(row['table_type']) ?? '',
      schema,
      name,
      database,
      comment: textOrNull(row['table_comment']),
      owner: textOrNull(row['table_owner']),
    },
    columns: {},
    stats: {},
    unique_id: '',
  };
  const column = textOf(row['column_name']) ?? '';
  tables.set(key, {
    ...known,
    stats: statsOf(row),
    columns: {
      ...known.columns,
      [column]: {
        type: textOf(row['column_type']) ?? '',
        index: Number(row['column_index']),
        name: column,
        comment: textOrNull(row['column_comment']),
      },
    },
  });
}

/** Columns `stats:<id>:label` and so on of adapters that count rows and bytes. */
function statsOf(row: Row): Record<string, unknown> {
  const stats: Record<string, unknown> = {};
  for (const [key, label] of Object.entries(row)) {
    const [, id] = /^stats:([^:]+):label$/.exec(key) ?? [];
    if (id === undefined || row[`stats:${id}:include`] !== true) continue;
    const of = (part: string): unknown => row[`stats:${id}:${part}`] ?? null;
    stats[id] = { id, label, value: of('value'), include: true, description: of('description') };
  }
  const has = { value: Object.keys(stats).length > 0, include: false };
  const description = 'Indicates whether there are statistics for this table';
  return { ...stats, has_stats: { id: 'has_stats', label: 'Has Stats?', ...has, description } };
}

/** Writes catalog.json in dbt's shape (version 1). */
export async function writeCatalog(folder: string, { invocation }: Project, catalog: Catalog): Promise<void> {
  const document = {
    metadata: metadataOf(invocation, 'catalog/v1'),
    nodes: catalog.nodes,
    sources: catalog.sources,
    errors: catalog.errors.length === 0 ? null : catalog.errors,
  };
  await writeWhole(join(folder, 'catalog.json'), JSON.stringify(document), { sync: false });
}
