import { setTimeout as delay } from 'node:timers/promises';
import { defineErrors } from '../../kernel/index.ts';
import type { Dag, ForeachNode, Source, StepNode } from '../definition.ts';
import type { ArtifactKey, ArtifactKeys, RunStore, TaskPath } from '../store/run-store.ts';
import type { RunEvent } from './events.ts';
import { inputErrors, loadInput } from './inputs.ts';
import { type InputSpec, type Job, type Outcome, type TaskError, type Workers, taskName } from './job.ts';
import type { FinishedTask } from './origin.ts';
import { RECORD, type TaskRecord } from './record.ts';

export const scheduleErrors = defineErrors({
  ARTIFACT_NOT_MADE: (f: { step: string; artifact: string }) =>
    `Step '${f.step}' of the run that is resumed made no artifact '${f.artifact}', which the flow now reads. Make it again with --from ${f.step}.`,
});

/** A task that could not be done, after its last attempt. */
export interface Failure {
  readonly step: string;
  readonly task: string;
  readonly path: TaskPath;
  readonly attempts: number;
  readonly error: TaskError;
}

/** Thrown through the tasks that wait, when one of them has failed or the run is stopped. */
export class Halted extends Error {
  readonly failure: Failure | undefined;
  constructor(failure?: Failure) {
    super(failure ? `Task ${failure.task} failed` : 'The run was stopped');
    this.failure = failure;
  }
}

export interface ScheduleOptions {
  readonly dag: Dag;
  readonly run: string;
  readonly store: RunStore;
  readonly workers: Workers;
  /** Stored parameters by name; `length` of those that are lists. */
  readonly params: Readonly<Record<string, { readonly key: ArtifactKey; readonly length?: number }>>;
  /** Finished tasks of the run that is resumed, by name. */
  readonly finished?: ReadonlyMap<string, FinishedTask>;
  /** Environment variables of each step, read. */
  readonly environment: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly signal?: AbortSignal;
  readonly emit: (event: RunEvent) => void;
}

/** A task that is done: what it made, and whether it was taken over from another run. */
interface Done {
  readonly artifacts: ArtifactKeys;
  readonly lengths: Readonly<Record<string, number>>;
  readonly isCloned: boolean;
}

interface Resolved {
  readonly spec: InputSpec;
  /** All that is behind it was taken over from the run that is resumed. */
  readonly isCloned: boolean;
}

export interface Schedule {
  /**
   * Runs every task of the flow, each as soon as what it reads is there. After a failure nothing new begins, and what
   * is running goes on to its end, so that a resumed run need not repeat it. Rejects with `Halted`.
   */
  runAll(): Promise<void>;
  /** Where the flow's result is. After `runAll`. */
  result(from: Source): Promise<InputSpec>;
}

