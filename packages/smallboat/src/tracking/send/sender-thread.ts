/** The thread that sends runs on, so that what trains need not: it reads the local log, as `smallboat track sync` does. */
import { parentPort, workerData } from 'node:worker_threads';
import { localTracker } from '../local.ts';
import { destinationsOf } from '../open-tracker.ts';
import { type LiveSender, liveSender } from './live-sender.ts';
import type { FromSender, SenderStart, ToSender } from './sender-protocol.ts';

/** Milliseconds for which news of a run are not told again. */
const GATHER = 100;

const { destinations: where } = workerData as SenderStart; // As `sendingThread` wrote it.
const say = (message: FromSender): void => parentPort?.postMessage(message, []);
const local = localTracker({ folder: where.folder });
const destinations = await destinationsOf(where);
const runs = new Map<string, { readonly senders: readonly LiveSender[]; readonly flag: Int32Array }>();

parentPort?.on('message', (message: ToSender) => {
  switch (message.kind) {
    case 'run': {
      const { id, folder, flag } = message;
      const senders = destinations.map((destination) =>
        liveSender({
          destination,
          folder,
          folderOf: (parent) => local.folderOf(parent),
          tell: (problem) => say({ kind: 'told', problem }),
        }),
      );
      runs.set(id, { senders, flag });
      return;
    }
    case 'news': {
      const run = runs.get(message.id);
      const poke = (): void => run?.senders.forEach((sender) => sender.poke());
      poke();
      setTimeout(() => {
        if (run) Atomics.store(run.flag, 0, 0);
        // What came meanwhile was not told.
        poke();
      }, GATHER).unref();
      return;
    }
    case 'close': {
      const { id, seconds } = message;
      const { senders = [] } = runs.get(id) ?? {};
      runs.delete(id);
      void Promise.all(senders.map((sender) => sender.close(seconds))).then((sent) => {
        say({ kind: 'closed', id, left: destinations.flatMap(({ location }, i) => (sent[i] ? [] : [location])) });
      });
    }
  }
});
