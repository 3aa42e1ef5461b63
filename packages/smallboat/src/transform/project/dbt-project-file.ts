import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { isMissing } from '../../kernel/index.ts';
import { WholeFloat } from '../jinja/json.ts';
import type { Value } from '../jinja/value.ts';
import { projectErrors } from './errors.ts';
import { isRecord, listOf, recordOf, textsOf } from './plain.ts';
import { renderYaml } from './render-yaml.ts';
import { readYaml, shaped } from './yaml-file.ts';

type Tree = Readonly<Record<string, unknown>>;

/** Sections of dbt_project.yml that configure nodes by folder, by the kind of node. */
const SECTIONS = {
  model: 'models',
  seed: 'seeds',
  snapshot: 'snapshots',
  source: 'sources',
  test: 'data_tests',
  unit_test: 'unit_tests',
  exposure: 'exposures',
  metric: 'metrics',
  semantic_model: 'semantic-models',
  saved_query: 'saved-queries',
  function: 'functions',
} as const;

export type ConfiguredKind = keyof typeof SECTIONS;

const Paths = z.array(z.string()).nullish();
const Section = z.record(z.string(), z.unknown()).nullish();

const ProjectFile = z.looseObject({
  name: z.string().regex(/^[A-Za-z_]\w*$/, 'a name of letters, digits and underscores is needed'),
  version: z.union([z.string(), z.number(), z.instanceof(WholeFloat)]).nullish(),
  profile: z.string().nullish(),
  'model-paths': Paths,
  'source-paths': Paths,
  'macro-paths': Paths,
  'test-paths': Paths,
  'seed-paths': Paths,
  'data-paths': Paths,
  'snapshot-paths': Paths,
  'analysis-paths': Paths,
  'docs-paths': Paths,
  'asset-paths': Paths,
  'function-paths': Paths,
  'packages-install-path': z.string().nullish(),
  'target-path': z.string().nullish(),
  'log-path': z.string().nullish(),
  'clean-targets': Paths,
  'require-dbt-version': z.union([z.string(), z.array(z.string())]).nullish(),
  'query-comment': z.unknown().optional(),
  quoting: z.record(z.string(), z.boolean().nullable()).nullish(),
  dispatch: z.array(z.object({ macro_namespace: z.string(), search_order: z.array(z.string()) })).nullish(),
  flags: Section,
  vars: Section,
  'on-run-start': z.unknown().optional(),
  'on-run-end': z.unknown().optional(),
  'restrict-access': z.boolean().nullish(),
  models: Section,
  seeds: Section,
  snapshots: Section,
  sources: Section,
  tests: Section,
  data_tests: Section,
  unit_tests: Section,
  exposures: Section,
  metrics: Section,
  'semantic-models': Section,
  'saved-queries': Section,
  functions: Section,
});

/** What dbt_project.yml says. */
export interface DbtProjectFile {
  readonly name: string;
  readonly version: string | null;
  /** Undefined where the file names none. */
  readonly profile: string | undefined;
  readonly modelPaths: readonly string[];
  readonly macroPaths: readonly string[];
  /** Folders whose files go with the documentation. */
  readonly assetPaths: readonly string[];
  readonly testPaths: readonly string[];
  readonly seedPaths: readonly string[];
  readonly snapshotPaths: readonly string[];
  readonly analysisPaths: readonly string[];
  readonly functionPaths: readonly string[];
  /** Where blocks of documentation are; empty: in all of the other folders. */
  readonly docsPaths: readonly string[];
  readonly packagesPath: string;
  readonly targetPath: string | undefined;
  readonly logPath: string | undefined;
  readonly cleanTargets: readonly string[] | undefined;
  readonly vars: Tree;
  /** Configuration by folder, of each kind of node: `{ +materialized: 'view', staging: { … } }`. */
  readonly configs: Readonly<Record<ConfiguredKind, Tree>>;
  /** The same before its templates were rendered. */
  readonly rawConfigs: Readonly<Record<ConfiguredKind, Tree>>;
  readonly dispatch: readonly { readonly macro_namespace: string; readonly search_order: readonly string[] }[];
  readonly quoting: Readonly<Record<string, boolean | null>>;
  readonly onRunStart: readonly string[];
  readonly onRunEnd: readonly string[];
  readonly flags: Tree;
  readonly requiresVersion: readonly string[];
  readonly restrictAccess: boolean;
  /** Null where the project turns the comment off; undefined where it says nothing. */
  readonly queryComment: unknown;
  readonly warnings: readonly string[];
}

