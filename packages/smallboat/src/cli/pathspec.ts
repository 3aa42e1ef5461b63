import { type RunStore, type RunView, type TaskView, readRun } from '../flow/index.ts';
import { defineErrors } from '../kernel/index.ts';

export const pathspecErrors = defineErrors({
  NO_RUNS: (f: { location: string; flow?: string }) =>
    `There is no run${f.flow === undefined ? '' : ` of flow '${f.flow}'`} in ${f.location}. Start one with 'smallboat run flow.ts', or name another folder with --home.`,
  NOTHING_AT_PATHSPEC: (f: { pathspec: string; location: string }) =>
    `There is nothing at '${f.pathspec}' in ${f.location}. A path is flow/run/step/task, as 'smallboat show' prints it; the flow may be left out.`,
});

/** What a path on the command line names: a run, or some of its tasks. */
export interface Found {
  readonly view: RunView;
  /** All tasks of the run, or those of the named step, or the named one. */
  readonly tasks: readonly TaskView[];
  readonly step?: string;
}

/**
 * Finds a run by `flow/run`, `run`, `flow` (its latest) or nothing (the latest of all), and in it a step by
 * `…/train` and a task by its number (`…/train/4`) or its name (`…/train[3]`).
 */
export async function findPath(store: RunStore, given: string | undefined): Promise<Found> {
  const { location } = store;
  const parts = (given ?? '').split('/').filter((part) => part !== '');
  const flows = await store.flows();
  const named = parts[0] !== undefined && flows.includes(parts[0]) ? parts.shift() : undefined;
  const runs = (await Promise.all((named === undefined ? flows : [named]).map((flow) => store.runs(flow)))).flat();
  const [latest] = runs.toSorted((a, b) => b.createdAt - a.createdAt || Number(b.run) - Number(a.run));
  if (!latest) throw pathspecErrors.NO_RUNS({ location, ...(named === undefined ? {} : { flow: named }) });
  const fail = (): never => {
    throw pathspecErrors.NOTHING_AT_PATHSPEC({ pathspec: given ?? '', location });
  };
  const byId = runs.find((r) => r.run === parts[0]);
  if (byId || parts[0] === 'latest') parts.shift();
  else if (parts[0] !== undefined && /^\d+$/.test(parts[0])) return fail();
  const { flow, run } = byId ?? latest;
  const view = await readRun(store, { flow, run });
  const [wanted, task] = parts;
  if (wanted === undefined) return { view, tasks: view.steps.flatMap((s) => s.tasks) };
  const step = view.steps.find((s) => s.name === wanted.replace(/\[.*$/, ''));
  if (!step) return fail();
  const tasks = step.tasks.filter(
    (t) => (task === undefined || t.path.task === task) && (!wanted.includes('[') || t.name === wanted),
  );
  if (tasks.length === 0 && (task !== undefined || wanted.includes('['))) return fail();
  return { view, tasks, step: step.name };
}
