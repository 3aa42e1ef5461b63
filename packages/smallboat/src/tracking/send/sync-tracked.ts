import { setTimeout as delay } from 'node:timers/promises';
import { SmallboatError, exclusive, exclusiveErrors } from '../../kernel/index.ts';
import type { Destination } from '../destination.ts';
import { destinationErrors } from '../destination.ts';
import type { LocalTracker } from '../local.ts';
import type { TrackedRunInfo } from '../tracker.ts';
import { lockPath } from './cursor.ts';
import type { SentRun } from './send-run.ts';
import { isAllSent, sendRun } from './send-run.ts';

export interface SyncOptions {
  readonly destinations: readonly Destination[];
  readonly signal: AbortSignal;
  /** Only runs of this experiment. Default all. */
  readonly experiment?: string;
  /** Only this run, and those that it is a part of. */
  readonly run?: string;
  /** Only says what would be sent. Default false. */
  readonly isDry?: boolean;
  /** Attempts on a destination that does not answer. Default 4, with 1, 2 and 4 seconds between. */
  readonly attempts?: number;
  readonly retryMs?: number;
  readonly onRun?: (synced: SyncedRun) => void;
}

/** What came of one run at one destination. Runs of which nothing was left are not reported. */
export interface SyncedRun {
  readonly run: string;
  readonly experiment: string;
  readonly destination: string;
  /** `busy`: the process that writes the run is sending it; `left`: a dry run found something to send. */
  readonly outcome: 'sent' | 'left' | 'busy' | 'failed';
  readonly lines: number;
  readonly refused: SentRun['refused'];
  readonly problem?: string;
}

/** Sends to each destination what it has not got of the runs of a folder, the oldest run first. */
export async function syncTracked(tracker: LocalTracker, options: SyncOptions): Promise<readonly SyncedRun[]> {
  const runs = await wantedRuns(tracker, options);
  const synced: SyncedRun[] = [];
  for (const destination of options.destinations) {
    for (const run of runs) {
      const folder = await tracker.folderOf(run.id);
      if (folder === undefined || (await isAllSent(destination, folder))) continue;
      const made = await syncOne(tracker, destination, { ...run, folder }, options);
      const { isHopeless, ...result } = made;
      synced.push(result);
      options.onRun?.(result);
      // A destination that is not there will not be there for the next run.
      if (isHopeless || options.signal.aborted) break;
    }
  }
  return synced;
}

async function wantedRuns(
  tracker: LocalTracker,
  { experiment, run: wanted }: SyncOptions,
): Promise<readonly TrackedRunInfo[]> {
  const names = experiment === undefined ? await tracker.experiments() : [experiment];
  const all = (await Promise.all(names.map((name) => tracker.runs(name)))).flat();
  // A run begins after the one that it is a part of; of two in the same millisecond the one without parent is first.
  const ordered = all.sort(
    (a, b) => a.startedAt - b.startedAt || Number(a.parent !== undefined) - Number(b.parent !== undefined),
  );
  if (wanted === undefined) return ordered;
  const chosen = new Set<string>();
  for (let id: string | undefined = wanted; id !== undefined && !chosen.has(id);) {
    chosen.add(id);
    id = (await tracker.run(id)).parent;
  }
  return ordered.filter((run) => chosen.has(run.id));
}

async function syncOne(
  tracker: LocalTracker,
  destination: Destination,
  run: TrackedRunInfo & { readonly folder: string },
  { signal, isDry = false, attempts = 4, retryMs = 1000 }: SyncOptions,
): Promise<SyncedRun & { readonly isHopeless: boolean }> {
  const about = { run: run.id, experiment: run.experiment, destination: destination.location, isHopeless: false };
  if (isDry) return { ...about, outcome: 'left', lines: 0, refused: [] };
  try {
    await using _ = await exclusive(lockPath(run.folder, destination), `Sending to ${destination.location}`);
    for (let attempt = 1; ; attempt += 1) {
      try {
        const options = { folder: run.folder, folderOf: (id: string) => tracker.folderOf(id), signal };
        return { ...about, outcome: 'sent', ...(await sendRun(destination, options)) };
      } catch (error) {
        if (!destinationErrors.DESTINATION_UNREACHABLE.is(error) || attempt >= attempts) throw error;
        const asked = (error.facts.retryAfterSeconds ?? 0) * 1000;
        await delay(Math.max(asked, retryMs * 2 ** (attempt - 1)), undefined, { signal });
      }
    }
  } catch (error) {
    if (exclusiveErrors.ALREADY_RUNNING.is(error)) return { ...about, outcome: 'busy', lines: 0, refused: [] };
    if (!(error instanceof SmallboatError)) throw error;
    const isHopeless =
      destinationErrors.DESTINATION_UNREACHABLE.is(error) || destinationErrors.DESTINATION_DENIED.is(error);
    return { ...about, outcome: 'failed', lines: 0, refused: [], problem: error.message, isHopeless };
  }
}
