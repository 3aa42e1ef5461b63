import { hostname } from 'node:os';
import { relative } from 'node:path';
import type { Flow, Params, RunOutcome } from '../compose/flow.ts';
import type { ComputeOptions } from '../compute/index.ts';
import type { Dag } from '../definition.ts';
import { readConfigs } from '../config-value.ts';
import { type Parameters, parseParams } from '../params.ts';
import { flowRunOf } from '../flow-run.ts';
import { runDisplay } from '../run-display.ts';
import { runEnvironment } from '../run-environment.ts';
import { type FlowRun, type RunFlowOptions, runErrors } from '../run-flow.ts';
import { type StoreSpec, openRunStore } from '../store/open-run-store.ts';
import {
  type ArtifactKey,
  type ArtifactKeys,
  type CodePackage,
  type RunStore,
  pathspecOf,
} from '../store/run-store.ts';
import type { RunSummary } from '../store/run-summary.ts';
import { environmentOf } from './environment.ts';
import type { RunEvent } from './events.ts';
import { Halted } from './halted.ts';
import { inProcessWorkers } from './in-process.ts';
import { type InputSpec, type Job, type TaskError, type Workers, toTaskError } from './job.ts';
import type { FinishedTask } from './origin.ts';
import { processPool } from './process-pool.ts';
import { RECORD, RESULT, type RunRecord, type TaskRecord, graphOf } from './record.ts';
import { runGraphOf } from './run-graph.ts';
import { schedule } from './schedule.ts';

/** `runFlow`. */
export async function conductNew<P extends Params, R>(
  flow: Flow<P, R>,
  options: RunFlowOptions<P>,
): Promise<FlowRun<R>> {
  const desk = await openDesk(flow, options);
  return guarded(desk, async () => {
    const values = await parseParams(parametersOf(flow, options), options.params ?? {});
    return start<R>({ ...desk, values, tags: options.tags ?? [] });
  });
}

/** What a run is made with, opened and checked. */
export interface Desk {
  readonly flow: Flow;
  readonly dag: Dag;
  readonly graph: RunRecord['graph'];
  readonly module: string;
  readonly store: RunStore;
  readonly ownsStore: boolean;
  /** For messages: ` --home DIR`, or nothing. */
  readonly home: string;
  readonly workers: Workers;
  /** The code that tasks elsewhere are run from. */
  readonly code?: CodePackage;
  readonly environment: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly signal: AbortSignal | undefined;
  readonly emit: (event: RunEvent) => void;
  readonly isCached: boolean;
}

export async function openDesk(flow: Flow, options: Omit<RunFlowOptions<Params>, 'params'>): Promise<Desk> {
  const dag = flow.dag();
  const environment = environmentOf(dag, options.io?.env ?? process.env);
  const module = options.module instanceof URL ? options.module.href : options.module;
  const { maxWorkers, graceSeconds, signal, io, showsLogs = true } = options;
  const limits = {
    ...(maxWorkers === undefined ? {} : { maxWorkers }),
    ...(graceSeconds === undefined ? {} : { graceSeconds }),
  };
  const ownsStore = 'folder' in options.store;
  const store = 'folder' in options.store ? await openRunStore(options.store) : options.store;
  const { started } = options;
  const variables = Object.fromEntries(readConfigs().map(({ variable }) => variable));
  const local =
    'folder' in options.store
      ? processPool({
          ...limits,
          ...(started ? { started } : {}),
          module,
          flow: flow.name,
          storeSpec: options.store,
          variables,
          tellsLogs: io !== undefined || options.onEvent !== undefined,
          store,
        })
      : inProcessWorkers({ ...limits, dag, store });
  const opened = { store, ownsStore, workers: local };
  const { workers, code } = await guarding(opened, () =>
    withServices(local, {
      dag,
      store,
      module,
      variables,
      ...('folder' in options.store ? { storeSpec: options.store } : {}),
      ...(maxWorkers === undefined ? {} : { maxJobs: maxWorkers }),
      ...(graceSeconds === undefined ? {} : { graceSeconds }),
      code: flow.options.code,
      env: io?.env ?? process.env,
      cwd: io?.cwd ?? process.cwd(),
    }),
  );
  const display = io ? runDisplay(io, dag, { showsLogs }) : undefined;
  const emit = (event: RunEvent): void => {
    display?.(event);
    options.onEvent?.(event);
  };
  const home = 'folder' in options.store ? homeFlag(options.store, io?.cwd ?? process.cwd()) : '';
  const shared = { flow, dag, graph: graphOf(dag, flow.options), module, store, ownsStore, home, workers, environment };
  return { ...shared, ...(code ? { code } : {}), signal, emit, isCached: options.cache ?? false };
}

/** Steps that run elsewhere need more than processes here: it is loaded where there are some. */
async function withServices(
  local: Workers,
  options: Omit<ComputeOptions, 'local'>,
): Promise<{ readonly workers: Workers; readonly code?: CodePackage }> {
  const isAllHere = options.dag.steps.every(({ options: { compute = 'local' } }) => compute === 'local');
  if (isAllHere) return { workers: local };
  const { openCompute } = await import('../compute/index.ts');
  return openCompute({ ...options, local });
}

