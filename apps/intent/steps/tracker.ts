import { join } from 'node:path';
import { loadSettings } from 'smallboat/config';
import type { Tracker } from 'smallboat/tracking';
import { openTracker } from 'smallboat/tracking';

/** The local log under the home, sent on to the tracking systems that are configured. */
export async function trackerOf(home: string, log: (problem: string) => void): Promise<Tracker> {
  const { env } = process;
  const { trackers } = await loadSettings({ folder: join(import.meta.dirname, '..'), env });
  return openTracker({
    folder: join(home, 'tracking'),
    env,
    tell: log,
    ...(trackers === undefined ? {} : { trackers }),
  });
}
