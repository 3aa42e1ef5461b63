import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import { defineErrors, writeWhole } from '../../kernel/index.ts';
import type { WorkOptions } from '../../kernel/index.ts';
import type { Row, StatementOptions, Warehouse } from '../../warehouse/index.ts';
import { shortSql, quoteName } from '../../warehouse/index.ts';
import { loadProject } from '../project/load-project.ts';
import type { Model, Project, Test } from '../project/project.ts';
import { compileNode, relationOf } from './compile.ts';
import type { Compilation } from './compile.ts';
import { countFused } from './fused-tests.ts';
import { existingRelations, materialize } from './materialize.ts';
import type { RelationKind } from './materialize.ts';
import { sqlPath, writeResults } from './results.ts';
import type { NodeResult, RunResults } from './results.ts';
import { selectNodes } from './select.ts';
import { outcomeOf } from './test-outcome.ts';

interface FailedTest {
  readonly name: string;
  readonly file: string;
  readonly failures: number;
  readonly sample: readonly Row[];
  /** What went wrong, where the test itself could not be run. */
  readonly problem?: string;
}

interface FailedModel {
  readonly name: string;
  readonly file: string;
  readonly problem: string;
}

const listed = (names: readonly string[]): string =>
  names.length === 0 ? '' : ` Not built because of it: ${names.join(', ')}.`;

export const transformErrors = defineErrors({
  TESTS_FAILED: (f: { tests: readonly FailedTest[]; skipped: readonly string[]; targetFolder: string }) =>
    `${f.tests.length} test${f.tests.length === 1 ? '' : 's'} failed.${listed(f.skipped)} ` +
    `Look at the rows below, then correct the data, the model or the test; all results are in ${f.targetFolder}/run_results.json.` +
    f.tests.map(testText).join(''),
  MODELS_FAILED: (f: { models: readonly FailedModel[]; skipped: readonly string[]; targetFolder: string }) =>
    `${f.models.length} model${f.models.length === 1 ? '' : 's'} could not be built; what was there before is unchanged.${listed(f.skipped)} ` +
    `Correct them and build again; the compiled SQL is in ${f.targetFolder}/compiled.` +
    f.models.map(({ name, file, problem }) => `\n  ${name} (${file}): ${problem}`).join(''),
});

function testText({ name, file, failures, sample, problem }: FailedTest): string {
  const rows = sample.map(
    (row) =>
      `\n    ${JSON.stringify(row, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}`,
  );
  return `\n  ${name} (${file}): ${problem ?? `${failures} failure${failures === 1 ? '' : 's'}`}${rows.join('')}`;
}

/** Said when a node begins and when it has ended. */
export interface NodeEvent {
  readonly phase: 'start' | 'end';
  readonly uniqueId: string;
  readonly name: string;
  readonly kind: 'model' | 'test';
  /** From 1. */
  readonly index: number;
  readonly total: number;
  /** At the end only. */
  readonly result?: NodeResult;
}

export interface RunOptions extends WorkOptions {
  /** A project that was read, or the folder of one. */
  readonly project: Project | string;
  readonly warehouse: Warehouse;
  /** As dbt's `--select`; default all. */
  readonly select?: string;
  readonly exclude?: string;
  /** Where the project is given as a folder: see `loadProject`. */
  readonly target?: string;
  readonly vars?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** For `run_results.json` and the compiled SQL. Default `.smallboat/dbt-target` in the project's folder. */
  readonly targetFolder?: string;
  readonly invocationId?: string;
  /** What is the time? Default the machine's clock. */
  readonly clock?: () => Date;
  readonly onNode?: (event: NodeEvent) => void;
  /** What templates say by `log(…, info=True)`, `print` and `exceptions.warn`. */
  readonly onMessage?: (message: string) => void;
}

/**
 * Builds models and runs their tests in the order of what they read, as `dbt build`: a model is skipped when a model that
 * it reads failed, or when a test of severity error over what it reads did.
 *
 * @throws `MODELS_FAILED`, else `TESTS_FAILED`, after all that could be done is done and `run_results.json` is written.
 */
export function buildProject(options: RunOptions): Promise<RunResults> {
  return run('build', options);
}

/** Builds models without testing them, as `dbt run`. @throws `MODELS_FAILED`. */
export function runModels(options: RunOptions): Promise<RunResults> {
  return run('run', options);
}