/** A flow's parameters; paths of files lead from where the command was called. */
export function parametersOf({ name, params }: Flow, { io }: Pick<RunFlowOptions<Params>, 'io'>): Parameters {
  return { flow: name, params, cwd: io?.cwd ?? process.cwd() };
}

/** What a command needs to find a run: nothing where it is in `.smallboat` here. */
function homeFlag({ folder, isConfigured }: StoreSpec, cwd: string): string {
  const path = relative(cwd, folder);
  if (isConfigured === true || path === '.smallboat') return '';
  return ` --home ${path === '' ? '.' : path.startsWith('..') ? folder : path}`;
}

/** Closes what a desk has opened where its work fails; workers when it is done, too. */
export async function guarded<T>(desk: Opened, work: () => Promise<T>): Promise<T> {
  const result = await guarding(desk, work);
  await desk.workers[Symbol.asyncDispose]();
  return result;
}

type Opened = Pick<Desk, 'store' | 'ownsStore' | 'workers'>;

async function guarding<T>({ store, ownsStore, workers }: Opened, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await workers[Symbol.asyncDispose]();
    if (ownsStore) await store[Symbol.asyncDispose]();
    throw error;
  }
}

export interface Start extends Desk {
  readonly values: Readonly<Record<string, unknown>>;
  readonly tags: readonly string[];
  readonly origin?: string;
  readonly from?: string;
  readonly finished?: ReadonlyMap<string, FinishedTask>;
  /** The run that is resumed and those that it goes back to, the latest first. */
  readonly origins?: readonly string[];
}

/** Makes a run and does all of its work. */
export async function start<R>(desk: Start): Promise<FlowRun<R>> {
  const { flow, dag, store, emit, signal, origin } = desk;
  const cache = desk.isCached ? await (await import('../cache/task-cache.ts')).openTaskCache(store, dag) : undefined;
  const run = await store.createRun(flow.name, {
    tags: desk.tags,
    graph: { ...runGraphOf(desk.graph), file: desk.module.split('/').at(-1) ?? '' },
    ...(origin === undefined ? {} : { origin }),
    ...(desk.code ? { code: desk.code } : {}),
  });
  emit({ kind: 'runStarted', flow: flow.name, run, steps: dag.steps.map((s) => s.name), at: Date.now() });
  const beat = setInterval(() => void store.beat(flow.name, run).catch(() => undefined), 10_000);
  const done = new Set<string>();
  let lastAt = Date.now();
  const plan = await opening(desk, run);
  const scheduled = schedule({
    dag,
    run,
    store,
    workers: desk.workers,
    params: plan,
    environment: desk.environment,
    tags: desk.tags,
    ...(cache ? { cache } : {}),
    ...(desk.finished ? { finished: desk.finished } : {}),
    ...(desk.origins ? { origins: desk.origins } : {}),
    ...(signal ? { signal } : {}),
    emit: (event) => {
      if (event.kind === 'taskEnded') {
        lastAt = event.at;
        if (event.state !== 'failed' && event.state !== 'stopped') done.add(event.step);
      }
      emit(event);
    },
  });
  try {
    await scheduled.runAll();
    await finish(desk, run, await scheduled.result(flow.result));
    emit({ kind: 'runEnded', state: 'done', at: Date.now() });
    await sumUp(desk, run, { state: 'done', endedAt: lastAt, steps: dag.steps.length, stepsDone: dag.steps.length });
    await callHook(desk, { flow: flow.name, run, state: 'done' });
  } catch (error) {
    const failure = error instanceof Halted ? error.failure : undefined;
    const isStopped = error instanceof Halted && !failure;
    emit({ kind: 'runEnded', state: isStopped ? 'interrupted' : 'failed', at: Date.now() });
    if (!isStopped) await sumUp(desk, run);
    if (isStopped) {
      throw runErrors.RUN_INTERRUPTED({
        flow: flow.name,
        run,
        done: done.size,
        steps: dag.steps.length,
        home: desk.home,
      });
    }
    if (!failure) throw error;
    const { path, ...facts } = failure;
    const pathspec = pathspecOf(path);
    const from = await makerOf(desk, run, facts.error.artifact);
    await callHook(desk, { flow: flow.name, run, state: 'failed', message: `${facts.task}: ${facts.error.message}` });
    throw runErrors.STEP_FAILED({ ...facts, flow: flow.name, run, pathspec, home: desk.home, ...from });
  } finally {
    clearInterval(beat);
    await store.beat(flow.name, run);
  }
  return flowRunOf<R>(desk, run);
}

