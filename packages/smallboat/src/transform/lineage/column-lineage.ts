import { optionalPackage, messageOf } from '../../kernel/index.ts';
import type { CatalogTable } from '../artifacts/catalog.ts';
import type { Project } from '../load.ts';
import type { SourceNode, SqlNode } from '../manifest/node.ts';

/** A column of a node, and the columns of others that it is made of. */
export interface ColumnOrigin {
  /** Unique id of a model, seed, snapshot or source. */
  readonly node: string;
  readonly column: string;
}

/** What is known of the columns of a model. */
export interface NodeLineage {
  /** By the name of a column, in the order of the query. */
  readonly columns: Readonly<Record<string, readonly ColumnOrigin[]>>;
  /** Why the columns are not known; undefined where they are. */
  readonly problem?: string;
}

interface Table {
  readonly node: string;
  readonly columns: readonly string[];
}

interface Analysis {
  readonly success: boolean;
  readonly error?: string | null;
  readonly analysis?: {
    readonly projections: readonly {
      readonly name?: string;
      readonly isStar: boolean;
      readonly upstream: readonly {
        readonly table?: string | null;
        readonly column: string;
        readonly sourceKind: string;
      }[];
    }[];
  } | null;
}

interface Analyzer {
  analyzeQuery(sql: string, options: object): unknown;
}

const PACKAGE = '@polyglot-sql/sdk';

/**
 * Which columns each column of a model is made of, from the compiled SQL: no warehouse is asked. Models must have been compiled;
 * the columns of seeds and sources are those of the catalog, or those that are described.
 *
 * @throws `PACKAGE_MISSING`: the parser of SQL is not installed.
 */
export async function columnLineage(
  { manifest, invocation }: Project,
  known: Readonly<Record<string, CatalogTable>> = {},
): Promise<ReadonlyMap<string, NodeLineage>> {
  const parser = (await optionalPackage(PACKAGE, 'Lineage of columns', () => import('@polyglot-sql/sdk'))) as Analyzer;
  const tables = new Map<string, Table>();
  const found = new Map<string, NodeLineage>();
  const columnsOf = (node: SqlNode | SourceNode): readonly string[] =>
    Object.keys(known[node.unique_id]?.columns ?? node.columns);
  for (const source of manifest.sources.values())
    tables.set(nameOf(source, source.identifier), { node: source.unique_id, columns: columnsOf(source) });
  for (const node of inOrder(manifest.nodes)) {
    if (node.resource_type === 'seed') {
      tables.set(nameOf(node, node.alias), { node: node.unique_id, columns: columnsOf(node) });
      continue;
    }
    if (node.compiled_code === undefined) continue;
    const own = trace(parser, node.compiled_code, { tables, dialect: invocation.adapter.type });
    found.set(node.unique_id, own);
    const columns = columnsOf(node);
    tables.set(nameOf(node, node.alias), {
      node: node.unique_id,
      columns: columns.length > 0 ? columns : Object.keys(own.columns),
    });
  }
  return found;
}

function nameOf({ database, schema }: SqlNode | SourceNode, identifier: string): string {
  return [database, schema, identifier].filter((part) => part !== null && part !== undefined && part !== '').join('.');
}

/** Models and seeds, what is read before what reads it. */
function inOrder(nodes: ReadonlyMap<string, SqlNode>): SqlNode[] {
  const done = new Set<string>();
  const order: SqlNode[] = [];
  const visit = (id: string): void => {
    const node = nodes.get(id);
    if (!node || done.has(id)) return;
    done.add(id);
    for (const other of node.depends_on.nodes) visit(other);
    if (['model', 'seed', 'snapshot'].includes(node.resource_type)) order.push(node);
  };
  for (const id of nodes.keys()) visit(id);
  return order;
}

function trace(
  parser: Analyzer,
  sql: string,
  { tables, dialect }: { readonly tables: ReadonlyMap<string, Table>; readonly dialect: string },
): NodeLineage {
  const schema = {
    tables: [...tables]
      .filter(([, { columns }]) => columns.length > 0)
      .map(([name, { columns }]) => ({ name, columns: columns.map((column) => ({ name: column, type: 'varchar' })) })),
  };
  let analysis: Analysis;
  try {
    analysis = parser.analyzeQuery(sql, {
      dialect: dialect === 'postgres' ? 'postgresql' : dialect,
      schema,
    }) as Analysis; // its own shape
  } catch (error) {
    return { columns: {}, problem: messageOf(error) };
  }
  if (!analysis.success || !analysis.analysis)
    return { columns: {}, problem: analysis.error ?? 'the SQL cannot be read' };
  const columns: Record<string, readonly ColumnOrigin[]> = {};
  const byName = new Map([...tables].map(([name, table]) => [name.toLowerCase(), table] as const));
  for (const [i, projection] of analysis.analysis.projections.entries()) {
    if (projection.isStar) continue;
    const origins = new Map<string, ColumnOrigin>();
    for (const { table, column, sourceKind } of projection.upstream) {
      const from = sourceKind === 'table' ? byName.get((table ?? '').toLowerCase()) : undefined;
      if (from) origins.set(`${from.node} ${column}`, { node: from.node, column });
    }
    columns[projection.name ?? `column ${i + 1}`] = [...origins.values()];
  }
  return { columns };
}
