import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { defineErrors, messageOf } from '../../kernel/index.ts';

export const metaflowConfigErrors = defineErrors({
  METAFLOW_PROFILE_MISSING: (f: { profile: string; path: string }) =>
    `METAFLOW_PROFILE is '${f.profile}', and there is no ${f.path}. Name a profile that is there, set METAFLOW_HOME to the folder that it is in, or unset METAFLOW_PROFILE.`,
  METAFLOW_CONFIG_UNREADABLE: (f: { path: string; problem: string }) =>
    `${f.path} cannot be read as Metaflow's configuration: ${f.problem}. It is a JSON object of METAFLOW_… names and their values.`,
  METAFLOW_CONFIG_INVALID: (f: { name: string; value: string; problem: string }) =>
    `${f.name} in Metaflow's configuration is ${JSON.stringify(f.value)}: ${f.problem}.`,
});

export interface MetaflowConfigOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** A value of Metaflow's configuration, and where it is said. */
export interface ConfigValue {
  readonly value: string;
  /** `the environment`, or the path of a file. */
  readonly from: string;
}

/** Metaflow's configuration, by names without `METAFLOW_`. Values may be secrets: they are not to be shown. */
export interface MetaflowConfig {
  readonly profile?: string;
  /** Files that were read, the one that counts more first. */
  readonly files: readonly string[];
  /** The value in force; undefined where nobody says one, or an empty one. Objects are JSON. */
  get(name: string): string | undefined;
  /** The same, with where it comes from. */
  find(name: string): ConfigValue | undefined;
}

/**
 * Reads Metaflow's configuration as Metaflow does: the environment goes over `.metaflow/config.json` in this folder or one above, which goes
 * over `config_<METAFLOW_PROFILE>.json`, or `config.json` without a profile, in METAFLOW_HOME (`~/.metaflowconfig`).
 *
 * Throws `METAFLOW_PROFILE_MISSING`, `METAFLOW_CONFIG_UNREADABLE`.
 */
export function readMetaflowConfig({ env, cwd }: MetaflowConfigOptions): MetaflowConfig {
  const profile = env['METAFLOW_PROFILE'] === '' ? undefined : env['METAFLOW_PROFILE'];
  const home = expanded(env['METAFLOW_HOME'] ?? '~/.metaflowconfig', env);
  const global = join(home, profile === undefined ? 'config.json' : `config_${profile}.json`);
  const folder = folderWith('.metaflow', cwd);
  const local = folder === undefined ? undefined : join(folder, '.metaflow/config.json');
  const sources = [local, global].flatMap((path) => {
    const values = path === undefined ? undefined : readValues(path);
    return path === undefined || values === undefined ? [] : [{ path, values }];
  });
  if (profile !== undefined && !sources.some(({ path }) => path === global)) {
    throw metaflowConfigErrors.METAFLOW_PROFILE_MISSING({ profile, path: global });
  }
  const find = (name: string): ConfigValue | undefined => {
    const key = `METAFLOW_${name}`;
    const said = env[key];
    // An empty variable takes back what a file says, as in Metaflow.
    if (said !== undefined) return said === '' ? undefined : { value: said, from: 'the environment' };
    const source = sources.find(({ values }) => values[key] !== undefined && values[key] !== null);
    const value = source?.values[key];
    if (source === undefined || value === '') return undefined;
    return { value: typeof value === 'string' ? value : JSON.stringify(value), from: source.path };
  };
  return {
    ...(profile === undefined ? {} : { profile }),
    files: sources.map(({ path }) => path),
    find,
    get: (name) => find(name)?.value,
  };
}

/** The nearest folder, this one or one above it, that has a folder of that name. */
export function folderWith(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    if (statSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory()) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

function readValues(path: string): Readonly<Record<string, unknown>> | undefined {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  const unreadable = (problem: string, cause?: unknown): Error =>
    metaflowConfigErrors.METAFLOW_CONFIG_UNREADABLE({ path, problem }, { cause });
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw unreadable(messageOf(cause), cause);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw unreadable('it holds no object');
  return { ...parsed };
}

function expanded(path: string, env: MetaflowConfigOptions['env']): string {
  return path === '~' || path.startsWith('~/') ? join(env['HOME'] ?? homedir(), path.slice(1)) : path;
}
