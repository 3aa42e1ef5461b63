import { hostname } from 'node:os';
import { isProcessAlive, mapAtMost } from '../kernel/index.ts';
import type { Brief } from '../report/index.ts';
import type { TaskError } from './engine/job.ts';
import { taskName } from './engine/job.ts';
import { readRunRecord } from './engine/origin.ts';
import { CARD, ORIGIN, RECORD, type RunRecord, asTaskRecord } from './engine/record.ts';
import { isArtifactName } from './names.ts';
import type { ArtifactKey, ArtifactKeys, RunInfo, RunStore, TaskInfo, TaskPath } from './store/run-store.ts';

/** `lost`: begun, never ended, and the process that ran it is gone. */
export type TaskState = 'done' | 'failed' | 'running' | 'lost';
/** `interrupted`: stopped or killed before its end, without a step that failed. */
export type RunState = 'done' | 'failed' | 'running' | 'interrupted';

export interface TaskView {
  readonly path: TaskPath;
  /** `train[3]` */
  readonly name: string;
  /** Place in the lists and iterations around the step, outermost first; empty while it runs. */
  readonly index: readonly number[];
  readonly state: TaskState;
  /** Failed for good, and the step's `catch` took its place: `error` has how. */
  readonly isCaught: boolean;
  /** Where it was taken from, if it was not run in this run: the run that this one continues, or a task with the same code and inputs. */
  readonly from?: string;
  /** Attempts that began. */
  readonly attempts: number;
  /** The attempt whose end counts; the latest where none has ended. */
  readonly attempt: number;
  /** Milliseconds since 1970: when the first attempt began, and when the one that counts did. */
  readonly createdAt: number;
  readonly startedAt: number;
  readonly endedAt?: number;
  /** What the step returned, by name. */
  readonly artifacts: ArtifactKeys;
  /** The same in short, as far as the run has noted it. */
  readonly briefs: Readonly<Record<string, Brief>>;
  /** Lengths of the lists among them that are fanned out over. */
  readonly lengths: Readonly<Record<string, number>>;
  /** Components for the card. */
  readonly card?: ArtifactKey;
  readonly error?: TaskError;
}

export interface StepView {
  readonly name: string;
  /** `waiting`: none of its tasks has begun. `skipped`: none had to, and the run is done. */
  readonly state: TaskState | 'waiting' | 'skipped';
  /** In the order of the lists around the step. */
  readonly tasks: readonly TaskView[];
}

/** A run as its store has it now: for a listing, a card, a page. */
export interface RunView {
  readonly info: RunInfo;
  readonly state: RunState;
  /** Missing where the run was not made by Smallboat, or was stopped before it began. */
  readonly record?: RunRecord;
  /** Content keys of the parameters. */
  readonly params: ArtifactKeys;
  /** In a topological order; without the tasks that every run has (`start`, `end`). */
  readonly steps: readonly StepView[];
  /** The task that every run begins with: the card of the whole run is kept with it. */
  readonly start?: TaskPath;
  /** Content keys of the flow's result, once the run is done. */
  readonly result: ArtifactKeys;
}

/** Reads a run's state, without any artifact that a step made. Rejects with `RUN_NOT_FOUND`. */
export async function readRun(
  store: RunStore,
  { flow, run }: { readonly flow: string; readonly run: string },
): Promise<RunView> {
  const info = await store.run(flow, run);
  const tasks = await store.tasks(flow, run);
  const record = await readRunRecord(store, tasks);
  const isRunning = record ? isAlive(record, info) : Date.now() - (info?.heartbeatAt ?? 0) < SILENCE;
  // In a run that Python made the first and the last step are steps like all others.
  const own = tasks.filter(({ path: { step } }) => (record ? !isFrame(step) : step !== '_parameters'));
  const views = await mapAtMost(own, 64, (t) => viewTask(store, t, isRunning));
  const known = record?.graph.steps.map((s) => s.name) ?? [];
  const names = [...known, ...new Set(views.map((v) => v.path.step).filter((name) => !known.includes(name)))];
  const end = tasks.find((t) => t.path.step === 'end')?.ended;
  const isDone = end?.hasSucceeded === true;
  const isOver = isDone || isRunning || views.some((v) => v.state === 'failed') || end?.hasSucceeded === false;
  // Not only steps fail: so does what leads from one to the other.
  const hasFailed = isOver || (await store.summary({ flow, run }))?.state === 'failed';
  return {
    info: info ?? { flow, run, createdAt: Number(run) / 1000, user: '', tags: [], systemTags: [] },
    state: isDone ? 'done' : isRunning ? 'running' : hasFailed ? 'failed' : 'interrupted',
    ...(record ? { record } : {}),
    ...startOf(tasks),
    params: visible(tasks.find((t) => t.path.step === '_parameters')?.ended?.artifacts ?? {}),
    steps: names.map((name) => viewStep(name, views, isDone ? 'skipped' : 'waiting')),
    result: visible(end?.artifacts ?? {}),
  };
}

