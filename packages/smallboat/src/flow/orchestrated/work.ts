import type { Flow } from '../compose/flow.ts';
import type { TaskHost } from '../compute/task/task-host.ts';
import { lineOf } from '../compute/task/said.ts';
import type { Dag, Place, StepNode } from '../definition.ts';
import { oneAttempt } from '../engine/attempts.ts';
import { callHook, finish, opening } from '../engine/conduct.ts';
import { environmentOf } from '../engine/environment.ts';
import type { RunEvent } from '../engine/events.ts';
import { endedAttempt } from '../engine/ended-attempt.ts';
import { Halted } from '../engine/halted.ts';
import { type Job, type Workers, taskName } from '../engine/job.ts';
import { places } from '../engine/places.ts';
import { graphOf } from '../engine/record.ts';
import { type Done, type Index, type Resolver, resolver } from '../engine/resolver.ts';
import { runGraphOf } from '../engine/run-graph.ts';
import { measuredArtifacts } from '../engine/schedule.ts';
import { inputsOf } from '../engine/task-inputs.ts';
import { numbered } from '../definition.ts';
import { parseParams } from '../params.ts';
import type { RunStore, TaskPath } from '../store/run-store.ts';
import { decide } from './decide.ts';
import { type Decider, decidedBy, decisiveScope } from './deciders.ts';
import { TRACE_PARAMETER, beginTrace, traceAttempt, traceRun } from './execution-trace.ts';
import { type Execution, executionErrors, keepExecution, openExecution, runOf } from './execution.ts';
import type { Decision, PlannedOrder, PlannedWork } from './planned.ts';

export interface WorkHost {
  readonly order: Pick<PlannedOrder, 'tags' | 'systemTags'>;
  readonly flow: Flow;
  readonly module: string;
  readonly store: RunStore;
  readonly execution: string;
  readonly index: Index;
  /** JSON by name. */
  readonly parameters: string;
  readonly env: TaskHost['env'];
  readonly signal: AbortSignal;
  readonly print: TaskHost['print'];
  readonly pool: () => Workers;
  /** Whether an attempt whose process was lost with its machine is none of those that `retry` allows. Default false. */
  readonly passesOverLost?: boolean;
}

type Decisions = Readonly<Record<string, Decision>>;

/** Thrown where a task is in a case of a choice that is not taken: for engines that start it all the same. */
export class NotTaken extends Error {}

/** Between two signs of life of a run, in milliseconds. */
const BEAT = 10_000;

/**
 * Does a piece of work, once: what has ended before is not done again, so that an engine may ask for it as often as it likes. Gives what was
 * decided, by region. Rejects with `Halted`, with `executionErrors`, and as a local run does.
 */
export async function doWork(work: PlannedWork, host: WorkHost): Promise<Decisions> {
  const { flow, store, execution } = host;
  const dag = flow.dag();
  if (work.kind === 'begin') await begin(dag, host);
  const known = await openExecution(store, flow.name, execution);
  const beat = (): Promise<void> => store.beat(flow.name, known.run).catch(() => undefined);
  await beat();
  const beats = setInterval(() => void beat(), BEAT);
  try {
    const found = await resolverOf(dag, known, host);
    const decideAll = async (decider: Exclude<Decider, { kind: 'own' }>): Promise<Decisions> => {
      const regions = decidedBy(dag, decider).map(async (region) => {
        return [region.id, await decide(region, host.index, { dag, store, resolver: found })] as const;
      });
      return Object.fromEntries(await Promise.all(regions));
    };
    if (work.kind === 'step' || work.kind === 'decide') await checkTaken(scopeOf(work, dag), host.index, found);
    switch (work.kind) {
      case 'begin':
        return await decideAll({ kind: 'begin' });
      case 'step':
        await runStep(nodeOf(dag, work.step), known, { ...host, dag, resolver: found });
        return await decideAll({ kind: 'step', step: work.step });
      case 'decide': {
        const region = dag.regions.find(({ id }) => id === work.region);
        if (!region) throw new Error(`The flow has no region '${work.region}'.`);
        return { [region.id]: await decide(region, host.index, { dag, store, resolver: found }) };
      }
      case 'end':
        break;
    }
    await end(known, host, found);
    return {};
  } finally {
    clearInterval(beats);
    await beat();
  }
}

