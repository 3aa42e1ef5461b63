import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import { defineErrors } from '../kernel/index.ts';

const Profile = z.strictObject({
  /** Folder for all that Smallboat writes, from the folder of the configuration. */
  home: z.string().min(1).default('.smallboat'),
  /** `duckdb:<path>`. Left out: the pipeline's own choice, a DuckDB file in the home folder. */
  warehouse: z.string().min(1).optional(),
  /** What the warehouse may take of memory before it spills to disk, in MiB. Left out: a quarter of the machine's, from 512 to 4096. */
  memoryLimitMiB: z.coerce.number().int().min(256).optional(),
  /** Tasks at once; default the number of cores. */
  maxWorkers: z.coerce.number().int().min(1).optional(),
});

const Config = z.strictObject({ profiles: z.record(z.string(), Profile) });

/** What a profile may say; every field has a default. */
export type ProfileInput = z.input<typeof Profile>;

/** A profile as the rest of the program sees it: complete, with absolute paths. */
export interface Settings {
  readonly profile: string;
  /** Absolute. */
  readonly home: string;
  /** Absent where nobody chose one. */
  readonly warehouse?: string;
  readonly memoryLimitMiB?: number;
  readonly maxWorkers?: number;
}

export const configErrors = defineErrors({
  CONFIG_INVALID: (f: { path: string; problem: string }) =>
    `${f.path} does not hold a configuration: ${f.problem}. It should export \`config = defineConfig({ profiles: { local: {} } })\`.`,
  PROFILE_UNKNOWN: (f: { profile: string; known: string }) =>
    `There is no profile '${f.profile}'; the configuration has: ${f.known}. Set SMALLBOAT_PROFILE to one of them.`,
});

/** Checks and keeps the profiles of a `smallboat.config.ts`. */
export function defineConfig(config: { readonly profiles: Readonly<Record<string, ProfileInput>> }): typeof config {
  return config;
}

export interface LoadOptions {
  /** The folder with `smallboat.config.ts`; without that file the defaults hold. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The settings in force: `smallboat.config.ts`, the profile named by SMALLBOAT_PROFILE (default `local`), and over it
 * SMALLBOAT_HOME, WAREHOUSE_URL, SMALLBOAT_MEMORY_LIMIT_MIB and SMALLBOAT_MAX_WORKERS.
 */
export async function loadSettings({ folder, env }: LoadOptions): Promise<Settings> {
  const path = join(folder, 'smallboat.config.ts');
  const config = existsSync(path) ? await readConfig(path) : Config.parse({ profiles: { local: {} } });
  const name = env['SMALLBOAT_PROFILE'] ?? 'local';
  const profile = config.profiles[name];
  if (!profile) throw configErrors.PROFILE_UNKNOWN({ profile: name, known: Object.keys(config.profiles).join(', ') });
  const over = Object.fromEntries(
    Object.entries({
      home: env['SMALLBOAT_HOME'],
      warehouse: env['WAREHOUSE_URL'],
      memoryLimitMiB: env['SMALLBOAT_MEMORY_LIMIT_MIB'],
      maxWorkers: env['SMALLBOAT_MAX_WORKERS'],
    }).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = Profile.safeParse({ ...profile, ...over });
  if (!parsed.success)
    throw configErrors.CONFIG_INVALID({ path: 'The environment', problem: z.prettifyError(parsed.error) });
  const home = resolve(folder, parsed.data.home);
  const { memoryLimitMiB, maxWorkers, warehouse } = parsed.data;
  return {
    profile: name,
    home,
    ...(memoryLimitMiB === undefined ? {} : { memoryLimitMiB }),
    ...(warehouse === undefined ? {} : { warehouse }),
    ...(maxWorkers === undefined ? {} : { maxWorkers }),
  };
}

async function readConfig(path: string): Promise<z.output<typeof Config>> {
  const module = (await import(pathToFileURL(path).href)) as { readonly config?: unknown };
  const parsed = Config.safeParse(module.config);
  if (!parsed.success) throw configErrors.CONFIG_INVALID({ path, problem: z.prettifyError(parsed.error) });
  return parsed.data;
}
