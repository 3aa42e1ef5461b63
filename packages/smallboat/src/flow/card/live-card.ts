import { messageOf } from '../../kernel/index.ts';
import type { ReportComponent } from '../../report/index.ts';
import { briefOf, errorOf } from '../../report/make/index.ts';
import type { StepNode } from '../definition.ts';
import { type Job, type Outcome, taskName } from '../engine/job.ts';
import { CARD } from '../engine/record.ts';
import type { ArtifactKey, ArtifactKeys, RunStore } from '../store/run-store.ts';
import { deck } from './deck.ts';
import { writeLiveData } from './live-data.ts';
import { publisher } from './publisher.ts';
import type { TaskCard } from './task-card.ts';

export interface LiveCardOptions {
  readonly job: Job;
  readonly store: RunStore;
  readonly user: string;
  /** A line for the task's log: what of the card could not be kept. */
  readonly warn: (text: string) => void;
}

/** The card of a task that runs. None of it fails the task. */
export interface LiveCard extends AsyncDisposable {
  readonly card: TaskCard;
  /** The body begins: what the step's own card is made of. */
  begin(node: StepNode, inputs: unknown): void;
  /** What the body returned. */
  made(result: object): void;
  /** Stores the card for good. @returns the hidden artifact that it is, if there is something on it. */
  end(outcome: Outcome): Promise<ArtifactKeys>;
}

/** Drawing is loaded by the first task of a process that has a card. */
const drawing = () => Promise.all([import('../../report/index.ts'), import('./task-page.ts')]);

/** A card that is stored while it changes. */
export function liveCard({ job, store, user, warn }: LiveCardOptions): LiveCard {
  const { path, attempt } = job;
  const { cards } = store;
  const name = taskName(job.step, job.index);
  let writes = 0;
  let hasFailed = false;
  let body: { readonly node: StepNode; readonly inputs: unknown; readonly made?: object } | undefined;
  const warnOf = (what: string) => (error: unknown) => warn(`The card ${what}: ${messageOf(error)}`);

  /** The data at once, for our own readers; the page as soon as it is drawn, for Metaflow's. */
  const write = async (): Promise<void> => {
    writes += 1;
    const own = writes;
    const shared = { attempt, at: Date.now() };
    const reloadToken = `${attempt}-${own}`;
    const components = made.components();
    const data = (drawn: readonly ReportComponent[]): string =>
      writeLiveData({ ...shared, task: name, components: drawn }, reloadToken);
    await cards.save(path, { data: data(components) });
    const [{ drawCharts }, { renderTaskPage }] = await drawing();
    const drawn = await drawCharts(components);
    // Meanwhile a later one may have been written.
    if (own !== writes) return;
    const html = renderTaskPage({ ...shared, path, name, state: 'running', components: drawn, reloadToken });
    await cards.save(path, drawn === components ? { html } : { html, data: data(drawn) });
  };
  const live = publisher({
    write,
    isImmediate: cards.isImmediate,
    // Once: a disk that is full stays so.
    onError: (error) => {
      if (!hasFailed) warnOf('cannot be shown while the task runs')(error);
      hasFailed = true;
    },
  });
  const made = deck({ onChange: () => live.changed(), refresh: () => live.refresh() });

  return {
    card: made.card,
    begin: (node, inputs) => void (body = { node, inputs }),
    made: (result) => void (body = body && { ...body, made: result }),
    async end(outcome) {
      await live.close();
      writes += 1;
      const result = await finished(outcome);
      const own = typeof result === 'string' ? made.components() : result;
      if (own.length === 0 && typeof result !== 'string') return {};
      const [{ drawCharts }, { renderTaskPage }] = await drawing();
      const components = await drawCharts(own);
      const shared = { attempt, at: Date.now() };
      const state = outcome.kind === 'succeeded' ? 'done' : 'failed';
      const html =
        typeof result === 'string'
          ? result
          : renderTaskPage({ ...shared, path, name, state, components, reloadToken: 'final' });
      const data = writeLiveData({ ...shared, task: name, components: [] }, 'final');
      // Data is for those who look while the task runs: it is ended where there was some.
      await cards.save(path, writes > 1 ? { html, data } : { html }).catch(warnOf('cannot be kept as a page'));
      return components.length === 0 ? {} : { [CARD]: await saved(components) };
    },
    async [Symbol.asyncDispose]() {
      await live.close();
    },
  };

  /** What the step makes of its card, or what the body put there. */
  async function finished(outcome: Outcome): Promise<readonly ReportComponent[] | string> {
    const components = made.components();
    const template = body?.node.card;
    if (!body || !template) return components;
    const { inputs, made: result } = body;
    const { flow, run } = path;
    const { index, tags } = job;
    const failure = outcome.kind === 'failed' ? { failure: outcome.error } : {};
    try {
      const task = { flow, run, name, index, attempt, user, tags, components, ...failure };
      // The types of the step, which the graph does not know.
      const given: unknown = await template({ ...task, inputs: inputs as never, made: result as never });
      if (typeof given === 'string' || Array.isArray(given)) return given as readonly ReportComponent[] | string; // Drawing checks them.
      throw new TypeError(`it gave neither components nor a page, but ${briefOf(given).type}`);
    } catch (error) {
      warnOf('that the step makes itself failed')(error);
      return [...components, errorOf(error, { title: `The own card of step '${job.step}' failed` })];
    }
  }

  /** What cannot be stored is said on the card. */
  async function saved(components: readonly ReportComponent[]): Promise<ArtifactKey> {
    try {
      return await store.save(path.flow, components);
    } catch (error) {
      warnOf('cannot be stored')(error);
      return store.save(path.flow, [errorOf(error, { title: 'This card could not be stored' })]);
    }
  }
}
