import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { isMissing, isProcessAlive, namesIn } from '../kernel/index.ts';
import type { Owner, RunLine, RunStart, RunState, Watch } from './run-log.ts';
import { emptyState, infoOf, readSegment } from './run-log.ts';
import { writeRun } from './run-writer.ts';
import { redaction } from './secrets.ts';
import { segmentedLog, segmentsIn } from './segmented-log.ts';
import type { NewTrackedRun, RunQuery, TrackedRun, TrackedRunInfo, Tracker } from './tracker.ts';
import { trackerErrors } from './tracker.ts';

export interface LocalTrackerOptions {
  /** Made when the first run starts. */
  readonly folder: string;
  /** Milliseconds since 1970; default the machine's clock. */
  readonly clock?: () => number;
  /** A run's log begins a new file after this many bytes. Default 16 MiB. */
  readonly segmentBytes?: number;
  /**
   * Secrets by the variable that holds them (`secretsOf`): they are replaced by `***` wherever text is logged, and an artifact
   * that holds one is refused with `TRACKED_SECRET`. Default none.
   */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** A tracker of which one can say in which folder a run lies. */
export interface LocalTracker extends Tracker {
  /** Undefined if there is no such run. */
  folderOf(id: string): Promise<string | undefined>;
}

/**
 * Tracks in a folder: `<folder>/<experiment>/<run>/log-000001.jsonl`, one line a call, and `artifacts/` beside it.
 * Each run has one writer, so any number of processes may track at once without locks; anyone may read meanwhile.
 */
export function localTracker(options: LocalTrackerOptions): LocalTracker {
  const root = resolve(options.folder);
  const location = `local:${root}`;
  const clock = options.clock ?? Date.now;
  const redact = redaction(options.secrets);
  const folderOf = (experiment: string, id: string): string => join(root, encodeName(experiment), id);

  const readRun = async (folder: string, watch?: Watch): Promise<TrackedRunInfo | undefined> => {
    const state = await readState(folder, watch);
    // A process that was killed within its first line leaves a folder and no run.
    if (!hasStarted(state)) return undefined;
    return infoOf(state, { locate: (name) => join(folder, 'artifacts', name), isAlive });
  };

  const folderById = async (id: string): Promise<string | undefined> => {
    if (!RUN_ID.test(id)) return undefined;
    for (const experiment of await foldersIn(root)) {
      const folder = join(root, experiment, id);
      const isThere = await stat(folder).then(
        () => true,
        (error: unknown) => {
          if (isMissing(error)) return false;
          throw error;
        },
      );
      if (isThere) return folder;
    }
    return undefined;
  };

  const find = async (id: string, watch?: Watch): Promise<TrackedRunInfo> => {
    const folder = await folderById(id);
    const run = folder === undefined ? undefined : await readRun(folder, watch);
    if (run === undefined) throw trackerErrors.TRACKED_RUN_NOT_FOUND({ id, location });
    return run;
  };

  const open = async (folder: string, { state, first, begin, ...run }: Opening): Promise<TrackedRun> => {
    const { segmentBytes = 16 << 20 } = options;
    const at = clock();
    const owner: Owner = { host: hostname(), pid: process.pid };
    const id = state.start?.id ?? begin?.id ?? '';
    const opening: RunLine | undefined =
      state.start !== undefined ? { t: 'resume', at, ...owner } : begin && { ...begin, at, ...owner };
    if (opening === undefined) throw trackerErrors.TRACKED_RUN_NOT_FOUND({ id, location });
    const log = segmentedLog(folder, { segmentBytes, first });
    return writeRun(folder, { id, log, opening, state, ...run, clock, redact }).catch((error: unknown) => {
      // The segment was free when we looked: another process has just begun it.
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
        throw trackerErrors.TRACKED_RUN_BUSY({ id, owner: 'another process' }, { cause: error });
      }
      throw error;
    });
  };

