import type { Job } from './job.ts';

/** Where the main task of a gang is that runs on this machine. */
export const LOOPBACK = '127.0.0.1';

/** What programs that a body starts are told of its gang: the variables that Metaflow's `@parallel` sets. */
export function gangVariables({ gang }: Pick<Job, 'gang'>): Readonly<Record<string, string>> {
  if (!gang) return {};
  return {
    MF_PARALLEL_MAIN_IP: gang.mainAddress ?? LOOPBACK,
    MF_PARALLEL_NUM_NODES: String(gang.count),
    MF_PARALLEL_NODE_INDEX: String(gang.index),
  };
}
