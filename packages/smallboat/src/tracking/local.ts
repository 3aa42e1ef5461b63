import { randomUUID } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { isMissing, isProcessAlive, namesIn } from '../kernel/index.ts';
import type { RunStart, RunState, Watch } from './run-log.ts';
import { emptyState, infoOf, readSegment } from './run-log.ts';
import { writeRun } from './run-writer.ts';
import type { NewTrackedRun, RunQuery, TrackedRunInfo, Tracker } from './tracker.ts';
import { trackerErrors } from './tracker.ts';

export interface LocalTrackerOptions {
  /** Made when the first run starts. */
  readonly folder: string;
  /** Milliseconds since 1970; default the machine's clock. */
  readonly clock?: () => number;
  /** A run's log begins a new file after this many bytes. Default 16 MiB. */
  readonly segmentBytes?: number;
}

const SEGMENT = /^log-\d{6}\.jsonl$/;

/**
 * Tracks in a folder: `<folder>/<experiment>/<run>/log-000001.jsonl`, one line a call, and `artifacts/` beside it.
 * Each run has one writer, so any number of processes may track at once without locks; anyone may read meanwhile.
 */
export function localTracker(options: LocalTrackerOptions): Tracker {
  const root = resolve(options.folder);
  const location = `local:${root}`;
  const clock = options.clock ?? Date.now;
  const folderOf = (experiment: string, id: string): string => join(root, encodeName(experiment), id);

  const readRun = async (folder: string, watch?: Watch): Promise<TrackedRunInfo | undefined> => {
    const state = await readState(folder, watch);
    // A process that was killed within its first line leaves a folder and no run.
    if (!hasStarted(state)) return undefined;
    return infoOf(state, { locate: (name) => join(folder, 'artifacts', name), isAlive });
  };

  const find = async (id: string, watch?: Watch): Promise<TrackedRunInfo> => {
    if (/^[\w-]+$/.test(id)) {
      for (const experiment of await namesIn(root)) {
        const folder = join(root, experiment, id);
        const isThere = await stat(folder).then(
          () => true,
          (error: unknown) => {
            if (isMissing(error)) return false;
            throw error;
          },
        );
        const run = isThere ? await readRun(folder, watch) : undefined;
        if (run !== undefined) return run;
      }
    }
    throw trackerErrors.TRACKED_RUN_NOT_FOUND({ id, location });
  };

  return {
    location,

    async startRun(run) {
      checkName(run);
      const at = clock();
      const id = `${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}-${randomUUID().slice(0, 8)}`;
      const folder = folderOf(run.experiment, id);
      await mkdir(folder, { recursive: true });
      const start: RunStart = {
        t: 'start',
        v: 1,
        id,
        experiment: run.experiment,
        name: run.name ?? id,
        at,
        host: hostname(),
        pid: process.pid,
        ...(run.parent === undefined ? {} : { parent: run.parent }),
        lineage: run.lineage ?? {},
      };
      const { params, tags } = run;
      return writeRun(folder, {
        start,
        ...(params ? { params } : {}),
        ...(tags ? { tags } : {}),
        clock,
        segmentBytes: options.segmentBytes ?? 16 << 20,
      });
    },

    async experiments() {
      const folders = await namesIn(root);
      const used = await Promise.all(folders.map(async (folder) => (await namesIn(join(root, folder))).length > 0));
      return folders
        .filter((_, i) => used[i])
        .map(decodeURIComponent)
        .sort();
    },

    async runs(experiment, query = {}) {
      const folder = join(root, encodeName(experiment));
      const found: TrackedRunInfo[] = [];
      for (const id of await namesIn(folder)) {
        const run = await readRun(join(folder, id));
        if (run !== undefined && isWanted(run, query)) found.push(run);
      }
      return found.sort(orderOf(query)).slice(0, query.limit);
    },

    run: (id) => find(id),

    async metricHistory(id, metric) {
      const points: Watch['points'] = [];
      await find(id, { metric, points });
      return points;
    },
  };
}

async function readState(folder: string, watch?: Watch): Promise<RunState> {
  const state = emptyState();
  const names = (await namesIn(folder)).filter((name) => SEGMENT.test(name));
  for (const name of names) readSegment(state, { name, text: await readFile(join(folder, name), 'utf8') }, watch);
  return state;
}

function hasStarted(state: RunState): state is RunState & { start: RunStart } {
  return state.start !== undefined;
}

/** Whether the process that began a run still runs. One on another machine cannot be asked, and counts as alive. */
function isAlive({ host, pid }: RunStart): boolean {
  return host !== hostname() || isProcessAlive(pid);
}

/** An experiment's name as a folder's: the dots of `.` and `..` would lead out. */
function encodeName(experiment: string): string {
  return encodeURIComponent(experiment).replace(/^\.+$/, (dots) => '%2E'.repeat(dots.length));
}

function checkName({ experiment, name }: NewTrackedRun): void {
  const rule = '1 to 200 bytes and no control characters';
  const isBad = (text: string): boolean =>
    // 240: what remains of a file name's 255 bytes once it is encoded.
    text === '' ||
    Buffer.byteLength(text) > 200 ||
    encodeName(text).length > 240 ||
    /\p{Cc}/u.test(text) ||
    !text.isWellFormed();
  if (!experiment.isWellFormed() || isBad(experiment)) {
    throw trackerErrors.TRACKED_NAME_INVALID({ what: 'an experiment', name: experiment, rule });
  }
  if (name !== undefined && (name === '' || /\p{Cc}/u.test(name))) {
    throw trackerErrors.TRACKED_NAME_INVALID({ what: 'a tracked run', name, rule });
  }
}

function isWanted(run: TrackedRunInfo, { status, tags, params, parent }: RunQuery): boolean {
  const has = (all: Readonly<Record<string, unknown>>, some: Readonly<Record<string, unknown>> = {}): boolean =>
    Object.entries(some).every(([name, value]) => all[name] === value);
  return (
    (status === undefined || run.status === status) &&
    (parent === undefined || run.parent === parent) &&
    has(run.tags, tags) &&
    has(run.params, params)
  );
}

function orderOf({ best }: RunQuery): (a: TrackedRunInfo, b: TrackedRunInfo) => number {
  const latest = (a: TrackedRunInfo, b: TrackedRunInfo): number =>
    b.startedAt - a.startedAt || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
  if (best === undefined) return latest;
  const sign = best.is === 'highest' ? -1 : 1;
  const key = (run: TrackedRunInfo): number => {
    const metric = run.metrics[best.metric];
    const value = metric === undefined ? Number.NaN : best.is === 'highest' ? metric.max : metric.min;
    return Number.isNaN(value) ? Infinity : sign * value;
  };
  return (a, b) => {
    const [x, y] = [key(a), key(b)];
    return x === y ? latest(a, b) : x < y ? -1 : 1;
  };
}
