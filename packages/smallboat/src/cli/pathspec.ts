import { type RunInfo, type RunStore, type RunView, type TaskView, isInNamespace, readRun } from '../flow/index.ts';
import { defineErrors } from '../kernel/index.ts';

export const pathspecErrors = defineErrors({
  NO_RUNS: (f: { location: string; flow?: string; namespace?: string }) =>
    `There is no run${f.flow === undefined ? '' : ` of flow '${f.flow}'`} in ${f.location}${f.namespace === undefined ? '' : ` in the namespace ${f.namespace}; those of others are shown with --namespace=`}. Start one with 'smallboat run flow.ts', or name another folder with --home.`,
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
 *
 * @param namespace The latest run is the latest in it. A run that is named is found in any.
 */
export async function findPath(store: RunStore, given: string | undefined, namespace: string): Promise<Found> {
  const { location } = store;
  const parts = (given ?? '').split('/').filter((part) => part !== '');
  const fail = (): never => {
    throw pathspecErrors.NOTHING_AT_PATHSPEC({ pathspec: given ?? '', location });
  };
  const { flow, run } = (await findRun(store, parts, namespace)) ?? fail();
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

/** The run that the first parts name, which are taken away; undefined where they name one that is not there. */
async function findRun(
  store: RunStore,
  parts: string[],
  namespace: string,
): Promise<Pick<RunInfo, 'flow' | 'run'> | undefined> {
  const flows = await store.flows();
  const named = parts[0] !== undefined && flows.includes(parts[0]) ? parts.shift() : undefined;
  const among = named === undefined ? flows : [named];
  const [id] = parts;
  if (id !== undefined && id !== 'latest' && /^\w(?:[\w.-]*\w)?$/.test(id)) {
    const found = (await Promise.all(among.map((flow) => store.run(flow, id)))).find((info) => info !== undefined);
    if (found) {
      parts.shift();
      return found;
    }
    if (/^\d+$/.test(id)) return undefined;
  }
  if (id === 'latest') parts.shift();
  const latest = await latestOf(store, among, namespace);
  if (latest) return latest;
  throw pathspecErrors.NO_RUNS({
    location: store.location,
    ...(named === undefined ? {} : { flow: named }),
    ...(namespace !== '' && (await latestOf(store, among, '')) ? { namespace } : {}),
  });
}

/** The newest run of several flows in a namespace. */
async function latestOf(store: RunStore, flows: readonly string[], namespace: string): Promise<RunInfo | undefined> {
  const newest = flows.map(async (flow) => {
    for await (const info of store.eachRun(flow)) if (isInNamespace(info, namespace)) return info;
    return undefined;
  });
  const found = (await Promise.all(newest)).filter((info) => info !== undefined);
  return found.sort((a, b) => b.createdAt - a.createdAt || Number(b.run) - Number(a.run))[0];
}
