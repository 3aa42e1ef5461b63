import { type RunState, type RunView, readRun } from './read-run.ts';
import type { RunSummary } from './store/run-summary.ts';
import type { RunPath, RunStore } from './store/run-store.ts';

/** What a list shows of a run. */
export interface RunBrief extends Omit<RunSummary, 'state' | 'endedAt'> {
  readonly state: RunState;
  /** Milliseconds since 1970: when its last task ended, or began where it goes on. Undefined where it has no task. */
  readonly lastAt?: number;
}

/** A run in short: of one that has ended one file is read, of others all that they have come to. Rejects with `RUN_NOT_FOUND`. */
export async function readBrief(store: RunStore, run: RunPath): Promise<RunBrief> {
  const kept = await store.summary(run);
  if (kept === undefined) return briefOf(await readRun(store, run));
  const { endedAt, ...summary } = kept;
  return { ...summary, lastAt: endedAt };
}

/** What is kept of a run that has just failed, in this process. */
export async function failureSummary(store: RunStore, run: RunPath): Promise<RunSummary> {
  const { lastAt = Date.now(), ...brief } = briefOf(await readRun(store, run));
  return { ...brief, state: 'failed', endedAt: lastAt };
}

/** A run in short, by all that is known of it. */
export function briefOf({ state, steps }: RunView): RunBrief {
  const ends = steps.flatMap((step) => step.tasks).map((task) => task.endedAt ?? task.startedAt);
  return {
    state,
    steps: steps.length,
    stepsDone: steps.filter((step) => step.state === 'done' || step.state === 'skipped').length,
    ...(ends.length === 0 ? {} : { lastAt: Math.max(...ends) }),
  };
}
