import type { Table } from '../../warehouse/index.ts';
import { RelationCache } from '../adapter/relation-cache.ts';
import { tableValue } from '../context/cell-value.ts';
import { tableText } from '../context/table-value.ts';
import { parseContext } from '../parse/parsing.ts';
import { parseTemplate } from '../jinja/parse.ts';
import { render } from '../jinja/run.ts';
import type { Project } from '../load.ts';
import type { SqlNode } from '../manifest/node.ts';
import { projectErrors } from '../project/errors.ts';
import { textOf } from '../project/plain.ts';
import { Compiler } from '../run/compiler.ts';
import { operationNode } from '../run/operation-node.ts';
import { WarehouseSession } from '../run/warehouse-session.ts';
import type { VerbOptions, VerbSession } from './session.ts';
import { beginVerb, noteManifest } from './session.ts';

export interface ShowOptions extends VerbOptions {
  /** SQL with templates, in place of a selection. */
  readonly inline?: string;
  /** SQL that goes to the warehouse as it is; no template of the project is looked at. */
  readonly inlineDirect?: string;
  /** Rows at most; default 5, below 0 all. */
  readonly limit?: number;
}

export interface Shown {
  readonly name: string;
  readonly sql: string;
  readonly table: Table;
  /** The rows as text in columns. */
  readonly text: string;
}

/** A node for SQL that is in no file: what it refers to is found as for a model. */
export async function inlineNode(project: Project, sql: string): Promise<SqlNode> {
  const { invocation, manifest } = project;
  const node = operationNode(invocation, 'inline_query', sql, 'sql_operation');
  const { context, noted } = parseContext({ invocation, manifest, warn: () => undefined, now: 0 }, node);
  await render(parseTemplate({ file: 'inline_query', text: sql }), context.options);
  node.refs?.push(...noted.refs);
  return node;
}

/** Runs the SQL of what is chosen, or some given, and gives the first rows. */
export async function show(options: ShowOptions): Promise<Shown[]> {
  const session = await beginVerb('show', options);
  await noteManifest(session, options);
  const nodes = options.inlineDirect === undefined ? await shownNodes(session, options) : [];
  await using warehouse = await session.open();
  const { project } = session;
  const { invocation } = project;
  const compiler = new Compiler({ invocation, cache: new RelationCache(), deferred: session.deferred });
  const running = new WarehouseSession(warehouse, invocation.adapter, {
    signal: options.signal,
    ...(options.onStatement ? { onStatement: options.onStatement } : {}),
  });
  const shown: Shown[] = [];
  const limit = options.limit ?? 5;
  if (options.inlineDirect !== undefined) {
    const { table } = await running.ask(options.inlineDirect, { isRead: true });
    const first = limit < 0 ? table : { ...table, rows: table.rows.slice(0, limit) };
    shown.push({
      name: 'inline_direct',
      sql: options.inlineDirect,
      table: first,
      text: tableText(tableValue(first), Infinity),
    });
  }
  for (const node of nodes) {
    const sql =
      node.resource_type === 'seed'
        ? `select * from ${compiler.relationOf(node).render()}`
        : await compiler.compile(node, { session: running });
    const context = compiler.context(node, { session: running });
    const limited = await context.macros.find('get_show_sql')?.call({
      positional: [sql, textOf(node.config['sql_header']) ?? null, limit < 0 ? null : limit],
      named: new Map(),
    });
    const { table } = await running.ask(typeof limited === 'string' ? limited : sql, { isRead: true });
    shown.push({ name: node.name, sql, table, text: tableText(tableValue(table), Infinity) });
  }
  return shown;
}

async function shownNodes(session: VerbSession, options: ShowOptions): Promise<SqlNode[]> {
  if (options.inline !== undefined) return [await inlineNode(session.project, options.inline)];
  if (options.select === undefined && options.selector === undefined) {
    throw projectErrors.SELECTION_INVALID({ selection: '', problem: 'show needs --select or --inline' });
  }
  const { manifest } = session.project;
  const asked = [options.select ?? []].flat().join(' ');
  const chosen = session
    .choose(['model', 'snapshot', 'seed', 'test', 'analysis', 'function'])
    .flatMap((id) => manifest.nodes.get(id) ?? []);
  // The tests that come along with a model are not asked for.
  const named = chosen.filter((node) => asked.includes(node.name));
  return named.length > 0 ? named : chosen.filter((node) => node.resource_type !== 'test');
}
