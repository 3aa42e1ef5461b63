import type { Settings } from '../config/index.ts';
import { type StoreSpec, metaflowConfigErrors, metaflowStore, readMetaflowConfig, userIn } from '../flow/index.ts';
import type { Io } from '../kernel/index.ts';

export interface HomeSettings {
  readonly home: string;
  /** The home was given on the command line. */
  readonly isSaid: boolean;
  readonly settings: Pick<Settings, 'runs' | 'isHomeChosen'>;
}

/**
 * Where runs are kept. The first that holds:
 * 1. `--home DIR` on the command line: there.
 * 2. `runs` in the profile or SMALLBOAT_RUNS: `home`, or `metaflow`, which must then say where.
 * 3. `home` in the profile or SMALLBOAT_HOME: there.
 * 4. Metaflow's configuration, where it chooses a store.
 * 5. `.smallboat`.
 *
 * Throws what is wrong in Metaflow's configuration, where that counts.
 */
export function storeOf({ home, isSaid, settings }: HomeSettings, { env, cwd }: Io): StoreSpec {
  const runs = isSaid ? 'home' : (settings.runs ?? (settings.isHomeChosen ? 'home' : undefined));
  const config =
    runs === 'home'
      ? { get: (name: string) => env[`METAFLOW_${name}`] } // Files of it may be wrong, and do not matter.
      : readMetaflowConfig({ env, cwd });
  const found = 'find' in config ? metaflowStore(config, { env, cwd, home }) : undefined;
  if (found) return found;
  if (runs === 'metaflow') {
    throw metaflowConfigErrors.METAFLOW_CONFIG_INVALID({
      name: 'METAFLOW_DEFAULT_DATASTORE',
      value: '',
      problem: 'runs are to be kept where Metaflow keeps them, and it is not configured; set it, or METAFLOW_PROFILE',
    });
  }
  const user = userIn(config, env);
  return { folder: home, ...(user === undefined ? {} : { user }) };
}
