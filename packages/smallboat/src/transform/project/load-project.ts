import { resolve } from 'node:path';
import type { Invocation } from '../context/node-context.ts';
import { readProjectFile } from './dbt-project-file.ts';
import { readFiles } from './files.ts';
import { inOrder } from './order.ts';
import { readTarget } from './profile.ts';
import type { Project } from './project.ts';
import { readProperties } from './properties.ts';
import type { ModelProperties, SourceProperties } from './properties.ts';
import { Reading, nameOf } from './reading.ts';

export interface LoadOptions {
  /** A target of profiles.yml; default the one it says. */
  readonly target?: string;
  /** Variables that win over those of dbt_project.yml. */
  readonly vars?: Readonly<Record<string, unknown>>;
  /** Environment variables for `env_var`; default none. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The time of the run, for `run_started_at` and `modules.datetime`. Default now. */
  readonly now?: Date;
}

/**
 * Reads a dbt project: its files, what its models and tests read (their templates are run once, asking no warehouse), and
 * the order in which they can be built.
 *
 * @throws `PROJECT_NOT_FOUND`, `PROJECT_UNREADABLE`, `TEMPLATE_SYNTAX`, `TEMPLATE_FAILED`, `REF_UNKNOWN`,
 *   `SOURCE_UNKNOWN`, `MODEL_DUPLICATE`, `MODEL_CYCLE`, `MATERIALIZATION_UNSUPPORTED`, `TEST_UNKNOWN`, `ENV_VAR_MISSING`,
 *   `VAR_MISSING`, `PROFILE_TARGET_UNKNOWN`.
 */
export async function loadProject(folder: string, options: LoadOptions = {}): Promise<Project> {
  const root = resolve(folder);
  const env = options.env ?? {};
  const file = await readProjectFile(root, { env, vars: options.vars ?? {} });
  const vars = { ...file.vars, ...options.vars };
  const target = await readTarget({
    folder: root,
    profile: file.profile,
    env,
    ...(options.target === undefined ? {} : { target: options.target }),
  });
  const files = await readFiles(root, file);
  const invocation: Invocation = {
    project: file.name,
    target,
    vars,
    env,
    macros: files.macros,
    invocationId: '',
    startedAt: options.now ?? new Date(),
    database: '',
    say: () => undefined,
  };
  const warnings = [...file.warnings, ...files.warnings];
  const models: ModelProperties[] = [];
  const tables: SourceProperties[] = [];
  for (const yaml of files.properties) {
    const properties = readProperties(yaml);
    models.push(...properties.models);
    tables.push(...properties.sources);
    warnings.push(...properties.warnings);
  }
  const reading = new Reading(invocation, file, new Map(models.map((one) => [one.name, one])));
  const sources = await reading.sources(tables);
  const parsed = await reading.models(files.models);
  for (const one of models) {
    if (!files.models.some(({ path }) => nameOf(path) === one.name)) {
      warnings.push(`${one.file}:${one.line}: it describes the model '${one.name}', which the project does not have`);
    }
  }
  reading.known(parsed, sources);
  const resolved = parsed.map(({ model, references }) => ({
    ...model,
    dependsOn: reading.resolve(references, model.file),
  }));
  const tests = [...(await reading.genericTests(models, tables)), ...(await reading.singularTests(files.tests))];
  const { name } = file;
  return {
    folder: root,
    name,
    target,
    vars,
    env,
    models: inOrder(resolved),
    tests,
    sources,
    macros: files.macros,
    warnings,
  };
}
