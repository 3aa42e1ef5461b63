import { join } from 'node:path';
import { defineErrors, exclusive } from '../../kernel/index.ts';
import type { Row } from '../../warehouse/index.ts';
import { writeManifest } from '../artifacts/manifest.ts';
import { writeRunResults } from '../artifacts/run-results.ts';
import type { Project } from '../load.ts';
import type { ResourceType } from '../manifest/node.ts';
import { isEphemeral } from '../manifest/node.ts';
import type { NodeResult, RunResults } from '../run/node-result.ts';
import { isBad } from '../run/node-result.ts';
import { execute } from '../run/run-project.ts';
import type { VerbOptions, VerbSession } from './session.ts';
import { beginVerb } from './session.ts';

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
  COMPILE_FAILED: (f: { nodes: readonly FailedModel[] }) =>
    `${f.nodes.length} node${f.nodes.length === 1 ? '' : 's'} could not be compiled. Correct the templates.` +
    f.nodes.map(({ name, file, problem }) => `\n  ${name} (${file}): ${problem}`).join(''),
});

function testText({ name, file, failures, sample, problem }: FailedTest): string {
  const rows = sample.map(
    (row) =>
      `\n    ${JSON.stringify(row, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}`,
  );
  return `\n  ${name} (${file}): ${problem ?? `${failures} failure${failures === 1 ? '' : 's'}`}${rows.join('')}`;
}

/** The kinds of nodes that each verb runs. */
const RUN_BY = {
  build: ['model', 'seed', 'snapshot', 'test', 'unit_test', 'exposure', 'saved_query', 'function'],
  run: ['model'],
  test: ['test', 'unit_test'],
  seed: ['seed'],
  snapshot: ['snapshot'],
  compile: ['model', 'test', 'analysis', 'snapshot', 'seed', 'function', 'operation'],
  clone: ['model', 'seed', 'snapshot'],
} as const satisfies Readonly<Record<string, readonly ResourceType[]>>;

export type RunVerb = keyof typeof RUN_BY;

/**
 * Runs a verb over what is chosen, and writes manifest.json and run_results.json. Failed nodes are in the results: nothing is thrown
 * for them.
 */
export async function runVerb(
  verb: RunVerb,
  options: VerbOptions & {
    readonly begun?: VerbSession;
    readonly chosen?: readonly string[];
    readonly batches?: ReadonlyMap<string, readonly (readonly [Date, Date])[]>;
  },
): Promise<RunResults> {
  const session = options.begun ?? (await beginVerb(verb, options));
  const { project, targetFolder } = session;
  const { invocation } = project;
  const mayBeEmpty = options.exclude !== undefined || options.selector !== undefined;
  const chosen = options.chosen ?? session.choose(RUN_BY[verb], mayBeEmpty ? { mayBeEmpty } : {});
  const isCompile = verb === 'compile';
  await using _lock = isCompile
    ? undefined
    : await exclusive(join(targetFolder, 'run.lock'), `A run of target '${invocation.target.name}'`);
  await using warehouse = await session.open();
  const executed = await execute({
    project,
    warehouse,
    chosen,
    targetFolder,
    deferred: session.deferred,
    withTestEdges: verb === 'build',
    does: isCompile ? 'compile' : verb === 'clone' ? 'clone' : 'run',
    withHooks: !isCompile && verb !== 'clone',
    ...(options.batches ? { batches: options.batches } : {}),
    signal: options.signal,
    onNode: options.onNode,
    onMessage: options.onMessage,
    onStatement: options.onStatement,
  });
  const results = [...executed.hooks, ...executed.results];
  if (options.writeJson !== false) {
    await writeManifest(targetFolder, project, session.selectorDocument);
    // A compile that failed leaves the results of the last run, as dbt's does: `retry` goes on from there.
    if (!isCompile || !results.some(isBad)) {
      // An ephemeral model is compiled for whoever asks, and is no result: as in dbt.
      const listed = results.filter(({ uniqueId }) => !isEphemeralId(project, uniqueId));
      await writeRunResults(targetFolder, invocation, { results: listed, seconds: executed.seconds });
    }
  }
  return {
    invocationId: invocation.id,
    startedAt: invocation.startedAt,
    project: project.root.name,
    results: executed.results,
    seconds: executed.seconds,
    targetFolder,
    warnings: project.warnings,
    hasFailed:
      results.some(isBad) || (executed.results.some(({ status }) => status === 'skipped') && results.some(isBad)),
  };
}

function isEphemeralId({ manifest }: Project, id: string): boolean {
  const node = manifest.get(id);
  return node !== undefined && isEphemeral(node);
}

/** The error of a `compile` in which something failed, which dbt takes for a project that cannot be run at all. */
export function compileFailureOf({ results }: Pick<RunResults, 'results'>): Error | undefined {
  const nodes = results.filter(isBad).map(({ name, file, message }) => ({ name, file, problem: message }));
  return nodes.length === 0 ? undefined : transformErrors.COMPILE_FAILED({ nodes });
}

/** The error of a run in which something failed; undefined where nothing did. */
export function failureOf({ results, targetFolder }: Pick<RunResults, 'results' | 'targetFolder'>): Error | undefined {
  const skipped = results
    .filter(({ status, kind }) => status === 'skipped' && kind !== 'test' && kind !== 'unit_test')
    .map(({ name }) => name);
  const isTest = ({ kind }: NodeResult): boolean => kind === 'test' || kind === 'unit_test';
  const models = results.filter((one) => isBad(one) && !isTest(one));
  if (models.length > 0) {
    const failed = models.map(({ name, file, message }) => ({ name, file, problem: message }));
    return transformErrors.MODELS_FAILED({ models: failed, skipped, targetFolder });
  }
  const tests = results.filter((one) => isBad(one) && isTest(one));
  if (tests.length === 0) return undefined;
  return transformErrors.TESTS_FAILED({
    tests: tests.map(({ name, file, failures = 0, sample = [], status, message, kind }) => ({
      name,
      file,
      failures,
      sample,
      ...(status === 'error' || kind === 'unit_test' ? { problem: message } : {}),
    })),
    skipped,
    targetFolder,
  });
}
