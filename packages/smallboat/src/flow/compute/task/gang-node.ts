import { lookup } from 'node:dns/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { endedAttempt } from '../../engine/ended-attempt.ts';
import type { RunStore } from '../../store/run-store.ts';
import type { RemoteJob } from './order.ts';
import type { TaskHost } from './task-host.ts';

/** A container of a multi-node job of AWS Batch: a task of a gang. */
export interface GangNode {
  readonly remote: RemoteJob;
  /** The other tasks, where this is the main one; the job is over when the main container is, so it waits for them. */
  readonly others: readonly RemoteJob[];
}

/** Milliseconds between two looks at the tasks that are waited for. */
const EVERY = 1000;

/** This container's own of the jobs of its gang, by the variables that AWS Batch sets. */
export async function gangNode(jobs: readonly RemoteJob[], env: TaskHost['env']): Promise<GangNode> {
  const index = Number(env['AWS_BATCH_JOB_NODE_INDEX']);
  const own = jobs[index];
  if (!own?.job.gang)
    throw new Error(`there is no task ${env['AWS_BATCH_JOB_NODE_INDEX'] ?? ''} in a gang of ${jobs.length}`);
  // The main container is not told its own address.
  const mainAddress = env['AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS'] ?? (await ownAddress());
  return {
    remote: { ...own, job: { ...own.job, gang: { ...own.job.gang, mainAddress } } },
    others: index === 0 ? jobs.slice(1) : [],
  };
}

async function ownAddress(): Promise<string> {
  return (await lookup(hostname(), { family: 4 })).address;
}

/** Resolves when the tasks have ended their attempts in the store, or the signal aborts. */
export async function waitForOthers(
  others: readonly RemoteJob[],
  store: RunStore,
  { signal, every = EVERY }: { readonly signal: AbortSignal; readonly every?: number },
): Promise<void> {
  for (let waiting = others; !signal.aborted;) {
    const ended = await Promise.all(waiting.map(({ job }) => endedAttempt(job, store)));
    waiting = waiting.filter((_, i) => !ended[i]);
    if (waiting.length === 0) return;
    await delay(every, undefined, { signal }).catch(() => undefined);
  }
}
