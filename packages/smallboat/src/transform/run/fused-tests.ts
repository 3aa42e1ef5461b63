import type { Session } from '../adapter/session.ts';
import type { Invocation } from '../context/invocation.ts';
import { warehouseErrors } from '../../warehouse/index.ts';
import { fromPlain } from '../jinja/json.ts';
import { str } from '../jinja/value.ts';
import type { SqlNode } from '../manifest/node.ts';
import { recordOf, textOf } from '../project/plain.ts';
import { newnessColumn } from './new-rows.ts';
import { fits } from './test-outcome.ts';

/** What tells tests apart that can share a scan: the relation and the rows of it. Undefined: not to be counted so. */
export function fusionKey(invocation: Invocation, test: SqlNode): string | undefined {
  if (countOf(invocation, test) === undefined) return undefined;
  const [only, ...more] = test.depends_on.nodes;
  if (only === undefined || more.length > 0) return undefined;
  return JSON.stringify([only, textOf(test.config['where']) ?? '']);
}

/**
 * Counts the failures of many plain tests of one relation in one scan: a view behind seven tests is computed once, not seven
 * times. The numbers are those that each test's own SQL gives.
 *
 * @returns the failures by unique id of the tests that could be counted so; the others are to be run on their own.
 *   Uniqueness is settled here only where it holds: duplicates are counted by the test's own SQL.
 */
export async function countFused(
  invocation: Invocation,
  session: Session,
  { relation, tests }: { readonly relation: string; readonly tests: readonly SqlNode[] },
): Promise<ReadonlyMap<string, number>> {
  const counted = new Map<string, number>();
  const counts = tests.map((test) => countOf(invocation, test) ?? 'null');
  const where = textOf(tests[0]?.config['where']) ?? '';
  const columns = counts.map((count, i) => `${count} as t${i}`).join(',\n  ');
  const sql = `select\n  ${columns}\nfrom ${relation}${where === '' ? '' : `\nwhere ${where}`}`;
  const row = await firstRow(session, sql);
  for (const [i, test] of tests.entries()) {
    const failures = Number(row?.[i] ?? Number.NaN);
    if (Number.isNaN(failures)) continue;
    // Distinct values short of the values: there are duplicates, but this is not how dbt counts them.
    if (test.test_metadata?.name === 'unique' && failures !== 0) continue;
    counted.set(test.unique_id, failures);
  }
  return counted;
}

/** The row of counts; nothing if the statement fails: the tests then run one by one, and the one at fault says so. */
async function firstRow(session: Session, sql: string): Promise<readonly unknown[] | undefined> {
  try {
    return (await session.ask(sql, { isRead: true })).table.rows[0];
  } catch (error) {
    if (warehouseErrors.STATEMENT_FAILED.is(error)) {
      await session.rollback();
      return undefined;
    }
    throw error;
  }
}

/** The expression that counts a test's failures; undefined where its own SQL has to be run. */
function countOf(invocation: Invocation, test: SqlNode): string | undefined {
  const { config, test_metadata: metadata } = test;
  if (!metadata || metadata.namespace !== null || invocation.flags.isEmpty) return undefined;
  if (newnessColumn(test) !== undefined) return undefined;
  if (config['fail_calc'] !== 'count(*)' || (config['limit'] ?? null) !== null) return undefined;
  if (config['store_failures'] === true || (invocation.flags.storeFailures && config['store_failures'] === null))
    return undefined;
  const conditions = ['warn_if', 'error_if'].map((key) => textOf(config[key]) ?? '');
  if (conditions.some((condition) => fits(0, condition) === undefined)) return undefined;
  const { name } = metadata;
  const { column_name: named, model: _model, ...given } = recordOf(metadata.kwargs);
  const column = test.column_name ?? (typeof named === 'string' ? named : undefined);
  const where = textOf(config['where']) ?? '';
  if (column === undefined || `${column}${where}`.includes('{') || isReplaced(invocation, name)) return undefined;
  const keys = Object.keys(given);
  if (name === 'not_null' && keys.length === 0) return `count(case when ${column} is null then 1 end)`;
  if (name === 'unique' && keys.length === 0) return `count(${column}) - count(distinct ${column})`;
  if (name === 'accepted_values' && keys.every((key) => key === 'values' || key === 'quote')) {
    const { values, quote = true } = given;
    if (!Array.isArray(values) || typeof quote !== 'boolean') return undefined;
    const texts = values.map((value) => str(fromPlain(value)));
    // Templates in values are rendered by the test's own SQL.
    if (texts.some((text) => /\{\{|\{%|\(/.test(text))) return undefined;
    const list = texts.map((text) => (quote ? `'${text}'` : text)).join(', ');
    return `count(distinct case when ${column} not in (${list}) then ${column} end)`;
  }
  return undefined;
}

/** True where the project has a macro of its own for a test, or for how tests are run. */
function isReplaced({ registry, root }: Invocation, test: string): boolean {
  const names = [
    'get_where_subquery',
    'get_test_sql',
    `test_${test}`,
    `should_store_failures`,
    'get_limit_subquery_sql',
  ];
  const isOwn = (name: string): boolean => {
    const found = registry.find(name, root.name);
    return found !== undefined && !registry.options.internal.includes(found.packageName);
  };
  const isDispatched = (name: string): boolean => {
    const found = registry.dispatch(name, 'dbt', root.name);
    return 'macro' in found && !registry.options.internal.includes(found.macro.packageName);
  };
  return names.some(isOwn) || [`test_${test}`, 'get_where_subquery', 'get_test_sql'].some(isDispatched);
}
