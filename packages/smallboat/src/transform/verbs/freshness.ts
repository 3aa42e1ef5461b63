import { join } from 'node:path';
import { writeWhole } from '../../kernel/index.ts';
import { RelationCache } from '../adapter/relation-cache.ts';
import { metadataOf } from '../artifacts/run-results.ts';
import { DateTime } from '../jinja/datetime.ts';
import type { Value } from '../jinja/value.ts';
import { Dict, PyError, str } from '../jinja/value.ts';
import { TableValue } from '../context/table-value.ts';
import type { FreshnessTime, SourceNode, SqlNode } from '../manifest/node.ts';
import { sourceRelation } from '../parse/sources.ts';
import { Compiler } from '../run/compiler.ts';
import { failureText } from '../run/failure.ts';
import { runHooks } from '../run/hooks.ts';
import { isBad } from '../run/node-result.ts';
import { operationNode } from '../run/operation-node.ts';
import { isoTime } from '../run/python-time.ts';
import { WarehouseSession } from '../run/warehouse-session.ts';
import type { VerbOptions } from './session.ts';
import { beginVerb, noteManifest } from './session.ts';

export interface FreshnessOptions extends VerbOptions {
  /** Where to write the result; default `sources.json` in the target folder. */
  readonly output?: string;
}

/** How old a source is. */
export interface FreshnessResult {
  readonly uniqueId: string;
  readonly name: string;
  readonly status: 'pass' | 'warn' | 'error' | 'runtime error';
  readonly message: string;
  readonly maxLoadedAt?: Date;
  readonly snapshottedAt?: Date;
  readonly ageSeconds?: number;
  readonly seconds: number;
}

export interface FreshnessResults {
  readonly results: readonly FreshnessResult[];
  readonly path: string;
  readonly seconds: number;
  readonly hasFailed: boolean;
}

const SECONDS: Readonly<Record<string, number>> = { minute: 60, hour: 3600, day: 86_400 };

function exceeds(limit: FreshnessTime, age: number): boolean {
  return limit.count !== null && limit.period !== null && age > limit.count * (SECONDS[limit.period] ?? Infinity);
}

function isLimited(node: SourceNode): boolean {
  const { freshness } = node;
  return freshness !== null && (freshness.warn_after.count !== null || freshness.error_after.count !== null);
}

/** Asks how old the sources are that say how old they may be, and writes sources.json. */
export async function sourceFreshness(options: FreshnessOptions): Promise<FreshnessResults> {
  const started = performance.now();
  const session = await beginVerb('freshness', options);
  const { project, targetFolder } = session;
  const { invocation, manifest } = project;
  const nodes = session
    .choose(['source'], { mayBeEmpty: true })
    .flatMap((id) => manifest.sources.get(id) ?? [])
    .filter(isLimited);
  await using warehouse = await session.open();
  const running = new WarehouseSession(warehouse, invocation.adapter, {
    signal: options.signal,
    ...(options.onStatement ? { onStatement: options.onStatement } : {}),
  });
  const compiler = new Compiler({ invocation, cache: new RelationCache(), deferred: session.deferred });
  // As dbt: the project's hooks run around it, if dbt_project.yml does not say otherwise.
  const runsHooks = nodes.length > 0 && project.root.project.flags['source_freshness_run_project_hooks'] !== false;
  const hooks = async (when: 'on-run-start' | 'on-run-end'): Promise<boolean> => {
    if (!runsHooks) return true;
    const { signal, onMessage } = options;
    const around = { compiler, session: running, when, results: [], signal, onMessage, writeCompiled: () => undefined };
    return !(await runHooks(around)).some(isBad);
  };
  const hasBegun = await hooks('on-run-start');
  const results: FreshnessResult[] = [];
  const entries: Record<string, unknown>[] = [];
  for (const [i, node] of hasBegun ? nodes.entries() : []) {
    const title = `freshness of ${node.source_name}.${node.name}`;
    const event = {
      uniqueId: node.unique_id,
      name: node.name,
      kind: 'source' as const,
      title,
      index: i + 1,
      total: nodes.length,
    };
    options.onNode?.({ phase: 'start', ...event });
    const result = await ageOf(node, compiler, running);
    results.push(result);
    entries.push(entryOf(node, result));
    options.onNode?.({
      phase: 'end',
      ...event,
      result: {
        uniqueId: node.unique_id,
        name: node.name,
        kind: 'source',
        status: result.status,
        message: result.message,
        response: {},
        file: node.original_file_path,
        timing: [],
        startedAt: new Date(),
        seconds: result.seconds,
        thread: 'Thread-1 (worker)',
      },
    });
  }
  const hasEnded = await hooks('on-run-end');
  await noteManifest(session, options);
  const seconds = (performance.now() - started) / 1000;
  const path = options.output ?? join(targetFolder, 'sources.json');
  await writeWhole(
    path,
    JSON.stringify({ metadata: metadataOf(invocation, 'sources/v3'), results: entries, elapsed_time: seconds }),
    { sync: false },
  );
  return {
    results,
    path,
    seconds,
    hasFailed: !hasBegun || !hasEnded || results.some(({ status }) => status === 'error' || status === 'runtime error'),
  };
}

