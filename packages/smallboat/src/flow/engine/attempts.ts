import { setTimeout as delay } from 'node:timers/promises';
import type { StepNode } from '../definition.ts';
import { type RunStore, type TaskPath, runStoreErrors } from '../store/run-store.ts';
import { endedAttempt } from './ended-attempt.ts';
import type { RunEvent } from './events.ts';
import { type Gang, type Turn, gangErrors } from './gang.ts';
import { Halted } from './halted.ts';
import type { Job, Outcome, TaskError, Workers } from './job.ts';
import { toTaskError } from './job.ts';
import type { Places } from './places.ts';
import { RECORD, type TaskRecord } from './record.ts';
import type { Done } from './resolver.ts';
import { taskErrors } from './task-errors.ts';

/** What the attempts of a task need of the run that they are part of. */
export interface AttemptsHost {
  /** The task's name: `train[3]`. */
  readonly name: string;
  readonly flow: string;
  readonly run: string;
  readonly store: RunStore;
  readonly workers: Workers;
  /** Those that the task runs beside, at the same time. */
  readonly gang?: Gang;
  readonly slots: Places;
  /** Places for attempts that take nothing of this machine, where there are such. */
  readonly slotsElsewhere?: Places;
  readonly signal?: AbortSignal;
  readonly emit: (event: RunEvent) => void;
  /** Throws where the run has ended for other reasons. */
  readonly checkHalted: () => void;
  /** Ends the run: nothing new begins. @returns what to throw. */
  readonly halt: (how: Halted) => Halted;
}

/** Runs a task: its first attempt, those that `retry` allows, and then its `catch`, if it has one. Rejects with `Halted`. */
export async function attempts(node: StepNode, job: Omit<Job, 'path' | 'attempt'>, host: AttemptsHost): Promise<Done> {
  const { name, emit, signal } = host;
  const { retry = { times: 0 } } = node.options;
  let path: TaskPath | undefined;
  for (let attempt = 0; ; attempt += 1) {
    const made = await oneAttempt(node, { ...job, attempt }, { ...host, ...(path ? { path } : {}) });
    ({ path } = made);
    if ('done' in made) return made.done;
    const { error } = made;
    if (attempt >= retry.times) {
      if (node.fallback) return caught(node, job, { ...host, path, error, attempts: attempt + 1 });
      emit({ kind: 'taskEnded', step: node.name, path, state: 'failed', at: Date.now(), error });
      throw host.halt(new Halted({ step: node.name, task: name, path, attempts: attempt + 1, error }));
    }
    const afterSeconds = (retry.backoffSeconds ?? 1) * 2 ** attempt;
    emit({ kind: 'taskRetried', step: node.name, path, task: name, attempt, afterSeconds, error });
    // Aborted: the next round says so.
    await delay(afterSeconds * 1000, undefined, signal ? { signal } : {}).catch(() => undefined);
  }
}

type Ended = { readonly path: TaskPath; readonly done: Done } | { readonly path: TaskPath; readonly error: TaskError };

/** One attempt, once there is a place for it. */
export async function oneAttempt(
  node: StepNode,
  job: Omit<Job, 'path'>,
  host: AttemptsHost & { readonly path?: TaskPath },
): Promise<Ended> {
  const { name, store, slots, workers, emit, checkHalted, gang } = host;
  const { timeoutSeconds, resources: { cpu = 1, memoryMiB } = {} } = node.options;
  const elsewhere = workers.elsewhere?.has(job) === true ? host.slotsElsewhere : undefined;
  const places = elsewhere ?? slots;
  const count = elsewhere ? 1 : Math.ceil(cpu);
  const turn = await gang?.enter(job.attempt, () => places.take(count * gang.size));
  if (!turn) await places.take(count);
  const signals = [host.signal, turn?.signal].filter((one) => one !== undefined);
  const signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0];
  let path: TaskPath;
  let outcome: Outcome;
  try {
    checkHalted();
    path = host.path ?? (await store.createTask(host.flow, host.run, node.name));
    const { step } = path;
    const own = path;
    emit({ kind: 'taskStarted', step, path, task: name, attempt: job.attempt, at: Date.now() });
    outcome = await workers.run(
      { ...job, path },
      {
        ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
        ...(memoryMiB === undefined ? {} : { memoryMiB }),
        ...(signal ? { signal } : {}),
        onProgress: (progress) => emit({ kind: 'taskProgress', step, path: own, progress }),
        onLog: (stream, text) => emit({ kind: 'taskLogged', step, path: own, task: name, stream, text }),
      },
    );
  } catch (error) {
    turn?.abandon(error);
    throw error;
  } finally {
    places.release(count);
  }
  const at = { node, job, path, host };
  const ended = turn ? await settleTogether(outcome, at, turn) : await settle(outcome, at);
  if (!('artifacts' in ended)) return { path, error: ended };
  emit({ kind: 'taskEnded', step: node.name, path, state: 'done', at: Date.now() });
  return { path, done: ended };
}

