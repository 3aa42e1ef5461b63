import { hostname } from 'node:os';
import { relative } from 'node:path';
import { type Io, defineErrors } from '../kernel/index.ts';
import type { Flow, ParamInputs, Params, Step } from './compose.ts';
import type { Dag } from './definition.ts';
import type { RunEvent } from './engine/events.ts';
import { loadInput } from './engine/inputs.ts';
import { inProcessWorkers } from './engine/in-process.ts';
import type { InputSpec, Workers } from './engine/job.ts';
import { type FinishedTask, finishedTasks, readRunRecord, withDescendants } from './engine/origin.ts';
import { type WorkerProcess, processPool } from './engine/process-pool.ts';
import { RECORD, RESULT, type RunRecord, type TaskRecord, graphOf, runGraphOf } from './engine/record.ts';
import { type Failure, Halted, schedule } from './engine/schedule.ts';
import { checkUnchanged, parseParams } from './params.ts';
import { isAlive, readStep } from './read-run.ts';
import { describeFailure } from './describe-failure.ts';
import type { ArtifactKey, ArtifactKeys, RunStore } from './store/run-store.ts';
import { runDisplay } from './run-display.ts';

export const runErrors = defineErrors({
  STEP_FAILED: (f: StepFailure) => describeFailure(f),
  RUN_INTERRUPTED: (f: { flow: string; run: string; done: number; steps: number; home: string }) =>
    `Run ${f.flow}/${f.run} was stopped after ${f.done} of ${f.steps} steps. Continue it with: smallboat resume --run ${f.run}${f.home}`,
  ENVIRONMENT_MISSING: (f: { flow: string; missing: string }) =>
    `Flow '${f.flow}' needs environment variables that are not set: ${f.missing}. Set them and try again.`,
  STEP_NOT_IN_FLOW: (f: { flow: string; step: string; known: string }) =>
    `Flow '${f.flow}' has no step '${f.step}' to start from. Its steps: ${f.known}.`,
  RUN_NOT_RESUMABLE: (f: { flow: string; run: string; why: string }) =>
    `Run ${f.flow}/${f.run} cannot be resumed: ${f.why}.`,
});

/** Facts of `STEP_FAILED`. */
export interface StepFailure extends Omit<Failure, 'path'> {
  readonly flow: string;
  readonly run: string;
  /** ` --home DIR`, or nothing where the commands find the run by themselves. */
  readonly home: string;
  /** The step to resume from, where that is not the one that failed. */
  readonly from?: string;
  /** `intent/1795433364090388/train/4` */
  readonly pathspec: string;
}

export interface RunFlowOptions<P extends Params> {
  /** URL of the module that exports the flow (`import.meta.url` in that module): each worker process imports it. */
  readonly module: string | URL;
  readonly params?: ParamInputs<P>;
  /**
   * Where the run is kept. A folder: steps run in child processes. A store that is open already: steps run in this
   * process, one beside the other, as tests and debuggers want it.
   */
  readonly store: RunStore | { readonly folder: string };
  /** Shows progress; without it the run is silent. Its `env` is what `env('NAME')` reads. */
  readonly io?: Io;
  /** Tasks at once. Default: the number of cores. */
  readonly maxWorkers?: number;
  /** Stops the run, resumably: it rejects with `RUN_INTERRUPTED`. */
  readonly signal?: AbortSignal;
  readonly tags?: readonly string[];
  readonly onEvent?: (event: RunEvent) => void;
  /** How long a step that is out of time or asked to stop may take to end by itself, in seconds. Default 5. */
  readonly graceSeconds?: number;
  /** A worker process that was started before the flow was known. */
  readonly started?: WorkerProcess;
}

export interface ResumeFlowOptions<P extends Params> extends RunFlowOptions<P> {
  /** The run to continue; default the latest of the flow that did not end well. */
  readonly run?: string;
  /** Runs this step and all after it again, whether they had ended or not. */
  readonly from?: string;
}

/** A run that ended well. Artifacts are read when they are asked for. Dispose of it to close a store that it opened. */
export interface FlowRun<R> extends AsyncDisposable {
  readonly flow: string;
  readonly run: string;
  readonly store: RunStore;
  /** The flow's result. */
  result(): Promise<R>;
  /** What each task of a step returned: one, or one for each element where the step is inside `each`, in order. */
  read<O extends object>(step: Step<never, O>): Promise<readonly O[]>;
}

