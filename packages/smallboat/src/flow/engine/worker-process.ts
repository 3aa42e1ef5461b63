import { type ChildProcess, fork } from 'node:child_process';
import { Socket } from 'node:net';
import { totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { JobOptions, Outcome } from './job.ts';
import type { LogWriter } from './log-writer.ts';
import { systemOomKills } from './memory-watch.ts';
import { CAN_GUARD, endWithThisProcess } from './orphan-guard.ts';

/** A worker and what it does now. */
export interface WorkerProcess {
  readonly child: ChildProcess;
  /** The last that it printed past JavaScript: the words of a crash. */
  tail: string;
  /** Set where it was ended for the memory that it took, in MiB. */
  usedMiB?: number;
  /** Processes that the system had killed for want of memory when this one began. */
  readonly oomKills: number;
  current?: { readonly logs: LogWriter; readonly options: JobOptions; readonly settle: (outcome: Outcome) => void };
}

/** A worker may fill most of the machine's memory, or of what a container may take of it: Node's own limit, a few GiB, is for servers. */
const HEAP_MIB = Math.floor((Math.min(totalmem(), process.constrainedMemory() || Infinity) / 2 ** 20) * 0.75);

/** Tells a worker that nobody ends it when this process is gone. */
const GUARDS_ITSELF = 'guards-itself';

/** What a worker process runs. */
export const WORKER_MAIN: string = fileURLToPath(new URL('./worker-main.js', import.meta.url));

/** Starts a worker that imports a module at once. It ends with this process, and does not keep it alive. */
export function startWorkerProcess(module: string, variables: Readonly<Record<string, string>> = {}): WorkerProcess {
  const child = fork(WORKER_MAIN, [module, ...(CAN_GUARD ? [] : [GUARDS_ITSELF])], {
    execArgv: ['--disable-warning=ExperimentalWarning', `--max-old-space-size=${HEAP_MIB}`],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, ...variables },
  });
  const worker: WorkerProcess = { child, tail: '', oomKills: systemOomKills() };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      worker.tail = (worker.tail + text).slice(-4000);
      worker.current?.logs.write(text, stream);
      worker.current?.options.onLog?.(stream, text);
    });
  }
  if (CAN_GUARD) endWithThisProcess(child);
  child.unref();
  child.channel?.unref();
  for (const pipe of [child.stdout, child.stderr]) if (pipe instanceof Socket) pipe.unref();
  // Told by `exit`, with more to say.
  child.on('error', () => undefined);
  return worker;
}
