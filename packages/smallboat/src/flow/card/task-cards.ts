import { type Html, type ReportComponent, errorOf, html, renderComponents } from '../../report/index.ts';
import type { StepView, TaskView } from '../read-run.ts';
import type { RunStore } from '../store/run-store.ts';
import { readLiveData } from './live-data.ts';
import { type TaskPage, renderTaskPage } from './task-page.ts';

/** What the cards of a step's tasks may take: the page should open at once. */
const MOST = { open: 4, tasks: 40, characters: 6_000_000 } as const;

/** What the tasks of a run put on their cards, step by step. Empty where none did. */
export async function taskCards(store: RunStore, steps: readonly StepView[]): Promise<Html> {
  const parts: Html[] = [];
  let left: number = MOST.characters;
  for (const { name, tasks } of steps) {
    const cards = (await Promise.all(chosen(tasks).map((task) => cardOf(store, task)))).filter(
      ({ components }) => components.length > 0,
    );
    if (cards.length === 0) continue;
    const step: ReportComponent[] = [{ kind: 'heading', text: name }];
    for (const { task, components } of cards) {
      if (tasks.length === 1) step.push(...components);
      else if (cards.length <= MOST.open) step.push({ kind: 'heading', level: 3, text: task.name }, ...components);
      else step.push({ kind: 'section', title: task.name, note: noteOf(task), components });
    }
    const others = tasks.filter(({ card }) => card !== undefined).length - cards.length;
    if (others > 0) {
      const path = tasks[0]?.path;
      step.push({
        kind: 'text',
        text: `${others} more tasks have a card. See one with: smallboat card view ${path?.flow}/${path?.run}/${name}/<task>`,
      });
    }
    const drawn = renderComponents(step);
    left -= drawn.toString().length;
    parts.push(
      left > 0
        ? drawn
        : renderComponents([
            { kind: 'heading', text: name },
            {
              kind: 'callout',
              tone: 'plain',
              text: `The cards of this step are too large for this page. See them with: smallboat card list`,
            },
          ]),
    );
  }
  return html`${parts}`;
}

function noteOf({ state }: TaskView): string {
  return state === 'done' ? '' : state;
}

/** Those that failed first: a reader looks for them. */
function chosen(tasks: readonly TaskView[]): readonly TaskView[] {
  const having = tasks.filter(({ card, state }) => card !== undefined || !hasEnded({ state }));
  if (having.length <= MOST.tasks) return having;
  return [...having.filter(({ state }) => state !== 'done'), ...having.filter(({ state }) => state === 'done')].slice(
    0,
    MOST.tasks,
  );
}

interface Card {
  readonly task: TaskView;
  readonly components: readonly ReportComponent[];
}

/** One that runs, or that was lost while it did, has on its card what was stored last. */
function hasEnded({ state }: Pick<TaskView, 'state'>): boolean {
  return state !== 'running' && state !== 'lost';
}

/** The components of a task's card, stored at its end or, while it runs, a moment ago. What cannot be read is said so. */
export async function cardOf(store: RunStore, task: TaskView): Promise<Card> {
  try {
    if (task.card) {
      const stored = await store.load(task.path.flow, task.card);
      return { task, components: Array.isArray(stored) ? (stored as ReportComponent[]) : [] }; // Who draws them checks them.
    }
    const text = hasEnded(task) ? undefined : await store.cards.data(task.path);
    const live = text === undefined ? undefined : readLiveData(text);
    // The name of a task that has not ended is known from its card alone.
    return { task: live ? { ...task, name: live.task } : task, components: live?.components ?? [] };
  } catch (error) {
    return { task, components: [errorOf(error, { title: `The card of ${task.name} cannot be read` })] };
  }
}

/** The page of a task, of what is on its card; undefined where nothing is. */
export async function drawTaskCard(
  store: RunStore,
  task: TaskView,
  options: Pick<TaskPage, 'refreshEvery'> = {},
): Promise<string | undefined> {
  const { task: known, components } = await cardOf(store, task);
  if (components.length === 0) return undefined;
  const { path, name, attempt, state, startedAt, endedAt = startedAt } = known;
  const shown = state === 'lost' ? 'failed' : state;
  return renderTaskPage({
    path,
    name,
    attempt,
    state: shown,
    at: endedAt,
    components,
    reloadToken: 'final',
    ...options,
  });
}
