import type { Invocation } from '../context/invocation.ts';
import { fromPlain } from '../jinja/json.ts';
import type { SqlNode } from '../manifest/node.ts';
import { storesFailures } from './test-outcome.ts';
import type { Compiler } from './compiler.ts';
import { failureText } from './failure.ts';
import type { NodeResult } from './node-result.ts';
import { isBad } from './node-result.ts';
import { resultOf } from './result-of.ts';
import type { WarehouseSession } from './warehouse-session.ts';

export interface HookRun {
  readonly compiler: Compiler;
  readonly session: WarehouseSession;
  readonly when: 'on-run-start' | 'on-run-end';
  /** What has been run until now. */
  readonly results: readonly NodeResult[];
  readonly signal: AbortSignal | undefined;
  readonly onMessage: ((message: string) => void) | undefined;
  readonly writeCompiled: (node: SqlNode, sql: string) => void;
}

/** Runs the project's hooks of a moment, one after the other; after one that fails the others are skipped. */
export async function runHooks({
  compiler,
  session,
  when,
  results: built,
  signal,
  onMessage,
  writeCompiled,
}: HookRun): Promise<NodeResult[]> {
  const { invocation } = compiler.options;
  const { manifest, root } = invocation;
  const hooks = [...manifest.nodes.values()]
    .filter((node) => node.resource_type === 'operation' && node.tags.includes(when))
    .sort((a, b) => hookOrder(a, root.name).localeCompare(hookOrder(b, root.name)) || (a.index ?? 0) - (b.index ?? 0));
  const results: NodeResult[] = [];
  for (const [i, hook] of hooks.entries()) {
    const startedAt = new Date();
    const name = `${hook.package_name}.${when}.${i}`;
    hook.index = i + 1; // as dbt: of those that are run, from 1
    if (results.some(isBad)) {
      results.push(resultOf(hook, 'skipped', { message: `${name} skipped`, startedAt }));
      continue;
    }
    try {
      const schemas = builtSchemas(invocation, built);
      const extra =
        when === 'on-run-end'
          ? { schemas: schemas.map(([, schema]) => schema), database_schemas: fromPlain(schemas) }
          : {};
      const sql = await compiler.compile(hook, { session, extra });
      writeCompiled(hook, sql);
      if (sql.trim() !== '') await session.ask(sql);
      await session.commit();
      results.push(resultOf(hook, 'success', { message: `${name} passed`, startedAt, failures: 0, compiledSql: sql }));
    } catch (error) {
      signal?.throwIfAborted();
      await session.rollback();
      const message = failureText(error, {
        node: hook,
        map: undefined,
        statement: session.lastStatement,
        compiledPath: undefined,
      });
      onMessage?.(message);
      results.push(resultOf(hook, 'error', { message, startedAt, failures: 1 }));
    }
  }
  return results;
}

function builtSchemas(invocation: Invocation, results: readonly NodeResult[]): [string, string][] {
  const built = new Map<string, [string, string]>();
  for (const { uniqueId, status } of results) {
    const node = invocation.manifest.nodes.get(uniqueId);
    if (!node || status === 'error' || status === 'fail' || status === 'skipped') continue;
    if (node.resource_type === 'test' && !storesFailures(invocation, node)) continue;
    built.set(`${node.database ?? ''}.${node.schema}`, [node.database ?? '', node.schema]);
  }
  return [...built.values()];
}

function hookOrder({ package_name: name }: SqlNode, root: string): string {
  return name === root ? '1' : `0${name}`;
}
