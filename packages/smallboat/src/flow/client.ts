import { defineErrors } from '../kernel/index.ts';
import type { Flow, ParamValues, Params } from './compose/flow.ts';
import type { Step } from './compose/step.ts';
import { type TaskError, taskName } from './engine/job.ts';
import { flowRunOf } from './flow-run.ts';
import type { FolderRef } from './folder/folder-ref.ts';
import { type S3Objects, objectsOfRun } from './objects/objects.ts';
import { type RunBrief, readBrief } from './read-brief.ts';
import { type RunState, type RunView, type TaskState, type TaskView, readRun } from './read-run.ts';
import { type StoreSpec, openRunStore } from './store/open-run-store.ts';
import { type RunInfo, type RunStore, type TagChange, pathspecOf, runStoreErrors } from './store/run-store.ts';

export const clientErrors = defineErrors({
  NO_SUCH_TASK: (f: { task: string; run: string; known: string }) =>
    `Run ${f.run} has no task '${f.task}'. It has: ${f.known || 'none'}.`,
  TASK_MADE_NOTHING: (f: { task: string; state: string; artifact: string }) =>
    `There is no artifact '${f.artifact}' of ${f.task}, which is ${f.state}. See its log, or the artifacts that it has.`,
});

/** Past and present runs, for a notebook, a report or another flow. Nothing is read before it is asked for. */
export interface Client extends AsyncDisposable {
  /** For messages. */
  readonly location: string;
  /** Names of the flows that have runs. */
  flows(): Promise<readonly string[]>;
  /** A flow by its definition, which gives the types of all that its runs made, or by its name. */
  flow<P extends Params, R>(flow: Flow<P, R>): FlowRuns<P, R>;
  flow(name: string): FlowRuns;
}

/** Which runs are wanted. */
export interface RunFilter {
  /** Runs that have all of these tags, the user's or the system's. */
  readonly tags?: readonly string[];
  readonly state?: RunState;
  /** At most so many. */
  readonly limit?: number;
}

export interface FlowRuns<P extends Params = Params, R = unknown> {
  readonly name: string;
  /** Newest first, each read when the loop comes to it. */
  runs(filter?: RunFilter): AsyncIterable<PastRun<P, R>>;
  /** Rejects with `RUN_NOT_FOUND`. */
  run(id: string): Promise<PastRun<P, R>>;
  /** The newest run; undefined where there is none. */
  latest(filter?: RunFilter): Promise<PastRun<P, R> | undefined>;
  /** The newest run that ended well. */
  latestSuccessful(filter?: RunFilter): Promise<PastRun<P, R> | undefined>;
}

/** A run as its store has it. What may change while it goes on is read when it is asked for. */
export interface PastRun<P extends Params = Params, R = unknown> {
  readonly flow: string;
  readonly id: string;
  readonly pathspec: string;
  readonly createdAt: Date;
  readonly user: string;
  readonly tags: readonly string[];
  readonly systemTags: readonly string[];
  /** The run that it continues. */
  readonly origin?: string;
  state(): Promise<RunState>;
  /** When its last task ended; undefined while it goes on. */
  endedAt(): Promise<Date | undefined>;
  params(): Promise<ParamValues<P>>;
  /** What the flow gives. */
  result(): Promise<R>;
  /** Names of the flow's steps, in their order. */
  steps(): Promise<readonly string[]>;
  /** The tasks of a step, in the order of the lists around it. */
  tasks<O extends object, C extends object = never>(step: Step<never, O, C>): Promise<readonly PastTask<O | C>[]>;
  tasks(step: string): Promise<readonly PastTask[]>;
  /** One task: the only one, or the one at a place in the lists around it. Rejects with `NO_SUCH_TASK`. */
  task<O extends object, C extends object = never>(
    step: Step<never, O, C>,
    index?: readonly number[],
  ): Promise<PastTask<O | C>>;
  task(step: string, index?: readonly number[]): Promise<PastTask>;
  /** What each finished task of a step made. */
  read<O extends object, C extends object = never>(step: Step<never, O, C>): Promise<readonly (O | C)[]>;
  /** Writes a folder that one of its bodies kept (`context.saveFolder()`) into one of this machine. */
  loadFolder(ref: FolderRef, into: string): Promise<void>;
  /** The objects that its bodies kept in S3 (`context.s3()`). Rejects with `RUN_WITHOUT_OBJECTS`. Dispose of it. */
  s3(): Promise<S3Objects>;
  /** Takes tags away and adds others. @returns those that it has then. */
  changeTags(change: TagChange): Promise<readonly string[]>;
}

export interface PastTask<O extends object = Readonly<Record<string, unknown>>> {
  readonly pathspec: string;
  /** `train[3]` */
  readonly name: string;
  readonly state: TaskState;
  /** Attempts that began. */
  readonly attempts: number;
  readonly startedAt: Date;
  readonly endedAt?: Date;
  readonly error?: TaskError;
  /** Names of what it made. */
  readonly artifacts: readonly string[];
  /** One of them. Rejects with `TASK_MADE_NOTHING`. */
  artifact<K extends keyof O & string>(name: K): Promise<O[K]>;
  /** All of them. */
  made(): Promise<O>;
  /** What it logged: of its last attempt, unless another is named. */
  log(options?: { readonly stream?: 'stdout' | 'stderr'; readonly attempt?: number }): Promise<string>;
}

