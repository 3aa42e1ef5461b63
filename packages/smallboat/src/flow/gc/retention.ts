import { hostname } from 'node:os';
import { isInNamespace } from '../namespace.ts';
import { type RunView, readRun } from '../read-run.ts';
import type { RunInfo, RunStore } from '../store/run-store.ts';

/** Which runs are kept. A run is deleted where all that is said here lets it go; where neither age nor number is said, none is. */
export interface Retention {
  /** Runs that began less than so many milliseconds ago are kept. */
  readonly keepFor?: number;
  /** The newest so many of each flow are kept. */
  readonly keepNewest?: number;
  /** Runs with one of these tags are kept, of the user or of the system. */
  readonly keepTags?: readonly string[];
  /** Only runs of this namespace are deleted; empty for those of all. Default: empty. */
  readonly namespace?: string;
}

/** A run that is to be deleted. */
export interface Doomed {
  readonly info: RunInfo;
}

/** Milliseconds after its last sign of life for which a run that has not ended, and is not known to be dead, is taken to be alive. */
const SILENCE = 36e5;
/** The same for runs of Python on local metadata, which give no sign: Metaflow's own limit of a task, 5 days. */
const PYTHON_SILENCE = 5 * 864e5;

/**
 * Runs of a flow that may go. Kept beside what is said: runs that go on, and those that a kept one goes back to and has not yet taken over
 * to its end.
 */
export async function doomedRuns(
  store: RunStore,
  flow: string,
  retention: Retention & { readonly now: number },
): Promise<readonly Doomed[]> {
  const { keepFor, keepNewest, keepTags = [], namespace = '', now } = retention;
  if (keepFor === undefined && keepNewest === undefined) return [];
  const kept: RunInfo[] = [];
  const doomed = new Map<string, RunInfo>();
  for await (const info of store.eachRun(flow)) {
    const isKept =
      !isInNamespace(info, namespace) ||
      (keepNewest !== undefined && kept.length + doomed.size < keepNewest) ||
      (keepFor !== undefined && now - info.createdAt < keepFor) ||
      keepTags.some((tag) => info.tags.includes(tag) || info.systemTags.includes(tag));
    if (isKept) kept.push(info);
    else doomed.set(info.run, info);
  }
  for (const info of doomed.values()) {
    if (!isGoingOn(await readRun(store, info), now)) continue;
    doomed.delete(info.run);
    kept.push(info);
  }
  for (const info of kept) await spareOrigins(store, info, doomed);
  return [...doomed.values()].map((info) => ({ info }));
}

/** A run that has not ended, and was heard of lately. */
function isGoingOn({ info, state, record }: RunView, now: number): boolean {
  if (state === 'done' || state === 'failed') return false;
  // What runs on this machine is known to be alive or dead; what runs elsewhere is known by its signs of life alone.
  if (record?.host === hostname()) return state === 'running';
  const { heartbeatAt, createdAt } = info;
  const silence = record === undefined && heartbeatAt === undefined ? PYTHON_SILENCE : SILENCE;
  return now - (heartbeatAt ?? createdAt) < silence;
}

/**
 * A run of Python that may be going on, if the flow has one. It knows nothing of what we are about to delete, and may just now name a blob
 * that was there before it.
 */
export async function pythonRunGoingOn(store: RunStore, flow: string, now: number): Promise<string | undefined> {
  for await (const info of store.eachRun(flow)) {
    if (now - info.createdAt > PYTHON_SILENCE) return undefined;
    if (!info.systemTags.some((tag) => tag.startsWith('metaflow_version:'))) continue;
    if (isGoingOn(await readRun(store, info), now)) return info.run;
  }
  return undefined;
}

/** What a run that has not ended well goes back to may still be taken over from there. */
async function spareOrigins(store: RunStore, info: RunInfo, doomed: Map<string, RunInfo>): Promise<void> {
  const origin = info.origin === undefined ? undefined : doomed.get(info.origin);
  if (!origin || (await readRun(store, info)).state === 'done') return;
  doomed.delete(origin.run);
  await spareOrigins(store, origin, doomed);
}
