import * as z from 'zod';
import { configErrors } from './errors.ts';

const Profile = z.strictObject({
  /** Folder for all that Smallboat writes, from the folder of the configuration. */
  home: z.string().min(1).optional(),
  /** Where runs are kept: in the home, or where Metaflow's configuration says. Left out: see docs/stores.md. */
  runs: z.enum(['home', 'metaflow']).optional(),
  /** `duckdb:<path>`. Left out: the pipeline's own choice, a DuckDB file in the home folder. */
  warehouse: z.string().min(1).optional(),
  /** What the warehouse may take of memory before it spills to disk, in MiB. Left out: a quarter of the machine's, from 512 to 4096. */
  memoryLimitMiB: z.coerce.number().int().min(256).optional(),
  /** Tasks at once; default the number of cores. */
  maxWorkers: z.coerce.number().int().min(1).optional(),
  /** Where steps run that do not say so themselves: one setting for the whole pipeline. Default `local`. */
  compute: z.enum(['local', 'batch', 'kubernetes']).optional(),
  /** What every step gets that does not say so itself, as `--with` has it: `['retry:times=2']`. */
  with: z.array(z.string().min(1)).optional(),
  /** Where a pipeline deploys a model that its gate let through. Left out: nowhere. */
  deploy: z.enum(['none', 'local', 'sagemaker', 'lambda']).optional(),
  /** What deploying to the cloud needs, as the flags of `smallboat deploy` have it. */
  deployRegion: z.string().min(1).optional(),
  deployRole: z.string().min(1).optional(),
  deployImage: z.string().min(1).optional(),
  deployBucket: z.string().startsWith('s3://').optional(),
  deployInstance: z.string().min(1).optional(),
  /** Tracking systems that runs are sent to; `none` for no other than the local log. Left out: all that the environment configures. */
  trackers: z.union([z.literal('none').transform(() => []), z.array(z.enum(['mlflow', 'wandb', 'comet']))]).optional(),
});

const Profiles = z.strictObject({ profiles: z.record(z.string(), Profile) });

/** What a profile may say; every field has a default. */
export type ProfileInput = z.input<typeof Profile>;

/** What `smallboat.config.ts` exports as `config`. */
export interface Config {
  readonly profiles: Readonly<Record<string, ProfileInput>>;
}

/** A profile that has been checked, with its defaults. What is absent is not chosen. */
export type CheckedProfile = {
  readonly [K in keyof z.output<typeof Profile>]: Exclude<z.output<typeof Profile>[K], undefined>;
};

/** Throws `CONFIG_INVALID`, naming `path`. */
export function checkConfig(config: unknown, path: string): z.output<typeof Profiles> {
  const parsed = Profiles.safeParse(config);
  if (!parsed.success) throw configErrors.CONFIG_INVALID({ path, problem: z.prettifyError(parsed.error) });
  return parsed.data;
}

/** Throws `CONFIG_INVALID`, naming `where` it comes from. */
export function checkProfile(profile: unknown, where: string): CheckedProfile {
  const parsed = Profile.safeParse(profile);
  if (!parsed.success) throw configErrors.CONFIG_INVALID({ path: where, problem: z.prettifyError(parsed.error) });
  const chosen = Object.entries(parsed.data).filter(([, value]) => value !== undefined);
  return Object.fromEntries(chosen);
}
