import { type ChildProcess, fork } from 'node:child_process';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { LogWriter } from './in-process.ts';
import type { JobOptions, Outcome } from './job.ts';

/** A worker and what it does now. */
export interface WorkerProcess {
  readonly child: ChildProcess;
  /** The last that it printed past JavaScript: the words of a crash. */
  tail: string;
  current?: { readonly logs: LogWriter; readonly options: JobOptions; readonly settle: (outcome: Outcome) => void };
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
