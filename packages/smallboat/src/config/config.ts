import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Config } from './schema.ts';
import { configErrors } from './errors.ts';
import { DEFAULT_HOME } from './default-home.ts';

/** A profile as the rest of the program sees it: complete, with absolute paths. */
export interface Settings {
  readonly profile: string;
  /** Absolute. */
  readonly home: string;
  /** Somebody has chosen the home; absent where it is the default. */
  readonly isHomeChosen?: true;
  /** Where runs are kept, where somebody has chosen that. */
  readonly runs?: 'home' | 'metaflow';
  /** Absent where nobody chose one. */
  readonly warehouse?: string;
  readonly memoryLimitMiB?: number;
  readonly maxWorkers?: number;
  readonly compute?: 'local' | 'batch' | 'kubernetes';
  readonly with?: readonly string[];
  /** Where a pipeline deploys a model that its gate let through, and what that needs. */
  readonly deploy?: 'none' | 'local' | 'sagemaker' | 'lambda';
  readonly deployRegion?: string;
  readonly deployRole?: string;
  readonly deployImage?: string;
  readonly deployBucket?: string;
  readonly deployInstance?: string;
  readonly trackers?: readonly ('mlflow' | 'wandb' | 'comet')[];
}

/** The profile in force where SMALLBOAT_PROFILE does not name one. */
const DEFAULT_PROFILE = 'local';

/** Checks and keeps the profiles of a `smallboat.config.ts`. */
export function defineConfig(config: Config): Config {
  return config;
}

export interface LoadOptions {
  /** The folder with `smallboat.config.ts`; without that file the defaults hold. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The settings in force: `smallboat.config.ts`, the profile named by SMALLBOAT_PROFILE (default `local`), and over it
 * SMALLBOAT_HOME, SMALLBOAT_RUNS, WAREHOUSE_URL, SMALLBOAT_MEMORY_LIMIT_MIB, SMALLBOAT_MAX_WORKERS, SMALLBOAT_COMPUTE, SMALLBOAT_DEPLOY with
 * SMALLBOAT_DEPLOY_…, SMALLBOAT_WITH and SMALLBOAT_TRACKERS.
 */
export async function loadSettings({ folder, env }: LoadOptions): Promise<Settings> {
  const path = join(folder, 'smallboat.config.ts');
  const over = Object.fromEntries(
    Object.entries({
      home: env['SMALLBOAT_HOME'],
      runs: env['SMALLBOAT_RUNS'],
      warehouse: env['WAREHOUSE_URL'],
      memoryLimitMiB: env['SMALLBOAT_MEMORY_LIMIT_MIB'],
      maxWorkers: env['SMALLBOAT_MAX_WORKERS'],
      compute: env['SMALLBOAT_COMPUTE'],
      deploy: env['SMALLBOAT_DEPLOY'],
      deployRegion: env['SMALLBOAT_DEPLOY_REGION'],
      deployRole: env['SMALLBOAT_DEPLOY_ROLE'],
      deployImage: env['SMALLBOAT_DEPLOY_IMAGE'],
      deployBucket: env['SMALLBOAT_DEPLOY_BUCKET'],
      deployInstance: env['SMALLBOAT_DEPLOY_INSTANCE'],
      // Words with spaces between, as Metaflow has them.
      with: (env['SMALLBOAT_WITH'] ?? env['METAFLOW_DEFAULT_DECOSPECS'])?.split(' ').filter((spec) => spec !== ''),
      trackers:
        env['SMALLBOAT_TRACKERS'] === 'none'
          ? 'none'
          : env['SMALLBOAT_TRACKERS']?.split(/[\s,]+/).filter((name) => name !== ''),
    }).filter(([, value]) => value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0)),
  );
  const profile = env['SMALLBOAT_PROFILE'] ?? DEFAULT_PROFILE;
  const hasFile = existsSync(path);
  // Where nothing is said the defaults hold, and the check of what is said is not loaded.
  if (!hasFile && Object.keys(over).length === 0 && profile === DEFAULT_PROFILE) {
    return { profile, home: resolve(folder, DEFAULT_HOME) };
  }
  const { checkConfig, checkProfile } = await import('./schema.ts');
  const config = hasFile ? checkConfig(await exported(path), path) : checkConfig({ profiles: { local: {} } }, path);
  const chosen = config.profiles[profile];
  if (!chosen) throw configErrors.PROFILE_UNKNOWN({ profile, known: Object.keys(config.profiles).join(', ') });
  const settings = checkProfile({ ...chosen, ...over }, 'The environment');
  return {
    profile,
    ...settings,
    home: resolve(folder, settings.home ?? DEFAULT_HOME),
    ...(settings.home === undefined ? {} : { isHomeChosen: true }),
  };
}

async function exported(path: string): Promise<unknown> {
  return ((await import(pathToFileURL(path).href)) as { readonly config?: unknown }).config;
}
