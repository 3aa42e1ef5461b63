import { join, relative } from 'node:path';
import type { Warehouse } from '../../warehouse/index.ts';
import { RelationCache } from '../adapter/relation-cache.ts';
import type { Invocation } from '../context/invocation.ts';
import { fromPlain } from '../jinja/json.ts';
import type { Project } from '../load.ts';
import type { ManifestNode, SqlNode } from '../manifest/node.ts';
import { isEphemeral, isSqlNode } from '../manifest/node.ts';
import { textOf } from '../project/plain.ts';
import { Compiler, isMicrobatch } from './compiler.ts';
import { createSchemas } from './create-schemas.ts';
import { linkReaders } from './link-readers.ts';
import { failureText } from './failure.ts';
import { countFused, fusionKey } from './fused-tests.ts';
import { inOrder, waitGraph } from './graph.ts';
import type { HookRun } from './hooks.ts';
import { runHooks } from './hooks.ts';
import { runMicrobatch } from './microbatch.ts';
import type { NodeEvent } from './node-event.ts';
import { titleOf } from './node-event.ts';
import type { NodeResult, Timing } from './node-result.ts';
import { blocks, isBad } from './node-result.ts';
import { NodeRunner } from './node-runner.ts';
import { resultOf, resultValue } from './result-of.ts';
import { sqlPath, writeSql } from './target-folder.ts';
import { fits, outcomeOf } from './test-outcome.ts';
import { runUnitTest } from './unit-test.ts';
import { WarehouseSession } from './warehouse-session.ts';

export interface ExecuteOptions {
  readonly project: Project;
  /** A connection; one more is opened for each further thread. */
  readonly warehouse: Warehouse;
  /** Unique ids, in the order in which they are tried. */
  readonly chosen: readonly string[];
  readonly targetFolder: string;
  readonly deferred?: ReadonlyMap<string, SqlNode>;
  /** `build`: tests stop what is downstream. */
  readonly withTestEdges: boolean;
  /** `compile` only writes SQL. */
  readonly does: 'run' | 'compile' | 'clone';
  /** Runs `on-run-start` and `on-run-end`. */
  readonly withHooks: boolean;
  /** Batches that are to be built again, by unique id: `retry`. */
  readonly batches?: ReadonlyMap<string, readonly (readonly [Date, Date])[]>;
  readonly signal?: AbortSignal | undefined;
  readonly onNode?: ((event: NodeEvent) => void) | undefined;
  readonly onMessage?: ((message: string) => void) | undefined;
  readonly onStatement?: ((sql: string) => void) | undefined;
}

export interface Executed {
  readonly results: readonly NodeResult[];
  readonly hooks: readonly NodeResult[];
  readonly seconds: number;
}

/** Runs chosen nodes in the order of what they read, as many at once as there are threads. */
export async function execute(options: ExecuteOptions): Promise<Executed> {
  return new Execution(options).run();
}

class Execution {
  private readonly options: ExecuteOptions;
  private readonly invocation: Invocation;
  private readonly cache = new RelationCache();
  private readonly compiler: Compiler;
  private readonly results: NodeResult[] = [];
  private readonly started = performance.now();
  private index = 0;
  private total = 0;
  private hasStopped = false;

  constructor(options: ExecuteOptions) {
    this.options = options;
    this.invocation = options.project.invocation;
    this.compiler = new Compiler({
      invocation: this.invocation,
      cache: this.cache,
      deferred: options.deferred ?? new Map<string, SqlNode>(),
    });
  }

  async run(): Promise<Executed> {
    const { options, invocation } = this;
    const nodes = this.runnable();
    this.total = nodes.length;
    invocation.selected = options.chosen;
    const first = this.session(options.warehouse);
    if (invocation.adapter.dropsCascade && options.does !== 'compile')
      await linkReaders({ compiler: this.compiler, session: first, cache: this.cache });
    const hooks: NodeResult[] = [];
    if (options.does !== 'compile')
      await createSchemas({ compiler: this.compiler, session: first, cache: this.cache }, nodes);
    if (options.withHooks && nodes.length > 0) hooks.push(...(await this.hooks(first, 'on-run-start')));
    if (hooks.some(isBad)) {
      for (const id of nodes) this.skip(id, 'on-run-start failed');
    } else await this.runNodes(nodes, first);
    if (options.withHooks && nodes.length > 0) {
      invocation.results = fromPlain(this.results.map((one) => resultValue(one, invocation)));
      hooks.push(...(await this.hooks(first, 'on-run-end')));
    }
    return { results: this.results, hooks, seconds: (performance.now() - this.started) / 1000 };
  }

