import { flushCompileCache } from 'node:module';
import { hideSecrets, readSecrets } from '../secrets.ts';
import { openRunStore } from '../store/open-run-store.ts';
import type { Dag } from '../definition.ts';
import type { RunStore } from '../store/run-store.ts';
import { runAttempt } from './attempt.ts';
import { gangVariables } from './gang-variables.ts';
import { type Inputs, cachedInputs } from './inputs.ts';
import { type Job, type Outcome, toTaskError } from './job.ts';
import { findFlow, importModule } from './load-flow.ts';
import { type LogWriter, logWriter } from './log-writer.ts';
import type { FromWorker, ToWorker } from './messages.ts';

/**
 * Takes orders from the parent until it is gone. The module is imported at once, while the parent plans.
 *
 * @param guardsItself Nobody else ends this process where its parent is killed while a body computes without a pause.
 */
export function startWorker(module: string, { guardsItself }: { readonly guardsItself: boolean }): void {
  const imported = importModule(module);
  // Told to the parent by the first job, which awaits the same promise.
  // The guard comes after the import, which it would only slow down: until then this process does nothing for long.
  if (guardsItself) void imported.catch(() => undefined).finally(guardAgainstOrphanhood);
  let desk: Omit<Desk, 'signal'> | undefined;
  let stop = new AbortController();

  // Ctrl-C reaches every process of the terminal; the parent decides what becomes of the tasks.
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit(1));
  process.on('message', (message: ToWorker) => {
    switch (message.kind) {
      case 'setup': {
        const { flow, tellsLogs } = message.setup;
        const opening = openRunStore(message.setup.store);
        const loading = Promise.all([imported, opening]).then(([exported, store]) => ({
          dag: findFlow(exported, { module, wanted: flow }).dag(),
          store,
          inputs: cachedInputs(store, flow),
        }));
        loading.catch(() => undefined);
        desk = { loading, opening, tellsLogs };
        return;
      }
      case 'stop':
        stop.abort(new DOMException(message.reason, 'AbortError'));
        return;
      case 'run':
        if (!desk) throw new Error('A worker got a job before its setup.');
        stop = new AbortController();
        void work(message.job, { ...desk, signal: stop.signal }).then((outcome) => {
          send({ kind: 'done', outcome });
          // A worker ends by a signal, and would never keep what it has compiled.
          setImmediate(flushCompileCache);
        });
    }
  });
}

interface Desk {
  readonly loading: Promise<{ readonly dag: Dag; readonly store: RunStore; readonly inputs: Inputs }>;
  readonly opening: Promise<RunStore>;
  readonly tellsLogs: boolean;
  readonly signal: AbortSignal;
}

async function work(job: Job, { loading, opening, tellsLogs, signal }: Desk): Promise<Outcome> {
  const lost = (error: unknown): Outcome => {
    // The store or the module failed, not the step: the parent ends the attempt.
    const { message, stack } = toTaskError(error);
    return { kind: 'lost', loss: { kind: 'killed', how: `could not begin: ${message}`, tail: stack ?? '' } };
  };
  let store: RunStore;
  try {
    store = await opening;
  } catch (error) {
    return lost(error);
  }
  const secrets: string[] = [];
  const stored = logWriter(store, job);
  const logs: LogWriter = {
    write(text, stream) {
      const shown = hideSecrets(text, secrets);
      stored.write(shown, stream);
      if (tellsLogs) send({ kind: 'log', stream, text: shown });
    },
    flush: () => stored.flush(),
  };
  const release = capture(logs);
  const restores = [setEnvironment({ ...gangVariables(job), ...job.environment })];
  try {
    const { dag, inputs } = await loading;
    send({ kind: 'begun' });
    return await runAttempt(job, {
      dag,
      store,
      inputs,
      signal,
      user: store.user,
      onProgress: throttled((progress) => send({ kind: 'progress', progress })),
      isOrphan: () => !process.connected,
      flushLogs: () => logs.flush(),
      writeLog: (text) => logs.write(text, 'stdout'),
      reveal: async (named) => {
        const values = await readSecrets(named, process.env);
        secrets.push(...Object.values(values));
        restores.push(setEnvironment(values));
      },
    });
  } catch (error) {
    return lost(error);
  } finally {
    for (const restore of restores.toReversed()) restore();
    release();
  }
}

function send(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}

/** At most ten a second, and always the last of a burst that reaches 1. */
function throttled<T extends { readonly fraction: number }>(report: (value: T) => void): (value: T) => void {
  let next = 0;
  return (value) => {
    const now = performance.now();
    if (now < next && value.fraction < 1) return;
    next = now + 100;
    report(value);
  };
}

/** What the body prints goes to the task's log. What native code and child processes print reaches the parent by pipe. */
function capture(logs: LogWriter): () => void {
  const streams = ['stdout', 'stderr'] as const;
  const writes = streams.map((name) => {
    const stream = process[name];
    const write = stream.write.bind(stream);
    stream.write = (chunk: Uint8Array | string, encoding?: unknown, done?: unknown): boolean => {
      logs.write(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'), name);
      const callback = typeof encoding === 'function' ? encoding : done;
      if (typeof callback === 'function') queueMicrotask(() => void callback());
      return true;
    };
    return () => void (stream.write = write);
  });
  return () => {
    for (const restore of writes) restore();
  };
}

function setEnvironment(environment: Readonly<Record<string, string>>): () => void {
  const before = Object.keys(environment).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, environment);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

/**
 * A body that computes without a pause keeps this process from noticing that its parent was killed, and would go on
 * beside a resumed run. A thread looks for it, and ends the process. It takes 9 MiB: only where there is no shell (`orphan-guard.ts`).
 */
async function guardAgainstOrphanhood(): Promise<void> {
  const { Worker } = await import('node:worker_threads');
  const watch = `
    const parent = ${process.ppid};
    setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL'); }, 250);
  `;
  const thread = new Worker(watch, {
    eval: true,
    stdout: false,
    stderr: false,
    resourceLimits: { maxOldGenerationSizeMb: 8 },
  });
  thread.unref();
}
