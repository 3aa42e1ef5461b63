import type { TaskCache } from '../cache/task-cache.ts';
import type { Dag, Source, StepNode } from '../definition.ts';
import { numbered } from '../definition.ts';
import {
  type ArtifactKey,
  type ArtifactKeys,
  type RunStore,
  type TaskPath,
  type TaskPlace,
  pathspecOf,
} from '../store/run-store.ts';
import { attempts } from './attempts.ts';
import type { RunEvent } from './events.ts';
import { gangs } from './gangs.ts';
import { Halted } from './halted.ts';
import { type InputSpec, type Job, type Workers, taskName } from './job.ts';
import type { FinishedTask } from './origin.ts';
import { places } from './places.ts';
import { ORIGIN, RECORD, type TaskRecord, asTaskRecord } from './record.ts';
import { type Done, type Index, resolver } from './resolver.ts';
import { inputsOf } from './task-inputs.ts';
import { fansOut } from './task-place.ts';

export interface ScheduleOptions {
  readonly dag: Dag;
  readonly run: string;
  readonly store: RunStore;
  readonly workers: Workers;
  /** Stored parameters by name; `length` of those that are lists. */
  readonly params: Readonly<Record<string, { readonly key: ArtifactKey; readonly length?: number }>>;
  /** Finished tasks of the run that is resumed, by name. */
  readonly finished?: ReadonlyMap<string, FinishedTask>;
  /** The runs that this one goes back to, the latest first: where checkpoints of its tasks may lie. */
  readonly origins?: readonly string[];
  /** Environment variables of each step, read. */
  readonly environment: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly tags: readonly string[];
  /** Takes what the same code made of the same inputs before, in place of running it. */
  readonly cache?: TaskCache;
  readonly signal?: AbortSignal;
  readonly emit: (event: RunEvent) => void;
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
  const slots = places(workers.size);
  const slotsElsewhere = places(workers.elsewhere?.size ?? 0);
  const cloneSlots = places(8);
  const measures = measuredArtifacts(dag);
  const tasks = new Map<string, Promise<Done>>();
  let halted: Halted | undefined;

  const halt = (how: Halted): Halted => (halted ??= how);
  const checkHalted = (): void => {
    if (halted) throw halted;
    if (signal?.aborted) throw halt(new Halted());
  };

  const task = (node: StepNode, index: Index): Promise<Done> => {
    const own = index.slice(0, numbered(node.scope).length);
    const name = taskName(node.name, own);
    const known = tasks.get(name);
    if (known) return known;
    const made = runTask(node, own, name);
    // Whoever needs it sees the failure; nobody may.
    made.catch(() => undefined);
    tasks.set(name, made);
    return made;
  };
  const host = {
    flow: dag.flow,
    run,
    store,
    workers,
    slots,
    slotsElsewhere,
    emit,
    checkHalted,
    halt,
    ...(signal ? { signal } : {}),
  };
  const found = resolver({ dag, store, params: options.params, task });
  const { resolve, paths, lengthOf } = found;
  const gangAround = gangs({ dag, workers, lengthOf });

  const runTask = async (node: StepNode, index: Index, name: string): Promise<Done> => {
    const { place, inputs: specs, isCloned: isClonable } = await inputsOf(node, index, found);
    const member = await gangAround(node, index);
    const isWhole = member?.isFinished(options.finished) ?? true;
    const before = isWhole ? options.finished?.get(name) : undefined;
    if (before && isClonable) return takeOver({ node, place }, before, 'cloned');
    const job: Omit<Job, 'path' | 'attempt'> = {
      step: node.name,
      index,
      place,
      inputs: specs,
      environment: options.environment[node.name] ?? {},
      measure: measures.get(node.name) ?? [],
      tags: options.tags,
      ...(node.options.secrets ? { secrets: node.options.secrets } : {}),
      ...(isClonable && options.origins ? { origins: options.origins } : {}),
      ...(member ? { gang: { count: member.count, index: member.index } } : {}),
    };
    if (member) return attempts(node, job, { ...host, name, gang: member.gang });
    const cached = await options.cache?.keyOf(node, job);
    const same = cached ? await options.cache?.recall(cached.key) : undefined;
    if (cached && same)
      return takeOver({ node, place }, { ...same, stored: await labelled(same, { ...job, cache: cached }) }, 'cached');
    const made = await attempts(node, cached ? { ...job, cache: cached } : job, { ...host, name });
    // What a catch gave is not what the step would make of these inputs.
    if (cached && !(await hasCaught(made))) await options.cache?.remember(cached.key, made, made.path);
    return made;
  };

  /** What a task that is taken from the cache keeps: its own place, and where it was taken from. */
  const labelled = async (
    same: FinishedTask & { readonly from: TaskPath },
    { index, inputs, cache }: Omit<Job, 'path' | 'attempt'>,
  ): Promise<ArtifactKeys> => {
    const { absent, lengths, from } = same;
    const place = { kind: 'task', index, inputs, lengths, absent, takenFrom: pathspecOf(from) } as const;
    const record: TaskRecord = { ...place, ...(cache ? { cache } : {}) };
    return { ...same.stored, [RECORD]: await store.save(dag.flow, record) };
  };

  const hasCaught = async ({ stored }: Done): Promise<boolean> => {
    const key = stored[RECORD];
    return key !== undefined && asTaskRecord(await store.load(dag.flow, key))?.error !== undefined;
  };

  const takeOver = async (
    { node, place }: { readonly node: StepNode; readonly place: TaskPlace },
    before: FinishedTask,
    state: 'cloned' | 'cached',
  ): Promise<Done> => {
    await cloneSlots.take();
    try {
      checkHalted();
      const path = await store.createTask(dag.flow, run, node.name);
      const { from, stored } = before;
      const origin = state === 'cloned' ? from : undefined;
      // Metaflow looks for the task in the run that this one continues, and nowhere behind it.
      const copied = origin && origin.run === options.origins?.[0] ? { copyOf: origin.task } : {};
      await store.beginAttempt(path, 0, { ...place, ...copied });
      const artifacts = origin ? { ...stored, [ORIGIN]: await store.save(dag.flow, origin.run) } : stored;
      await store.endAttempt(path, 0, { artifacts, hasSucceeded: true, ...place, ...fansOut(before.lengths) });
      emit({ kind: 'taskEnded', step: node.name, path, state, at: Date.now() });
      return { ...before, path, isCloned: state === 'cloned' };
    } finally {
      cloneSlots.release();
    }
  };

  const runStep = async (node: StepNode): Promise<void> => {
    const all = await paths(node.scope, []);
    emit({ kind: 'tasksKnown', step: node.name, count: all.length });
    const results = await Promise.allSettled(all.map((path) => task(node, path)));
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
export function measuredArtifacts(dag: Dag): ReadonlyMap<string, readonly string[]> {
  const measured = new Map<string, string[]>();
  for (const region of dag.regions) {
    if (region.kind !== 'each' || region.over.kind !== 'output' || region.over.key === undefined) continue;
    const { step, key } = region.over;
    measured.set(step, [...(measured.get(step) ?? []), key]);
  }
  return measured;
}
