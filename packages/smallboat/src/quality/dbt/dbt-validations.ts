import type { Validation } from '../checkpoint/checkpoint.ts';
import { cleanName } from '../source.ts';
import type { ExpectationConfig, Severity } from '../suite/suite.ts';
import type { Converted } from './conversions.ts';
import { converted } from './conversions.ts';
import { dbtErrors } from './errors.ts';
import type { DbtRelation, DbtTest, Manifest } from './manifest.ts';
import { readManifest, referredIn } from './manifest.ts';

export interface DbtOptions {
  /** Names of the models and sources whose tests are wanted. Default: all. */
  readonly select?: readonly string[];
}

/**
 * The tests of a dbt project as validations, one for each model and source that has any: from `manifest.json`, as dbt or
 * `smallboat transform` write it. Tests of dbt, dbt_utils and dbt_expectations that ask what an expectation asks are that
 * expectation; any other is its own compiled SQL. `severity: warn` is a warning, `where` a row condition.
 */
export async function dbtValidations(path: string, { select }: DbtOptions = {}): Promise<readonly Validation[]> {
  const manifest = await readManifest(path);
  const groups = new Map<string, { about: DbtRelation; expectations: ExpectationConfig[] }>();
  for (const test of manifest.tests) {
    if (test.config.enabled === false) continue;
    const about = aboutOf(test, manifest);
    if (about === undefined || (select !== undefined && !select.includes(about.name))) continue;
    const group = groups.get(about.id) ?? { about, expectations: [] };
    group.expectations.push(...expectationsOf(test, manifest));
    groups.set(about.id, group);
  }
  return [...groups.values()].map(({ about, expectations }): Validation => {
    const name = about.source === undefined ? about.name : `${about.source}.${about.name}`;
    const suite = { name: `dbt.${name}`, expectations, meta: {} };
    return { suite, relation: about.relation, dataName: cleanName(name) };
  });
}

/** What a test is about: what it is attached to, or else the first thing that it reads. */
function aboutOf({ attached_node, depends_on }: DbtTest, { relations }: Manifest): DbtRelation | undefined {
  const ids = [...(attached_node ? [attached_node] : []), ...depends_on.nodes];
  return ids.map((id) => relations.get(id)).find((one) => one !== undefined);
}

/** An expectation for the error of a test, and one for its warning where that comes earlier. */
function expectationsOf(test: DbtTest, manifest: Manifest): readonly ExpectationConfig[] {
  const { config, name, unique_id, original_file_path, description } = test;
  const isError = config.severity.toLowerCase() !== 'warn';
  const [errorIf, warnIf] = [config.error_if ?? '!= 0', config.warn_if ?? '!= 0'];
  const about = {
    meta: { dbt: { unique_id, file: original_file_path } },
    ...(description ? { notes: description } : {}),
  };
  const severity: Severity = isError ? 'critical' : 'warning';
  const isUsual = (config.fail_calc ?? 'count(*)') === 'count(*)' && !config.limit;
  const plain = errorIf === '!= 0' && warnIf === '!= 0' && isUsual ? plainOf(test, manifest) : undefined;
  if (plain !== undefined) return [{ ...plain, severity, ...about }];
  const sql = test.compiled_code ?? test.compiled_sql;
  if (!sql) {
    const problem = dbtErrors.DBT_TEST_NOT_COMPILED({ test: name, path: manifest.path });
    return [{ type: 'expect_dbt_test_to_pass', kwargs: { test: name }, severity, ...about, problem }];
  }
  const bySql = (fails_if: string): Converted => ({
    type: 'expect_dbt_test_to_pass',
    kwargs: { test: name, sql, fails_if, ...(config.fail_calc ? { fail_calc: config.fail_calc } : {}) },
  });
  if (!isError) return [{ ...bySql(warnIf), severity, ...about }];
  const warning = warnIf === errorIf ? [] : [{ ...bySql(warnIf), severity: 'warning' as const, ...about }];
  return [{ ...bySql(errorIf), severity, ...about }, ...warning];
}

/** The expectation that asks what a generic test asks. */
function plainOf({ test_metadata, column_name, config }: DbtTest, manifest: Manifest): Converted | undefined {
  if (!test_metadata) return undefined;
  const { model: _, column_name: named, ...kwargs } = test_metadata.kwargs;
  const written = column_name ?? (typeof named === 'string' ? named : undefined);
  const column = written !== undefined && /^(?:[A-Za-z_]\w*|"[^"]+")$/.test(written) ? written : undefined;
  if (written !== undefined && column === undefined) return undefined; // an expression
  const found = converted(test_metadata.namespace ?? 'dbt', test_metadata.name, {
    kwargs,
    column,
    relationOf: (text) => (typeof text === 'string' ? referredIn(text, manifest)?.relation : undefined),
  });
  if (found === undefined || !config.where) return found;
  const { row_condition } = found.kwargs;
  const both = typeof row_condition === 'string' ? `(${config.where}) and (${row_condition})` : config.where;
  return { ...found, kwargs: { ...found.kwargs, row_condition: both } };
}
