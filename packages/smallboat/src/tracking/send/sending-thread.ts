import { Worker } from 'node:worker_threads';
import { messageOf } from '../../kernel/index.ts';
import type { FromSender, SenderStart, ToSender } from './sender-protocol.ts';
import type { OpenSender } from './sending-tracker.ts';

export interface SendingThreadOptions extends SenderStart {
  /** Places that it sends to, for what is left when the thread is lost. */
  readonly locations: readonly string[];
  readonly tell: (problem: string) => void;
}

/**
 * Sends runs on from a thread of its own, which is started with the first of them. It does not keep the process from ending before a run is closed;
 * what it has not sent by then is in the local log.
 */
export function sendingThread({ destinations, locations, tell }: SendingThreadOptions): OpenSender {
  let worker: Worker | undefined;
  const closing = new Map<string, (left: readonly string[]) => void>();

  const lose = (problem: string): void => {
    worker = undefined;
    if (problem !== '') tell(`The thread that sends what is tracked has ended: ${problem}`);
    for (const done of closing.values()) done(locations);
    closing.clear();
  };
  const started = (): Worker => {
    if (worker) return worker;
    const start: SenderStart = { destinations };
    const made = new Worker(new URL('./sender-thread.ts', import.meta.url), { workerData: start });
    made.unref();
    made.on('message', (message: FromSender) => {
      if (message.kind === 'told') return tell(message.problem);
      closing.get(message.id)?.(message.left);
      closing.delete(message.id);
      if (closing.size === 0) made.unref();
    });
    made.on('error', (error) => lose(messageOf(error)));
    made.on('exit', (code) => {
      if (worker === made) lose(code === 0 ? '' : `exit code ${code}`);
    });
    worker = made;
    return made;
  };

  return ({ id, folder }) => {
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const post = (message: ToSender): void => worker?.postMessage(message, []);
    started();
    post({ kind: 'run', id, folder, flag });
    return {
      poke() {
        // Told once until the thread has taken it up: a step of training costs no message.
        if (Atomics.exchange(flag, 0, 1) === 0) post({ kind: 'news', id });
      },
      close(seconds) {
        if (!worker) return Promise.resolve(locations);
        worker.ref();
        return new Promise((resolve) => {
          closing.set(id, resolve);
          post({ kind: 'close', id, seconds });
        });
      },
    };
  };
}
