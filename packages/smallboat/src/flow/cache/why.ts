import { relative } from 'node:path';
import { RECORD, type TaskRecord, asTaskRecord } from '../engine/record.ts';
import { readRunRecord } from '../engine/origin.ts';
import { taskName } from '../engine/job.ts';
import type { RunStore, TaskInfo } from '../store/run-store.ts';
import type { KeyParts } from './cache-record.ts';

/** Why a task of a run was run, or was not. */
export interface Why {
  /** `train[3]` */
  readonly task: string;
  readonly wasRun: boolean;
  /** A sentence about it, without its subject's name. */
  readonly reason: string;
}

/**
 * Says of each task of a step why it ran: what has changed since the latest earlier run that did it with `--cache`.
 *
 * @param from Folder that paths of files are told from. Rejects with `RUN_NOT_FOUND`.
 */
export async function whyTask(
  store: RunStore,
  { flow, run, step }: { readonly flow: string; readonly run: string; readonly step: string },
  from = process.cwd(),
): Promise<readonly Why[]> {
  const tasks = await store.tasks(flow, run);
  const own = await recordsOf(store, tasks, step);
  const isCached = (await readRunRecord(store, tasks))?.isCached === true;
  const isResumed = (await store.run(flow, run))?.origin;
  const earlier = own.some(({ cache, takenFrom }) => cache && takenFrom === undefined)
    ? await latestBefore(store, { flow, run, step })
    : undefined;
  return own.map((record): Why => {
    const task = taskName(step, record.index);
    const ran = (because: string): Why => ({ task, wasRun: true, reason: `it ran, because ${because}` });
    if (record.takenFrom !== undefined) {
      const reason = `it was taken from ${record.takenFrom}, which had the same code and inputs`;
      return { task, wasRun: false, reason };
    }
    if (!isCached) {
      const resumed =
        isResumed === undefined ? '' : ` (it continues run ${isResumed}: what that had done was taken over)`;
      return ran(`the run was made without --cache, where every step runs${resumed}`);
    }
    if (!record.cache) return ran('its step says cache: false');
    const before = earlier?.records.get(task) ?? earlier?.records.values().next().value;
    if (!earlier || !before) return ran('no earlier run of the flow with --cache has done it');
    return ran(`since run ${earlier.run} ${changes(before, record.cache.parts, from)}`);
  });
}

async function recordsOf(store: RunStore, tasks: readonly TaskInfo[], step: string): Promise<TaskRecord[]> {
  const records = await Promise.all(
    tasks.map(async ({ path, ended }) => {
      const key = path.step === step ? ended?.artifacts[RECORD] : undefined;
      return key ? asTaskRecord(await store.load(path.flow, key)) : undefined;
    }),
  );
  return records.filter((record) => record !== undefined).sort((a, b) => compare(a.index, b.index));
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((x, i) => x !== b[i]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

/** What the latest run before this one, among those with a cache, has of the step. */
async function latestBefore(
  store: RunStore,
  { flow, run, step }: { readonly flow: string; readonly run: string; readonly step: string },
): Promise<{ readonly run: string; readonly records: ReadonlyMap<string, KeyParts> } | undefined> {
  const runs = await store.runs(flow);
  for (const info of runs.slice(runs.findIndex((other) => other.run === run) + 1)) {
    const records = await recordsOf(store, await store.tasks(flow, info.run), step);
    const parts = records.flatMap(({ index, cache }) => (cache ? [[taskName(step, index), cache.parts] as const] : []));
    if (parts.length > 0) return { run: info.run, records: new Map(parts) };
  }
  return undefined;
}

function changes(before: KeyParts, now: KeyParts, from: string): string {
  const names = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): string[] =>
    [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => a[name] !== b[name]);
  const paths = (a: KeyParts['files'], b: KeyParts['files']): string =>
    names(a, b)
      .map((file) => relative(from, file))
      .join(', ');
  const [code, read] = [paths(before.codeFiles, now.codeFiles), paths(before.files, now.files)];
  const inputs = names(before.inputs, now.inputs).map((name) => `its input '${name}' has another content`);
  const found = [
    ...(before.code === now.code ? [] : [`its code has changed${code === '' ? '' : ` (${code})`}`]),
    ...(read === '' ? [] : [`a file that it reads has changed (${read})`]),
    ...inputs,
    ...(before.environment === now.environment ? [] : ['its environment has changed']),
    ...(before.config === now.config ? [] : ['the configuration of the flow has changed']),
    ...(before.lock === now.lock ? [] : ['the lock file of the packages has changed']),
    ...(before.node === now.node ? [] : [`Node is of another version (${before.node}, now ${now.node})`]),
  ];
  return found.length > 0 ? found.join(', and ') : 'nothing has changed, but what it made is gone from the store';
}