/** Keeps what a list shows of a run that has ended. Of one that was stopped the tasks are asked when it is listed: to stop must not take long. */
async function sumUp({ flow, store }: Desk, run: string, summary?: RunSummary): Promise<void> {
  const path = { flow: flow.name, run };
  try {
    await store.saveSummary(path, summary ?? (await (await import('../read-brief.ts')).failureSummary(store, path)));
  } catch {
    // A list reads the tasks then, which have it all; the store says elsewhere what is wrong with it.
  }
}

/** Calls what the flow wants called at the end of a run. What goes wrong in it is told, and changes nothing: the run has ended. */
export async function callHook(
  { flow, store, emit }: Pick<Start, 'flow' | 'store' | 'emit'>,
  outcome: RunOutcome,
): Promise<void> {
  const { onSuccess, onFailure, card } = flow.options;
  const own = card && (async () => (await import('../write-run-card.ts')).keepRunCard({ store, ...outcome, card }));
  const hooks = outcome.state === 'done' ? { card: own, onSuccess } : { card: own, onFailure };
  for (const [hook, call] of Object.entries(hooks)) {
    try {
      await call?.(outcome);
    } catch (error) {
      // One of the names above.
      emit({ kind: 'hookFailed', hook: hook as keyof typeof hooks, error: toTaskError(error) });
    }
  }
}

/** The step that has to run again where an artifact is damaged or gone. */
async function makerOf(
  { store, flow }: Start,
  run: string,
  key: ArtifactKey | undefined,
): Promise<{ readonly from?: string }> {
  if (key === undefined) return {};
  const tasks = await store.tasks(flow.name, run);
  const maker = tasks.find(({ path, ended }) => {
    const isOfStep = !['_parameters', 'start', 'end'].includes(path.step);
    return isOfStep && Object.values(ended?.artifacts ?? {}).includes(key);
  });
  return maker === undefined ? {} : { from: maker.path.step };
}

export type StoredParams = Record<string, { readonly key: ArtifactKey; readonly length?: number }>;

/** What the head of a run is written from. */
export type Opening = Pick<Start, 'flow' | 'graph' | 'module' | 'values' | 'from' | 'store' | 'isCached'>;

/** Writes the tasks that Metaflow's client looks for at the head of a run, with the parameters in them. */
export async function opening(
  { flow, graph, module, values, from, store, isCached }: Opening,
  run: string,
): Promise<StoredParams> {
  const configs = readConfigs();
  const record: RunRecord = {
    kind: 'run',
    module,
    pid: process.pid,
    host: hostname(),
    graph,
    params: Object.keys(values),
    environment: await runEnvironment(module),
    ...(configs.length > 0 ? { configs: configs.map(({ name }) => name) } : {}),
    ...(from === undefined ? {} : { from }),
    ...(isCached ? { isCached } : {}),
  };
  const stored: StoredParams = {};
  const keys: Record<string, ArtifactKey> = {};
  for (const [name, value] of Object.entries(values)) {
    const key = await store.save(flow.name, value);
    keys[name] = key;
    stored[name] = { key, ...(Array.isArray(value) ? { length: value.length } : {}) };
  }
  for (const { name, value } of configs) keys[name] ??= await store.save(flow.name, value);
  await writeTask(
    { store, flow: flow.name, run, step: '_parameters' },
    { ...keys, [RECORD]: await store.save(flow.name, record) },
  );
  await writeTask({ store, flow: flow.name, run, step: 'start' }, keys);
  return stored;
}

/** Writes the task `end`, which holds the flow's result: the artifacts of the step that it comes from, or `result`. */
export async function finish(
  { flow, store, workers }: Pick<Start, 'flow' | 'store' | 'workers'>,
  run: string,
  spec: InputSpec,
): Promise<void> {
  const at = { store, flow: flow.name, run, step: 'end' };
  if (spec.kind === 'object' || spec.kind === 'artifact' || spec.kind === 'absent') {
    const artifacts = spec.kind === 'object' ? spec.artifacts : spec.kind === 'artifact' ? { [RESULT]: spec.key } : {};
    const record: TaskRecord = { kind: 'task', index: [], lengths: {}, absent: spec.kind === 'absent' ? [RESULT] : [] };
    await writeTask(at, { ...artifacts, [RECORD]: await store.save(flow.name, record) });
    return;
  }
  const path = await store.createTask(flow.name, run, 'end');
  const rest = { index: [], environment: {}, measure: [], tags: [] };
  const job: Job = { path, attempt: 0, step: 'end', inputs: { result: spec }, ...rest };
  const outcome = await workers.run(job);
  if (outcome.kind === 'succeeded') return;
  const error: TaskError =
    outcome.kind === 'failed' ? outcome.error : { kind: 'killed', message: `The process of the task was lost.` };
  throw new Halted({ step: 'end', task: 'end', path, attempts: 1, error });
}

async function writeTask(
  { store, flow, run, step }: { store: RunStore; flow: string; run: string; step: string },
  artifacts: ArtifactKeys,
): Promise<void> {
  const path = await store.createTask(flow, run, step);
  await store.beginAttempt(path, 0);
  await store.endAttempt(path, 0, { artifacts, hasSucceeded: true });
}
