import type { Relation } from '../adapter/relation.ts';
import type { RelationCache } from '../adapter/relation-cache.ts';
import { isSqlNode } from '../manifest/node.ts';
import type { Compiler } from './compiler.ts';
import { operationNode } from './operation-node.ts';
import { storesFailures } from './test-outcome.ts';
import type { WarehouseSession } from './warehouse-session.ts';

/** Makes the schemas of nodes that the warehouse has not. */
export async function createSchemas(
  {
    compiler,
    session,
    cache,
  }: { readonly compiler: Compiler; readonly session: WarehouseSession; readonly cache: RelationCache },
  ids: readonly string[],
): Promise<void> {
  const { invocation } = compiler.options;
  const { manifest } = invocation;
  const wanted = new Map<string, Relation>();
  for (const id of ids) {
    const node = manifest.get(id);
    if (!node || !isSqlNode(node)) continue;
    if (node.resource_type === 'test' && !storesFailures(invocation, node)) continue;
    if (!['model', 'seed', 'snapshot', 'test', 'function'].includes(node.resource_type) || node.schema === '') continue;
    const relation = compiler.relationOf(node).with({ identifier: undefined });
    wanted.set(JSON.stringify([relation.database, relation.schema?.toLowerCase()]), relation);
  }
  if (wanted.size === 0) return;
  const context = compiler.context(operationNode(invocation, 'macros', ''), { session });
  const known = new Map<string, ReadonlySet<string>>();
  for (const relation of wanted.values()) {
    const database = relation.database ?? invocation.database;
    let names = known.get(database);
    if (!names) {
      const table = await context.macros.find('list_schemas')?.call({ positional: [database], named: new Map() });
      const rows =
        table !== null && typeof table === 'object' && 'rows' in table
          ? (table.rows as readonly { readonly items: readonly unknown[] }[])
          : []; // a TableValue
      names = new Set(rows.map((row) => String(row.items[0]).toLowerCase()));
      known.set(database, names);
    }
    if (names.has((relation.schema ?? '').toLowerCase())) continue;
    await context.macros.find('create_schema')?.call({ positional: [relation], named: new Map() });
    cache.addSchema(relation.database, relation.schema ?? '');
  }
  await session.commit();
}
