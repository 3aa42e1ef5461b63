import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { mapAtMost } from '../../kernel/index.ts';
import type { BlobStore } from './blob-store.ts';
import type { Layout } from './layout.ts';
import { fromLogLines } from './mflog.ts';
import { decodePickle } from './pickle-decode.ts';
import { readRunExtra } from './run-extra.ts';
import { runStoreErrors } from './run-store.ts';
import type { ArtifactKey, ArtifactKeys, EndedAttempt, RunInfo, TaskInfo, TaskPath } from './run-store.ts';
import { changedAt, exists, ifThere, namesIn, readJson, storeFileErrors } from './store-file.ts';

/** The keys of the pickles of True, False and None, which are the same from Python and from here. */
export const KEY_OF = {
  true: '868436778cb011a1c6230bc12534683ab0b7f1c3',
  none: 'dbc1aaddc8b7343d6d33b34edcf608b8f8801918',
} as const;

/** Artifacts that Metaflow keeps for itself in every task. `_exception` is one only where it is None. */
const HIDDEN: ReadonlySet<string> = new Set([
  '_configs_processed',
  '_current_step',
  '_foreach_num_splits',
  '_foreach_stack',
  '_foreach_var',
  '_graph_info',
  '_iteration_stack',
  '_success',
  '_task_ok',
  '_transition',
]);

const Self = z.looseObject({
  ts_epoch: z.number(),
  user_name: z.string().default(''),
  tags: z.array(z.string()).default([]),
  system_tags: z.array(z.string()).default([]),
});

const Data = z.looseObject({
  objects: z.record(
    z.string(),
    z.string().transform((key) => key as ArtifactKey),
  ),
  ended_at: z.number().optional(),
});

/** The names in `.metaflow` and below that are flows and runs: those with metadata of their own. */
async function described(folder: string): Promise<readonly string[]> {
  const names = (await namesIn(folder)).filter((name) => !name.startsWith('.') && name !== '_meta');
  return names.filter((name) => exists(join(folder, name, '_meta/_self.json')));
}

/** Flows of the store, by name. */
export async function readFlows(layout: Layout): Promise<readonly string[]> {
  return [...(await described(layout.root))].sort();
}

/** Runs of a flow, newest first. */
export async function readRuns(layout: Layout, flow: string): Promise<readonly RunInfo[]> {
  const runs = await described(layout.flow(flow));
  const infos = await Promise.all(runs.map((run) => readRun(layout, flow, run)));
  const byAge = (a: RunInfo, b: RunInfo): number => b.createdAt - a.createdAt || compareIds(b.run, a.run);
  return infos.filter((info) => info !== undefined).sort(byAge);
}

async function readRun(layout: Layout, flow: string, run: string): Promise<RunInfo | undefined> {
  const meta = join(layout.run(flow, run), '_meta');
  const self = await readJson(join(meta, '_self.json'), Self);
  if (self === undefined) return undefined;
  const { origin } = await readRunExtra(join(meta, 'smallboat.json'));
  const beat = Number(await ifThere(readFile(join(meta, 'heartbeat'), 'utf8')));
  return {
    flow,
    run,
    createdAt: self.ts_epoch,
    user: self.user_name,
    tags: self.tags,
    systemTags: self.system_tags,
    ...(beat > 0 ? { heartbeatAt: beat } : {}),
    ...(origin === undefined ? {} : { origin }),
  };
}

/** Tasks of a run, in the order of their creation. Rejects with `RUN_NOT_FOUND`. */
export async function readTasks(
  layout: Layout,
  blobs: BlobStore,
  flow: string,
  run: string,
): Promise<readonly TaskInfo[]> {
  const folder = layout.run(flow, run);
  if (!exists(join(folder, '_meta/_self.json'))) {
    throw runStoreErrors.RUN_NOT_FOUND({ flow, run, location: layout.root });
  }
  const steps = (await namesIn(folder)).filter((name) => name !== '_meta');
  const paths = await Promise.all(
    steps.map(async (step) =>
      (await namesIn(join(folder, step))).filter((task) => task !== '_meta').map((task) => ({ flow, run, step, task })),
    ),
  );
  const tasks = await mapAtMost(paths.flat(), 64, (path) => readTask(layout, blobs, path));
  const byAge = (a: TaskInfo, b: TaskInfo): number => compareIds(a.path.task, b.path.task) || a.createdAt - b.createdAt;
  return tasks.filter((task) => task !== undefined).sort(byAge);
}

