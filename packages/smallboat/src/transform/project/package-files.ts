import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { normalized } from '../jinja/parse.ts';
import type { DbtProjectFile } from './dbt-project-file.ts';
import { ignoredBy } from './dbtignore.ts';

/** A text file of a package. */
export interface TextFile {
  /** Relative to the package: `models/a/b.sql`. For messages, and dbt's `original_file_path`. */
  readonly file: string;
  /** Relative to the folder of its kind, with `/`: `a/b.sql`. */
  readonly path: string;
  readonly text: string;
}

/** The files of a package by what they are, each list in the order of their paths. */
export interface PackageFiles {
  readonly macros: readonly TextFile[];
  readonly models: readonly TextFile[];
  readonly pythonModels: readonly TextFile[];
  readonly snapshots: readonly TextFile[];
  readonly analyses: readonly TextFile[];
  readonly tests: readonly TextFile[];
  readonly genericTests: readonly TextFile[];
  readonly seeds: readonly TextFile[];
  readonly docs: readonly TextFile[];
  readonly fixtures: readonly TextFile[];
  readonly functions: readonly TextFile[];
  readonly properties: readonly TextFile[];
}

/**
 * Reads all files of a package that matter. Seeds come without their text: they may be large, and are read when they are loaded.
 * Reading is synchronous: a project is hundreds of small files, and each wait would cost more than the reading.
 */
export function readPackageFiles(folder: string, project: DbtProjectFile): PackageFiles {
  const ignoreFile = join(folder, '.dbtignore');
  const isIgnored = existsSync(ignoreFile) ? ignoredBy(readFileSync(ignoreFile, 'utf8')) : () => false;
  const listed = new Map<string, readonly string[]>();
  const namesUnder = (path: string): readonly string[] => {
    const known = listed.get(path);
    if (known) return known;
    const names = listFiles(join(folder, path)).filter((name) => !isIgnored(`${path}/${name}`));
    listed.set(path, names);
    return names;
  };
  const find = (
    paths: readonly string[],
    fits: (name: string) => boolean,
    read: (path: string) => string = readText,
  ): TextFile[] =>
    paths.flatMap((path) =>
      namesUnder(path)
        .filter(fits)
        .map((name) => {
          const file = `${path.replace(/\/+$/, '')}/${name}`;
          return { file, path: name, text: read(join(folder, file)) };
        }),
    );
  const ends = (...endings: readonly string[]) => {
    return (name: string): boolean => endings.some((ending) => name.endsWith(ending));
  };
  const isSql = ends('.sql');
  const all = [
    ...new Set([
      ...project.modelPaths,
      ...project.seedPaths,
      ...project.snapshotPaths,
      ...project.analysisPaths,
      ...project.macroPaths,
      ...project.testPaths,
      ...project.functionPaths,
    ]),
  ];
  const isGeneric = (name: string): boolean => name.startsWith('generic/');
  const isFixture = (name: string): boolean => name.startsWith('fixtures/');
  return {
    macros: find(project.macroPaths, isSql),
    models: find(project.modelPaths, isSql),
    pythonModels: find(project.modelPaths, ends('.py'), () => ''),
    snapshots: find(project.snapshotPaths, isSql),
    analyses: find(project.analysisPaths, isSql),
    tests: find(project.testPaths, (name) => isSql(name) && !isGeneric(name) && !isFixture(name)),
    genericTests: find(project.testPaths, (name) => isSql(name) && isGeneric(name)),
    seeds: find(project.seedPaths, ends('.csv'), () => ''),
    docs: find(project.docsPaths.length > 0 ? project.docsPaths : all, ends('.md')),
    fixtures: find(project.testPaths, (name) => isFixture(name) && (isSql(name) || name.endsWith('.csv'))),
    functions: find(project.functionPaths, ends('.sql', '.py', '.js')),
    properties: find(all, ends('.yml', '.yaml')),
  };
}

function readText(path: string): string {
  const text = readFileSync(path, 'utf8');
  return normalized({ file: path, text: text.codePointAt(0) === 0xfeff ? text.slice(1) : text }).text;
}

/** Paths of all files under a folder, relative to it and sorted; none if it is not there. */
function listFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const found: string[] = [];
  const walk = (inside: string): void => {
    for (const entry of readdirSync(join(folder, inside), { withFileTypes: true })) {
      const path = inside === '' ? entry.name : `${inside}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile() || entry.isSymbolicLink()) found.push(path);
    }
  };
  walk('');
  return found.sort();
}