  /** What is run of what is chosen: an ephemeral model is part of others. */
  private runnable(): string[] {
    const { manifest } = this.invocation;
    const { does, chosen } = this.options;
    return chosen.filter((id) => {
      const node = manifest.get(id);
      if (!node) return false;
      if (does === 'compile') return isSqlNode(node) && node.resource_type !== 'operation';
      return (
        !isEphemeral(node) &&
        node.resource_type !== 'analysis' &&
        node.resource_type !== 'source' &&
        node.resource_type !== 'metric' &&
        node.resource_type !== 'semantic_model' &&
        node.resource_type !== 'operation'
      );
    });
  }

  private session(warehouse: Warehouse): WarehouseSession {
    const { adapter } = this.invocation;
    const { signal, onStatement } = this.options;
    return new WarehouseSession(warehouse, adapter, { signal, ...(onStatement ? { onStatement } : {}) });
  }

  private hooks(session: WarehouseSession, when: HookRun['when']): Promise<NodeResult[]> {
    const { signal, onMessage } = this.options;
    const writeCompiled = (node: SqlNode, sql: string): void => this.writeCompiled(node, sql);
    return runHooks({
      compiler: this.compiler,
      session,
      when,
      results: this.results,
      signal,
      onMessage,
      writeCompiled,
    });
  }

  private async runNodes(ids: readonly string[], first: WarehouseSession): Promise<void> {
    const { invocation, options } = this;
    const graph = waitGraph(invocation.manifest, new Set(ids), options.withTestEdges);
    const left = new Map(inOrder(graph, ids).map((id) => [id, new Set(graph.get(id))]));
    const running = new Map<string, Promise<void>>();
    const idle: WarehouseSession[] = [first];
    const extra: WarehouseSession[] = [];
    const threads = Math.max(1, Math.min(invocation.flags.threads, left.size));
    try {
      while (left.size > 0 || running.size > 0) {
        const ready = [...left].filter(([, waits]) => waits.size === 0).map(([id]) => id);
        let next = ready.shift();
        while (next !== undefined && running.size < threads) {
          const batch = this.takeBatch(next, ready);
          for (const id of batch) left.delete(id);
          let session = idle.pop();
          if (!session) {
            session = this.session(await options.warehouse.connect());
            extra.push(session);
          }
          const [key = ''] = batch;
          running.set(
            key,
            this.work(batch, session, left)
              .finally(() => running.delete(key))
              .then(() => void idle.push(session)),
          );
          next = ready.shift();
        }
        if (running.size === 0) break;
        await Promise.race(running.values());
      }
    } finally {
      await Promise.allSettled(running.values());
      for (const session of extra) await session[Symbol.asyncDispose]();
    }
  }

  /** A node, or all ready tests that share a scan with it. */
  private takeBatch(id: string, ready: string[]): string[] {
    const node = this.invocation.manifest.nodes.get(id);
    if (this.options.does !== 'run' || node?.resource_type !== 'test') return [id];
    const key = fusionKey(this.invocation, node);
    if (key === undefined) return [id];
    const same = ready.filter((other) => {
      const test = this.invocation.manifest.nodes.get(other);
      return test?.resource_type === 'test' && fusionKey(this.invocation, test) === key;
    });
    for (const other of same) ready.splice(ready.indexOf(other), 1);
    return [id, ...same];
  }

  private async work(ids: readonly string[], session: WarehouseSession, left: Map<string, Set<string>>): Promise<void> {
    const counted = ids.length > 1 ? await this.count(ids, session) : new Map<string, number>();
    await session.release();
    for (const id of ids) {
      this.options.signal?.throwIfAborted();
      const result = this.hasStopped ? this.skipped(id) : await this.one(id, session, counted.get(id));
      this.done(result, left);
    }
  }

  private async count(ids: readonly string[], session: WarehouseSession): Promise<ReadonlyMap<string, number>> {
    const { manifest } = this.invocation;
    const tests = ids.flatMap((id) => manifest.nodes.get(id) ?? []);
    const [only = ''] = tests[0]?.depends_on.nodes ?? [];
    const read = manifest.get(only);
    if (!read) return new Map();
    const [test] = tests;
    if (!test) return new Map();
    const context = this.compiler.context(test, { session });
    const ref =
      read.resource_type === 'source' ? `source('${read.source_name}', '${read.name}')` : refCall(read as SqlNode);
    const relation = await context.render(`{{ ${ref} }}`, test.original_file_path);
    if (isEphemeral(read)) return new Map();
    return countFused(this.invocation, session, { relation, tests });
  }

