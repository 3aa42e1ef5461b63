import { writeWhole } from '../kernel/index.ts';
import type { RunTemplate } from './card/run-card.ts';
import { type RunView, readRun } from './read-run.ts';
import type { RunStore } from './store/run-store.ts';

export interface RunCardOptions {
  readonly store: RunStore;
  readonly flow: string;
  readonly run: string;
  /** The run, where it has just been read. */
  readonly view?: RunView;
  /** Where to write the page. */
  readonly path: string;
  /** Makes the page. Default: the card that the flow made of the run itself, else the default card. */
  readonly template?: RunTemplate;
  /** The default card, also where the flow made one of its own. */
  readonly isDefault?: boolean;
}

/** Where a store keeps the cards of a whole run: with the task that every run begins with. */
const OWN = { type: 'custom', id: 'run' } as const;
const DEFAULT = { type: 'default', id: 'run' } as const;

// Drawing is loaded when it is wanted: every worker process imports this room.
const drawing = () => import('./card/run-card.ts');

/**
 * The card of a run as a page: one HTML text that needs nothing else. The default card of a run that has ended is kept in the store too, where Metaflow's
 * client finds it. Rejects with `RUN_NOT_FOUND`, and with what a template throws.
 */
export async function runCardPage({
  store,
  flow,
  run,
  view: known,
  template,
  isDefault = false,
}: Omit<RunCardOptions, 'path'>): Promise<string> {
  // Modules are loaded while the disk is asked.
  const [view, { renderRunCard }] = await Promise.all([known ?? readRun(store, { flow, run }), drawing()]);
  const own = template || isDefault ? undefined : await ownCard(store, view);
  if (own !== undefined) return own;
  const html = await renderRunCard(store, view, template);
  const isOurs = view.record !== undefined && view.state !== 'running';
  if (!template && isOurs && view.start) await store.cards.save(view.start, { ...DEFAULT, html });
  return html;
}

/** Writes the card of a run to a file, as `runCardPage` makes it. @returns the file's path. */
export async function writeRunCard({ path, ...options }: RunCardOptions): Promise<string> {
  await writeWhole(path, await runCardPage(options), { sync: false });
  return path;
}

/** Makes the card that a flow has of its own, and keeps it with the run. Rejects with what the template throws. */
export async function keepRunCard({
  store,
  flow,
  run,
  card,
}: Pick<RunCardOptions, 'store' | 'flow' | 'run'> & { readonly card: RunTemplate }): Promise<void> {
  const view = await readRun(store, { flow, run });
  const html = await (await drawing()).renderRunCard(store, view, card);
  if (view.start) await store.cards.save(view.start, { ...OWN, html });
}

async function ownCard(store: RunStore, { start }: RunView): Promise<string | undefined> {
  return start && store.cards.html(start, OWN);
}