  return {
    location,
    folderOf: folderById,

    async startRun(run) {
      checkName(run);
      const at = clock();
      const id =
        run.id ?? `${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}-${randomUUID().slice(0, 8)}`;
      const folder = folderOf(run.experiment, id);
      const before = run.id === undefined ? undefined : await folderById(id);
      const first = await nextSegment(before);
      const state = before === undefined ? emptyState() : await readState(before);
      checkContinued(state, run);
      await mkdir(folder, { recursive: true });
      const begin: Opening['begin'] = {
        t: 'start',
        v: 1,
        id,
        experiment: run.experiment,
        name: redact.text(run.name ?? id),
        ...(run.parent === undefined ? {} : { parent: run.parent }),
        lineage: redact.deep(run.lineage ?? {}),
      };
      const { params, tags } = run;
      return open(folder, { state, first, begin, ...(params ? { params } : {}), ...(tags ? { tags } : {}) });
    },

    async resumeRun(id, { isOwnerGone = false } = {}) {
      const folder = await folderById(id);
      const first = await nextSegment(folder);
      const state = folder === undefined ? undefined : await readState(folder);
      if (folder === undefined || state?.start === undefined) {
        throw trackerErrors.TRACKED_RUN_NOT_FOUND({ id, location });
      }
      if (!isOwnerGone) checkFree(state);
      return open(folder, { state, first });
    },

    async experiments() {
      const folders = await foldersIn(root);
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

/** Ids are folders' names. */
const RUN_ID = /^[\w-]{1,64}$/;

interface Opening extends Pick<NewTrackedRun, 'params' | 'tags'> {
  readonly state: RunState;
  /** The segment to begin: it was free before the state was read, so that of two who open a run at once one finds it taken. */
  readonly first: number;
  /** For a run that has not begun. */
  readonly begin?: Omit<RunStart, 'at' | 'host' | 'pid'>;
}

/** What else lies in the folder (a `.DS_Store`, say) is no experiment. */
async function foldersIn(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

async function nextSegment(folder: string | undefined): Promise<number> {
  return folder === undefined ? 1 : (await segmentsIn(folder)).length + 1;
}

async function readState(folder: string, watch?: Watch): Promise<RunState> {
  const state = emptyState();
  for (const name of await segmentsIn(folder)) {
    readSegment(state, { name, text: await readFile(join(folder, name), 'utf8') }, watch);
  }
  return state;
}

function checkFree({ start, end, owner }: RunState): void {
  if (start === undefined || end !== undefined || owner === undefined || !isAlive(owner)) return;
  throw trackerErrors.TRACKED_RUN_BUSY({ id: start.id, owner: `process ${owner.pid} on ${owner.host}` });
}

function checkContinued(state: RunState, { experiment }: NewTrackedRun): void {
  const { start } = state;
  if (start === undefined) return;
  checkFree(state);
  if (start.experiment === experiment) return;
  const rule = `${JSON.stringify(start.experiment)}, in which it began`;
  const facts = { what: `The experiment of run ${start.id}`, value: JSON.stringify(experiment), rule };
  throw trackerErrors.TRACKED_VALUE_INVALID(facts);
}

function hasStarted(state: RunState): state is RunState & { start: RunStart } {
  return state.start !== undefined;
}

/** Whether the process that writes a run still runs. One on another machine cannot be asked, and counts as alive. */
function isAlive({ host, pid }: Owner): boolean {
  return host !== hostname() || isProcessAlive(pid);
}

/** An experiment's name as a folder's: the dots of `.` and `..` would lead out. */
function encodeName(experiment: string): string {
  return encodeURIComponent(experiment).replace(/^\.+$/, (dots) => '%2E'.repeat(dots.length));
}

function checkName({ id, experiment, name }: NewTrackedRun): void {
  if (id !== undefined && !RUN_ID.test(id)) {
    const facts = {
      what: 'a tracked run',
      name: id,
      rule: '1 to 64 letters, digits, dashes and underscores as its id',
    };
    throw trackerErrors.TRACKED_NAME_INVALID(facts);
  }
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
