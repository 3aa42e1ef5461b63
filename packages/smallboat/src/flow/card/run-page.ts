import { type Html, html, page } from '../../report/index.ts';
import type { RunView } from '../read-run.ts';
import type { RunStore } from '../store/run-store.ts';
import { timeOf } from './run-table.ts';
import { RUN_PARTS, type RunPart, runPart } from './run-parts.ts';

export interface RunPageOptions {
  /** Milliseconds since 1970. Default: the machine's clock. */
  readonly now?: number;
  /** As `page` has it: for a server that shows the run while it goes on. */
  readonly refreshEvery?: number;
}

/** Parts that have a heading of their own, as links from the top. */
const TITLES: Partial<Readonly<Record<RunPart, string>>> = {
  graph: 'Steps',
  cards: 'What the steps show',
  parameters: 'Parameters',
  result: 'Result',
  times: 'Times',
  steps: 'Step by step',
  environment: 'How it was made',
};

/** The default card of a run as a page, from the store alone. */
export async function renderRunPage(store: RunStore, view: RunView, options: RunPageOptions = {}): Promise<string> {
  const { now = Date.now(), ...rest } = options;
  const made: (readonly [RunPart, Html])[] = [];
  for (const part of RUN_PARTS) made.push([part, await runPart(part, { store, view, now })]);
  const shown = made.filter(([, markup]) => markup.toString() !== '');
  const links = shown.flatMap(([part]) => {
    const title = TITLES[part];
    return title === undefined ? [] : [html`<li><a href="#${part}">${title}</a></li> `];
  });
  const nav = html`<nav aria-label="Parts of this page">
    <ul class="parts">
      ${links}
    </ul>
  </nav>`;
  const parts = shown.map(([part, markup]) => html`<section id="${part}">${markup}</section>`);
  return pageOfRun(view, html`${nav}${parts}`, rest);
}

/** A page with the run's head. */
export function pageOfRun(
  { info, state }: RunView,
  body: Html,
  { refreshEvery }: Pick<RunPageOptions, 'refreshEvery'> = {},
): string {
  return page({
    title: `${info.flow} · ${state}`,
    subtitle: `Run ${info.run}, ${timeOf(info.createdAt)} UTC, by ${info.user}`,
    body,
    isInteractive: true,
    ...(refreshEvery === undefined ? {} : { refreshEvery }),
  });
}
