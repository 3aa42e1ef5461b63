import { fromPlain } from '../jinja/json.ts';
import { Fn, PyError, str } from '../jinja/value.ts';
import type { Value } from '../jinja/value.ts';
import type { TableValue } from '../context/table-value.ts';
import { refOf, sourceOf } from '../context/reference.ts';
import { render, renderNative } from '../jinja/run.ts';
import { parseTemplate } from '../jinja/parse.ts';
import type { SourceNode, SqlNode, UnitFixture, UnitTestNode } from '../manifest/node.ts';
import { sourceRelation } from '../parse/sources.ts';
import type { Compiler } from './compiler.ts';
import { injectCtes } from './inject-ctes.ts';
import type { NodeRunner } from './node-runner.ts';
import type { WarehouseSession } from './warehouse-session.ts';
import { templateOf } from '../parse/sql-node.ts';

export interface UnitTestRun {
  readonly node: UnitTestNode;
  readonly compiler: Compiler;
  readonly runner: NodeRunner;
  readonly session: WarehouseSession;
}

export interface UnitTestOutcome {
  readonly status: 'pass' | 'fail';
  readonly message: string;
  readonly failures: number;
  readonly response: Readonly<Record<string, unknown>>;
  /** The model's SQL over what is given. */
  readonly compiledSql: string;
}

/** Runs a model on rows that are given, and compares what comes out with what is expected. */
export async function runUnitTest({ node, compiler, runner, session }: UnitTestRun): Promise<UnitTestOutcome> {
  const { manifest } = compiler.options.invocation;
  const [testedId = ''] = node.depends_on.nodes;
  const tested = manifest.nodes.get(testedId);
  if (!tested) throw new PyError(`the model '${node.model}' is not there`);
  const overrides = new Map<string, Value>(
    Object.entries(node.overrides?.macros ?? {}).map(([name, value]) => [name, fromPlain(value)]),
  );
  const replaced = new Map<string, { readonly cte: string }>();
  const ctes: { readonly name: string; readonly sql: string }[] = [];
  let self: string | undefined;
  for (const given of node.given) {
    const input = await inputOf(given, tested, compiler);
    const name = `__dbt__cte__${input === tested ? tested.alias : input.resource_type === 'source' ? `${input.source_name}__${input.name}` : input.alias}`;
    if (input === tested) self = name;
    replaced.set(input.unique_id, { cte: name });
    ctes.push({ name, sql: await fixtureSql(given, input, { compiler, session }) });
  }
  const vars = node.overrides?.vars ?? {};
  const copy: SqlNode = { ...tested, depends_on: { macros: [], nodes: [...tested.depends_on.nodes] } };
  const context = compiler.context(copy, { session, overrides, vars, replaced });
  const envs = node.overrides?.env_vars ?? {};
  const globals = (name: string): Value | undefined => {
    if (name === 'this' && self !== undefined) return self;
    if (name === 'env_var' && Object.keys(envs).length > 0) {
      return new Fn('env_var', (given) => {
        const [first = ''] = given.positional;
        const own = envs[str(first)];
        const usual = context.global('env_var');
        if (own !== undefined) return str(fromPlain(own));
        return usual instanceof Fn ? usual.call(given) : null;
      });
    }
    return context.global(name);
  };
  const text = await render(templateOf(tested), { globals });
  // As dbt: what stands for the model itself comes first, then each as it is first read.
  const read = [...text.matchAll(/__dbt__cte__\w+/g)].map(([name]) => name);
  const place = ({ name }: { readonly name: string }): number =>
    name === self ? -1 : read.includes(name) ? read.indexOf(name) : read.length;
  const sql = injectCtes(
    text,
    ctes.toSorted((a, b) => place(a) - place(b)),
  );
  const { rows, format } = node.expect;
  const expectedRows = Array.isArray(rows) ? rows : [];
  const unit: SqlNode = {
    ...copy,
    name: node.name,
    resource_type: 'test',
    unique_id: node.unique_id,
    original_file_path: node.original_file_path,
    path: `${node.name}.sql`,
    alias: node.name,
    config: {
      ...tested.config,
      materialized: 'unit',
      expected_rows: expectedRows,
      expected_sql:
        format === 'sql' && typeof rows === 'string' ? await context.render(rows, node.original_file_path) : null,
    },
    compiled_code: sql,
    compiled: true,
  };
  const extra = { model: fromPlain({ ...unit, resource_type: 'unit_test' }) };
  const table = await runner.rows(unit, { extra }, 'unit').catch((error: unknown) => {
    if (!(error instanceof Error)) throw error;
    throw new PyError(
      `An error occurred during execution of unit test '${node.name}'. There may be an error in the unit test definition: check the data types.\n${error.message}`,
      { cause: error },
    );
  });
  return { ...compared(table), compiledSql: sql };
}

