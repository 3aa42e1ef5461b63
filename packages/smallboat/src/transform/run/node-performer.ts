import { join, relative } from 'node:path';
import type { RelationCache } from '../adapter/relation-cache.ts';
import type { ManifestNode, SqlNode } from '../manifest/node.ts';
import { isEphemeral, isSqlNode } from '../manifest/node.ts';
import { textOf } from '../project/plain.ts';
import type { Compiler } from './compiler.ts';
import { isMicrobatch } from './compiler.ts';
import { failureText } from './failure.ts';
import { runMicrobatch } from './microbatch.ts';
import { newRowsOf } from './new-rows.ts';
import type { NodeResult, Timing } from './node-result.ts';
import { NodeRunner } from './node-runner.ts';
import { resultOf } from './result-of.ts';
import { sqlPath, writeSql } from './target-folder.ts';
import { fits, outcomeOf } from './test-outcome.ts';
import { runUnitTest } from './unit-test.ts';
import type { WarehouseSession } from './warehouse-session.ts';

interface PerformOptions {
  readonly compiler: Compiler;
  readonly cache: RelationCache;
  readonly targetFolder: string;
  readonly does: 'run' | 'compile' | 'clone';
  /** Batches that are to be built again, by unique id. */
  readonly batches?: ReadonlyMap<string, readonly (readonly [Date, Date])[]>;
  readonly signal?: AbortSignal | undefined;
}

interface Performance {
  readonly startedAt: Date;
  /** The failures of a test that were counted with those of others; undefined: it is run by itself. */
  readonly counted: number | undefined;
}

/** Does with one node what its kind and the verb ask for; what goes wrong is in the result. */
export class NodePerformer {
  private readonly options: PerformOptions;

  constructor(options: PerformOptions) {
    this.options = options;
  }

  async perform(node: ManifestNode, session: WarehouseSession, performance: Performance): Promise<NodeResult> {
    session.lastStatement = undefined;
    session.rowsWritten = undefined;
    try {
      return await this.ran(node, session, performance);
    } catch (error) {
      this.options.signal?.throwIfAborted();
      await session.rollback();
      return resultOf(node, 'error', {
        message: this.explained(error, node, session),
        startedAt: performance.startedAt,
      });
    }
  }

  /** What went wrong, with file, line and the statement around it. */
  private explained(error: unknown, node: ManifestNode, session: WarehouseSession): string {
    const { compiler } = this.options;
    const compiledPath =
      isSqlNode(node) && node.compiled_code !== undefined
        ? relative(process.cwd(), this.compiledPath(node))
        : undefined;
    const failed = isSqlNode(node)
      ? node
      : {
          name: node.name,
          resource_type: 'test' as const,
          original_file_path: node.original_file_path,
          raw_code: '',
        };
    return failureText(error, {
      node: failed,
      map: isSqlNode(node) ? compiler.mapOf(node) : undefined,
      statement: session.lastStatement,
      compiledPath,
    });
  }

