import { join } from 'node:path';
import type { Tracker } from 'smallboat/tracking';
import { openTracker } from 'smallboat/tracking';
import type { Home } from './home.ts';
import { settingsHere } from './settings.ts';

/** How long a step waits for slow tracking systems whose log is gone with it, in seconds. */
const PATIENCE = 120;

/** The local log under the home, sent on to the tracking systems that are configured. */
export async function trackerOf({ folder, isPassing }: Home, log: (problem: string) => void): Promise<Tracker> {
  const { env } = process;
  const { trackers } = await settingsHere();
  return openTracker({
    folder: join(folder, 'tracking'),
    env,
    tell: log,
    ...(isPassing && env['SMALLBOAT_TRACK_FLUSH_SECONDS'] === undefined ? { flushSeconds: PATIENCE } : {}),
    ...(trackers === undefined ? {} : { trackers }),
  });
}
