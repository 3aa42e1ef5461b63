import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import * as z from 'zod';
import { isMissing } from '../../kernel/index.ts';
import type { Value } from '../jinja/value.ts';
import { nearestNames, projectErrors } from './errors.ts';
import { isRecord, textOf } from './plain.ts';
import { renderYaml } from './render-yaml.ts';
import { readYaml, shaped } from './yaml-file.ts';

const Output = z.looseObject({
  type: z.string(),
  schema: z.string().nullish(),
  threads: z.number().int().positive().nullish(),
});
const Profile = z.looseObject({ target: z.unknown().optional(), outputs: z.record(z.string(), z.unknown()) });

/** Where models go: a target of profiles.yml. */
export interface Target {
  readonly profile: string;
  readonly name: string;
  /** The adapter: `duckdb`, `postgres`, … */
  readonly type: string;
  readonly schema: string;
  /** Null where the warehouse says which it is. */
  readonly database: string | null;
  readonly threads: number;
  /** All that the output says, rendered; passwords among it. */
  readonly credentials: Readonly<Record<string, unknown>>;
  /** The file it is from; undefined where there is none. */
  readonly file: string | undefined;
}

export interface ProfileOptions {
  /** Folders that are looked into, in order; the first with a profiles.yml counts. */
  readonly folders: readonly string[];
  readonly profile: string | undefined;
  readonly target?: string;
  readonly threads?: number;
  readonly names: Readonly<Record<string, Value>>;
  /** The adapter, where the caller brings the connection: without `target` the first output of that type counts, if the usual one is of another. */
  readonly type?: string;
  /** Do without a file: target `dev` of a warehouse whose connection the caller has, DuckDB if `type` says no other. */
  readonly isOptional: boolean;
}

/** Where dbt looks for profiles.yml: `--profiles-dir` or DBT_PROFILES_DIR alone, else the folder one is in, then `~/.dbt`. */
export function profileFolders(given: string | undefined, cwd: string, project: string): string[] {
  return given === undefined ? [...new Set([project, cwd]), join(homedir(), '.dbt')] : [given];
}

/**
 * The target of profiles.yml that is asked for.
 *
 * @throws `PROFILE_NOT_FOUND`, `PROFILE_TARGET_UNKNOWN`, `PROFILE_INVALID`, `PROJECT_UNREADABLE`.
 */
export async function readTarget(options: ProfileOptions): Promise<Target> {
  const { profile, names } = options;
  const path = await firstFile(options.folders);
  if (path === undefined || profile === undefined) {
    if (options.isOptional) return withoutFile(options);
    throw projectErrors.PROFILE_NOT_FOUND({ profile: profile ?? '', folders: options.folders });
  }
  const yaml = await readYaml(path, basename(path));
  const own = isRecord(yaml.data) ? yaml.data[profile] : undefined;
  if (own === undefined) {
    if (options.isOptional && !isRecord(yaml.data)) return withoutFile(options);
    const known = isRecord(yaml.data) ? Object.keys(yaml.data).filter((name) => name !== 'config') : [];
    throw projectErrors.PROFILE_ABSENT({ file: path, profile, nearest: nearestNames(profile, known), known });
  }
  const { outputs, target: usual } = shaped(
    { ...yaml, data: own, lineOf: (p) => yaml.lineOf([profile, ...p]) },
    Profile,
  );
  const context = { file: path, names };
  const name =
    options.target ??
    outputOf(options.type, textOf(await renderYaml(usual ?? 'default', context)) ?? 'default', outputs);
  const chosen = outputs[name];
  if (!isRecord(chosen)) {
    throw projectErrors.PROFILE_TARGET_UNKNOWN({ file: path, profile, target: name, known: Object.keys(outputs) });
  }
  const rendered = await renderYaml(chosen, context);
  const output = shaped(
    { ...yaml, data: rendered, lineOf: (p) => yaml.lineOf([profile, 'outputs', name, ...p]) },
    Output,
  );
  const { threads, ...credentials } = output;
  return {
    profile,
    name,
    type: output.type,
    schema: output.schema ?? (output.type === 'duckdb' ? 'main' : missingSchema(path, profile, name)),
    database: databaseOf(credentials),
    threads: options.threads ?? threads ?? 1,
    credentials,
    file: path,
  };
}

/** The usual output, or the first one of a type where that is of another. */
function outputOf(type: string | undefined, usual: string, outputs: Readonly<Record<string, unknown>>): string {
  const fits = (output: unknown): boolean => isRecord(output) && output['type'] === type;
  if (type === undefined || fits(outputs[usual])) return usual;
  return Object.entries(outputs).find(([, output]) => fits(output))?.[0] ?? usual;
}

function missingSchema(file: string, profile: string, target: string): never {
  throw projectErrors.PROFILE_INVALID({ file, profile, target, problem: "'schema' is missing" });
}

function databaseOf(credentials: Readonly<Record<string, unknown>>): string | null {
  for (const key of ['database', 'dbname']) {
    const value = credentials[key];
    if (typeof value === 'string') return value;
  }
  return null;
}

function withoutFile({ profile, target, threads, type = 'duckdb' }: ProfileOptions): Target {
  const schema = type === 'duckdb' ? 'main' : 'public';
  return {
    profile: profile ?? 'default',
    name: target ?? 'dev',
    type,
    schema,
    database: null,
    threads: threads ?? 1,
    credentials: { type, schema },
    file: undefined,
  };
}

async function firstFile(folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, 'profiles.yml');
    try {
      await stat(path);
      return path;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return undefined;
}