/**
 * Runs a flow: every step as soon as what it reads is there, in processes that are used again.
 * Rejects with `STEP_FAILED`, `RUN_INTERRUPTED`, `ENVIRONMENT_MISSING`, `PARAM_INVALID`, `PARAM_UNKNOWN`, and with the
 * store's errors.
 */
export async function runFlow<P extends Params, R>(flow: Flow<P, R>, options: RunFlowOptions<P>): Promise<FlowRun<R>> {
  const desk = await openDesk(flow, options);
  return guarded(desk, async () => {
    const values = parseParams(flow.name, flow.params, options.params ?? {});
    return start<R>({ ...desk, values, tags: options.tags ?? [] });
  });
}

/**
 * Continues a run as a new one: what had ended well is taken over, without computing or copying it; the rest is run.
 * Rejects as `runFlow` does, and with `RUN_NOT_RESUMABLE`, `STEP_NOT_IN_FLOW`, `PARAMS_CHANGED`.
 */
export async function resumeFlow<P extends Params, R>(
  flow: Flow<P, R>,
  options: ResumeFlowOptions<P>,
): Promise<FlowRun<R>> {
  const desk = await openDesk(flow, options);
  const { from } = options;
  return guarded(desk, async () => {
    const { store, graph } = desk;
    if (from !== undefined && !graph.steps.some((s) => s.name === from)) {
      const known = graph.steps.map((s) => s.name).join(', ');
      throw runErrors.STEP_NOT_IN_FLOW({ flow: flow.name, step: from, known });
    }
    const wanted = options.run ?? (await latestResumable(store, flow.name, from !== undefined));
    const origin = await begun(store, { flow: flow.name, run: wanted });
    const tasks = await store.tasks(flow.name, origin);
    const record = await readRunRecord(store, tasks);
    const fail = (why: string): never => {
      throw runErrors.RUN_NOT_RESUMABLE({ flow: flow.name, run: origin, why });
    };
    if (!record) return fail(`it was stopped before it began, or was not made by Smallboat; start a new run`);
    if (tasks.some((t) => t.path.step === 'end' && t.ended?.hasSucceeded === true) && from === undefined) {
      return fail('it ended well; name the step to start from with --from');
    }
    const info = (await store.runs(flow.name)).find((r) => r.run === origin);
    if (isAlive(record, info)) return fail(`process ${record.pid} is still running it; wait for it or stop it first`);
    const keys = tasks.find((t) => t.path.step === '_parameters')?.ended?.artifacts ?? {};
    const stored: Record<string, unknown> = {};
    for (const name of record.params) {
      const key = keys[name];
      if (key) stored[name] = await store.load(key);
    }
    checkUnchanged({ flow: flow.name, params: flow.params, run: origin }, stored, options.params ?? {});
    const added = Object.fromEntries(Object.entries(flow.params).filter(([name]) => !(name in stored)));
    const values = { ...stored, ...parseParams(flow.name, added, {}) };
    const finished = await finishedTasks(store, flow.name, origin);
    const again = from === undefined ? new Set<string>() : withDescendants(graph, from);
    for (const name of finished.keys()) if (again.has(name.replace(/\[.*$/, ''))) finished.delete(name);
    return start<R>({ ...desk, values, tags: options.tags ?? [], origin, finished, ...(from ? { from } : {}) });
  });
}

/** What a run is made with, opened and checked. */
interface Desk {
  readonly flow: Flow;
  readonly dag: Dag;
  readonly graph: RunRecord['graph'];
  readonly module: string;
  readonly store: RunStore;
  readonly ownsStore: boolean;
  /** For messages: ` --home DIR`, or nothing. */
  readonly home: string;
  readonly workers: Workers;
  readonly environment: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly signal: AbortSignal | undefined;
  readonly emit: (event: RunEvent) => void;
}

async function openDesk(flow: Flow, options: Omit<RunFlowOptions<Params>, 'params'>): Promise<Desk> {
  const dag = flow.dag();
  const environment = readEnvironment(dag, options.io?.env ?? process.env);
  const module = options.module instanceof URL ? options.module.href : options.module;
  const { maxWorkers, graceSeconds, signal, io } = options;
  const limits = {
    ...(maxWorkers === undefined ? {} : { maxWorkers }),
    ...(graceSeconds === undefined ? {} : { graceSeconds }),
  };
  const ownsStore = 'folder' in options.store;
  const store = 'folder' in options.store ? await openStore(options.store.folder) : options.store;
  const { started } = options;
  const workers =
    'folder' in options.store
      ? processPool({
          ...limits,
          ...(started ? { started } : {}),
          module,
          flow: flow.name,
          storeFolder: options.store.folder,
          store,
        })
      : inProcessWorkers({ ...limits, dag, store });
  const display = io ? runDisplay(io, dag) : undefined;
  const emit = (event: RunEvent): void => {
    display?.(event);
    options.onEvent?.(event);
  };
  const home = 'folder' in options.store ? homeFlag(options.store.folder, io?.cwd ?? process.cwd()) : '';
  return { flow, dag, graph: graphOf(dag), module, store, ownsStore, home, workers, environment, signal, emit };
}

/** What a command needs to find a run: nothing where it is in `.smallboat` here. */
function homeFlag(folder: string, cwd: string): string {
  const path = relative(cwd, folder);
  if (path === '.smallboat') return '';
  return ` --home ${path === '' ? '.' : path.startsWith('..') ? folder : path}`;
}

async function openStore(folder: string): Promise<RunStore> {
  const { openRunStore } = await import('./store/local-run-store.ts');
  return openRunStore({ folder });
}

async function guarded<T>(desk: Desk, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (desk.ownsStore) await desk.store[Symbol.asyncDispose]();
    throw error;
  } finally {
    await desk.workers[Symbol.asyncDispose]();
  }
}

