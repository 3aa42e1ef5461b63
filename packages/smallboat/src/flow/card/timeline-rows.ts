import type { BarStyle, TimelineBar, TimelineRow } from '../../report/index.ts';
import type { RunView, StepView, TaskView } from '../read-run.ts';
import { seconds } from '../run-display.ts';
import { stepId } from './picture.ts';
import { type Span, spanOf, triesOf } from './times.ts';

export interface TimelineRows extends Span {
  readonly rows: readonly TimelineRow[];
  readonly legend: readonly { readonly style: BarStyle; readonly text: string }[];
  /** Lines that are left out. */
  readonly hidden: number;
}

/** Lines that a reader can look over. */
const MOST_ROWS = 80;
/** Tasks of a step up to which each has a line. */
const MOST_TASKS = 12;
/** Parts that the time is divided into for steps with many tasks. */
const PARTS = 180;

const MEANING: Readonly<Record<BarStyle, string>> = {
  good: 'done',
  warn: 'caught or lost',
  bad: 'failed',
  plain: 'running',
  over: 'taken over from an earlier run',
  before: 'attempts before the last',
};

type EndedTask = TaskView & { readonly endedAt: number };

/** Lines in the order of the graph; of a flow with very many steps, those that took longest. `now`: where what runs ends, in milliseconds since 1970. */
export function timelineRows({ steps }: RunView, now: number): TimelineRows | undefined {
  const ran = steps
    .filter(({ tasks }) => tasks.length > 0)
    .map(({ name, tasks }) => ({ name, tasks: tasks.map((task) => ended(task, now)) }));
  const span = spanOf(ran.flatMap(({ tasks }) => tasks));
  if (!span) return undefined;
  const count = ran.reduce((sum, { tasks }) => sum + Math.min(tasks.length, MOST_TASKS + 1), 0);
  const all = ran.flatMap(({ name, tasks }) =>
    tasks.length === 1 || (count <= MOST_ROWS && tasks.length <= MOST_TASKS)
      ? tasks.map((task) => taskRow(name, task))
      : [stepRow(name, tasks, span)],
  );
  const longest = all.toSorted((a, b) => b.took - a.took).slice(0, MOST_ROWS);
  const rows = all.filter((row) => longest.includes(row));
  const styles = new Set(
    rows.flatMap(({ row }) => [...row.bars.map(({ style }) => style), ...(row.density ? [row.density.style] : [])]),
  );
  return {
    ...span,
    rows: rows.map(({ row }) => row),
    legend: (Object.keys(MEANING) as BarStyle[]).flatMap((style) =>
      // Its own keys.
      styles.has(style) ? [{ style, text: MEANING[style] }] : [],
    ),
    hidden: all.length - rows.length,
  };
}

interface Line {
  readonly row: TimelineRow;
  readonly took: number;
}

function ended(task: TaskView, now: number): EndedTask {
  const { startedAt, endedAt, state } = task;
  return { ...task, endedAt: endedAt ?? (state === 'running' ? Math.max(now, startedAt) : startedAt) };
}

function taskRow(step: StepView['name'], task: EndedTask): Line {
  const { name, createdAt, startedAt, endedAt, attempts } = task;
  const words = wordsOf(task);
  const took = seconds(endedAt - (attempts > 1 ? createdAt : startedAt));
  const before: readonly TimelineBar[] =
    attempts > 1 && startedAt > createdAt
      ? [
          {
            style: 'before',
            start: createdAt,
            end: startedAt,
            title: `${name}: attempts before the last, ${seconds(startedAt - createdAt)}`,
          },
        ]
      : [];
  const bar = {
    style: styleOf(task),
    start: startedAt,
    end: endedAt,
    title: `${name}: ${words}, ${seconds(endedAt - startedAt)}`,
  };
  const note = words === 'done' ? took : `${words}, ${took}`;
  const row = { label: name, to: stepId(step), bars: [...before, bar], note };
  return { row, took: endedAt - (before[0]?.start ?? startedAt) };
}

function stepRow(step: StepView['name'], tasks: readonly EndedTask[], all: Span): Line {
  const { start, end } = spanOf(tasks) ?? all;
  const parts = densityOf(tasks, all);
  const order: readonly BarStyle[] = ['bad', 'plain', 'warn', 'good', 'over'];
  const style = order.find((one) => tasks.some((task) => styleOf(task) === one)) ?? 'good';
  const failed = tasks.filter(({ state }) => state === 'failed').length;
  const title = `${step}: ${tasks.length} tasks, at most ${Math.max(...parts)} in one part of the time`;
  const note = `${seconds(end - start)}${failed > 0 ? `, ${failed} failed` : ''}`;
  const row = {
    label: `${step} × ${tasks.length}`,
    to: stepId(step),
    bars: [],
    density: { parts, style, title },
    note,
  };
  return { row, took: end - start };
}

/** For each part of the time how many tasks ran in it. */
function densityOf(tasks: readonly EndedTask[], { start, end }: Span): number[] {
  const part = Math.max(1, end - start) / PARTS;
  const changes = Array.from({ length: PARTS + 1 }, () => 0);
  const at = (time: number): number => Math.max(0, Math.min(PARTS - 1, Math.floor((time - start) / part)));
  for (const { startedAt, endedAt } of tasks) {
    const [from, to] = [at(startedAt), at(endedAt) + 1];
    changes[from] = (changes[from] ?? 0) + 1;
    changes[to] = (changes[to] ?? 0) - 1;
  }
  let running = 0;
  return changes.slice(0, PARTS).map((change) => (running += change));
}

function styleOf({ state, isCaught, from }: TaskView): BarStyle {
  if (from !== undefined) return 'over';
  if (state === 'failed') return 'bad';
  if (state === 'running') return 'plain';
  return isCaught || state === 'lost' ? 'warn' : 'good';
}

/** `done`, `2nd attempt`, `caught`, `taken over` */
export function wordsOf(task: TaskView): string {
  if (task.from !== undefined) return 'taken over';
  const word = task.isCaught ? 'caught' : task.state;
  const tries = triesOf(task);
  return tries > 1 ? `${word} after ${tries} attempts` : word;
}
