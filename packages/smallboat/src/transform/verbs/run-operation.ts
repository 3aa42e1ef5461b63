import { RelationCache } from '../adapter/relation-cache.ts';
import { fromPlain } from '../jinja/json.ts';
import { nearestNames, projectErrors } from '../project/errors.ts';
import { writeRunResults } from '../artifacts/run-results.ts';
import { Compiler } from '../run/compiler.ts';
import { failureText } from '../run/failure.ts';
import type { NodeResult, RunResults } from '../run/node-result.ts';
import { operationNode } from '../run/operation-node.ts';
import { WarehouseSession } from '../run/warehouse-session.ts';
import type { VerbOptions } from './session.ts';
import { beginVerb, noteManifest } from './session.ts';

export interface OperationOptions extends VerbOptions {
  /** `name`, or `package.name`. */
  readonly macro: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
}

/** Runs a macro by itself. @throws `MACRO_UNKNOWN`. */
export async function runOperation(options: OperationOptions): Promise<RunResults> {
  const session = await beginVerb('run-operation', options);
  const { project, targetFolder } = session;
  const { invocation } = project;
  const { registry, root } = invocation;
  const parts = options.macro.split('.');
  const name = parts.at(-1) ?? '';
  const found = parts.length > 1 ? registry.inNamespace(parts[0] ?? '', name) : registry.find(name, root.name);
  if (!found) {
    const known = registry.packageNames().flatMap((one) => registry.namesIn(one));
    throw projectErrors.MACRO_UNKNOWN({ name: options.macro, nearest: nearestNames(name, known) });
  }
  await using warehouse = await session.open();
  const running = new WarehouseSession(warehouse, invocation.adapter, {
    signal: options.signal,
    ...(options.onStatement ? { onStatement: options.onStatement } : {}),
  });
  const compiler = new Compiler({ invocation, cache: new RelationCache(), deferred: session.deferred });
  const node = operationNode(invocation, name, '');
  const context = compiler.context({ ...node, package_name: found.packageName }, { session: running });
  const startedAt = new Date();
  let failure: string | undefined;
  try {
    const named = new Map(
      Object.entries(options.arguments ?? {}).map(([key, value]) => [key, fromPlain(value)] as const),
    );
    await context.macros.of(found).call({ positional: [], named });
  } catch (error) {
    options.signal?.throwIfAborted();
    failure = failureText(error, { node, map: undefined, statement: running.lastStatement, compiledPath: undefined });
  }
  // What a macro began and did not commit is undone, as in dbt.
  await running.rollback();
  const seconds = (Date.now() - startedAt.getTime()) / 1000;
  const result: NodeResult = {
    uniqueId: found.info.unique_id,
    name,
    kind: 'operation',
    status: failure === undefined ? 'success' : 'error',
    message: failure ?? '',
    failures: failure === undefined ? 0 : 1,
    response: {},
    file: found.source.file,
    timing: [{ name: 'execute', startedAt, completedAt: new Date() }],
    startedAt,
    seconds,
    thread: 'MainThread',
  };
  if (options.writeJson !== false) {
    await noteManifest(session, options);
    await writeRunResults(targetFolder, invocation, { results: [result], seconds });
  }
  return {
    invocationId: invocation.id,
    startedAt: invocation.startedAt,
    project: root.name,
    results: [result],
    seconds,
    targetFolder,
    warnings: project.warnings,
    hasFailed: failure !== undefined,
  };
}