interface Start extends Desk {
  readonly values: Readonly<Record<string, unknown>>;
  readonly tags: readonly string[];
  readonly origin?: string;
  readonly from?: string;
  readonly finished?: ReadonlyMap<string, FinishedTask>;
}

async function start<R>(desk: Start): Promise<FlowRun<R>> {
  const { flow, dag, store, emit, signal, origin } = desk;
  const run = await store.createRun(flow.name, {
    tags: desk.tags,
    graph: { ...runGraphOf(desk.graph), file: desk.module.split('/').at(-1) ?? '' },
    ...(origin === undefined ? {} : { origin }),
  });
  emit({ kind: 'runStarted', flow: flow.name, run, steps: dag.steps.map((s) => s.name), at: Date.now() });
  const beat = setInterval(() => void store.beat(flow.name, run).catch(() => undefined), 10_000);
  const done = new Set<string>();
  const plan = await opening(desk, run);
  const scheduled = schedule({
    dag,
    run,
    store,
    workers: desk.workers,
    params: plan,
    environment: desk.environment,
    ...(desk.finished ? { finished: desk.finished } : {}),
    ...(signal ? { signal } : {}),
    emit: (event) => {
      if (event.kind === 'taskEnded' && event.state !== 'failed' && event.state !== 'stopped') done.add(event.step);
      emit(event);
    },
  });
  try {
    await scheduled.runAll();
    await finish(desk, run, await scheduled.result(flow.result));
    emit({ kind: 'runEnded', state: 'done', at: Date.now() });
  } catch (error) {
    const failure = error instanceof Halted ? error.failure : undefined;
    const isStopped = error instanceof Halted && !failure;
    emit({ kind: 'runEnded', state: isStopped ? 'interrupted' : 'failed', at: Date.now() });
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
    const pathspec = [path.flow, path.run, path.step, path.task].join('/');
    const from = await makerOf(desk, run, facts.error.artifact);
    throw runErrors.STEP_FAILED({ ...facts, flow: flow.name, run, pathspec, home: desk.home, ...from });
  } finally {
    clearInterval(beat);
    await store.beat(flow.name, run);
  }
  return flowRun<R>(desk, run);
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

type StoredParams = Record<string, { readonly key: ArtifactKey; readonly length?: number }>;

/** Writes the tasks that Metaflow's client looks for at the head of a run, with the parameters in them. */
async function opening({ flow, graph, module, values, from, store }: Start, run: string): Promise<StoredParams> {
  const record: RunRecord = {
    kind: 'run',
    module,
    pid: process.pid,
    host: hostname(),
    graph,
    params: Object.keys(values),
    ...(from === undefined ? {} : { from }),
  };
  const stored: StoredParams = {};
  const keys: Record<string, ArtifactKey> = {};
  for (const [name, value] of Object.entries(values)) {
    const key = await store.save(value);
    keys[name] = key;
    stored[name] = { key, ...(Array.isArray(value) ? { length: value.length } : {}) };
  }
  await writeTask(
    { store, flow: flow.name, run, step: '_parameters' },
    { ...keys, [RECORD]: await store.save(record) },
  );
  await writeTask({ store, flow: flow.name, run, step: 'start' }, keys);
  return stored;
}

/** Writes the task `end`, which holds the flow's result: the artifacts of the step that it comes from, or `result`. */
async function finish({ flow, store, workers }: Start, run: string, spec: InputSpec): Promise<void> {
  const at = { store, flow: flow.name, run, step: 'end' };
  const empty: TaskRecord = { kind: 'task', index: [], lengths: {} };
  if (spec.kind === 'object' || spec.kind === 'artifact') {
    const artifacts = spec.kind === 'object' ? spec.artifacts : { [RESULT]: spec.key };
    await writeTask(at, { ...artifacts, [RECORD]: await store.save(empty) });
    return;
  }
  const path = await store.createTask(flow.name, run, 'end');
  const job = { path, attempt: 0, step: 'end', index: [], inputs: { result: spec }, environment: {}, measure: [] };
  const outcome = await workers.run(job);
  if (outcome.kind === 'succeeded') return;
  const error = outcome.kind === 'failed' ? outcome.error : { message: `The process of the task was lost.` };
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

function flowRun<R>({ flow, dag, store, ownsStore }: Start, run: string): FlowRun<R> {
  return {
    flow: flow.name,
    run,
    store,
    result: async () => {
      const end = (await store.tasks(flow.name, run)).find((t) => t.path.step === 'end')?.ended?.artifacts ?? {};
      const whole = flow.result.kind === 'output' && flow.result.key === undefined;
      const key = end[RESULT];
      const names = Object.fromEntries(Object.entries(end).filter(([name]) => !name.startsWith('_')));
      const spec: InputSpec = whole || !key ? { kind: 'object', artifacts: names } : { kind: 'artifact', key };
      return (await loadInput(spec, { dag, inputs: store })) as R; // What the wiring says that the flow gives.
    },
    read: <O extends object>(step: Step<never, O>) => readStep<O>(store, { flow: flow.name, run, step: step.stepName }),
    [Symbol.asyncDispose]: async () => {
      if (ownsStore) await store[Symbol.asyncDispose]();
    },
  };
}

function readEnvironment(dag: Dag, env: Io['env']): Record<string, Record<string, string>> {
  const missing = new Set<string>();
  const read = dag.steps.map(({ name, options }) => {
    const entries = Object.entries(options.environment ?? {}).map(([variable, given]) => {
      const value = typeof given === 'string' ? given : env[given.env];
      if (value === undefined) missing.add(typeof given === 'string' ? given : given.env);
      return [variable, value ?? ''] as const;
    });
    return [name, Object.fromEntries(entries)] as const;
  });
  if (missing.size > 0) {
    throw runErrors.ENVIRONMENT_MISSING({ flow: dag.flow, missing: [...missing].join(', ') });
  }
  return Object.fromEntries(read);
}

/** The run itself; where it is a resumed one that was killed before it took anything over, the run that it was to continue. */
export async function begun(
  store: RunStore,
  { flow, run }: { readonly flow: string; readonly run: string },
): Promise<string> {
  const origins = new Map((await store.runs(flow)).map((info) => [info.run, info.origin]));
  for (let at: string | undefined = run; at !== undefined; at = origins.get(at)) {
    if ((await readRunRecord(store, await store.tasks(flow, at))) !== undefined) return at;
  }
  return run;
}

async function latestResumable(store: RunStore, flow: string, withEnded: boolean): Promise<string> {
  for (const { run } of await store.runs(flow)) {
    const tasks = await store.tasks(flow, run);
    const hasEnded = tasks.some((t) => t.path.step === 'end' && t.ended?.hasSucceeded === true);
    if (withEnded || !hasEnded) return run;
    break;
  }
  throw runErrors.RUN_NOT_RESUMABLE({ flow, run: 'latest', why: 'none of its runs is unfinished; start a new one' });
}