/**
 * Opens the runs of a store: `const client = await openClient({ folder: '.smallboat' })`. Dispose of it to close the store.
 *
 *     const run = await client.flow(intent).latestSuccessful();
 *     const trials = await run?.read(train);
 */
export async function openClient(place: StoreSpec | RunStore): Promise<Client> {
  const isOpen = 'location' in place;
  const store = isOpen ? place : await openRunStore(place);
  return {
    location: store.location,
    flows: () => store.flows(),
    flow: (of: Flow | string) => flowRuns(store, of),
    [Symbol.asyncDispose]: async () => {
      if (!isOpen) await store[Symbol.asyncDispose]();
    },
  };
}

function flowRuns(store: RunStore, of: Flow | string): FlowRuns {
  const name = typeof of === 'string' ? of : of.name;
  const past = (info: RunInfo): PastRun => pastRun(store, info, typeof of === 'string' ? undefined : of);
  const self: FlowRuns = {
    name,
    async *runs({ tags = [], state, limit = Number.POSITIVE_INFINITY } = {}) {
      let count = 0;
      if (limit < 1) return;
      for await (const info of store.eachRun(name)) {
        if (!tags.every((tag) => info.tags.includes(tag) || info.systemTags.includes(tag))) continue;
        const run = past(info);
        if (state !== undefined && (await run.state()) !== state) continue;
        yield run;
        count += 1;
        if (count >= limit) return;
      }
    },
    async run(id) {
      const info = await store.run(name, id);
      if (!info) throw runStoreErrors.RUN_NOT_FOUND({ flow: name, run: id, location: store.location });
      return past(info);
    },
    latest: (filter) => firstOf(self.runs({ ...filter, limit: 1 })),
    latestSuccessful: (filter) => firstOf(self.runs({ ...filter, state: 'done', limit: 1 })),
  };
  return self;
}

async function firstOf<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of items) return item;
  return undefined;
}

function pastRun(store: RunStore, info: RunInfo, flow: Flow | undefined): PastRun {
  const at = { flow: info.flow, run: info.run };
  const pathspec = `${info.flow}/${info.run}`;
  const view = (): Promise<RunView> => readRun(store, at);
  const brief = (): Promise<RunBrief> => readBrief(store, at);
  const load = (key: RunView['params'][string]): Promise<unknown> => store.load(info.flow, key);
  const tasks = async (step: Step<never, object> | string): Promise<readonly PastTask[]> => {
    const name = typeof step === 'string' ? step : step.stepName;
    const found = (await view()).steps.find((s) => s.name === name);
    return (found?.tasks ?? []).map((task) => pastTask(store, task));
  };
  return {
    flow: info.flow,
    id: info.run,
    pathspec,
    createdAt: new Date(info.createdAt),
    user: info.user,
    tags: info.tags,
    systemTags: info.systemTags,
    ...(info.origin === undefined ? {} : { origin: info.origin }),
    state: async () => (await brief()).state,
    endedAt: async () => {
      const { state, lastAt = info.createdAt } = await brief();
      return state === 'running' ? undefined : new Date(Math.max(info.createdAt, lastAt));
    },
    params: async () => {
      const { params } = await view();
      const values = Object.entries(params).map(async ([name, key]) => [name, await load(key)] as const);
      return Object.fromEntries(await Promise.all(values));
    },
    result: async () => {
      if (flow) return flowRunOf({ flow, store, ownsStore: false }, info.run).result();
      const made = Object.entries((await view()).result).map(async ([name, key]) => [name, await load(key)] as const);
      return Object.fromEntries(await Promise.all(made));
    },
    steps: async () => (await view()).steps.map(({ name }) => name),
    tasks,
    task: async (step: Step<never, object> | string, index: readonly number[] = []) => {
      const all = await tasks(step);
      const wanted = taskName(typeof step === 'string' ? step : step.stepName, index);
      const found = all.find(({ name }) => name === wanted);
      if (found) return found;
      const known = all.map(({ name }) => name).join(', ');
      throw clientErrors.NO_SUCH_TASK({ task: wanted, run: pathspec, known });
    },
    read: async (step: Step<never, object>) => {
      const done = (await tasks(step)).filter(({ state }) => state === 'done');
      return Promise.all(done.map((task) => task.made()));
    },
    loadFolder: async (ref, into) => (await import('./folder/keep-folder.ts')).fetchFolder(ref, into, store),
    s3: () => objectsOfRun(store, at),
    changeTags: (change) => store.changeTags(at, change),
  } as PastRun; // A step's own types are those of its definition.
}

function pastTask(store: RunStore, task: TaskView): PastTask {
  const { path, name, state, attempts, attempt, startedAt, endedAt, error, artifacts } = task;
  const artifact = async (wanted: string): Promise<unknown> => {
    const key = artifacts[wanted];
    if (!key) throw clientErrors.TASK_MADE_NOTHING({ task: name, state, artifact: wanted });
    return store.load(path.flow, key);
  };
  return {
    pathspec: pathspecOf(path),
    name,
    state,
    attempts,
    startedAt: new Date(startedAt),
    ...(endedAt === undefined ? {} : { endedAt: new Date(endedAt) }),
    ...(error ? { error } : {}),
    artifacts: Object.keys(artifacts),
    artifact,
    made: async () => {
      const all = Object.keys(artifacts).map(async (wanted) => [wanted, await artifact(wanted)] as const);
      return Object.fromEntries(await Promise.all(all));
    },
    log: ({ stream = 'stdout', attempt: number = attempt } = {}) => store.readLog(path, number, stream),
  };
}