/** Turns a flow's definition into tasks and runs them. */
export function schedule(options: ScheduleOptions): Schedule {
  const { dag, run, store, workers, emit, signal } = options;
  const steps = new Map(dag.steps.map((node) => [node.name, node]));
  const regions = new Map(dag.foreach.map((region) => [region.id, region]));
  const slots = semaphore(workers.size);
  const cloneSlots = semaphore(8);
  const measures = measuredArtifacts(dag);
  const tasks = new Map<string, Promise<Done>>();
  const lengths = new Map<string, Promise<number>>();
  let halted: Halted | undefined;

  const checkHalted = (): void => {
    if (halted) throw halted;
    if (signal?.aborted) throw (halted = new Halted());
  };
  const nodeOf = (name: string): StepNode => found(steps.get(name), name);
  const regionOf = (id: string): ForeachNode => found(regions.get(id), id);

  /** One task of a step, run once however many ask for it. `index` may be longer than the step is deep. */
  const task = (node: StepNode, index: readonly number[]): Promise<Done> => {
    const own = index.slice(0, node.scope.length);
    const name = taskName(node.name, own);
    const known = tasks.get(name);
    if (known) return known;
    const made = runTask(node, own, name);
    // Whoever needs it sees the failure; nobody may.
    made.catch(() => undefined);
    tasks.set(name, made);
    return made;
  };

  const instances = async (node: StepNode, prefix: readonly number[]): Promise<number[][]> => {
    let paths = [[...prefix]];
    for (const id of node.scope.slice(prefix.length)) {
      const longer = paths.map(async (path) =>
        Array.from({ length: await lengthOf(id, path) }, (_, i) => [...path, i]),
      );
      paths = (await Promise.all(longer)).flat();
    }
    return paths;
  };

  const lengthOf = (id: string, prefix: readonly number[]): Promise<number> => {
    const name = taskName(id, prefix);
    const known = lengths.get(name) ?? measure(regionOf(id).over, prefix);
    known.catch(() => undefined);
    lengths.set(name, known);
    return known;
  };

  const measure = async (over: Source, prefix: readonly number[]): Promise<number> => {
    if (over.kind === 'const') return (over.value as readonly unknown[]).length; // Checked by each().
    const { spec } = await resolve(over, prefix);
    if (spec.kind === 'list') return spec.items.length;
    if (over.kind === 'param' && options.params[over.name]?.length !== undefined) {
      return options.params[over.name]?.length ?? 0;
    }
    if (over.kind === 'output') {
      const length = (await task(nodeOf(over.step), prefix)).lengths[over.key ?? ''];
      if (length !== undefined) return length;
    }
    const value = await loadInput(spec, { dag, inputs: store });
    if (Array.isArray(value)) return value.length;
    const what = over.kind === 'output' ? `'${over.key ?? ''}' of step '${over.step}'` : 'What';
    throw inputErrors.NOT_A_LIST({ what, found: value === undefined ? 'missing' : `of type ${typeof value}` });
  };

  const resolve = async (from: Source, index: readonly number[]): Promise<Resolved> => {
    switch (from.kind) {
      case 'const':
        break;
      case 'param':
        return { spec: { kind: 'artifact', key: found(options.params[from.name], from.name).key }, isCloned: true };
      case 'output': {
        const { artifacts, isCloned } = await task(nodeOf(from.step), index);
        if (from.key === undefined) return { spec: { kind: 'object', artifacts }, isCloned };
        const key = artifacts[from.key];
        if (key) return { spec: { kind: 'artifact', key }, isCloned };
        if (isCloned) throw scheduleErrors.ARTIFACT_NOT_MADE({ step: from.step, artifact: from.key });
        return { spec: { kind: 'const' }, isCloned };
      }
      case 'gather': {
        const { scope } = regionOf(from.foreach);
        const node = nodeOf(from.step);
        const paths = await instances(node, index.slice(0, scope.length));
        const done = await Promise.all(paths.map((path) => task(node, path)));
        const items = done.map(({ artifacts }): InputSpec => ({ kind: 'object', artifacts }));
        return { spec: { kind: 'list', items }, isCloned: done.every((d) => d.isCloned) };
      }
      case 'item': {
        const { over, scope } = regionOf(from.foreach);
        const place = index[scope.length] ?? 0;
        if (over.kind === 'const') {
          return { spec: { kind: 'constElement', foreach: from.foreach, index: place }, isCloned: true };
        }
        const { spec, isCloned } = await resolve(over, index);
        const element = spec.kind === 'list' ? spec.items[place] : undefined;
        return { spec: element ?? { kind: 'element', of: spec, index: place }, isCloned };
      }
    }
    return { spec: { kind: 'const' }, isCloned: true };
  };

  const runTask = async (node: StepNode, index: readonly number[], name: string): Promise<Done> => {
    const wired = Object.entries(node.inputs);
    const lists = node.scope.map((id) => regionOf(id).over);
    const [inputs] = await Promise.all([
      Promise.all(wired.map(async ([input, from]) => [input, await resolve(from, index)] as const)),
      Promise.all(lists.map((over) => resolve(over, index))),
    ]);
    const others = await Promise.all([...node.waitFor, ...lists].map((from) => resolve(from, index)));
    const isClonable = [...inputs.map(([, input]) => input), ...others].every((input) => input.isCloned);
    const before = options.finished?.get(name);
    if (before && isClonable) return clone(node, before);
    const specs = Object.fromEntries(inputs.map(([input, { spec }]) => [input, spec]));
    return attempts(node, { index, name, inputs: specs });
  };

  const clone = async (node: StepNode, before: FinishedTask): Promise<Done> => {
    await cloneSlots.acquire();
    try {
      checkHalted();
      const path = await store.createTask(dag.flow, run, node.name);
      await store.beginAttempt(path, 0);
      await store.endAttempt(path, 0, { artifacts: before.stored, hasSucceeded: true });
      emit({ kind: 'taskEnded', step: node.name, path, state: 'cloned', at: Date.now() });
      return { artifacts: before.artifacts, lengths: before.lengths, isCloned: true };
    } finally {
      cloneSlots.release();
    }
  };

  const attempts = async (
    node: StepNode,
    { index, name, inputs }: { index: readonly number[]; name: string; inputs: Job['inputs'] },
  ): Promise<Done> => {
    const { retry = { times: 0 }, timeoutSeconds } = node.options;
    const measured = measures.get(node.name) ?? [];
    let path: TaskPath | undefined;
    for (let attempt = 0; ; attempt += 1) {
      await slots.acquire();
      let outcome: Outcome;
      try {
        checkHalted();
        path ??= await store.createTask(dag.flow, run, node.name);
        const { step } = path;
        const own = path;
        emit({ kind: 'taskStarted', step, path, task: name, attempt, at: Date.now() });
        const environment = options.environment[node.name] ?? {};
        outcome = await workers.run(
          { path, attempt, step, index, inputs, environment, measure: measured },
          {
            ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
            ...(signal ? { signal } : {}),
            onProgress: (progress) => emit({ kind: 'taskProgress', step, path: own, progress }),
          },
        );
      } finally {
        slots.release();
      }
      const ended = await settle(outcome, { node, index, path, attempt });
      if ('artifacts' in ended) {
        emit({ kind: 'taskEnded', step: node.name, path, state: 'done', at: Date.now() });
        return ended;
      }
      if (attempt >= retry.times) {
        emit({ kind: 'taskEnded', step: node.name, path, state: 'failed', at: Date.now(), error: ended });
        throw (halted ??= new Halted({ step: node.name, task: name, path, attempts: attempt + 1, error: ended }));
      }
      const afterSeconds = (retry.backoffSeconds ?? 1) * 2 ** attempt;
      emit({ kind: 'taskRetried', step: node.name, path, task: name, attempt, afterSeconds, error: ended });
      // Aborted: the next round says so.
      await delay(afterSeconds * 1000, undefined, signal ? { signal } : {}).catch(() => undefined);
    }
  };

  /** What an attempt came to; ends it in the store where the worker could not. */
  const settle = async (
    outcome: Outcome,
    at: { node: StepNode; index: readonly number[]; path: TaskPath; attempt: number },
  ): Promise<Done | TaskError> => {
    switch (outcome.kind) {
      case 'succeeded':
        return { artifacts: outcome.artifacts, lengths: outcome.lengths, isCloned: false };
      case 'failed':
        return outcome.error;
      case 'stopped':
        emit({ kind: 'taskEnded', step: at.node.name, path: at.path, state: 'stopped', at: Date.now() });
        throw (halted ??= new Halted());
      case 'timedOut':
        return endFailed(at, {
          code: 'STEP_TIMED_OUT',
          message: `The attempt took longer than the step's timeoutSeconds, ${at.node.options.timeoutSeconds ?? 0}.`,
        });
      case 'lost':
        break;
    }
    const tail = outcome.tail.trim();
    const words = tail === '' ? ' Killed for want of memory, perhaps.' : ` Its last words:\n${tail}`;
    return endFailed(at, { code: 'WORKER_LOST', message: `The process of the task ${outcome.how}.${words}` });
  };

  const endFailed = async (
    { index, path, attempt }: { index: readonly number[]; path: TaskPath; attempt: number },
    error: TaskError,
  ): Promise<Done | TaskError> => {
    // The process may have been lost after the end was written and before it could say so.
    const ended = (await store.tasks(path.flow, path.run)).find((t) => t.path.task === path.task)?.ended;
    if (ended?.attempt === attempt && ended.hasSucceeded) {
      const record = ended.artifacts[RECORD];
      const { lengths: known } = (record ? await store.load(record) : { lengths: {} }) as TaskRecord; // Written by us.
      return { artifacts: ended.artifacts, lengths: known, isCloned: false };
    }
    if (ended?.attempt === attempt) return error;
    const record: TaskRecord = { kind: 'task', index, lengths: {}, error };
    await store.endAttempt(path, attempt, { artifacts: { [RECORD]: await store.save(record) }, hasSucceeded: false });
    return error;
  };

  const runStep = async (node: StepNode): Promise<void> => {
    const paths = await instances(node, []);
    emit({ kind: 'tasksKnown', step: node.name, count: paths.length });
    const results = await Promise.allSettled(paths.map((path) => task(node, path)));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  };

  return {
    async runAll() {
      const results = await Promise.allSettled(dag.steps.map(runStep));
      if (halted) throw halted;
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    },
    result: async (from) => (await resolve(from, [])).spec,
  };
}

/** For each step the artifacts that are fanned out over. */
function measuredArtifacts(dag: Dag): ReadonlyMap<string, readonly string[]> {
  const measured = new Map<string, string[]>();
  for (const { over } of dag.foreach) {
    if (over.kind !== 'output' || over.key === undefined) continue;
    measured.set(over.step, [...(measured.get(over.step) ?? []), over.key]);
  }
  return measured;
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`The flow's graph names '${name}', which it does not have.`);
  return value;
}

function semaphore(size: number): { acquire(): Promise<void>; release(): void } {
  const waiting: (() => void)[] = [];
  let free = size;
  return {
    async acquire() {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => void waiting.push(resolve));
    },
    release() {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    },
  };
}
