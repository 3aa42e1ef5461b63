import { availableParallelism } from 'node:os';
import type { Dag } from '../definition.ts';
import type { RunStore } from '../store/run-store.ts';
import { runAttempt } from './attempt.ts';
import { cachedInputs } from './inputs.ts';
import type { Job, Outcome, Workers } from './job.ts';

export interface InProcessOptions {
  readonly dag: Dag;
  readonly store: RunStore;
  readonly maxWorkers?: number;
}

/**
 * Runs attempts in this process: for tests, for a debugger, and where a store cannot be reached from another process.
 * A body that neither ends nor looks at its signal is left to itself after its time is up.
 */
export function inProcessWorkers({ dag, store, maxWorkers }: InProcessOptions): Workers {
  const inputs = cachedInputs(store);
  return {
    size: maxWorkers ?? availableParallelism(),
    run: (job, { timeoutSeconds, signal, onProgress } = {}) => {
      const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
      const stop = new AbortController();
      const end = (kind: 'timedOut' | 'stopped') => (): void => {
        stop.abort(new DOMException(kind === 'timedOut' ? 'Out of time' : 'The run is being stopped', 'AbortError'));
        resolve({ kind });
      };
      const timer =
        timeoutSeconds === undefined
          ? undefined
          : setTimeout(end('timedOut'), Math.min(timeoutSeconds * 1000, 2 ** 31 - 1));
      const onAbort = end('stopped');
      if (signal?.aborted) onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      const logs = logWriter(store, job);
      const attempt = runAttempt(job, {
        dag,
        store,
        inputs,
        signal: stop.signal,
        onProgress: (progress) => onProgress?.(progress),
        writeLog: (text) => logs.write(text, 'stdout'),
        flushLogs: () => logs.flush(),
      });
      attempt.then(resolve, reject);
      return promise.finally(() => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

export interface LogWriter {
  write(text: string, stream: 'stdout' | 'stderr'): void;
  /** Resolves when all that was written so far is in the store. */
  flush(): Promise<void>;
}

/** Adds to a task's logs in order; what comes while a write is under way goes with the next one. */
export function logWriter(store: RunStore, { path, attempt }: Pick<Job, 'path' | 'attempt'>): LogWriter {
  const waiting = { stdout: '', stderr: '' };
  let written = Promise.resolve();
  let isWriting = false;
  let failure: unknown;
  const drain = async (): Promise<void> => {
    try {
      while (waiting.stdout !== '' || waiting.stderr !== '') {
        const stream = waiting.stdout === '' ? 'stderr' : 'stdout';
        const text = waiting[stream];
        waiting[stream] = '';
        await store.appendLog(path, attempt, stream, text);
      }
    } catch (error) {
      failure = error;
    } finally {
      isWriting = false;
    }
  };
  return {
    write(text, stream) {
      waiting[stream] += text;
      if (isWriting) return;
      isWriting = true;
      written = drain();
    },
    async flush() {
      await written;
      if (failure !== undefined) throw failure;
    },
  };
}
