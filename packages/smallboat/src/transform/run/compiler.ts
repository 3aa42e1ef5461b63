import { Relation } from '../adapter/relation.ts';
import type { EventTimeFilter } from '../adapter/relation.ts';
import type { RelationCache } from '../adapter/relation-cache.ts';
import type { Session } from '../adapter/session.ts';
import { findRelation } from '../context/adapter-options.ts';
import type { Invocation } from '../context/invocation.ts';
import type { NodeContext, NodeContextOptions, References } from '../context/node-context.ts';
import { nodeContext } from '../context/node-context.ts';
import { renderMapped } from '../jinja/run.ts';
import type { SourceMap } from '../jinja/run.ts';
import type { Value } from '../jinja/value.ts';
import { PyError } from '../jinja/value.ts';
import type { ManifestNode, RefArguments, SourceNode, SqlNode } from '../manifest/node.ts';
import { isEphemeral, materializedOf } from '../manifest/node.ts';
import { genericTestOf, renderGenericTest } from '../parse/generic-tests.ts';
import { relationFor } from '../parse/parsing.ts';
import { sourceRelation } from '../parse/sources.ts';
import { templateOf } from '../parse/sql-node.ts';
import { projectErrors } from '../project/errors.ts';
import { recordOf, textOf } from '../project/plain.ts';
import { injectCtes } from './inject-ctes.ts';
import { pythonTime } from './python-time.ts';

export interface CompilerOptions {
  readonly invocation: Invocation;
  readonly cache: RelationCache;
  /** Where nodes are that are not built here: by unique id, from `--defer`. */
  readonly deferred: ReadonlyMap<string, SqlNode>;
}

/** The time that a batch of a microbatch model is about. */
export interface Batch {
  readonly start: Date;
  readonly end: Date;
}

export interface CompileOptions {
  readonly session: Session | undefined;
  readonly batch?: Batch;
  readonly extra?: Readonly<Record<string, Value>>;
  readonly overrides?: ReadonlyMap<string, Value>;
  readonly vars?: Readonly<Record<string, unknown>>;
  /** In place of what a name would lead to: what a unit test gives. */
  readonly replaced?: ReadonlyMap<string, { readonly cte: string }>;
}

/** Turns nodes into SQL. Each node is compiled once, ephemeral ones when the first that reads them is. */
export class Compiler {
  readonly options: CompilerOptions;
  private readonly maps = new Map<string, SourceMap>();

  constructor(options: CompilerOptions) {
    this.options = options;
  }

  /** The names that a node's templates find when it runs. */
  context(node: SqlNode, given: CompileOptions, more: Partial<NodeContextOptions> = {}): NodeContext {
    const { invocation, cache } = this.options;
    return nodeContext({
      invocation,
      node,
      self: this.relationOf(node),
      references: this.references(node, given, []),
      session: given.session,
      cache,
      ...(given.extra ? { extra: given.extra } : {}),
      ...(given.overrides ? { overrides: given.overrides } : {}),
      ...(given.vars ? { vars: given.vars } : {}),
      onMacro: ({ info }) => {
        if (!node.depends_on.macros.includes(info.unique_id)) node.depends_on.macros.push(info.unique_id);
      },
      ...more,
    });
  }

  relationOf(node: SqlNode): Relation {
    return relationFor(this.options.invocation, node);
  }

  mapOf(node: SqlNode): SourceMap | undefined {
    return this.maps.get(node.unique_id);
  }

  /** Compiles a node and notes the SQL in it. */
  async compile(node: SqlNode, given: CompileOptions): Promise<string> {
    if (node.compiled === true && node.compiled_code !== undefined && !given.batch && !given.replaced)
      return node.compiled_code;
    const used: SqlNode[] = [];
    const context = this.context(node, given, { references: this.references(node, given, used) });
    const generic = node.resource_type === 'test' ? genericTestOf(node) : undefined;
    const { text, map } = generic
      ? { text: await renderGenericTest(generic, context.options), map: [] }
      : await renderMapped(templateOf(node), context.options);
    const ctes = await this.ctesOf(used, given);
    const sql = injectCtes(text, ctes);
    node.compiled = true;
    node.compiled_code = sql;
    node.extra_ctes_injected = true;
    node.extra_ctes = ctes.map(({ id, sql: own, name }) => ({ id, sql: ` ${name} as (\n${own}\n)` }));
    this.maps.set(node.unique_id, sql === text ? map : []);
    return sql;
  }

  /** The ephemeral models that a text reads, and before each those that it reads itself. */
  private async ctesOf(
    used: readonly SqlNode[],
    given: CompileOptions,
  ): Promise<{ readonly id: string; readonly name: string; readonly sql: string }[]> {
    const found = new Map<string, { readonly id: string; readonly name: string; readonly sql: string }>();
    const add = async (node: SqlNode): Promise<void> => {
      if (found.has(node.unique_id)) return;
      const { text, own } = await this.ephemeral(node, given);
      for (const one of own) await add(one);
      found.set(node.unique_id, { id: node.unique_id, name: cteName(node), sql: text });
    };
    for (const node of used) await add(node);
    return [...found.values()];
  }

  private readonly ephemerals = new Map<string, Promise<{ readonly text: string; readonly own: readonly SqlNode[] }>>();

