import { setTimeout as delay } from 'node:timers/promises';
import type { Outcome } from '../engine/job.ts';
import type { RunStore } from '../store/run-store.ts';
import { abortable } from './abortable.ts';
import type { GangPlace } from './service.ts';
import type { GangOrder, RemoteJob } from './task/order.ts';

/** What the members of a gang know of each other whose containers are one job. */
export interface GangOrders {
  /** Keeps the jobs of all members under one key, once all are here. Rejects when the signal aborts. */
  handOver(gang: GangPlace, remote: RemoteJob, signal: AbortSignal | undefined): Promise<GangOrder>;
  /**
   * Resolves when a member may say what it came to. One that was lost waits for a moment: when the main container ends badly the others are ended
   * with it, and it is the main one that is to be told of.
   */
  settle(gang: GangPlace, outcome: Outcome): Promise<void>;
}

/** How long a lost member waits for the main one, in milliseconds: the service is asked for both at the same time. */
const MOMENT = 2000;

interface Members {
  readonly jobs: Map<number, RemoteJob>;
  readonly order: PromiseWithResolvers<GangOrder>;
  readonly mainEnded: PromiseWithResolvers<void>;
  settled: number;
}

/** The gangs of a run, each attempt by its name. */
export function gangOrders(store: RunStore): GangOrders {
  const known = new Map<string, Members>();
  const membersOf = ({ name }: GangPlace): Members => {
    const before = known.get(name);
    if (before) return before;
    const order = Promise.withResolvers<GangOrder>();
    // Whoever waits is told; there may be nobody.
    order.promise.catch(() => undefined);
    const members = { jobs: new Map(), order, mainEnded: Promise.withResolvers<void>(), settled: 0 };
    known.set(name, members);
    return members;
  };
  const keep = async (jobs: ReadonlyMap<number, RemoteJob>): Promise<GangOrder> => {
    const all = [...jobs].sort(([a], [b]) => a - b).map(([, remote]) => remote);
    const [{ path, attempt }] = all.map(({ job }) => job) as [RemoteJob['job']]; // A gang has a first.
    const gang = await store.save(path.flow, all);
    // Under a name of the run, so that nobody deletes it meanwhile.
    await store.saveCheckpoint(path, `jobs of ${path.step}/${path.task}/${attempt}`, gang);
    return { gang };
  };
  return {
    async handOver(gang, remote, signal) {
      const { jobs, order } = membersOf(gang);
      jobs.set(gang.index, remote);
      if (jobs.size === gang.count) keep(jobs).then(order.resolve, order.reject);
      return abortable(order.promise, signal);
    },
    async settle(gang, { kind }) {
      const members = membersOf(gang);
      if (gang.index === 0) members.mainEnded.resolve();
      else if (kind === 'lost')
        await Promise.race([members.mainEnded.promise, delay(MOMENT, undefined, { ref: false })]);
      members.settled += 1;
      if (members.settled === gang.count) known.delete(gang.name);
    },
  };
}
