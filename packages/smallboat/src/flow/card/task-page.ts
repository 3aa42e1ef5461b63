import { type ReportComponent, html, page, renderComponents } from '../../report/index.ts';
import type { TaskPath } from '../store/run-store.ts';
import { timeOf } from './run-table.ts';

export interface TaskPage {
  readonly path: TaskPath;
  /** `train[3]` */
  readonly name: string;
  readonly attempt: number;
  readonly state: 'running' | 'done' | 'failed';
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly components: readonly ReportComponent[];
  /** As Metaflow's viewer reads it. */
  readonly reloadToken: string;
  /** As `page` has it. */
  readonly refreshEvery?: number;
}

/** The page of one task: what its body put on its card. */
export function renderTaskPage({
  path,
  name,
  attempt,
  state,
  at,
  components,
  reloadToken,
  refreshEvery,
}: TaskPage): string {
  return page({
    title: `${name} · ${state}`,
    subtitle: `${path.flow}/${path.run}/${path.step}/${path.task}${attempt === 0 ? '' : `, attempt ${attempt + 1}`}, ${timeOf(at)} UTC`,
    body: html`${renderComponents(components)}`,
    isInteractive: true,
    reloadToken,
    ...(refreshEvery === undefined ? {} : { refreshEvery }),
  });
}
