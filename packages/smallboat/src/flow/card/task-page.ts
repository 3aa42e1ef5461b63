import { type ReportComponent, html, page, renderComponents } from '../../report/index.ts';
import type { TaskPath } from '../store/run-store.ts';

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
}

/** The page of one task: what its body put on its card. */
export function renderTaskPage({ path, name, attempt, state, at, components, reloadToken }: TaskPage): string {
  const when = new Date(at).toISOString().slice(0, 19).replace('T', ' ');
  return page({
    title: `${name} · ${state}`,
    subtitle: `${path.flow}/${path.run}/${path.step}/${path.task}${attempt === 0 ? '' : `, attempt ${attempt + 1}`}, ${when} UTC`,
    body: html`${renderComponents(components)}`,
    isInteractive: true,
    reloadToken,
  });
}