/** The artifacts of `catch`, in one more attempt. */
async function caught(
  node: StepNode,
  job: Omit<Job, 'path' | 'attempt'>,
  host: AttemptsHost & { readonly path: TaskPath; readonly error: TaskError; readonly attempts: number },
): Promise<Done> {
  const { name, emit, path } = host;
  const { kind, message, code } = host.error;
  const failure = { kind, message, attempts: host.attempts, ...(code === undefined ? {} : { code }) };
  emit({ kind: 'taskCaught', step: node.name, path, task: name, error: host.error });
  const { gang: _, ...alone } = host;
  const made = await oneAttempt(node, { ...job, attempt: host.attempts, failure }, alone);
  if ('done' in made) return made.done;
  const { error } = made;
  emit({ kind: 'taskEnded', step: node.name, path, state: 'failed', at: Date.now(), error });
  throw host.halt(new Halted({ step: node.name, task: name, path, attempts: host.attempts + 1, error }));
}

interface Settling {
  readonly node: StepNode;
  readonly job: Omit<Job, 'path'>;
  readonly path: TaskPath;
  readonly host: AttemptsHost;
}

/** What an attempt came to beside those of its gang: done where all are. */
async function settleTogether(outcome: Outcome, at: Settling, turn: Turn): Promise<Done | TaskError> {
  const { name: task, signal } = at.host;
  try {
    const isEnded = outcome.kind === 'stopped' && turn.signal.aborted && signal?.aborted !== true;
    const own = isEnded ? undefined : await settle(outcome, at);
    const ended = await turn.leave(
      own && 'artifacts' in own ? { done: own } : { task, error: own ?? { kind: 'killed', message: '' } },
    );
    if ('done' in ended) return ended.done;
    if (ended.error === own) return own;
    const { kind, message } = ended.error;
    const broken = gangErrors.GANG_BROKEN({ task, other: ended.task, message });
    // One that ended by itself has its end in the store.
    if (!isEnded) return { ...toTaskError(broken), kind };
    try {
      await endFailed(at, kind, broken);
    } catch (error) {
      // A body in this process may have been about to end when it was told to.
      if (!runStoreErrors.ATTEMPT_ENDED.is(error)) throw error;
    }
    return { ...toTaskError(broken), kind };
  } catch (error) {
    turn.abandon(error);
    throw error;
  }
}

/** What an attempt came to; ends it in the store where its process could not. */
async function settle(outcome: Outcome, at: Settling): Promise<Done | TaskError> {
  const { name: task, emit, halt } = at.host;
  const { timeoutSeconds: seconds = 0, resources: { memoryMiB } = {} } = at.node.options;
  switch (outcome.kind) {
    case 'succeeded':
      return { ...outcome, path: at.path, isCloned: false };
    case 'failed':
      return outcome.error;
    case 'stopped':
      emit({ kind: 'taskEnded', step: at.node.name, path: at.path, state: 'stopped', at: Date.now() });
      throw halt(new Halted());
    case 'timedOut':
      return endFailed(at, 'timedOut', taskErrors.STEP_TIMED_OUT({ task, seconds }));
    case 'lost':
      break;
  }
  const { kind, how, tail } = outcome.loss;
  if (kind === 'machineLost') return endFailed(at, kind, taskErrors.MACHINE_LOST({ task, how }));
  if (kind === 'killed') return endFailed(at, kind, taskErrors.WORKER_LOST({ task, how, tail: tail.trim() }));
  const limit = memoryMiB === undefined ? {} : { limitMiB: memoryMiB };
  return endFailed(at, kind, taskErrors.OUT_OF_MEMORY({ task, how, ...limit }));
}

async function endFailed(
  { job, path, host }: Settling,
  kind: TaskError['kind'],
  raised: Error,
): Promise<Done | TaskError> {
  const { store } = host;
  const { stack: _, ...error } = { ...toTaskError(raised), kind };
  const { attempt, index, inputs } = job;
  // The process may have been lost after the end was written and before it could say so.
  const ended = await endedAttempt({ path, attempt }, store);
  if (ended?.kind === 'succeeded') return { ...ended, path, isCloned: false };
  if (ended) return error;
  const record: TaskRecord = { kind: 'task', index, lengths: {}, inputs, error };
  await store.endAttempt(path, attempt, {
    artifacts: { [RECORD]: await store.save(path.flow, record) },
    hasSucceeded: false,
    ...job.place,
  });
  return error;
}
