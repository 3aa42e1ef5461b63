import { availableParallelism } from 'node:os';
import type { RunStore } from '../store/run-store.ts';
import { logWriter } from './in-process.ts';
import type { Job, JobOptions, Outcome, Workers } from './job.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './messages.ts';
import { type WorkerProcess, startWorkerProcess } from './worker-process.ts';

export interface ProcessPoolOptions extends WorkerSetup {
  /** URL of the module that exports the flow. */
  readonly module: string;
  /** A worker that was started for this module before the flow was known. */
  readonly started?: WorkerProcess;
  /** For what a worker prints past JavaScript: the parent puts it into the task's log. */
  readonly store: RunStore;
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
  const { store, maxWorkers, graceSeconds = 5, module, flow, storeFolder } = options;
  const size = Math.max(1, maxWorkers ?? availableParallelism());
  const setup: WorkerSetup = { flow, storeFolder };
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

  const start = (worker = startWorkerProcess(module)): void => {
    all.add(worker);
    if (worker.child.connected) worker.child.send({ kind: 'setup', setup }, () => undefined);
    worker.child.on('exit', (code, signal) => {
      all.delete(worker);
      const place = idle.indexOf(worker);
      if (place >= 0) idle.splice(place, 1);
      const how = signal ? `was killed by ${signal}` : `exited with code ${code}`;
      const settle = (): void => worker.current?.settle({ kind: 'lost', how, tail: worker.tail });
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
      await Promise.all(
        [...all].map(
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
  const { store, graceSeconds, signal, timeoutSeconds, onProgress } = options;
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
  const onAbort = (): void => stop('stopped', 'The run is being stopped');
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
      case 'done':
        settle(message.outcome);
    }
  };
  const settle = (outcome: Outcome): void => {
    delete worker.current;
    child.off('message', onMessage);
    signal?.removeEventListener('abort', onAbort);
    for (const timer of timers) clearTimeout(timer);
    // An attempt that ended in the store all the same has ended.
    const isOver = outcome.kind === 'succeeded' || outcome.kind === 'failed' || ending === undefined;
    void logs.flush().finally(() => resolve(isOver ? outcome : { kind: ending ?? 'stopped' }));
  };

  worker.tail = '';
  worker.current = { logs, options, settle };
  child.on('message', onMessage);
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  tell({ kind: 'run', job });
  if (!child.connected) settle({ kind: 'lost', how: 'was gone', tail: worker.tail });
  return promise;
}

/** What a timer can wait for: 24 days at most. */
function milliseconds(seconds: number): number {
  return Math.min(seconds * 1000, 2 ** 31 - 1);
}
