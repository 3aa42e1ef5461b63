import { writeWhole } from '../kernel/index.ts';
import { readRun } from './read-run.ts';
import type { RunStore } from './store/run-store.ts';

export interface RunCardOptions {
  readonly store: RunStore;
  readonly flow: string;
  readonly run: string;
  /** Where to write the page. */
  readonly path: string;
}

/** Writes the card of a run: one HTML file that needs nothing else. @returns its path. Rejects with `RUN_NOT_FOUND`. */
export async function writeRunCard({ store, flow, run, path }: RunCardOptions): Promise<string> {
  // Drawing is loaded when it is wanted: every worker process imports this room.
  const { renderRunPage } = await import('./card/run-page.ts');
  await writeWhole(path, await renderRunPage(store, await readRun(store, { flow, run })));
  return path;
}
