import type { RunResults } from './run/node-result.ts';
import { failureOf, runVerb } from './verbs/run-verbs.ts';
import type { VerbOptions } from './verbs/session.ts';

/** What holds for all verbs of a project. */
export type TransformOptions = Omit<VerbOptions, 'project' | 'select' | 'exclude' | 'selector'>;

type Choice = Partial<VerbOptions>;

/** The verbs of a dbt project. Each reads the project anew, and gives its results as data: a failed node is one of them. */
export interface Transform {
  /** Seeds, models, snapshots and tests in the order of what they read; a failing test stops what is downstream. */
  build(choice?: Choice): Promise<RunResults>;
  run(choice?: Choice): Promise<RunResults>;
  test(choice?: Choice): Promise<RunResults>;
  seed(choice?: Choice): Promise<RunResults>;
  snapshot(choice?: Choice): Promise<RunResults>;
  /** Writes the SQL of nodes without running it. */
  compile(choice?: Choice): Promise<RunResults>;
}

/**
 * A dbt project as a library: `transform('dbt').build({ select: 'orders+' })`.
 *
 * @param project Folder of the project.
 */
export function transform(project: VerbOptions['project'], options: TransformOptions = {}): Transform {
  const verb =
    (name: 'build' | 'run' | 'test' | 'seed' | 'snapshot' | 'compile') =>
    (choice: Choice = {}): Promise<RunResults> =>
      runVerb(name, { ...options, ...choice, project });
  return {
    build: verb('build'),
    run: verb('run'),
    test: verb('test'),
    seed: verb('seed'),
    snapshot: verb('snapshot'),
    compile: verb('compile'),
  };
}

/**
 * Builds a project, and throws where something failed.
 *
 * @throws `MODELS_FAILED`, `TESTS_FAILED`, with what failed and what was not built because of it.
 */
export async function buildProject(options: VerbOptions): Promise<RunResults> {
  const results = await runVerb('build', options);
  const failure = failureOf(results);
  if (failure) throw failure;
  return results;
}
