import type { Warehouse } from '../../warehouse/index.ts';
import { RelationCache } from '../adapter/relation-cache.ts';
import type { Invocation } from '../context/invocation.ts';
import { fromPlain } from '../jinja/json.ts';
import type { Project } from '../load.ts';
import type { ManifestNode, SqlNode } from '../manifest/node.ts';
import { isEphemeral, isSqlNode } from '../manifest/node.ts';
import { Compiler } from './compiler.ts';
import { createSchemas } from './create-schemas.ts';
import { linkReaders } from './link-readers.ts';
import { countFused, fusionKey } from './fused-tests.ts';
import { inOrder, waitGraph } from './graph.ts';
import type { HookRun } from './hooks.ts';
import { runHooks } from './hooks.ts';
import type { NodeEvent } from './node-event.ts';
import { titleOf } from './node-event.ts';
import { NodePerformer } from './node-performer.ts';
import type { NodeResult } from './node-result.ts';
import { blocks, isBad } from './node-result.ts';
import { readRelation } from './read-relation.ts';
import { resultOf, resultValue } from './result-of.ts';
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
  private readonly performer: NodePerformer;
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
    this.performer = new NodePerformer({ ...options, compiler: this.compiler, cache: this.cache });
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
      if (does === 'compile') return isSqlNode(node);
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
    const writeCompiled = (node: SqlNode, sql: string): void => this.performer.writeCompiled(node, sql);
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
    const [test] = tests;
    const relation = test && (await readRelation(this.compiler, session, { reader: test, id: only }));
    if (relation === undefined) return new Map();
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
    const result = await this.performer.perform(node, session, { startedAt, counted });
    await session.release();
    this.say(node, index, 'end', result);
    return result;
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
