import { hostname } from 'node:os';
import { relative } from 'node:path';
import type { Io } from '../../kernel/index.ts';
import type { Flow, Params } from '../compose/flow.ts';
import type { Step } from '../compose/step.ts';
import type { Dag } from '../definition.ts';
import { parseParams } from '../params.ts';
import { readStep } from '../read-run.ts';
import { runDisplay } from '../run-display.ts';
import { runEnvironment } from '../run-environment.ts';
import { type FlowRun, type RunFlowOptions, runErrors } from '../run-flow.ts';
import { openRunStore } from '../store/open-run-store.ts';
import type { ArtifactKey, ArtifactKeys, RunStore } from '../store/run-store.ts';
import type { RunEvent } from './events.ts';
import { Halted } from './halted.ts';
import { inProcessWorkers } from './in-process.ts';
import { loadInput } from './inputs.ts';
import type { InputSpec, Job, TaskError, Workers } from './job.ts';
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
    const values = parseParams(flow.name, flow.params, options.params ?? {});
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
  readonly environment: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly signal: AbortSignal | undefined;
  readonly emit: (event: RunEvent) => void;
}

export async function openDesk(flow: Flow, options: Omit<RunFlowOptions<Params>, 'params'>): Promise<Desk> {
  const dag = flow.dag();
  const environment = readEnvironment(dag, options.io?.env ?? process.env);
  const module = options.module instanceof URL ? options.module.href : options.module;
  const { maxWorkers, graceSeconds, signal, io } = options;
  const limits = {
    ...(maxWorkers === undefined ? {} : { maxWorkers }),
    ...(graceSeconds === undefined ? {} : { graceSeconds }),
  };
  const ownsStore = 'folder' in options.store;
  const store = 'folder' in options.store ? await openRunStore(options.store) : options.store;
  const { started } = options;
  const workers =
    'folder' in options.store
      ? processPool({
          ...limits,
          ...(started ? { started } : {}),
          module,
          flow: flow.name,
          storeSpec: options.store,
          tellsLogs: io !== undefined || options.onEvent !== undefined,
          store,
        })
      : inProcessWorkers({ ...limits, dag, store });
  const display = io ? runDisplay(io, dag) : undefined;
  const emit = (event: RunEvent): void => {
    display?.(event);
    options.onEvent?.(event);
  };
  const home = 'folder' in options.store ? homeFlag(options.store.folder, io?.cwd ?? process.cwd()) : '';
  return {
    flow,
    dag,
    graph: graphOf(dag, flow.options),
    module,
    store,
    ownsStore,
    home,
    workers,
    environment,
    signal,
    emit,
  };
}

/** What a command needs to find a run: nothing where it is in `.smallboat` here. */
function homeFlag(folder: string, cwd: string): string {
  const path = relative(cwd, folder);
  if (path === '.smallboat') return '';
  return ` --home ${path === '' ? '.' : path.startsWith('..') ? folder : path}`;
}

export async function guarded<T>(desk: Desk, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (desk.ownsStore) await desk.store[Symbol.asyncDispose]();
    throw error;
  } finally {
    await desk.workers[Symbol.asyncDispose]();
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
    tags: desk.tags,
    ...(desk.finished ? { finished: desk.finished } : {}),
    ...(desk.origins ? { origins: desk.origins } : {}),
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
    environment: await runEnvironment(module),
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
    read: <O extends object, C extends object = never>(step: Step<never, O, C>) =>
      readStep<O | C>(store, { flow: flow.name, run, step: step.stepName }),
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
