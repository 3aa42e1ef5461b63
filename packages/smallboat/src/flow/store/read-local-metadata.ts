import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import * as z from 'zod';
import { mapAtMost } from '../../kernel/index.ts';
import { compareIds } from './compare-ids.ts';
import { flowPath, runPath, taskPath } from './layout.ts';
import { parseSelf } from './local-self.ts';
import type { TaskStub } from './metadata.ts';
import { parseRunNote } from './run-note.ts';
import { pathspecOf, runStoreErrors } from './run-store.ts';
import type { RunInfo, RunPath, TaskFact, TaskPath } from './run-store.ts';
import { changedAt, exists, ifThereNow, namesIn, readJson, storeFileErrors, writeSmall } from './store-file.ts';
import { originIn, saysItsOrigin } from './system-tags.ts';

/** Ids from here on are microseconds since 1970 and say when the run was made: 2001. */
const MICROSECONDS = 1e15;

/** Flows of the store, by name: those with metadata of their own. */
export async function readFlows(root: string): Promise<readonly string[]> {
  const names = (await namesIn(root)).filter((name) => !name.startsWith('.') && name !== '_meta');
  return names.filter((name) => exists(join(root, name, '_meta/_self.json'))).sort();
}

/**
 * Runs of a flow, newest first, without their signs of life: a list of many would read another file for each. Ids tell their age, so that only those are read that are asked for; runs of other systems, whose ids do
 * not, are read at once.
 */
export async function* readRuns(root: string, flow: string): AsyncIterable<RunInfo> {
  const folder = join(root, flowPath(flow));
  const names = (await namesIn(folder)).filter(isRunName);
  const byTime = names.filter((name) => Number(name) >= MICROSECONDS).sort((a, b) => Number(b) - Number(a));
  const others = names
    .filter((name) => !(Number(name) >= MICROSECONDS))
    .flatMap((run) => readListed(`${folder}/${run}`, { flow, run }) ?? [])
    .sort((a, b) => b.createdAt - a.createdAt || compareIds(b.run, a.run));
  let read = 0;
  for (const run of byTime) {
    for (let next = others[0]; next && next.createdAt > Number(run) / 1000; next = others[0]) {
      yield next;
      others.shift();
    }
    const info = readListed(`${folder}/${run}`, { flow, run });
    if (info) yield info;
    // Reading blocks; whoever reads very many lets others go on in between.
    if ((read += 1) % 256 === 0) await setImmediate();
  }
  yield* others;
}

/** Where the latest run of a flow is one that is gone, names the newest that there is: Python resumes what this names. */
export async function renameLatest(root: string, { flow, run }: RunPath): Promise<void> {
  const path = join(root, flowPath(flow), 'latest_run');
  if (textOf(path)?.trim() !== run) return;
  for await (const newest of readRuns(root, flow)) {
    writeSmall(join(root, flowPath(flow)), { latest_run: newest.run });
    return;
  }
  await rm(path, { force: true });
}

function isRunName(name: string): boolean {
  return /^\w(?:[\w.-]*\w)?$/.test(name) && name !== 'data' && name !== 'latest_run' && name !== '_meta';
}

/** One run; undefined where there is none. Throws `STORE_FILE_DAMAGED`. */
export function readRun(root: string, path: RunPath): RunInfo | undefined {
  const folder = join(root, runPath(path));
  const info = readListed(folder, path);
  const beat = Number(textOf(`${folder}/_meta/heartbeat`));
  return info && { ...info, ...(beat > 0 ? { heartbeatAt: beat } : {}) };
}

/** What a list has of the run in a folder: one file. */
function readListed(folder: string, { flow, run }: RunPath): RunInfo | undefined {
  const file = `${folder}/_meta/_self.json`;
  const text = textOf(file);
  if (text === undefined) return undefined;
  const { ts_epoch, user_name, tags, system_tags: systemTags } = parseSelf(text, file);
  const micros = Number(run);
  const origin = saysItsOrigin(systemTags) ? originIn(systemTags) : originInNote(folder);
  const info = {
    flow,
    run,
    // Metaflow's client changes what is written here when it tags a run.
    createdAt: micros >= MICROSECONDS ? Math.min(ts_epoch, Math.floor(micros / 1000)) : ts_epoch,
    user: user_name ?? '',
    tags,
    systemTags,
  };
  return origin === undefined ? info : { ...info, origin };
}

