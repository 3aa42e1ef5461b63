import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { defineErrors } from '../kernel/index.ts';
import type { EndpointJob, EndpointMessage } from './endpoint-main.ts';

export interface StartEndpointOptions extends EndpointJob {
  /** Time to load the model and listen. Default 30. */
  readonly readySeconds?: number;
  /** Time between asking the process to end and killing it. Default 10: more than the endpoint takes to answer what is under way. */
  readonly stopSeconds?: number;
  /** Stops the process, also while it starts. */
  readonly signal?: AbortSignal;
}

/** An endpoint in a process of its own. */
export interface EndpointProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  readonly modelVersion: string;
  /** Ends the process for sure: it is gone when this resolves. Requests under way are answered, the log is written out. */
  stop(): Promise<void>;
}

export const endpointErrors = defineErrors({
  ENDPOINT_FAILED: (f: { code: string; problem: string }) =>
    `The endpoint's process did not start: ${f.problem}. Correct that, or try 'smallboat serve' with the same model to see more.`,
  ENDPOINT_NOT_READY: (f: { seconds: number }) =>
    `The endpoint's process was not ready after ${f.seconds} s, and was stopped. Is the machine busy? Allow more with readySeconds.`,
});

/**
 * Starts an endpoint as a child process from a model folder, and resolves when it answers. It ends with `stop`, with
 * the signal, or with the process that called this, however that ends.
 *
 * @throws ENDPOINT_FAILED: `facts.code` is the code of the error in there, as PORT_TAKEN. ENDPOINT_NOT_READY.
 */
export async function startEndpoint(options: StartEndpointOptions): Promise<EndpointProcess> {
  const { readySeconds = 30, stopSeconds = 10, signal, ...job } = options;
  signal?.throwIfAborted();
  const child = fork(fileURLToPath(new URL('./endpoint-main.ts', import.meta.url)), [JSON.stringify(job)], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'json',
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => (stopping ??= end(child, gone, stopSeconds));
  const onAbort = (): void => void stop();
  signal?.addEventListener('abort', onAbort, { once: true });
  child.once('exit', () => signal?.removeEventListener('abort', onAbort));
  try {
    const ready = await untilReady(child, readySeconds, signal);
    return { ...ready, pid: child.pid ?? -1, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function untilReady(
  child: ChildProcess,
  seconds: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly url: string; readonly modelVersion: string }> {
  // The end of what the process complains of, for the error; the rest is read so that it never blocks.
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(-2000)));
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      const fail = (code: string, problem: string): void => reject(endpointErrors.ENDPOINT_FAILED({ code, problem }));
      timer = setTimeout(() => reject(endpointErrors.ENDPOINT_NOT_READY({ seconds })), seconds * 1000);
      child.once('message', (message: EndpointMessage) => {
        if (message.kind === 'ready') resolve({ url: message.url, modelVersion: message.modelVersion });
        else fail(message.code, message.message);
      });
      child.once('error', (error) => fail('SPAWN', error.message));
      child.once('close', (code, killed) => {
        if (signal?.aborted === true) reject(signal.reason as unknown);
        else fail('EXIT', `it ended with ${killed ?? code}. ${complaint.trim()}`);
      });
    });
  } finally {
    clearTimeout(timer);
  }
}

async function end(child: ChildProcess, gone: Promise<void>, seconds: number): Promise<void> {
  if (child.pid === undefined) return;
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), seconds * 1000);
    await gone.finally(() => clearTimeout(force));
  }
}
