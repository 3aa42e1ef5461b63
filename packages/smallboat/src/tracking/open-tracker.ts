import { join } from 'node:path';
import { defineErrors } from '../kernel/index.ts';
import type { Destination } from './destination.ts';
import { type DestinationsOptions, TRACKERS, type TrackerName } from './destinations-options.ts';
import { localTracker } from './local.ts';
import { secretsOf } from './secrets.ts';
import { trackerWith } from './send/sending-tracker.ts';
import { sendingThread } from './send/sending-thread.ts';
import type { Tracker } from './tracker.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface OpenTrackerOptions extends DestinationsOptions {
  /** What goes wrong with sending, in a sentence: a step's `log`. */
  readonly tell: (problem: string) => void;
  /** How long the end of a run waits for what is not sent yet. Default SMALLBOAT_TRACK_FLUSH_SECONDS, or 10. */
  readonly flushSeconds?: number;
}

export const openTrackerErrors = defineErrors({
  TRACKER_NOT_CONFIGURED: (f: { tracker: string; variables: string }) =>
    `The tracker ${f.tracker} is chosen and not configured: set ${f.variables}, or take it off the list of trackers.`,
});

/** Of each tracker: the variables that configure it, and how it is opened; undefined where they are not set. */
const OPENERS: Readonly<
  Record<
    TrackerName,
    { readonly variables: string; open: (env: Env, folder: string) => Promise<Destination> | undefined }
  >
> = {
  mlflow: {
    variables: 'MLFLOW_TRACKING_URI',
    open(env) {
      const uri = env['MLFLOW_TRACKING_URI'];
      if (uri === undefined || uri === '') return undefined;
      return Promise.all([import('./mlflow/mlflow-destination.ts'), import('./mlflow/client.ts')]).then(
        ([{ mlflowDestination }, { mlflowLogin }]) => mlflowDestination({ uri, ...mlflowLogin(env) }),
      );
    },
  },
  wandb: {
    variables: 'WANDB_API_KEY, or WANDB_MODE=offline',
    open(env, folder) {
      const mode = env['WANDB_MODE'];
      if (mode === 'disabled' || (mode !== 'offline' && (env['WANDB_API_KEY'] ?? '') === '')) return undefined;
      const [project, entity, dir] = [env['WANDB_PROJECT'], env['WANDB_ENTITY'], env['WANDB_DIR']];
      const names = {
        ...(project === undefined || project === '' ? {} : { project }),
        ...(entity === undefined || entity === '' ? {} : { entity }),
      };
      const [apiKey, url] = [env['WANDB_API_KEY'], env['WANDB_BASE_URL']];
      if (mode !== 'offline' && apiKey !== undefined) {
        return import('./wandb/wandb-live.ts').then(({ wandbLive }) =>
          wandbLive({ apiKey, ...names, ...(url === undefined || url === '' ? {} : { url }) }),
        );
      }
      return import('./wandb/wandb-offline.ts').then(({ wandbOffline }) =>
        // Where W&B's own client puts it, if it is told; else beside the log.
        wandbOffline({ folder: join(dir === undefined || dir === '' ? join(folder, '..') : dir, 'wandb'), ...names }),
      );
    },
  },
  comet: {
    variables: 'COMET_API_KEY',
    open(env) {
      const apiKey = env['COMET_API_KEY'];
      if (apiKey === undefined || apiKey === '') return undefined;
      const [workspace, project, url] = [env['COMET_WORKSPACE'], env['COMET_PROJECT_NAME'], env['COMET_URL_OVERRIDE']];
      return import('./comet/comet-destination.ts').then(({ cometDestination }) =>
        cometDestination({
          apiKey,
          ...(workspace === undefined ? {} : { workspace }),
          ...(project === undefined ? {} : { project }),
          // Comet's own client wants it with this end.
          ...(url === undefined ? {} : { url: url.replace(/\/clientlib\/?$/, '') }),
        }),
      );
    },
  },
};

/**
 * The tracking systems that the environment configures, as each system's own client reads it: a tracker is in use if its
 * address or key is set. Rejects with `TRACKER_NOT_CONFIGURED`, and with what the tracker says of a bad address.
 */
export async function destinationsOf({ env, folder, trackers }: DestinationsOptions): Promise<readonly Destination[]> {
  const found: Destination[] = [];
  for (const tracker of trackers ?? TRACKERS) {
    const { variables, open } = OPENERS[tracker];
    const destination = await open(env, folder);
    if (destination !== undefined) found.push(destination);
    else if (trackers !== undefined) throw openTrackerErrors.TRACKER_NOT_CONFIGURED({ tracker, variables });
  }
  return found;
}

/** What a user of a tracker should know whose service has ended; undefined if no such tracker is configured. */
export function endedTracker(env: Env): string | undefined {
  if (env['NEPTUNE_API_TOKEN'] === undefined && env['NEPTUNE_PROJECT'] === undefined) return undefined;
  return 'NEPTUNE_API_TOKEN or NEPTUNE_PROJECT is set, and nothing is sent to Neptune: its service ended on 5 March 2026. Runs are kept in the local log; MLflow, Weights & Biases and Comet can get them.';
}

/**
 * The tracker of a program: the local log, which is sent on to every tracking system that the environment configures, by a thread of its own. The
 * secrets of the environment are kept out. Rejects as `destinationsOf`.
 */
export async function openTracker(options: OpenTrackerOptions): Promise<Tracker> {
  const { folder, env, tell } = options;
  const local = localTracker({ folder, secrets: secretsOf(env) });
  const ended = endedTracker(env);
  if (ended !== undefined) tell(ended);
  const seconds = Number(env['SMALLBOAT_TRACK_FLUSH_SECONDS'] ?? Number.NaN);
  const flushSeconds = options.flushSeconds ?? (seconds >= 0 ? seconds : 10);
  // Here too, for what is wrong with the configuration to be said before a run begins.
  const locations = (await destinationsOf(options)).map(({ location }) => location);
  if (locations.length === 0) return local;
  const { trackers } = options;
  const destinations = { env: { ...env }, folder, ...(trackers === undefined ? {} : { trackers }) };
  return trackerWith(local, { tell, flushSeconds }, sendingThread({ destinations, locations, tell }));
}