/** Version 0.1 said it here. */
function originInNote(folder: string): string | undefined {
  const note = `${folder}/_meta/smallboat.json`;
  return parseRunNote(textOf(note), note).origin;
}

/** Blocks: a listing reads thousands of files of 200 bytes, and passing each to another thread takes five times as long. */
function textOf(path: string): string | undefined {
  return ifThereNow(() => readFileSync(path, 'utf8'));
}

/** Tasks of a run, in the order of their creation. */
export async function readTaskStubs(root: string, path: RunPath): Promise<readonly TaskStub[]> {
  const folder = join(root, runPath(path));
  const steps = (await namesIn(folder)).filter((name) => name !== '_meta');
  const paths = await Promise.all(
    steps.map(async (step) => {
      const tasks = (await namesIn(join(folder, step))).filter((task) => task !== '_meta');
      return tasks.map((task) => ({ ...path, step, task }));
    }),
  );
  const stubs = await mapAtMost(paths.flat(), 64, (task) => stubOf(root, task));
  const byAge = (a: TaskStub, b: TaskStub): number => compareIds(a.path.task, b.path.task) || a.createdAt - b.createdAt;
  return stubs.filter((stub) => stub !== undefined).sort(byAge);
}

/** One task. Rejects with `TASK_NOT_FOUND`. */
export async function readTaskStub(root: string, path: TaskPath): Promise<TaskStub> {
  const stub = await stubOf(root, path);
  if (!stub) throw runStoreErrors.TASK_NOT_FOUND({ task: pathspecOf(path), location: root });
  return stub;
}

/** Undefined where the task is not there yet: its process is between claiming the id and saying so, or died there. */
async function stubOf(root: string, path: TaskPath): Promise<TaskStub | undefined> {
  const createdAt = await createdAtOf(join(root, taskPath(path), '_meta/_self.json'));
  return createdAt === undefined ? undefined : { path, createdAt };
}

/** From the file, or by its age where the power went before it was on the disk: such a file is empty. */
async function createdAtOf(self: string): Promise<number | undefined> {
  try {
    const text = textOf(self);
    return text === undefined ? undefined : parseSelf(text, self).ts_epoch;
  } catch (error) {
    if (!storeFileErrors.STORE_FILE_DAMAGED.is(error)) throw error;
    return changedAt(self);
  }
}

const StoredFact = z.looseObject({
  field_name: z.string(),
  type: z.string(),
  // Most are text; Metaflow also keeps lists.
  value: z.unknown().transform((value) => (typeof value === 'string' ? value : JSON.stringify(value))),
  tags: z.array(z.string()).nullish(),
  ts_epoch: z.number(),
});

/** Facts in the order of time, as files or the service have them. */
export function asFacts(stored: readonly unknown[]): readonly TaskFact[] {
  const facts = stored.map((each): TaskFact => {
    const { field_name: field, type, value, tags, ts_epoch: at } = StoredFact.parse(each);
    const attempt = tags?.map((tag) => /^attempt_id:(\d+)$/.exec(tag)?.[1]).find((found) => found !== undefined);
    return { field, type, value, at, ...(attempt === undefined ? {} : { attempt: Number(attempt) }) };
  });
  return facts.sort((a, b) => a.at - b.at);
}

export async function readFacts(root: string, task: TaskPath): Promise<readonly TaskFact[]> {
  const folder = join(root, taskPath(task), '_meta');
  const names = (await namesIn(folder)).filter((name) => name.startsWith('sysmeta_'));
  const stored = await Promise.all(names.map((name) => readJson(join(folder, name), StoredFact)));
  return asFacts(stored.filter((fact) => fact !== undefined));
}