/** Runs the tests over what is there, as `dbt test`. @throws `TESTS_FAILED`. */
export function runTests(options: RunOptions): Promise<RunResults> {
  return run('test', options);
}

/** The SQL of every chosen model and test, written under the target folder and given by unique id; builds nothing. */
export async function compileProject(options: RunOptions): Promise<ReadonlyMap<string, string>> {
  const running = await start(options);
  const { models, tests } = selectNodes(running.project, options.select, options.exclude);
  const compiled = new Map<string, string>();
  for (const node of [...models, ...tests]) {
    const sql = await compileNode(node, running);
    compiled.set(node.uniqueId, sql);
    await keepSql('compiled', node, { running, sql });
  }
  return compiled;
}

interface Running extends Compilation {
  readonly options: RunOptions;
  readonly warehouse: Warehouse;
  readonly statement: StatementOptions;
  readonly targetFolder: string;
  readonly clock: () => Date;
  readonly existing: Map<string, RelationKind>;
  readonly results: Map<string, NodeResult>;
}

async function start(options: RunOptions): Promise<Running> {
  const { warehouse, signal, target, vars, env } = options;
  const project =
    typeof options.project === 'string'
      ? await loadProject(options.project, {
          ...(target === undefined ? {} : { target }),
          ...(vars === undefined ? {} : { vars }),
          ...(env === undefined ? {} : { env }),
        })
      : options.project;
  const clock = options.clock ?? (() => new Date());
  const statement = signal === undefined ? {} : { signal };
  const [row] = await warehouse.query<{ name: string }>('select current_database() as name', statement);
  const database = row?.name ?? '';
  return {
    options,
    project,
    warehouse,
    statement,
    clock,
    targetFolder: resolve(options.targetFolder ?? join(project.folder, '.smallboat/dbt-target')),
    existing: await existingRelations(warehouse, database, statement),
    results: new Map(),
    ephemeral: new Map(),
    invocation: {
      project: project.name,
      target: project.target,
      vars: project.vars,
      env: project.env,
      macros: project.macros,
      invocationId: options.invocationId ?? randomUUID(),
      startedAt: clock(),
      database,
      warehouse,
      ...(signal === undefined ? {} : { signal }),
      say: options.onMessage ?? (() => undefined),
    },
  };
}

async function run(which: 'build' | 'run' | 'test', options: RunOptions): Promise<RunResults> {
  const running = await start(options);
  const { project } = running;
  const selection = selectNodes(project, options.select, options.exclude);
  const models = which === 'test' ? [] : selection.models.filter((model) => model.config.materialized !== 'ephemeral');
  const tests = which === 'run' ? [] : selection.tests;
  const plan = planOf(models, tests);
  const reporter = reporterOf(running, plan);
  await createSchemas(models, running);
  for (const step of plan) {
    options.signal?.throwIfAborted();
    if (step.kind === 'model') await runModel(step.model, running, reporter);
    else await runTestGroup(step.tests, running, reporter);
  }
  const results: RunResults = {
    invocationId: running.invocation.invocationId,
    project: project.name,
    results: [...running.results.values()],
    seconds: (running.clock().getTime() - running.invocation.startedAt.getTime()) / 1000,
    targetFolder: running.targetFolder,
    warnings: project.warnings,
  };
  await writeResults(results, which);
  failIfFailed(results);
  return results;
}

type Step =
  | { readonly kind: 'model'; readonly model: Model }
  | { readonly kind: 'tests'; readonly tests: readonly Test[] };

/** Models in order, each followed by the tests that can run then, by what they are about: one scan counts many. */
function planOf(models: readonly Model[], tests: readonly Test[]): Step[] {
  const position = new Map(models.map((model, i) => [model.uniqueId, i]));
  const after = Map.groupBy(tests, (test) => Math.max(-1, ...test.dependsOn.map((id) => position.get(id) ?? -1)));
  const groups = (at: number): Step[] =>
    [...Map.groupBy(after.get(at) ?? [], (test) => test.generic?.about ?? test.uniqueId).values()].map((group) => ({
      kind: 'tests',
      tests: group,
    }));
  return [...groups(-1), ...models.flatMap((model, i): Step[] => [{ kind: 'model', model }, ...groups(i)])];
}

interface Reporter {
  begin(node: Model | Test): void;
  /** Fraction of the node that is running. */
  progress(node: Model | Test, fraction: number): void;
  end(node: Model | Test, result: NodeResult): void;
}