/** Keys that change nothing in what we do. */
const OTHER_KEYS = ['config-version', 'dbt-cloud', 'packages', 'project-root', 'analyses'];
const KNOWN = new Set([...Object.keys(ProjectFile.shape), ...OTHER_KEYS]);

/** What is rendered when a node runs, not when the file is read. */
const LATE = new Set(['on-run-start', 'on-run-end', 'query-comment', 'vars']);
const LATE_HOOKS = new Set(['pre-hook', 'pre_hook', 'post-hook', 'post_hook']);

/** @throws `PROJECT_NOT_FOUND`, `PROJECT_UNREADABLE` with the line. */
export async function readProjectFile(
  folder: string,
  names: Readonly<Record<string, Value>>,
  shownAs = 'dbt_project.yml',
): Promise<DbtProjectFile> {
  const path = join(folder, 'dbt_project.yml');
  try {
    await stat(path);
  } catch (cause) {
    if (isMissing(cause)) throw projectErrors.PROJECT_NOT_FOUND({ folder }, { cause });
    throw cause;
  }
  const yaml = await readYaml(path, shownAs, { keepsFloats: true });
  const rendered: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(recordOf(yaml.data))) {
    rendered[key] = LATE.has(key)
      ? value
      : await renderYaml(value, { file: shownAs, names, isLate: (one) => LATE_HOOKS.has(one.replace(/^\+\s*/, '')) });
  }
  if (yaml.data !== null && !isRecord(yaml.data)) {
    throw projectErrors.PROJECT_UNREADABLE({ file: shownAs, line: 1, problem: 'the file is no mapping' });
  }
  const data = shaped({ ...yaml, data: rendered }, ProjectFile);
  const raw = recordOf(yaml.data);
  const warnings: string[] = [];
  for (const key of Object.keys(data)) {
    if (KNOWN.has(key)) continue;
    const problem = `'${key}' is no key of it`;
    throw projectErrors.PROJECT_UNREADABLE({ file: shownAs, line: yaml.lineOf([key]), problem });
  }
  const renamed = [
    ['source-paths', 'model-paths'],
    ['data-paths', 'seed-paths'],
  ] as const;
  for (const [old, now] of renamed) {
    if (data[old] !== undefined && data[old] !== null) {
      warnings.push(`${shownAs}:${yaml.lineOf([old])}: '${old}' is the name before dbt 1.0: write '${now}'`);
    }
  }
  const section = (tree: Tree, kind: ConfiguredKind): Tree => {
    const name = SECTIONS[kind];
    return recordOf(tree[name] ?? (kind === 'test' ? tree['tests'] : undefined));
  };
  const kinds = Object.keys(SECTIONS) as ConfiguredKind[]; // its own keys
  const configs = (tree: Tree): Record<ConfiguredKind, Tree> =>
    Object.fromEntries(kinds.map((kind) => [kind, section(tree, kind)])) as Record<ConfiguredKind, Tree>;
  return {
    name: data.name,
    version: data.version === undefined || data.version === null ? null : String(data.version),
    profile: data.profile ?? undefined,
    modelPaths: data['model-paths'] ?? data['source-paths'] ?? ['models'],
    macroPaths: data['macro-paths'] ?? ['macros'],
    assetPaths: data['asset-paths'] ?? [],
    testPaths: data['test-paths'] ?? ['tests'],
    seedPaths: data['seed-paths'] ?? data['data-paths'] ?? ['seeds'],
    snapshotPaths: data['snapshot-paths'] ?? ['snapshots'],
    analysisPaths: data['analysis-paths'] ?? ['analyses'],
    functionPaths: data['function-paths'] ?? ['functions'],
    docsPaths: data['docs-paths'] ?? [],
    packagesPath: data['packages-install-path'] ?? 'dbt_packages',
    targetPath: data['target-path'] ?? undefined,
    logPath: data['log-path'] ?? undefined,
    cleanTargets: data['clean-targets'] ?? undefined,
    vars: data.vars ?? {},
    configs: configs(data),
    rawConfigs: configs(raw),
    dispatch: data.dispatch ?? [],
    quoting: data.quoting ?? {},
    onRunStart: textsOf(data['on-run-start']),
    onRunEnd: textsOf(data['on-run-end']),
    flags: data.flags ?? {},
    requiresVersion: listOf(data['require-dbt-version']).map(String),
    restrictAccess: data['restrict-access'] ?? false,
    queryComment: 'query-comment' in raw ? raw['query-comment'] : undefined,
    warnings,
  };
}
