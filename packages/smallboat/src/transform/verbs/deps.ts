import { resolve } from 'node:path';
import { envFunction, varFunction } from '../context/base-functions.ts';
import { JINJA_GLOBALS } from '../jinja/globals.ts';
import { modulesAt } from '../jinja/modules.ts';
import { Dict } from '../jinja/value.ts';
import type { Value } from '../jinja/value.ts';
import type { Installed } from '../packages/install.ts';
import { addPackage, installPackages } from '../packages/install.ts';
import { readProjectFile } from '../project/dbt-project-file.ts';

export interface DepsOptions {
  /** Folder of the project. */
  readonly project: string;
  readonly vars?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly upgrade?: boolean;
  readonly lockOnly?: boolean;
  /** `dbt-labs/dbt_utils@1.3.0`, for packages.yml. */
  readonly add?: string;
  /** What `add` names. Default `hub`. */
  readonly source?: string;
  readonly signal?: AbortSignal;
  readonly onMessage?: (message: string) => void;
}

/** Installs the packages that packages.yml names, and those that they need. Needs no profile. */
export async function deps(options: DepsOptions): Promise<readonly Installed[]> {
  const home = resolve(options.project);
  const env = options.env ?? process.env;
  const vars = options.vars ?? {};
  const names: Readonly<Record<string, Value>> = {
    ...JINJA_GLOBALS,
    env_var: envFunction(env, 'packages.yml'),
    var: varFunction((name) => vars[name], { from: 'packages.yml', isParsing: true }),
    modules: modulesAt(() => new Date()),
    target: new Dict(),
  };
  const { name: project, packagesPath } = await readProjectFile(home, names);
  const say = options.onMessage ?? (() => undefined);
  if (options.add !== undefined) say(`added to ${await addPackage(home, options.add, options.source ?? 'hub')}`);
  return installPackages({
    home,
    project,
    packagesPath,
    names,
    env,
    upgrade: options.upgrade ?? false,
    lockOnly: options.lockOnly ?? false,
    signal: options.signal,
    warn: (message) => say(`warning: ${message}`),
    onInstall: say,
  });
}
