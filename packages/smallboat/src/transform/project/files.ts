import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { isMissing } from '../../kernel/index.ts';
import { macrosIn } from '../context/macro-lookup.ts';
import { parseTemplate } from '../jinja/parse.ts';
import type { Template } from '../jinja/parse.ts';
import type { DbtProjectFile } from './dbt-project-file.ts';
import { readProjectFile } from './dbt-project-file.ts';
import type { Macro } from './project.ts';
import type { YamlFile } from './yaml-file.ts';
import { readYaml } from './yaml-file.ts';

/** A SQL file, parsed. */
export interface SqlFile {
  /** Relative to the project. */
  readonly file: string;
  /** Relative to its models or tests folder, with `/`. */
  readonly path: string;
  readonly template: Template;
}

export interface ProjectFiles {
  readonly models: readonly SqlFile[];
  readonly tests: readonly SqlFile[];
  readonly macros: readonly Macro[];
  readonly properties: readonly YamlFile[];
  readonly warnings: readonly string[];
}

/** Reads and parses all files of a project, in the order of their names. */
export async function readFiles(folder: string, project: DbtProjectFile): Promise<ProjectFiles> {
  const models: SqlFile[] = [];
  const tests: SqlFile[] = [];
  const macros: Macro[] = [];
  const properties: YamlFile[] = [];
  const warnings: string[] = [];
  for (const path of project.modelPaths) {
    models.push(...(await sqlFiles(folder, path)));
    for (const name of await filesIn(join(folder, path), /\.ya?ml$/)) {
      const file = join(path, name);
      properties.push(await readYaml(join(folder, file), file));
    }
    for (const name of await filesIn(join(folder, path), /\.py$/)) {
      warnings.push(`${join(path, name)}: Python models are not supported and are left out`);
    }
  }
  for (const path of project.testPaths) {
    for (const one of await sqlFiles(folder, path)) {
      if (one.path.startsWith('generic/')) macros.push(...macrosIn(one.template, project.name));
      else tests.push(one);
    }
  }
  for (const path of project.macroPaths) {
    for (const one of await sqlFiles(folder, path)) macros.push(...macrosIn(one.template, project.name));
  }
  macros.push(...(await packageMacros(folder, project)));
  for (const [what, paths, pattern] of [
    ['seeds', project.seedPaths, /\.csv$/],
    ['snapshots', project.snapshotPaths, /\.sql$/],
  ] as const) {
    for (const path of paths) {
      const found = await filesIn(join(folder, path), pattern);
      if (found.length > 0)
        warnings.push(`${path}/: ${what} are not supported yet; ${found.length} file(s) are left out`);
    }
  }
  return { models, tests, macros, properties, warnings };
}

/** The macros of installed packages, under the name that each package gives itself. */
async function packageMacros(folder: string, project: DbtProjectFile): Promise<Macro[]> {
  const root = join(folder, project.packagesPath);
  const macros: Macro[] = [];
  const entries = await readdir(root, { withFileTypes: true }).catch(noneIfMissing);
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const inside = join(root, entry.name);
    const own = await readProjectFile(inside, { env: {}, vars: {} });
    for (const path of own.macroPaths) {
      for (const one of await sqlFiles(inside, path)) macros.push(...macrosIn(one.template, own.name));
    }
  }
  return macros;
}

async function sqlFiles(folder: string, path: string): Promise<SqlFile[]> {
  const names = await filesIn(join(folder, path), /\.sql$/);
  return Promise.all(
    names.map(async (name) => {
      const file = join(path, name);
      const text = await readFile(join(folder, file), 'utf8');
      return { file, path: name.replaceAll('\\', '/'), template: parseTemplate({ file, text }) };
    }),
  );
}

async function filesIn(folder: string, pattern: RegExp): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(noneIfMissing);
  return entries
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

function noneIfMissing(error: unknown): [] {
  if (isMissing(error)) return [];
  throw error;
}