/** Makes the run of an execution, if it has none. */
async function begin(dag: Dag, { order, flow, module, store, execution, parameters, env }: WorkHost): Promise<void> {
  if ((await runOf(store, flow.name, execution)) !== undefined) return;
  const { [TRACE_PARAMETER]: parent, ...given } = JSON.parse(parameters === '' ? '{}' : parameters) as Readonly<
    Record<string, unknown>
  >; // An object by name, which `parseParams` checks.
  const trace = await beginTrace(typeof parent === 'string' ? parent : said(env['TRACEPARENT']), env);
  const values = await parseParams({ flow: flow.name, params: flow.params, cwd: process.cwd() }, given);
  const graph = graphOf(dag, flow.options);
  const run = await store.createRun(flow.name, {
    tags: order.tags,
    systemTags: order.systemTags,
    graph: { ...runGraphOf(graph), file: module.split('/').at(-1) ?? '' },
  });
  const kept = await opening({ flow, graph, module, values, store, isCached: false }, run);
  await keepExecution(store, { flow: flow.name, execution, run, parameters: kept, trace });
}

async function resolverOf(dag: Dag, known: Execution, { store, execution }: WorkHost): Promise<Resolver> {
  const done = new Map<string, Promise<Done>>();
  const read = async (task: string): Promise<Done> => {
    const found = await known.done(task);
    if (!found) throw executionErrors.EXECUTION_OUT_OF_ORDER({ task, execution });
    return found;
  };
  return resolver({
    dag,
    store,
    params: await known.parameters(),
    task: (node, index) => {
      const name = taskName(node.name, index.slice(0, numbered(node.scope).length));
      const before = done.get(name);
      if (before) return before;
      const reading = read(name);
      reading.catch(() => undefined);
      done.set(name, reading);
      return reading;
    },
  });
}

/** One more attempt of a task that has not ended well. After the last that `retry` allows it is the step's `catch`. */
async function runStep(
  node: StepNode,
  known: Execution,
  host: WorkHost & { readonly dag: Dag; readonly resolver: Resolver },
): Promise<void> {
  const { dag, store, order, index: given, flow } = host;
  const index = given.slice(0, numbered(node.scope).length);
  const name = taskName(node.name, index);
  if (await known.done(name)) return;
  const { place, inputs } = await inputsOf(node, index, host.resolver);
  const path = (await known.task(name)) ?? (await newTask(name, node, known, host));
  const attempt = (await store.task(path)).attemptsBegun;
  const [own] = Object.values(environmentOf({ ...dag, steps: [node] }, host.env));
  const trace = await known.trace();
  const { secrets, retry = { times: 0 } } = node.options;
  const failures = host.passesOverLost && attempt > 0 ? await known.failures(name) : attempt;
  const failure = node.fallback && failures > retry.times ? await lastFailure(path, attempt, store) : undefined;
  const job: Omit<Job, 'path'> = {
    step: node.name,
    attempt,
    index,
    place,
    inputs,
    // As in a run here, the body finds the run there.
    environment: { ...own, ...(trace ? { TRACEPARENT: trace.run } : {}) },
    measure: measuredArtifacts(dag).get(node.name) ?? [],
    tags: order.tags,
    ...(secrets ? { secrets } : {}),
    ...(failure ? { failure } : {}),
  };
  const startedAt = Date.now();
  await using pool = host.pool();
  const made = await oneAttempt(node, job, {
    name,
    path,
    flow: flow.name,
    run: known.run,
    store,
    workers: pool,
    slots: places(pool.size),
    signal: host.signal,
    emit: (event) => tell(event, host),
    checkHalted: () => {
      if (host.signal.aborted) throw new Halted();
    },
    halt: (how) => how,
  });
  const error = 'done' in made ? undefined : made.error;
  await traceAttempt(trace, host.env, {
    name,
    startedAt,
    attributes: {
      'smallboat.flow': flow.name,
      'smallboat.run': known.run,
      'smallboat.step': node.name,
      'smallboat.task': path.task,
      'smallboat.attempt': attempt,
      ...(error ? { 'error.type': error.code ?? error.kind } : {}),
    },
    failure: error?.message,
  });
  if ('done' in made) return known.keepDone(name, made.done);
  if (host.passesOverLost) await known.keepFailures(name, failures + 1);
  throw new Halted({ step: node.name, task: name, path, attempts: failures + 1, error: made.error });
}

