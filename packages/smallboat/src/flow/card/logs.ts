import { stripVTControlCharacters } from 'node:util';
import type { ReportComponent } from '../../report/index.ts';
import type { TaskView } from '../read-run.ts';
import type { RunStore } from '../store/run-store.ts';

/** The end of a log that a page shows. */
const MOST = { lines: 40, characters: 8000, attempts: 3 } as const;

/** The ends of what a task logged, an attempt each, as code; nothing of one that logged nothing. */
export async function logsOf(store: RunStore, task: TaskView): Promise<readonly ReportComponent[]> {
  const numbers = Array.from({ length: task.attempts }, (_, attempt) => attempt).slice(-MOST.attempts);
  const logs = numbers.flatMap((attempt) => (['stdout', 'stderr'] as const).map((stream) => ({ attempt, stream })));
  const shown = await Promise.all(
    logs.map(async ({ attempt, stream }): Promise<readonly ReportComponent[]> => {
      const text = await store.readLog(task.path, attempt, stream);
      if (text === '') return [];
      const which = task.attempts > 1 ? `, attempt ${attempt + 1}` : '';
      const { tail, hidden } = tailOf(text);
      const rest = hidden > 0 ? `, the last ${MOST.lines} lines of ${MOST.lines + hidden}` : '';
      return [{ kind: 'code', text: tail, caption: `${task.name}: ${stream}${which}${rest}` }];
    }),
  );
  return shown.flat();
}

/** The last lines of a text, without what drives a terminal. */
function tailOf(text: string): { readonly tail: string; readonly hidden: number } {
  const lines = text.replace(/\n$/, '').split('\n');
  const tail = stripVTControlCharacters(lines.slice(-MOST.lines).join('\n'));
  const cut = tail.length <= MOST.characters ? tail : `…${tail.slice(-MOST.characters)}`;
  return { tail: cut, hidden: Math.max(0, lines.length - MOST.lines) };
}