async function ageOf(node: SourceNode, compiler: Compiler, session: WarehouseSession): Promise<FreshnessResult> {
  const started = performance.now();
  const base = { uniqueId: node.unique_id, name: `${node.source_name}.${node.name}` };
  const elapsed = (): number => (performance.now() - started) / 1000;
  const about: SqlNode = {
    ...operationNode(compiler.options.invocation, node.name, ''),
    original_file_path: node.original_file_path,
    package_name: node.package_name,
  };
  try {
    const relation = sourceRelation(compiler.options.invocation, node);
    const context = compiler.context(about, { session }, { self: relation });
    const call = async (name: string, ...positional: Value[]): Promise<Value> => {
      const macro = context.macros.find(name);
      if (!macro) throw new PyError(`the macro '${name}' is missing`);
      return macro.call({ positional, named: new Map() });
    };
    let answer: Value;
    if (node.loaded_at_query !== null) {
      answer = await call(
        'collect_freshness_custom_sql',
        relation,
        await context.render(node.loaded_at_query, node.original_file_path),
      );
    } else if (node.loaded_at_field !== null) {
      answer = await call('collect_freshness', relation, node.loaded_at_field, node.freshness?.filter ?? null);
    } else {
      throw new PyError(
        `Could not compute freshness for source ${node.name}: no 'loaded_at_field' provided and ${compiler.options.invocation.adapter.type} adapter does not support metadata-based freshness checks.`,
      );
    }
    await session.rollback();
    const table = answer instanceof Dict ? answer.get('table') : undefined;
    const [row] = table instanceof TableValue ? table.rows : [];
    const [loaded = null, now = null] = row?.items ?? [];
    const snapshottedAt = momentOf(now) ?? new Date();
    const maxLoadedAt = loaded === null ? new Date(Date.UTC(1, 0, 1)) : momentOf(loaded);
    if (!maxLoadedAt)
      throw new PyError(`the latest '${node.loaded_at_field ?? 'loaded_at_query'}' is no time: ${str(loaded)}`);
    const ageSeconds = (snapshottedAt.getTime() - maxLoadedAt.getTime()) / 1000;
    const { freshness } = node;
    const status =
      freshness && exceeds(freshness.error_after, ageSeconds)
        ? 'error'
        : freshness && exceeds(freshness.warn_after, ageSeconds)
          ? 'warn'
          : 'pass';
    return { ...base, status, message: '', maxLoadedAt, snapshottedAt, ageSeconds, seconds: elapsed() };
  } catch (error) {
    await session.rollback();
    const message = failureText(error, {
      node: about,
      map: undefined,
      statement: session.lastStatement,
      compiledPath: undefined,
    });
    return { ...base, status: 'runtime error', message, seconds: elapsed() };
  }
}

function momentOf(value: Value): Date | undefined {
  if (value instanceof DateTime) return new Date(value.moment);
  const text = value === null ? '' : str(value);
  const at = new Date(
    /[zZ]|[+-]\d\d(:?\d\d)?$/.test(text)
      ? text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00')
      : `${text.replace(' ', 'T')}Z`,
  );
  return Number.isNaN(at.getTime()) ? undefined : at;
}

function entryOf(node: SourceNode, result: FreshnessResult): Record<string, unknown> {
  if (result.status === 'runtime error')
    return { unique_id: node.unique_id, error: result.message, status: 'runtime error' };
  const { freshness } = node;
  return {
    unique_id: node.unique_id,
    max_loaded_at: result.maxLoadedAt && isoTime(result.maxLoadedAt),
    snapshotted_at: result.snapshottedAt && isoTime(result.snapshottedAt),
    max_loaded_at_time_ago_in_s: result.ageSeconds,
    status: result.status,
    criteria: freshness,
    adapter_response: { _message: 'OK' },
    timing: [],
    thread_id: 'Thread-1 (worker)',
    execution_time: result.seconds,
  };
}