  private done(result: NodeResult, left: Map<string, Set<string>>): void {
    this.results.push(result);
    const stops = blocks(result) && (this.options.withTestEdges || result.kind !== 'test');
    for (const [id, waits] of left) {
      if (!waits.delete(result.uniqueId)) continue;
      if (stops) this.blocked.set(id, result.name);
    }
    if (this.invocation.flags.failFast && isBad(result)) this.hasStopped = true;
  }

  private readonly blocked = new Map<string, string>();

  private skip(id: string, reason: string): void {
    this.blocked.set(id, reason);
    this.results.push(this.skipped(id));
  }

  private skipped(id: string): NodeResult {
    const node = this.invocation.manifest.get(id);
    const index = (this.index += 1);
    const startedAt = new Date();
    const result = node
      ? resultOf(node, 'skipped', { message: '', startedAt, seconds: 0 })
      : {
          uniqueId: id,
          name: id,
          kind: 'model' as const,
          status: 'skipped' as const,
          message: '',
          response: {},
          file: '',
          timing: [],
          startedAt,
          seconds: 0,
          thread: 'main',
        };
    if (node) this.say(node, index, 'end', result);
    return result;
  }

  private async one(id: string, session: WarehouseSession, counted: number | undefined): Promise<NodeResult> {
    const node = this.invocation.manifest.get(id);
    if (!node || this.blocked.has(id)) return this.skipped(id);
    const index = (this.index += 1);
    this.say(node, index, 'start');
    const startedAt = new Date();
    session.lastStatement = undefined;
    session.rowsWritten = undefined;
    let result: NodeResult;
    try {
      result = await this.perform(node, session, { startedAt, counted });
    } catch (error) {
      this.options.signal?.throwIfAborted();
      await session.rollback();
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
      const message = failureText(error, {
        node: failed,
        map: isSqlNode(node) ? this.compiler.mapOf(node) : undefined,
        statement: session.lastStatement,
        compiledPath,
      });
      result = resultOf(node, 'error', { message, startedAt });
    }
    await session.release();
    this.say(node, index, 'end', result);
    return result;
  }

  private async perform(
    node: ManifestNode,
    session: WarehouseSession,
    { startedAt, counted }: { readonly startedAt: Date; readonly counted: number | undefined },
  ): Promise<NodeResult> {
    const { invocation, options, compiler } = this;
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
        cache: this.cache,
        again: options.batches?.get(node.unique_id),
      });
      return resultOf(node, ran.status, { ...ran, startedAt });
    }
    if (node.resource_type === 'seed' && options.does === 'compile')
      return resultOf(node, 'success', { message: '', startedAt });
    if (node.resource_type === 'seed') {
      const ran = await runner.materialize(node);
      return resultOf(node, 'success', { ...ran, startedAt, ...rowsOf(session) });
    }
    const sql = await compiler.compile(node, { session });
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
    const other = this.compiler.options.deferred.get(node.unique_id);
    if (!other || node.resource_type === 'test' || isEphemeral(node)) {
      return resultOf(node, 'success', { message: 'No-op', startedAt });
    }
    const ran = await runner
      .materialize(node, { extra: { defer_relation: this.compiler.relationOf(other) } }, 'clone')
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

  private writeCompiled(node: SqlNode, sql: string): void {
    const path = writeSql(join(this.options.targetFolder, 'compiled'), node, sql);
    node.compiled_path = relative(this.invocation.root.folder, path);
  }

  private say(node: ManifestNode, index: number, phase: 'start' | 'end', result?: NodeResult): void {
    this.options.onNode?.({
      phase,
      uniqueId: node.unique_id,
      name: node.name,
      kind: node.resource_type,
      title: titleOf(node),
      index,
      total: this.total,
      ...(result ? { result } : {}),
    });
  }
}

function refCall({ name, package_name: pkg, version }: SqlNode): string {
  return version === null || version === undefined
    ? `ref('${pkg}', '${name}')`
    : `ref('${pkg}', '${name}', version='${version}')`;
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