/** What each finished task of a step made, in the order of the lists around it. */
export async function readStep<O extends object>(
  store: RunStore,
  { flow, run, step }: { readonly flow: string; readonly run: string; readonly step: string },
): Promise<readonly O[]> {
  const tasks = (await store.tasks(flow, run)).filter((t) => t.path.step === step && t.ended?.hasSucceeded === true);
  const views = await mapAtMost(tasks, 64, (task) => viewTask(store, task, false));
  return mapAtMost(viewStep(step, views).tasks, 32, async ({ artifacts }) => {
    const entries = Object.entries(artifacts).map(async ([name, key]) => [name, await store.load(flow, key)] as const);
    return Object.fromEntries(await Promise.all(entries)) as O; // What the step's type says that it returns.
  });
}

/** Whether the process that schedules a run is there still, as far as this machine can tell. */
export function isAlive({ pid, host }: RunRecord, info: RunInfo | undefined): boolean {
  const lastSign = info?.heartbeatAt ?? info?.createdAt ?? 0;
  // After a restart of the machine another process may have the number: then the heartbeat is old.
  if (Date.now() - lastSign > SILENCE) return false;
  if (host !== hostname()) return true;
  if (pid === process.pid) return false;
  return isProcessAlive(pid);
}

/** Milliseconds without a sign of life after which a run is taken for dead. */
const SILENCE = 60_000;

/** The place of a task that Python made in the lists around it. */
async function foreachIndex(store: RunStore, path: TaskPath, ended: TaskInfo['ended']): Promise<readonly number[]> {
  const stack = ended?.internals['_foreach_stack'];
  if (stack === undefined || stack === NO_STACK) return [];
  const facts = await store.facts(path);
  const found = facts.findLast(({ field }) => field === 'foreach-execution-path')?.value ?? '';
  return found === '' ? [] : found.split(',').map((frame) => Number(frame.split(':').at(-1)));
}

/** The key of the empty list, as Python pickles it. */
const NO_STACK = 'c5cf38908fc549f499ade5b17ce221ff0ced377f';

function startOf(tasks: readonly TaskInfo[]): Pick<RunView, 'start'> {
  const start = tasks.find(({ path }) => path.step === 'start')?.path;
  return start ? { start } : {};
}

function isFrame(step: string): boolean {
  return step === '_parameters' || step === 'start' || step === 'end';
}

async function viewTask(
  store: RunStore,
  { path, createdAt, attemptsBegun, ended }: TaskInfo,
  isRunning: boolean,
): Promise<TaskView> {
  const key = ended?.artifacts[RECORD];
  const record = key ? asTaskRecord(await store.load(path.flow, key)) : undefined;
  const index = record?.index ?? (await foreachIndex(store, path, ended));
  const isOver = ended !== undefined && (ended.hasSucceeded || ended.attempt === attemptsBegun - 1 || !isRunning);
  const state = ended?.hasSucceeded === true ? 'done' : isOver ? 'failed' : isRunning ? 'running' : 'lost';
  const card = ended?.artifacts[CARD];
  const from = ended?.artifacts[ORIGIN];
  return {
    path,
    index,
    name: taskName(path.step, index),
    state,
    isCaught: state === 'done' && record?.error !== undefined,
    ...(record?.takenFrom === undefined ? {} : { from: record.takenFrom }),
    ...(from ? { from: String(await store.load(path.flow, from)) } : {}),
    attempts: attemptsBegun,
    attempt: ended?.attempt ?? Math.max(0, attemptsBegun - 1),
    createdAt,
    startedAt: ended?.startedAt ?? createdAt,
    ...(ended ? { endedAt: ended.endedAt } : {}),
    artifacts: visible(ended?.artifacts ?? {}),
    briefs: record?.briefs ?? {},
    lengths: record?.lengths ?? {},
    ...(card ? { card } : {}),
    ...(record?.error ? { error: record.error } : {}),
  };
}

function viewStep(name: string, views: readonly TaskView[], idle: 'waiting' | 'skipped' = 'waiting'): StepView {
  const own = views.filter((v) => v.path.step === name).sort((a, b) => compare(a.index, b.index));
  const order = ['failed', 'running', 'lost', 'done'] as const;
  const state = order.find((s) => own.some((task) => task.state === s)) ?? idle;
  return { name, state, tasks: own };
}

function visible(artifacts: ArtifactKeys): ArtifactKeys {
  return Object.fromEntries(Object.entries(artifacts).filter(([name]) => isArtifactName(name)));
}

function compare(a: readonly number[], b: readonly number[]): number {
  const differs = a.findIndex((x, i) => x !== b[i]);
  return differs < 0 ? 0 : (a[differs] ?? 0) - (b[differs] ?? 0);
}