async function newTask(name: string, node: StepNode, known: Execution, { store, flow }: WorkHost): Promise<TaskPath> {
  const path = await store.createTask(flow.name, known.run, node.name);
  await known.keepTask(name, path);
  return path;
}

/** How the attempt before went, for the step's `catch`. */
async function lastFailure(path: TaskPath, attempts: number, store: RunStore): Promise<NonNullable<Job['failure']>> {
  const before = await endedAttempt({ path, attempt: attempts - 1 }, store);
  const error =
    before?.kind === 'failed' ? before.error : { kind: 'machineLost' as const, message: 'Its process was lost.' };
  const { kind, message, code } = error;
  return { kind, message, attempts, ...(code === undefined ? {} : { code }) };
}

function tell(event: RunEvent, { print }: WorkHost): void {
  if (event.kind === 'taskLogged') print(event.text, event.stream);
  if (event.kind === 'taskProgress') print(`${lineOf({ kind: 'progress', progress: event.progress })}\n`, 'stdout');
}

async function end(
  known: Execution,
  { flow, store, pool, print, env }: WorkHost,
  { resolve }: Resolver,
): Promise<void> {
  const { run } = known;
  if (await known.done('end')) return;
  const { spec } = await resolve(flow.result, []);
  await using workers = pool();
  await finish({ flow, store, workers }, run, spec);
  const path = { flow: flow.name, run, step: 'end', task: '' };
  await known.keepDone('end', { path, artifacts: {}, stored: {}, absent: [], lengths: {}, isCloned: false });
  const emit = (event: RunEvent): void => {
    if (event.kind === 'hookFailed') print(`[smallboat] ${event.hook} failed: ${event.error.message}\n`, 'stderr');
  };
  await callHook({ flow, store, emit }, { flow: flow.name, run, state: 'done' });
  await traceRun(await known.trace(), env, {
    name: `run ${flow.name}`,
    attributes: { 'smallboat.flow': flow.name, 'smallboat.run': run, 'smallboat.state': 'done' },
  });
}

/** A variable that is set to nothing is not set: engines fill in what they have. */
function said(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

/** The places that a piece of work is inside. */
function scopeOf(work: Extract<PlannedWork, { kind: 'step' | 'decide' }>, dag: Dag): readonly Place[] {
  if (work.kind === 'step') return nodeOf(dag, work.step).scope;
  const region = dag.regions.find(({ id }) => id === work.region);
  return region ? decisiveScope(region) : [];
}

/** Throws `NotTaken` where one of the choices around has taken another case. */
async function checkTaken(scope: readonly Place[], index: Index, { paths }: Resolver): Promise<void> {
  if (scope.every((place) => place.case === undefined)) return;
  if ((await paths(scope, index)).length === 0) throw new NotTaken('Its case is not taken');
}

function nodeOf(dag: Dag, step: string): StepNode {
  const node = dag.steps.find(({ name }) => name === step);
  if (!node) throw new Error(`The flow has no step '${step}'.`);
  return node;
}