function reporterOf({ options, results }: Running, plan: readonly Step[]): Reporter {
  const total = plan.reduce((sum, step) => sum + (step.kind === 'model' ? 1 : step.tests.length), 0);
  let done = 0;
  const event = (node: Model | Test): Omit<NodeEvent, 'phase'> => ({
    uniqueId: node.uniqueId,
    name: node.name,
    kind: node.kind,
    index: done + 1,
    total,
  });
  return {
    begin: (node) => options.onNode?.({ ...event(node), phase: 'start' }),
    progress: (node, fraction) => options.onProgress?.((done + fraction) / total, node.name),
    end(node, result) {
      results.set(node.uniqueId, result);
      options.onNode?.({ ...event(node), phase: 'end', result });
      done += 1;
      options.onProgress?.(done / total, node.name);
    },
  };
}

async function createSchemas(models: readonly Model[], { warehouse, statement }: Running): Promise<void> {
  for (const schema of new Set(models.map((model) => model.place.schema))) {
    await warehouse.execute(`create schema if not exists ${quoteName(schema)}`, statement);
  }
}

async function runModel(model: Model, running: Running, reporter: Reporter): Promise<void> {
  const { warehouse, clock, existing } = running;
  const startedAt = clock();
  const relation = relationOf(model.place, running);
  const as = model.config.materialized === 'table' ? 'table' : 'view';
  const about = {
    uniqueId: model.uniqueId,
    name: model.name,
    kind: 'model' as const,
    file: model.file,
    materialized: as,
    relation: relation.print(),
    startedAt,
  };
  const seconds = (): number => (clock().getTime() - startedAt.getTime()) / 1000;
  const blocker = blockerOf(model, running);
  if (blocker !== undefined) {
    reporter.end(model, { ...about, status: 'skipped', message: `Skipped because of ${blocker}`, seconds: 0 });
    return;
  }
  reporter.begin(model);
  let sql: string | undefined;
  try {
    sql = await compileNode(model, running);
    await keepSql('compiled', model, { running, sql });
    const key = `${model.place.schema}.${model.place.identifier}`.toLowerCase();
    const made = await materialize(
      { warehouse, relation, as, sql, existing: existing.get(key) },
      { ...running.statement, onProgress: (fraction) => reporter.progress(model, fraction) },
    );
    existing.set(key, as);
    await keepSql('run', model, { running, sql: made.statement });
    const rows = made.rows === undefined ? {} : { rows: made.rows };
    reporter.end(model, { ...about, ...rows, status: 'success', message: 'OK', compiledSql: sql, seconds: seconds() });
  } catch (error) {
    if (running.options.signal?.aborted === true) throw error;
    const compiled = sql === undefined ? {} : { compiledSql: sql };
    reporter.end(model, { ...about, ...compiled, status: 'error', message: problemOf(error), seconds: seconds() });
  }
}

/** What keeps a model from being built: the name of a model or test that failed, or was skipped, before it. */
function blockerOf(model: Model, { project, results }: Running): string | undefined {
  const above = ancestorsOf(model, project);
  for (const id of above) {
    const result = results.get(id);
    if (result?.status === 'error' || result?.status === 'skipped') return result.name;
  }
  for (const test of project.tests) {
    const status = results.get(test.uniqueId)?.status;
    const hasFailed = status === 'fail' || (status === 'error' && test.config.severity === 'error');
    if (hasFailed && test.dependsOn.length > 0 && test.dependsOn.every((id) => above.has(id))) return test.name;
  }
  return undefined;
}

/** Unique ids of all models and sources that a model reads, directly or not. */
function ancestorsOf(model: Model, project: Project): Set<string> {
  const found = new Set<string>();
  const visit = (ids: readonly string[]): void => {
    for (const id of ids) {
      if (found.has(id)) continue;
      found.add(id);
      visit(project.models.find(({ uniqueId }) => uniqueId === id)?.dependsOn ?? []);
    }
  };
  visit(model.dependsOn);
  return found;
}