/** The node that a fixture stands for: `ref('a')`, `source('a', 'b')`, `this`. */
async function inputOf(given: UnitFixture, tested: SqlNode, compiler: Compiler): Promise<SqlNode | SourceNode> {
  const { manifest } = compiler.options.invocation;
  const text = (given.input ?? '').trim();
  if (text === 'this') return tested;
  let found: SqlNode | SourceNode | undefined;
  const names: Readonly<Record<string, Value>> = {
    ref: new Fn('ref', (args) => {
      const result = manifest.resolveRef(refOf(args), tested);
      if (result.kind === 'found') found = result.node;
      return '';
    }),
    source: new Fn('source', (args) => {
      const result = manifest.resolveSource(...sourceOf(args), tested);
      if (result.kind === 'found') found = result.node;
      return '';
    }),
  };
  await renderNative(parseTemplate({ file: tested.original_file_path, text: `{{ ${text} }}` }), {
    globals: (name) => names[name],
  });
  if (!found) throw new PyError(`the input '${text}' of the unit test is not in the project`);
  return found;
}

async function fixtureSql(
  given: UnitFixture,
  input: SqlNode | SourceNode,
  { compiler, session }: { readonly compiler: Compiler; readonly session: WarehouseSession },
): Promise<string> {
  const { invocation } = compiler.options;
  const node = (
    input.resource_type === 'source' ? { ...input, alias: input.identifier, raw_code: '', language: 'sql' } : input
  ) as SqlNode; // only read by templates
  const self = input.resource_type === 'source' ? sourceRelation(invocation, input) : compiler.relationOf(input);
  const context = compiler.context(node, { session }, { self });
  if (given.format === 'sql')
    return context.render(typeof given.rows === 'string' ? given.rows : '', input.original_file_path);
  const rows = fromPlain(given.rows ?? []);
  const macro = context.macros.find('get_fixture_sql');
  if (!macro) throw new PyError("the macro 'get_fixture_sql' is missing");
  return str(await macro.call({ positional: [rows, null], named: new Map() })).trim();
}

/** Rows that are only in one of the two, as many times as they are there more often. */
function compared(table: TableValue): Omit<UnitTestOutcome, 'compiledSql'> {
  const response = { _message: 'OK' };
  const at = table.names.findIndex((name) => name.toLowerCase() === 'actual_or_expected');
  const split = (which: string): string[][] =>
    table.rows
      .filter((row) => str(row.items[at] ?? '').trim() === which)
      .map((row) => row.items.filter((_, i) => i !== at).map((value) => (value === null ? 'null' : str(value))));
  const names = table.names.filter((_, i) => i !== at);
  const [actual, expected] = [split('actual'), split('expected')];
  const key = (row: readonly string[]): string => JSON.stringify(row);
  const left = expected.map(key);
  const surplus = actual.filter((row) => {
    const place = left.indexOf(key(row));
    if (place === -1) return true;
    left.splice(place, 1);
    return false;
  });
  if (surplus.length === 0 && left.length === 0) return { status: 'pass', message: '', failures: 0, response };
  const missing = left.map((text) => JSON.parse(text) as string[]); // written by `key` just above
  const rows = [...surplus.map((row) => ['+++', ...row]), ...missing.map((row) => ['---', ...row])];
  return {
    status: 'fail',
    message: `actual differs from expected:\n\n${diffText(['@@', ...names], rows)}`,
    failures: 1,
    response,
  };
}

function diffText(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join(' | ')
      .trimEnd();
  return [line(head), ...rows.map(line)].join('\n');
}
