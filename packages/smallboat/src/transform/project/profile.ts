import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { isMissing } from '../../kernel/index.ts';
import { envFunction, isRecord } from './dbt-project-file.ts';
import { projectErrors } from './errors.ts';
import type { Target } from './project.ts';
import { renderYaml } from './render-yaml.ts';
import { readYaml, shaped } from './yaml-file.ts';

const Output = z.looseObject({ type: z.string(), schema: z.string().optional(), threads: z.number().optional() });
const Profile = z.looseObject({ target: z.string().optional(), outputs: z.record(z.string(), z.unknown()) });

interface ProfileOptions {
  readonly folder: string;
  readonly profile: string;
  readonly target?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The target of profiles.yml in the project's folder, of which the schema and the name matter here: the warehouse itself
 * is given by the caller. Without the file: target `dev`, schema `main`, as dbt-duckdb's default.
 */
export async function readTarget({ folder, profile, target, env }: ProfileOptions): Promise<Target> {
  const file = 'profiles.yml';
  const path = join(folder, file);
  const there = await stat(path).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (there === undefined) return { profile, name: target ?? 'dev', schema: 'main', type: 'duckdb', threads: 1 };
  const yaml = await readYaml(path, file);
  const own = isRecord(yaml.data) ? yaml.data[profile] : undefined;
  if (own === undefined) {
    throw projectErrors.PROFILE_TARGET_UNKNOWN({ file, profile, target: target ?? 'default', known: [] });
  }
  const { outputs, target: usual } = shaped(
    { ...yaml, data: own, lineOf: (p) => yaml.lineOf([profile, ...p]) },
    Profile,
  );
  const names = { env_var: envFunction(env, file) };
  const name = target ?? String(await renderYaml(usual ?? 'default', { file, names }));
  const chosen = outputs[name];
  if (chosen === undefined) {
    throw projectErrors.PROFILE_TARGET_UNKNOWN({ file, profile, target: name, known: Object.keys(outputs) });
  }
  // The path of the database may hang on a variable that only dbt needs: the connection is the caller's.
  const { path: _path, ...rest } = isRecord(chosen) ? chosen : {};
  const output = shaped({ ...yaml, data: await renderYaml(rest, { file, names }) }, Output);
  return { profile, name, schema: output.schema ?? 'main', type: output.type, threads: output.threads ?? 1 };
}
