import type { ArtifactKeys, RunStore, TaskInfo, TaskPath } from '../store/run-store.ts';
import { isArtifactName } from '../names.ts';
import { taskName } from './job.ts';
import { CARD, FOLDER, type Graph, RECORD, type RunRecord, asRunRecord, asTaskRecord } from './record.ts';

/** A task of an earlier run that a resumed one need not repeat. */
export interface FinishedTask {
  /** Where it is. */
  readonly from?: TaskPath;
  /** Which attempt of the task it was. */
  readonly attempt?: number;
  /** What the step returned. */
  readonly artifacts: ArtifactKeys;
  /** The same with what the engine keeps beside it: all that a clone must carry. */
  readonly stored: ArtifactKeys;
  /** Names of artifacts that it returned as undefined. */
  readonly absent: readonly string[];
  readonly lengths: Readonly<Record<string, number>>;
}

/** What a resumed run goes back to. */
export interface Origin {
  /** Finished tasks by name: `train[3]`. */
  readonly finished: Map<string, FinishedTask>;
  /** The runs, the latest first. */
  readonly runs: readonly string[];
}

/** The record of a run; undefined where the process was killed before it wrote one, or where Metaflow's own runtime made the run. */
export async function readRunRecord(store: RunStore, tasks: readonly TaskInfo[]): Promise<RunRecord | undefined> {
  const task = tasks.find((t) => t.path.step === '_parameters');
  const key = task?.ended?.artifacts[RECORD];
  return task && key ? asRunRecord(await store.load(task.path.flow, key)) : undefined;
}

/** The run itself; where it is a resumed one that was killed before it took anything over, the run that it was to continue. */
export async function begun(
  store: RunStore,
  { flow, run }: { readonly flow: string; readonly run: string },
): Promise<string> {
  for (let at: string | undefined = run; at !== undefined; at = (await store.run(flow, at))?.origin) {
    if ((await readRunRecord(store, await store.tasks(flow, at))) !== undefined) return at;
  }
  return run;
}

/**
 * The finished tasks that a run and the runs that it goes back to have, by name (`train[3]`). A resumed run that was
 * killed before it had taken over everything hides nothing: its origin is asked for the rest, less what it was told to
 * run again.
 */
export async function readOrigin(store: RunStore, flow: string, run: string): Promise<Origin> {
  const finished = new Map<string, FinishedTask>();
  const excluded = new Set<string>();
  const runs: string[] = [];
  for (let at: string | undefined = run; at !== undefined; at = (await store.run(flow, at))?.origin) {
    runs.push(at);
    const tasks = await store.tasks(flow, at);
    for (const { path, ended } of tasks) {
      const key = ended?.artifacts[RECORD];
      if (!ended?.hasSucceeded || !key || path.step === '_parameters' || excluded.has(path.step)) continue;
      const record = asTaskRecord(await store.load(flow, key));
      if (!record) continue;
      const name = taskName(path.step, record.index);
      if (finished.has(name)) continue;
      const entries = Object.entries(ended.artifacts);
      finished.set(name, {
        from: path,
        attempt: ended.attempt,
        artifacts: Object.fromEntries(entries.filter(([artifact]) => isArtifactName(artifact))),
        stored: Object.fromEntries(entries.filter(([n]) => isArtifactName(n) || isOurs(n))),
        absent: record.absent ?? [],
        lengths: record.lengths,
      });
    }
    const record = await readRunRecord(store, tasks);
    if (record?.from !== undefined) for (const step of withDescendants(record.graph, record.from)) excluded.add(step);
  }
  return { finished, runs };
}

/** Of what is hidden, what another run takes over. */
function isOurs(name: string): boolean {
  return name === RECORD || name === CARD || name.startsWith(FOLDER);
}

/** A step and all that comes after it. */
export function withDescendants(graph: Graph, step: string): ReadonlySet<string> {
  const after = new Set([step]);
  // In a topological order one pass reaches all.
  for (const { name, after: before } of graph.steps) if (before.some((b) => after.has(b))) after.add(name);
  return after;
}
