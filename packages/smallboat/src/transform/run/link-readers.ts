import type { RelationCache } from '../adapter/relation-cache.ts';
import { TableValue } from '../context/table-value.ts';
import { Fn, str } from '../jinja/value.ts';
import type { Compiler } from './compiler.ts';
import { operationNode } from './operation-node.ts';
import type { WarehouseSession } from './warehouse-session.ts';

/** Asks the warehouse what would be dropped with what, so that the cache of relations follows a `cascade`. */
export async function linkReaders({
  compiler,
  session,
  cache,
}: {
  readonly compiler: Compiler;
  readonly session: WarehouseSession;
  readonly cache: RelationCache;
}): Promise<void> {
  const { invocation } = compiler.options;
  const { macros } = compiler.context(operationNode(invocation, 'macros', ''), { session });
  const found = macros.dispatch({ positional: ['get_relations', 'dbt'], named: new Map() });
  const table = found instanceof Fn ? await found.call({ positional: [], named: new Map() }) : undefined;
  if (!(table instanceof TableValue)) return;
  for (const { items } of table.rows) {
    const [schema = '', name = '', readSchema = '', read = ''] = items.map(str);
    cache.link([readSchema, read], [schema, name]);
  }
  await session.release();
}
