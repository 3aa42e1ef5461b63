import type { ReportCell, TableComponent, Tone } from '../../report/index.ts';
import type { RunState, RunView } from '../read-run.ts';
import { seconds } from '../run-display.ts';
import { spanOf } from './times.ts';

/** The tone that a run's state has wherever it is shown. */
export const RUN_TONES: Readonly<Record<RunState, Tone>> = {
  done: 'good',
  failed: 'bad',
  interrupted: 'warn',
  running: 'plain',
};

/** Runs with their states and times; `nameOf` is what stands in the first column. */
export function runTable(views: readonly RunView[], nameOf: (view: RunView) => ReportCell): TableComponent {
  return {
    kind: 'table',
    columns: ['run', 'state', 'began', 'took', 'tasks done', 'by', 'tags'],
    rows: views.map((view) => {
      const { info, state, steps } = view;
      const tasks = steps.flatMap((step) => step.tasks);
      const span = spanOf(tasks);
      return [
        nameOf(view),
        { value: state, tone: RUN_TONES[state] },
        timeOf(info.createdAt),
        span ? seconds(span.end - info.createdAt) : null,
        `${tasks.filter((task) => task.state === 'done').length} of ${tasks.length}`,
        info.user,
        info.tags.join(', '),
      ];
    }),
  };
}

/** `2026-11-26 15:03:43`, in UTC. */
export function timeOf(at: number): string {
  // Beyond this, as a damaged store may say, there is no date.
  if (!(Math.abs(at) <= 8.64e15)) return 'an unknown time';
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}