/** One task; undefined where its process has not said that it exists. */
export async function readTask(layout: Layout, blobs: BlobStore, path: TaskPath): Promise<TaskInfo | undefined> {
  const folder = layout.task(path);
  const names = await namesIn(folder);
  const self = join(folder, '_meta/_self.json');
  const createdAt = await createdAtOf(self);
  // Not there yet: its process is between claiming the id and saying so, or died there.
  if (createdAt === undefined) return undefined;
  const numbers = (suffix: string): readonly number[] =>
    names.flatMap((name) =>
      /^\d+$/.test(name.slice(0, -suffix.length)) && name.endsWith(suffix) ? [Number.parseInt(name, 10)] : [],
    );
  const ended = numbers('.DONE.lock').reduce((a, b) => Math.max(a, b), -1);
  return {
    path,
    createdAt,
    attemptsBegun: numbers('.attempt.json').length,
    ...(ended < 0 ? {} : { ended: await readEnd(layout, blobs, path, ended) }),
  };
}

/** From the file, or by its age where the power went before it was on the disk: such a file is empty. */
async function createdAtOf(self: string): Promise<number | undefined> {
  try {
    return (await readJson(self, Self))?.ts_epoch;
  } catch (error) {
    if (!storeFileErrors.STORE_FILE_DAMAGED.is(error)) throw error;
    return changedAt(self);
  }
}

async function readEnd(layout: Layout, blobs: BlobStore, path: TaskPath, attempt: number): Promise<EndedAttempt> {
  const file = (name: string): string => join(layout.task(path), `${attempt}.${name}`);
  const data = await readJson(file('data.json'), Data);
  if (data === undefined) {
    throw storeFileErrors.STORE_FILE_DAMAGED({ path: file('data.json'), problem: 'it is missing' });
  }
  const begun = await readJson(file('attempt.json'), z.looseObject({ time: z.number() }));
  const endedAt = data.ended_at ?? (await changedAt(file('DONE.lock'))) ?? 0;
  const { _success: success } = data.objects;
  return {
    attempt,
    hasSucceeded: success === KEY_OF.true || (success !== undefined && (await isTrue(blobs, success))),
    artifacts: visible(data.objects),
    startedAt: begun === undefined ? endedAt : Math.round(begun.time * 1000),
    endedAt: Math.round(endedAt),
  };
}

async function isTrue(blobs: BlobStore, key: ArtifactKey): Promise<boolean> {
  return decodePickle(await blobs.load(key)) === true;
}

function visible(objects: ArtifactKeys): ArtifactKeys {
  const isHidden = (name: string, key: string): boolean =>
    HIDDEN.has(name) || (name === '_exception' && key === KEY_OF.none);
  return Object.fromEntries(Object.entries(objects).filter(([name, key]) => !isHidden(name, key)));
}

const Kept = z.object({ key: z.string().transform((key) => key as ArtifactKey) });

/** The key of a checkpoint; undefined where there is none. Rejects with `STORE_FILE_DAMAGED`. */
export async function readCheckpoint(path: string): Promise<ArtifactKey | undefined> {
  return (await readJson(path, Kept))?.key;
}

/** The text of an attempt's log: what the task wrote and what its runtime wrote. */
export async function readLogText(
  layout: Layout,
  path: TaskPath,
  attempt: number,
  stream: 'stdout' | 'stderr',
): Promise<string> {
  const read = (source: string): Promise<string | undefined> =>
    ifThere(readFile(join(layout.task(path), `${attempt}.${source}_${stream}.log`), 'utf8'));
  const logs = await Promise.all([read('runtime'), read('task')]);
  return fromLogLines(logs.filter((log) => log !== undefined));
}

/** Ids that are numbers as numbers, others after them. */
function compareIds(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || (a < b ? -1 : Number(a > b));
}
