import { writeWhole } from '../kernel/index.ts';
import type { FlowPageOptions } from './card/flow-page.ts';
import { readRun } from './read-run.ts';
import { runEnvironment } from './run-environment.ts';
import type { RunStore } from './store/run-store.ts';

export interface FlowCardOptions extends Pick<FlowPageOptions, 'flow' | 'params' | 'file'> {
  /** URL of the module that exports the flow. */
  readonly module: string;
  /** Where its runs are, if there are any. */
  readonly store?: RunStore;
  /** Where to write the page. */
  readonly path: string;
}

/** Runs that a page shows. */
const MOST_RUNS = 10;

/** Writes the card of a flow, without a run of it: one HTML file that needs nothing else. @returns its path. */
export async function writeFlowCard({ module, store, path, ...rest }: FlowCardOptions): Promise<string> {
  const { renderFlowPage } = await import('./card/flow-page.ts');
  const [environment, infos = []] = await Promise.all([runEnvironment(module), store?.runs(rest.flow.name)]);
  const last = infos.slice(0, MOST_RUNS);
  const runs = store ? await Promise.all(last.map((info) => readRun(store, info))) : [];
  await writeWhole(path, renderFlowPage({ ...rest, runs, environment }), { sync: false });
  return path;
}