  private async ran(
    node: ManifestNode,
    session: WarehouseSession,
    { startedAt, counted }: Performance,
  ): Promise<NodeResult> {
    const { options } = this;
    const { compiler } = options;
    const { invocation } = compiler.options;
    const runner = new NodeRunner(compiler, session, (about, text) => {
      about.build_path = relative(invocation.root.folder, writeSql(join(options.targetFolder, 'run'), about, text));
    });
    if (node.resource_type === 'unit_test') {
      const outcome = await runUnitTest({ node, compiler, runner, session });
      return resultOf(node, outcome.status, { ...outcome, startedAt });
    }
    if (!isSqlNode(node)) return resultOf(node, 'no-op', { message: 'NO-OP', startedAt, failures: 0 });
    if (options.does === 'clone') return this.clone(node, runner, startedAt);
    if (isMicrobatch(node) && options.does === 'run') {
      const ran = await runMicrobatch({
        node,
        compiler,
        runner,
        session,
        cache: options.cache,
        again: options.batches?.get(node.unique_id),
      });
      const { lastError, ...outcome } = ran;
      const why = lastError === undefined ? {} : { message: this.explained(lastError, node, session) };
      return resultOf(node, ran.status, { ...outcome, ...why, startedAt });
    }
    if (node.resource_type === 'seed' && options.does === 'compile')
      return resultOf(node, 'success', { message: '', startedAt });
    if (node.resource_type === 'seed') {
      const ran = await runner.materialize(node);
      return resultOf(node, 'success', { ...ran, startedAt, ...rowsOf(session) });
    }
    const news =
      options.does === 'run' && node.resource_type === 'test' ? await newRowsOf(compiler, session, node) : undefined;
    const sql = news
      ? await news.only(() => compiler.compile(node, { session }))
      : await compiler.compile(node, { session });
    this.writeCompiled(node, sql);
    const compiledAt = new Date();
    const timing: Timing[] = [
      { name: 'compile', startedAt, completedAt: compiledAt },
      { name: 'execute', startedAt: compiledAt, completedAt: compiledAt },
    ];
    if (options.does === 'compile')
      return resultOf(node, 'success', { message: '', startedAt, compiledSql: sql, timing });
    if (node.resource_type === 'test') {
      const counts =
        counted === undefined
          ? await runner.test(node)
          : { ...plainCounts(node, counted), response: { _message: 'OK' } };
      const outcome = outcomeOf(node, counts, invocation.flags.warnError);
      await news?.settle(outcome.status === 'pass');
      const sample = outcome.status === 'fail' ? await this.sample(session, sql) : undefined;
      return resultOf(node, outcome.status, {
        ...outcome,
        response: counts.response,
        startedAt,
        compiledSql: sql,
        timing,
        ...(sample ? { sample } : {}),
      });
    }
    const ran = await runner.materialize(node);
    return resultOf(node, 'success', { ...ran, startedAt, compiledSql: sql, timing, ...rowsOf(session) });
  }

  private async clone(node: SqlNode, runner: NodeRunner, startedAt: Date): Promise<NodeResult> {
    const other = this.options.compiler.options.deferred.get(node.unique_id);
    if (!other || node.resource_type === 'test' || isEphemeral(node)) {
      return resultOf(node, 'success', { message: 'No-op', startedAt });
    }
    const ran = await runner
      .materialize(node, { extra: { defer_relation: this.options.compiler.relationOf(other) } }, 'clone')
      .catch((error: unknown) => {
        if (error instanceof Error && error.message.includes('main is not being called'))
          return { message: 'No-op', response: {} };
        throw error;
      });
    return resultOf(node, 'success', { ...ran, startedAt });
  }

  /** The first rows that a failed test found. */
  private async sample(session: WarehouseSession, sql: string): Promise<NodeResult['sample']> {
    try {
      const { table } = await session.ask(`select * from (\n${sql}\n) as found limit 5`, { isRead: true });
      return table.rows.map((row) => Object.fromEntries(table.columns.map(({ name }, i) => [name, row[i] ?? null])));
    } catch (error) {
      if (error instanceof Error) return undefined; // rows are a help beside the result, which stands
      throw error;
    }
  }

  private compiledPath(node: SqlNode): string {
    return join(this.options.targetFolder, 'compiled', sqlPath(node));
  }

  /** Writes the SQL of a node under `compiled`, and notes on the node where. */
  writeCompiled(node: SqlNode, sql: string): void {
    const path = writeSql(join(this.options.targetFolder, 'compiled'), node, sql);
    node.compiled_path = relative(this.options.compiler.options.invocation.root.folder, path);
  }
}

function rowsOf({ rowsWritten }: WarehouseSession): { readonly rows?: number } {
  return rowsWritten === undefined ? {} : { rows: rowsWritten };
}

/** What a test's conditions say to a number that was counted elsewhere. */
function plainCounts(
  test: SqlNode,
  failures: number,
): { readonly failures: number; readonly shouldWarn: boolean; readonly shouldError: boolean } {
  const says = (key: string): boolean => fits(failures, textOf(test.config[key]) ?? '!= 0') ?? false;
  return { failures, shouldWarn: says('warn_if'), shouldError: says('error_if') };
}
