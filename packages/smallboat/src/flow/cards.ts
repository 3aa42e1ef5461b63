import type { CardServer, ServeCardsOptions } from './card/serve-cards.ts';
import type { RunView, TaskView } from './read-run.ts';
import type { NewCard, RunStore, StoredCard, TaskPath } from './store/run-store.ts';

/** A card of a run, and whose it is. One without `hash` has no page yet: it is drawn when it is asked for. */
export interface CardEntry extends Partial<StoredCard> {
  readonly type: string;
  readonly path: TaskPath;
  /** `train[3]`, or the flow's name where it is the card of the whole run. */
  readonly name: string;
}

/** The cards of a run: that of the whole run first, if it is kept, then those of its tasks. */
export async function listCards(store: RunStore, { info, start, steps }: RunView): Promise<readonly CardEntry[]> {
  const tasks = steps.flatMap((step) => step.tasks);
  const all = [...(start ? [{ path: start, name: info.flow, hasCard: false }] : []), ...tasks.map(asPlace)];
  const found = all.map(async ({ path, name, hasCard }): Promise<readonly CardEntry[]> => {
    const kept = await store.cards.list(path);
    if (kept.length === 0) return hasCard ? [{ type: 'default', path, name }] : [];
    return kept.map((card) => ({ ...card, path, name }));
  });
  return (await Promise.all(found)).flat();
}

function asPlace({ path, name, card }: TaskView): Pick<TaskView, 'path' | 'name'> & { readonly hasCard: boolean } {
  return { path, name, hasCard: card !== undefined };
}

/**
 * The page of a task: as the store has it or, where it has none, drawn of what the task put on its card. Undefined where it put nothing there.
 */
export async function readCard(
  store: RunStore,
  task: TaskView,
  which: Pick<NewCard, 'type' | 'id'> = {},
): Promise<string | undefined> {
  const kept = await store.cards.html(task.path, which);
  if (kept !== undefined || which.type !== undefined || which.id !== undefined) return kept;
  const { drawTaskCard } = await import('./card/task-cards.ts');
  return drawTaskCard(store, task);
}

/** Shows the cards of a store at an address of this machine. Rejects with `CARD_PORT_UNUSABLE`. */
export async function serveCards(options: ServeCardsOptions): Promise<CardServer> {
  // Loaded when it is called: every worker process imports this room.
  return (await import('./card/serve-cards.ts')).serveCards(options);
}
