import type { RunStore } from '../store/run-store.ts';
import type { Job, LogStream } from './job.ts';

export interface LogWriter {
  write(text: string, stream: LogStream): void;
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
