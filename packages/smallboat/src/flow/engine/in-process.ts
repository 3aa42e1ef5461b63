import { availableParallelism } from 'node:os';
import type { Dag } from '../definition.ts';
import type { RunStore } from '../store/run-store.ts';
import { runAttempt } from './attempt.ts';
import { cachedInputs } from './inputs.ts';
import type { Outcome, Workers } from './job.ts';
import { logWriter } from './log-writer.ts';

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
  const inputs = cachedInputs(store, dag.flow);
  return {
    size: maxWorkers ?? availableParallelism(),
    run: (job, { timeoutSeconds, signal, onProgress, onLog } = {}) => {
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
        user: store.user,
        writeLog: (text) => {
          logs.write(text, 'stdout');
          onLog?.('stdout', text);
        },
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
