import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { isMissing } from '../../kernel/index.ts';
import { Fn, str } from '../jinja/value.ts';
import type { Value } from '../jinja/value.ts';
import { projectErrors } from './errors.ts';
import { renderYaml } from './render-yaml.ts';
import { readYaml, shaped } from './yaml-file.ts';

const Paths = z.array(z.string());

const ProjectFile = z.looseObject({
  name: z.string().regex(/^\w+$/, 'a name of letters, digits and underscores is needed'),
  profile: z.string().optional(),
  'model-paths': Paths.optional(),
  'source-paths': Paths.optional(),
  'macro-paths': Paths.default(['macros']),
  'test-paths': Paths.default(['tests']),
  'seed-paths': Paths.default(['seeds']),
  'snapshot-paths': Paths.default(['snapshots']),
  'packages-install-path': z.string().default('dbt_packages'),
  vars: z.record(z.string(), z.unknown()).nullish(),
  models: z.record(z.string(), z.unknown()).nullish(),
  data_tests: z.record(z.string(), z.unknown()).nullish(),
  tests: z.record(z.string(), z.unknown()).nullish(),
});

/** What dbt_project.yml says. */
export interface DbtProjectFile {
  readonly name: string;
  readonly profile: string;
  readonly modelPaths: readonly string[];
  readonly macroPaths: readonly string[];
  readonly testPaths: readonly string[];
  readonly seedPaths: readonly string[];
  readonly snapshotPaths: readonly string[];
  readonly packagesPath: string;
  readonly vars: Readonly<Record<string, unknown>>;
  /** Configuration of models, by folder: `{ +materialized: 'view', staging: { … } }`. */
  readonly models: Readonly<Record<string, unknown>>;
  readonly tests: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
}

/** Keys that we read, or that change nothing in what we do. */
const KNOWN = new Set([
  ...Object.keys(ProjectFile.shape),
  'version',
  'config-version',
  'require-dbt-version',
  'target-path',
  'log-path',
  'clean-targets',
  'analysis-paths',
  'docs-paths',
  'asset-paths',
  'seeds',
  'snapshots',
  'sources',
  'exposures',
  'metrics',
  'dispatch',
  'flags',
  'quoting',
  'query-comment',
  'dbt-cloud',
  'semantic-models',
  'saved-queries',
  'functions',
  'function-paths',
  'data-paths',
  'unit_tests',
]);

/** Keys of which a project expects something that this version does not do. */
const NOT_YET = ['on-run-start', 'on-run-end', 'data-paths'];

export async function readProjectFile(
  folder: string,
  given: {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly vars: Readonly<Record<string, unknown>>;
  },
): Promise<DbtProjectFile> {
  const file = 'dbt_project.yml';
  const path = join(folder, file);
  try {
    await stat(path);
  } catch (cause) {
    if (isMissing(cause)) throw projectErrors.PROJECT_NOT_FOUND({ folder }, { cause });
    throw cause;
  }
  const yaml = await readYaml(path, file);
  const names = {
    env_var: envFunction(given.env, file),
    var: new Fn('var', ({ positional: [name, other = null] }) => plainVar(given.vars[str(name ?? '')]) ?? other),
  };
  const data = shaped({ ...yaml, data: await renderYaml(yaml.data, { file, names }) }, ProjectFile);
  const warnings: string[] = [];
  for (const key of Object.keys(data)) {
    if (NOT_YET.includes(key))
      warnings.push(`${file}:${yaml.lineOf([key])}: '${key}' is not supported yet and is left out`);
    else if (!KNOWN.has(key)) warnings.push(`${file}:${yaml.lineOf([key])}: unknown key '${key}' is left out`);
  }
  if (data['source-paths'] !== undefined) {
    warnings.push(
      `${file}:${yaml.lineOf(['source-paths'])}: 'source-paths' is the name before dbt 1.0: write 'model-paths'`,
    );
  }
  const scoped = data.vars?.[data.name];
  return {
    name: data.name,
    profile: data.profile ?? data.name,
    modelPaths: data['model-paths'] ?? data['source-paths'] ?? ['models'],
    macroPaths: data['macro-paths'],
    testPaths: data['test-paths'],
    seedPaths: data['seed-paths'],
    snapshotPaths: data['snapshot-paths'],
    packagesPath: data['packages-install-path'],
    vars: { ...data.vars, ...(isRecord(scoped) ? scoped : {}) },
    models: data.models ?? {},
    tests: data.data_tests ?? data.tests ?? {},
    warnings,
  };
}

function plainVar(value: unknown): Value | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `env_var(name, default)`. */
export function envFunction(env: Readonly<Record<string, string | undefined>>, from: string): Fn {
  return new Fn('env_var', ({ positional: [name = '', otherwise] }) => {
    const value = env[str(name)] ?? otherwise;
    if (value === undefined) throw projectErrors.ENV_VAR_MISSING({ name: str(name), from });
    return value;
  });
}
