import { dirname, isAbsolute, join, resolve } from 'node:path';
import { stat } from 'node:fs/promises';
import type { Fields } from './read-document.ts';
import { fieldsAt, readDocument, textAt } from './read-document.ts';

/** A folder of Great Expectations, as far as a checkpoint needs it; or the folder of a checkpoint that stands alone. */
export interface Project {
  /** Folder that paths in it are relative to. */
  readonly root: string;
  /** What its `great_expectations.yml` says; nothing where there is none. */
  readonly config: Fields;
  /** Values for `${NAME}`: the environment's, then those of the project's file of variables. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Folders above a checkpoint's that are looked into for `great_expectations.yml`. */
const ABOVE = 3;

/** Finds the project that a checkpoint's file is part of. */
export async function projectOf(path: string, env: Readonly<Record<string, string | undefined>>): Promise<Project> {
  let root = dirname(resolve(path));
  for (let i = 0; i < ABOVE; i++) {
    const config = await readDocument(join(root, 'great_expectations.yml'));
    if (config !== undefined) {
      const file = textAt(config, 'config_variables_file_path');
      const stored = file === undefined ? undefined : await readDocument(resolve(root, file));
      return { root, config, variables: { ...stored, ...env } };
    }
    root = dirname(root);
  }
  return { root: dirname(resolve(path)), config: {}, variables: env };
}

/** The folder of one of a project's stores: `expectations/`, unless it says another. */
export function storeOf({ root, config }: Project, kind: string, usual: string): string {
  const name = textAt(config, `${kind}_store_name`);
  const store = name === undefined ? {} : fieldsAt(fieldsAt(config, 'stores'), name);
  return resolve(root, textAt(fieldsAt(store, 'store_backend'), 'base_directory') ?? usual);
}

/**
 * Where a suite is: a path from the checkpoint's file, or a name, which is a file of the project's expectations (its dots
 * folders, or as they are). The likeliest place where there is no such file.
 */
export async function suitePath(suite: string, project: Project, checkpoint: string): Promise<string> {
  const beside = dirname(checkpoint);
  if (suite.endsWith('.json')) {
    const places = [resolve(beside, suite), resolve(project.root, suite)];
    return (await firstThatIs(places)) ?? resolve(beside, suite);
  }
  if (isAbsolute(suite)) return suite;
  const names = [`${suite.replaceAll('.', '/')}.json`, `${suite}.json`];
  const folders = [storeOf(project, 'expectations', 'expectations'), join(beside, 'expectations'), beside];
  const places = folders.flatMap((folder) => names.map((name) => join(folder, name)));
  return (await firstThatIs(places)) ?? places[0] ?? suite;
}

async function firstThatIs(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() === true) return path;
  }
  return undefined;
}