  /** The SQL of an ephemeral model without what it reads itself in front of it. */
  private ephemeral(
    node: SqlNode,
    given: CompileOptions,
  ): Promise<{ readonly text: string; readonly own: readonly SqlNode[] }> {
    const known = given.batch ? undefined : this.ephemerals.get(node.unique_id);
    if (known) return known;
    const make = async (): Promise<{ text: string; own: readonly SqlNode[] }> => {
      const own: SqlNode[] = [];
      const { replaced: _r, ...plain } = given;
      const context = this.context(node, plain, { references: this.references(node, plain, own) });
      const { text } = await renderMapped(templateOf(node), context.options);
      node.compiled = true;
      const ctes = await this.ctesOf(own, plain);
      node.compiled_code = injectCtes(text, ctes);
      node.extra_ctes_injected = true;
      node.extra_ctes = ctes.map(({ id, sql, name }) => ({ id, sql: ` ${name} as (\n${sql}\n)` }));
      return { text, own };
    };
    const made = make();
    if (!given.batch) this.ephemerals.set(node.unique_id, made);
    return made;
  }

  private references(node: SqlNode, given: CompileOptions, used: SqlNode[]): References {
    const { invocation } = this.options;
    const { manifest, adapter } = invocation;
    return {
      ref: async (ref) => {
        const target = this.target(node, ref);
        const replaced = given.replaced?.get(target.unique_id);
        if (replaced) return new Relation(adapter, { identifier: replaced.cte, type: 'cte', quotes: UNQUOTED });
        if (isEphemeral(target)) {
          if (!used.includes(target)) used.push(target);
          return this.limited(
            new Relation(adapter, { identifier: cteName(target), type: 'cte', quotes: UNQUOTED }),
            node,
            target,
            given,
          );
        }
        return this.limited(await this.placeOf(target, given), node, target, given);
      },
      source: (source, table) => {
        const found = manifest.resolveSource(source, table, node);
        if (found.kind !== 'found') {
          throw projectErrors.SOURCE_UNKNOWN({
            from: node.original_file_path,
            name: `${source}.${table}`,
            nearest: manifest.nearestSources(`${source}.${table}`),
          });
        }
        const replaced = given.replaced?.get(found.node.unique_id);
        if (replaced) return new Relation(adapter, { identifier: replaced.cte, type: 'cte', quotes: UNQUOTED });
        return this.limited(sourceRelation(invocation, found.node), node, found.node, given);
      },
      metric: (names) => names.at(-1) ?? '',
      function: (names) => {
        const [first = '', second] = names;
        const found = manifest.resolveFunction(second ?? first, second === undefined ? null : first, node);
        if (!found) throw new PyError(`there is no function '${second ?? first}'`);
        return this.relationOf(found).with({ type: 'function' });
      },
    };
  }

  private target(node: SqlNode, ref: RefArguments): SqlNode {
    const { manifest } = this.options.invocation;
    const found = manifest.resolveRef(ref, node);
    const from = node.original_file_path;
    if (found.kind !== 'found') {
      throw projectErrors.REF_UNKNOWN({ from, name: ref.name, nearest: manifest.nearestRefs(ref.name) });
    }
    const mayBeAny =
      node.resource_type === 'operation' || node.resource_type === 'sql_operation' || node.resource_type === 'test';
    if (!mayBeAny && !node.depends_on.nodes.includes(found.node.unique_id)) {
      throw projectErrors.REF_NOT_FOUND_AT_PARSE({ from, name: ref.name });
    }
    return found.node;
  }

  /** Where a node is: here, or with `--defer` where the other state has it. */
  private async placeOf(target: SqlNode, given: CompileOptions): Promise<Relation> {
    const { invocation, deferred, cache } = this.options;
    const own = this.relationOf(target);
    const other = deferred.get(target.unique_id);
    if (!other || invocation.selected.includes(target.unique_id)) return own;
    if (!invocation.flags.favorState && given.session) {
      const asking = nodeContext({
        invocation,
        node: target,
        self: own,
        references: this.references(target, given, []),
        session: given.session,
        cache,
      });
      const there = await findRelation({ invocation, macros: asking.macros, session: given.session, cache }, own);
      if (there) return own;
    }
    return this.relationOf(other);
  }

  /** With `--empty`, `--sample` and in batches a relation is read in part only. */
  private limited(
    relation: Relation,
    node: SqlNode,
    target: SqlNode | SourceNode,
    { batch }: CompileOptions,
  ): Relation {
    const { flags } = this.options.invocation;
    const eventTime = this.eventTime(node, target, batch);
    if (!flags.isEmpty && !eventTime) return relation;
    return relation.with({ ...(flags.isEmpty ? { limit: 0 } : {}), ...(eventTime ? { eventTime } : {}) });
  }

  private eventTime(node: SqlNode, target: ManifestNode, batch: Batch | undefined): EventTimeFilter | undefined {
    const field = textOf(target.config['event_time']);
    const { sample } = this.options.invocation.flags;
    if (field === undefined || node.resource_type !== 'model') return undefined;
    if (!batch && !sample) return undefined;
    const start = batch && sample ? later(batch.start, sample.start) : (batch?.start ?? sample?.start);
    const end = batch && sample ? earlier(batch.end, sample.end) : (batch?.end ?? sample?.end);
    const columns = 'columns' in target ? recordOf(target.columns) : {};
    const isQuoted = recordOf(columns[field])['quote'] === true;
    const mark = this.options.invocation.adapter.quoteCharacter;
    return {
      field: isQuoted ? `${mark}${field}${mark}` : field,
      start: start && pythonTime(start),
      end: end && pythonTime(end),
    };
  }
}

const UNQUOTED = { database: false, schema: false, identifier: false };

function cteName(node: SqlNode): string {
  return `__dbt__cte__${node.alias}`;
}

const later = (a: Date, b: Date): Date => (a > b ? a : b);
const earlier = (a: Date, b: Date): Date => (a < b ? a : b);

/** True for models that a batch at a time is made of. */
export function isMicrobatch(node: SqlNode): boolean {
  return (
    node.resource_type === 'model' &&
    materializedOf(node) === 'incremental' &&
    node.config['incremental_strategy'] === 'microbatch'
  );
}