/** Runs tests about one relation. What one scan can count is counted in one; each still gets a result of its own. */
async function runTestGroup(tests: readonly Test[], running: Running, reporter: Reporter): Promise<void> {
  const { project, warehouse, statement, results, clock } = running;
  const isBlocked = (test: Test): string | undefined =>
    test.dependsOn.map((id) => results.get(id)).find((one) => one?.status === 'error' || one?.status === 'skipped')
      ?.name;
  const runnable = tests.filter((test) => isBlocked(test) === undefined);
  const relation = relationAbout(tests[0], running);
  const begun = clock();
  const counted =
    relation === undefined
      ? new Map<string, number>()
      : await countFused({ project, warehouse, relation, tests: runnable }, statement);
  const shared = counted.size === 0 ? 0 : (clock().getTime() - begun.getTime()) / 1000 / counted.size;
  for (const test of tests) {
    const blocker = isBlocked(test);
    const startedAt = clock();
    const about = { uniqueId: test.uniqueId, name: test.name, kind: 'test' as const, file: test.file, startedAt };
    if (blocker !== undefined) {
      reporter.end(test, { ...about, status: 'skipped', message: `Skipped because of ${blocker}`, seconds: 0 });
      continue;
    }
    reporter.begin(test);
    const known = counted.get(test.uniqueId);
    const result = await runTest(test, known, running);
    const seconds = (clock().getTime() - startedAt.getTime()) / 1000 + (known === undefined ? 0 : shared);
    reporter.end(test, { ...about, ...result, seconds });
  }
}

/** The relation of a generic test's model or source; undefined where it has none in the warehouse. */
function relationAbout(test: Test | undefined, running: Running): string | undefined {
  const id = test?.generic?.about;
  const { models, sources } = running.project;
  const model = models.find(({ uniqueId }) => uniqueId === id);
  if (model?.config.materialized === 'ephemeral') return undefined;
  const place = model?.place ?? sources.find(({ uniqueId }) => uniqueId === id)?.place;
  return place && relationOf(place, running).print();
}

async function runTest(
  test: Test,
  counted: number | undefined,
  running: Running,
): Promise<Pick<NodeResult, 'status' | 'message' | 'failures' | 'sample' | 'compiledSql'>> {
  const { warehouse, statement } = running;
  let sql: string | undefined;
  try {
    sql = await compileNode(test, running);
    await keepSql('compiled', test, { running, sql });
    const found = `(\n${sql}\n${test.config.limit === undefined ? '' : `limit ${test.config.limit}`}\n) dbt_internal_test`;
    const failures = counted ?? (await countOwn(test, found, running));
    const outcome = await outcomeOf(test, failures, { warehouse, options: statement });
    const sample =
      outcome.status === 'pass' ? undefined : await warehouse.query(`select * from ${found} limit 5`, statement);
    return { ...outcome, failures, compiledSql: sql, ...(sample && { sample }) };
  } catch (error) {
    if (running.options.signal?.aborted === true) throw error;
    return { status: 'error', message: problemOf(error), ...(sql === undefined ? {} : { compiledSql: sql }) };
  }
}

async function countOwn(test: Test, found: string, { warehouse, statement }: Running): Promise<number> {
  const [row] = await warehouse.query<{ failures: number | null }>(
    `select ${test.config.failCalc} as failures from ${found}`,
    statement,
  );
  return row?.failures ?? 0;
}

async function keepSql(
  kind: 'compiled' | 'run',
  node: Model | Test,
  { running, sql }: { readonly running: Running; readonly sql: string },
): Promise<void> {
  const isGeneric = node.kind === 'test' && node.generic !== undefined;
  const path = sqlPath(kind, running.project, { file: node.file, path: node.path, isGeneric });
  await writeWhole(join(running.targetFolder, path), `${sql.trim()}\n`, { sync: false });
}

function problemOf(error: unknown): string {
  return error instanceof Error ? error.message : shortSql(String(error));
}

/** @throws `MODELS_FAILED`, else `TESTS_FAILED`, if anything failed. */
function failIfFailed({ results, targetFolder }: RunResults): void {
  const skipped = results.filter((one) => one.kind === 'model' && one.status === 'skipped').map((one) => one.name);
  const models = results.filter((one) => one.kind === 'model' && one.status === 'error');
  if (models.length > 0) {
    const failed = models.map(({ name, file, message }) => ({ name, file, problem: message }));
    throw transformErrors.MODELS_FAILED({ models: failed, skipped, targetFolder });
  }
  const tests = results.filter((one) => one.kind === 'test' && (one.status === 'fail' || one.status === 'error'));
  if (tests.length === 0) return;
  const failed = tests.map(({ name, file, failures, sample, status, message }) => ({
    name,
    file,
    failures: failures ?? 0,
    sample: sample ?? [],
    ...(status === 'error' ? { problem: message } : {}),
  }));
  throw transformErrors.TESTS_FAILED({ tests: failed, skipped, targetFolder });
}
