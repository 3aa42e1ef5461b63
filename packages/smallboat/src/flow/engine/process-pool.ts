import { availableParallelism } from 'node:os';
import type { RunStore } from '../store/run-store.ts';
import type { Job, JobOptions, Loss, Outcome, Workers } from './job.ts';
import { logWriter } from './log-writer.ts';
import { systemOomKills, watchMemory } from './memory-watch.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './messages.ts';
import { type WorkerProcess, startWorkerProcess } from './worker-process.ts';

export interface ProcessPoolOptions extends Omit<WorkerSetup, 'store'> {
  /** URL of the module that exports the flow. */
  readonly module: string;
  /** A worker that was started for this module before the flow was known. */
  readonly started?: WorkerProcess;
  /** Where each worker opens the store. */
  readonly storeSpec: WorkerSetup['store'];
  /** The same store, for what a worker prints past JavaScript: the parent puts it into the task's log. */
  readonly store: RunStore;
  /** Environment variables of every worker: what the flow's module read as configuration. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Processes at most. Default: the number of cores. */
  readonly maxWorkers?: number;
  /** How long a step that was asked to stop may take to do so, in seconds. Default 5. */
  readonly graceSeconds?: number;
}

/**
 * Runs attempts in child processes, which are started as they are needed, used again, and gone when the pool is
 * disposed of or this process dies. The first is started at once, so that it loads the flow while the caller plans.
 */
export function processPool(options: ProcessPoolOptions): Workers {
  const { store, maxWorkers, graceSeconds = 5, module, flow, storeSpec, tellsLogs } = options;
  const size = Math.max(1, maxWorkers ?? availableParallelism());
  const setup: WorkerSetup = { flow, store: storeSpec, tellsLogs };
  // Workers do not keep this process alive; an open pool does.
  const keepAlive = setInterval(() => undefined, 2 ** 30);
  const all = new Set<WorkerProcess>();
  const idle: WorkerProcess[] = [];
  const waiting: ((worker: WorkerProcess) => void)[] = [];
  let isClosed = false;

  const release = (worker: WorkerProcess): void => {
    const next = waiting.shift();
    if (next) next(worker);
    else idle.push(worker);
  };

  const start = (worker = startWorkerProcess(module, options.variables)): void => {
    all.add(worker);
    if (worker.child.connected) worker.child.send({ kind: 'setup', setup }, () => undefined);
    worker.child.on('exit', (code, signal) => {
      all.delete(worker);
      const place = idle.indexOf(worker);
      if (place >= 0) idle.splice(place, 1);
      const settle = (): void => worker.current?.settle({ kind: 'lost', loss: lossOf(worker, code, signal) });
      // Its last words may still be in the pipe; a process that it left behind may keep the pipe open.
      worker.child.once('close', settle);
      setTimeout(settle, 200).unref();
      if (!isClosed && waiting.length > 0 && all.size < size) start();
    });
    release(worker);
  };

  const acquire = (): Promise<WorkerProcess> => {
    const worker = idle.pop();
    if (worker) return Promise.resolve(worker);
    return new Promise((resolve) => {
      waiting.push(resolve);
      if (all.size < size) start();
    });
  };

  start(options.started);
  return {
    size,
    async run(job, jobOptions = {}) {
      if (jobOptions.signal?.aborted) return { kind: 'stopped' };
      const worker = await acquire();
      const outcome = await runOn(worker, job, { ...jobOptions, store, graceSeconds });
      if (worker.child.connected && worker.child.exitCode === null && !worker.child.killed) release(worker);
      return outcome;
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      // One that does nothing has nothing to lose, and needs no waiting for.
      for (const { child } of idle) child.kill('SIGKILL');
      await Promise.all(
        [...all]
          .filter((worker) => !idle.includes(worker))
          .map(
            ({ child }) =>
              new Promise<void>((resolve) => {
                child.once('exit', () => resolve());
                child.kill('SIGKILL');
              }),
          ),
      );
      clearInterval(keepAlive);
    },
  };
}

interface RunOnOptions extends JobOptions {
  readonly store: RunStore;
  readonly graceSeconds: number;
}

function runOn(worker: WorkerProcess, job: Job, options: RunOnOptions): Promise<Outcome> {
  const { store, graceSeconds, signal, timeoutSeconds, memoryMiB, onProgress, onLog } = options;
  const { child } = worker;
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const logs = logWriter(store, job);
  let ending: 'timedOut' | 'stopped' | undefined;
  const timers: NodeJS.Timeout[] = [];

  const tell = (message: ToWorker): void => {
    // A worker that is gone cannot be told; its exit settles the attempt.
    if (child.connected) child.send(message, () => undefined);
  };
  const stop = (kind: 'timedOut' | 'stopped', reason: string): void => {
    if (ending) return;
    ending = kind;
    tell({ kind: 'stop', reason });
    timers.push(setTimeout(() => child.kill('SIGKILL'), graceSeconds * 1000));
  };
  // Whoever stops it may say why.
  const onAbort = (): void =>
    stop('stopped', typeof signal?.reason === 'string' ? signal.reason : 'The run is being stopped');
  const onMessage = (message: FromWorker): void => {
    switch (message.kind) {
      case 'begun':
        if (timeoutSeconds === undefined) return;
        timers.push(
          setTimeout(() => stop('timedOut', `Out of time: ${timeoutSeconds} s`), milliseconds(timeoutSeconds)),
        );
        return;
      case 'progress':
        onProgress?.(message.progress);
        return;
      case 'log':
        onLog?.(message.stream, message.text);
        return;
      case 'done':
        settle(message.outcome);
    }
  };
  const settle = (outcome: Outcome): void => {
    delete worker.current;
    child.off('message', onMessage);
    signal?.removeEventListener('abort', onAbort);
    for (const timer of timers) clearTimeout(timer);
    watch?.stop();
    // An attempt that ended in the store all the same has ended.
    const isOver = outcome.kind === 'succeeded' || outcome.kind === 'failed' || ending === undefined;
    void logs.flush().finally(() => resolve(isOver ? outcome : { kind: ending ?? 'stopped' }));
  };

  const watch =
    memoryMiB === undefined || child.pid === undefined
      ? undefined
      : watchMemory(child.pid, memoryMiB, (used) => {
          worker.usedMiB = used;
          child.kill('SIGKILL');
        });
  worker.tail = '';
  worker.current = { logs, options, settle };
  child.on('message', onMessage);
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  tell({ kind: 'run', job });
  if (!child.connected) settle({ kind: 'lost', loss: { kind: 'killed', how: 'was gone', tail: worker.tail } });
  return promise;
}

/** Told apart by what is known of the end: our own limit, the heap's, the system's, or anybody's signal. */
function lossOf(worker: WorkerProcess, code: number | null, signal: NodeJS.Signals | null): Loss {
  const { tail, usedMiB, oomKills } = worker;
  if (usedMiB !== undefined) return { kind: 'outOfMemory', how: `took ${usedMiB} MiB`, tail };
  if (/JavaScript heap out of memory|std::bad_alloc|Array buffer allocation failed/.test(tail)) {
    return { kind: 'outOfMemory', how: 'filled all the memory that it may have', tail };
  }
  if (signal === 'SIGKILL' && systemOomKills() > oomKills) {
    return { kind: 'outOfMemory', how: 'was killed by the system, which had no memory left', tail };
  }
  return { kind: 'killed', how: signal ? `was killed by ${signal}` : `exited with code ${code}`, tail };
}

/** What a timer can wait for: 24 days at most. */
function milliseconds(seconds: number): number {
  return Math.min(seconds * 1000, 2 ** 31 - 1);
}
