import { html, page, renderComponents } from '../../report/index.ts';
import { type RunView, readRun } from '../read-run.ts';
import { type RunInfo, type RunStore, runStoreErrors } from '../store/run-store.ts';
import { renderRunPage } from './run-page.ts';
import { runTable } from './run-table.ts';
import { drawTaskCard } from './task-cards.ts';

/** A page as a server answers with it. */
export interface ServedPage {
  readonly html: string;
  /** It will not change any more. */
  readonly isOver: boolean;
}

/** Runs that the list shows. */
const MOST_RUNS = 30;

/**
 * The page at a path: `/` lists the runs, `/flow/run` is the card of one, `/flow/run/step/task` that of a task. Undefined where nothing is.
 */
export async function pageAt(store: RunStore, path: string, refreshEvery: number): Promise<ServedPage | undefined> {
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.length === 0) return runList(store, refreshEvery);
  const [flow = '', run = '', step, task] = parts;
  if (parts.length !== 2 && parts.length !== 4) return undefined;
  try {
    const view = await readRun(store, { flow, run });
    const isOver = view.state !== 'running';
    if (step === undefined) return { html: await renderRunPage(store, view, isOver ? {} : { refreshEvery }), isOver };
    return await taskPage(store, view, { step, task: task ?? '', refreshEvery });
  } catch (error) {
    if (runStoreErrors.RUN_NOT_FOUND.is(error) || runStoreErrors.STORE_NAME_INVALID.is(error)) return undefined;
    throw error;
  }
}

async function taskPage(
  store: RunStore,
  view: RunView,
  { step, task, refreshEvery }: { readonly step: string; readonly task: string; readonly refreshEvery: number },
): Promise<ServedPage | undefined> {
  const found = view.steps.find(({ name }) => name === step)?.tasks.find(({ path }) => path.task === task);
  const isOver = found?.state !== 'running';
  const made = found && (await drawTaskCard(store, found, isOver ? {} : { refreshEvery }));
  return made === undefined ? undefined : { html: made, isOver };
}

async function newest(store: RunStore, flow: string): Promise<readonly RunInfo[]> {
  const found: RunInfo[] = [];
  for await (const info of store.eachRun(flow)) if (found.push(info) === MOST_RUNS) break;
  return found;
}

async function runList(store: RunStore, refreshEvery: number): Promise<ServedPage> {
  const infos = (await Promise.all((await store.flows()).map((flow) => newest(store, flow)))).flat();
  const last = infos.toSorted((a, b) => b.createdAt - a.createdAt).slice(0, MOST_RUNS);
  const views = await Promise.all(last.map((info) => readRun(store, info)));
  const table = runTable(views, ({ info: { flow, run } }) => ({ value: `${flow}/${run}`, to: `/${flow}/${run}` }));
  const body =
    views.length === 0
      ? html`<p class="none">There is no run in ${store.location}.</p>`
      : html`<section>${renderComponents([table])}</section>`;
  const made = page({ title: 'Runs', subtitle: store.location, body, isInteractive: true, refreshEvery });
  return { html: made, isOver: false };
}
