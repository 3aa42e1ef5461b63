import type { StatementOptions, Warehouse } from '../../warehouse/index.ts';
import { warehouseErrors } from '../../warehouse/index.ts';
import { fromPlain } from '../jinja/json.ts';
import { str } from '../jinja/value.ts';
import type { Project, Test } from '../project/project.ts';

/**
 * Counts the failures of many plain tests of one relation in one scan: a view behind seven tests is computed once,
 * not seven times. The numbers are those that each test's own SQL gives.
 *
 * @returns the failures by unique id of the tests that could be counted so; the others are to be run on their own.
 *   Uniqueness is settled here only where it holds: duplicates are counted by the test's own SQL.
 */
export async function countFused(
  {
    project,
    warehouse,
    relation,
    tests,
  }: {
    readonly project: Project;
    readonly warehouse: Warehouse;
    /** As SQL reads it. */
    readonly relation: string;
    readonly tests: readonly Test[];
  },
  options: StatementOptions,
): Promise<ReadonlyMap<string, number>> {
  const counted = new Map<string, number>();
  const groups = Map.groupBy(
    tests.flatMap((test) => {
      const count = countOf(project, test);
      return count === undefined ? [] : [{ test, count }];
    }),
    ({ test }) => test.config.where ?? '',
  );
  for (const [where, group] of groups) {
    // One test gains nothing, and its own SQL is the plainer.
    if (group.length < 2) continue;
    const columns = group.map(({ count }, i) => `${count} as t${i}`).join(',\n  ');
    const sql = `select\n  ${columns}\nfrom ${relation}${where === '' ? '' : `\nwhere ${where}`}`;
    const row = await firstRow(warehouse, sql, options);
    for (const [i, { test }] of group.entries()) {
      const failures = row?.[`t${i}`];
      if (typeof failures !== 'number') continue;
      // Distinct values short of the values: there are duplicates, but this is not how dbt counts them.
      if (test.generic?.test === 'unique' && failures !== 0) continue;
      counted.set(test.uniqueId, failures);
    }
  }
  return counted;
}

/** The row of counts; nothing if the statement fails: the tests then run one by one, and the one at fault says so. */
async function firstRow(
  warehouse: Warehouse,
  sql: string,
  options: StatementOptions,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    return (await warehouse.query(sql, options))[0];
  } catch (error) {
    if (warehouseErrors.STATEMENT_FAILED.is(error)) return undefined;
    throw error;
  }
}

/** The expression that counts a test's failures; undefined where its own SQL has to be run. */
function countOf(project: Project, { generic, config }: Test): string | undefined {
  if (!generic || generic.namespace !== undefined || config.failCalc !== 'count(*)' || config.limit !== undefined)
    return undefined;
  const { test } = generic;
  // A test of a whole model names what it is about among its arguments.
  const { column_name: named, ...given } = generic.arguments;
  const column = generic.column ?? (typeof named === 'string' ? named : undefined);
  if (column === undefined || column.includes('{{') || isReplaced(project, test)) return undefined;
  const keys = Object.keys(given);
  if (test === 'not_null' && keys.length === 0) return `count(*) filter (where ${column} is null)`;
  if (test === 'unique' && keys.length === 0) return `count(${column}) - count(distinct ${column})`;
  if (test === 'accepted_values' && keys.every((key) => key === 'values' || key === 'quote')) {
    const { values, quote = true } = given;
    if (!Array.isArray(values) || typeof quote !== 'boolean') return undefined;
    const texts = values.map((value) => str(fromPlain(value)));
    // Templates in values are rendered by the test's own SQL.
    if (texts.some((text) => /\{\{|\{%|\(/.test(text))) return undefined;
    const list = texts.map((text) => (quote ? `'${text}'` : text)).join(', ');
    return `count(distinct ${column}) filter (where ${column} not in (${list}))`;
  }
  return undefined;
}

/** True where the project has a macro of its own for a test. */
function isReplaced(project: Project, test: string): boolean {
  const names = [`test_${test}`, `default__test_${test}`, `${project.target.type}__test_${test}`, 'get_where_subquery'];
  return project.macros.some((macro) => macro.package === project.name && names.includes(macro.name));
}
