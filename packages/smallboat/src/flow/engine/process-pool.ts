import { type ChildProcess, fork } from 'node:child_process';
import { Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { RunStore } from '../store/run-store.ts';
import { type LogWriter, logWriter } from './in-process.ts';
import type { Job, JobOptions, Outcome, Workers } from './job.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './messages.ts';

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

/** A worker and what it does now. */
export interface WorkerProcess {
  readonly child: ChildProcess;
  /** The last that it printed past JavaScript: the words of a crash. */
  tail: string;
  current?: { readonly logs: LogWriter; readonly options: JobOptions; readonly settle: (outcome: Outcome) => void };
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

/** Starts a worker that imports a module at once. It ends with this process, and does not keep it alive. */
export function startWorkerProcess(module: string): WorkerProcess {
  const child = fork(fileURLToPath(new URL('./worker-main.js', import.meta.url)), [module], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const worker: WorkerProcess = { child, tail: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      worker.tail = (worker.tail + text).slice(-4000);
      worker.current?.logs.write(text, stream);
    });
  }
  child.unref();
  child.channel?.unref();
  for (const pipe of [child.stdout, child.stderr]) if (pipe instanceof Socket) pipe.unref();
  // Told by `exit`, with more to say.
  child.on('error', () => undefined);
  return worker;
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
