import { describe, expect, it } from 'vitest';
import { flow, inMemoryRunStore, listCards, readCard, readRun, runCardPage, runFlow, step } from '../index.ts';
import type { ReportComponent } from '../../report/index.ts';
import type { RunStore, TaskPath } from '../store/run-store.ts';
import { changedStore } from '../testing/changed-store.ts';
import { readLiveData } from './live-data.ts';
import { pageAt } from './server-pages.ts';

const module = import.meta.url;

/** Runs a flow of one step. */
async function run(
  body: Parameters<typeof step<object, object>>[1]['run'],
  more: Partial<Parameters<typeof step<object, object>>[1]> = {},
  store: RunStore = inMemoryRunStore(),
): Promise<{
  store: RunStore;
  view: Awaited<ReturnType<typeof readRun>>;
  log: string;
  components: readonly ReportComponent[];
}> {
  const one = flow('One', {}, () => step<object, object>('work', { ...more, run: body })({}));
  await runFlow(one, { module, store }).catch(() => undefined);
  const [info] = await store.runs('One');
  if (!info) throw new Error('no run');
  const view = await readRun(store, info);
  const task = view.steps[0]?.tasks[0];
  if (!task) throw new Error('no task');
  const log = await store.readLog(task.path, task.attempt, 'stdout');
  const components = task.card ? ((await store.load('One', task.card)) as ReportComponent[]) : [];
  return { store, view, log, components };
}

const pathOf = (pathspec: string): TaskPath => {
  const [flow = '', run = '', step = '', task = ''] = pathspec.split('/');
  return { flow, run, step, task };
};

describe('the card of a task that runs', () => {
  it('can be seen before the attempt ends, and is whole at its end', async () => {
    const store = inMemoryRunStore();
    const seen: unknown[] = [];
    const { components, view } = await run(
      async (_, { card, pathspec }) => {
        const bar = card.progress('Epochs', { of: 10 });
        card.lineChart({ title: 'Loss', xLabel: 'x', yLabel: 'y' }).add('a', 0, Number.NaN);
        bar.update(3);
        await card.refresh();
        const path = pathOf(pathspec);
        seen.push(readLiveData((await store.cards.data(path)) ?? ''), await store.cards.html(path));
        seen.push((await pageAt(store, `/${path.flow}/${path.run}`, 1000))?.html);
        bar.update(10);
        return {};
      },
      {},
      store,
    );
    const [live, html, ofRun] = seen;
    expect(live).toMatchObject({
      task: 'work',
      attempt: 0,
      components: [{ value: 3 }, { series: [{ points: [[0, Number.NaN]] }] }],
    });
    expect(html).toMatch(/work · running[\s\S]*3 of 10/);
    expect(html).toContain('<meta name="metaflow-reload-token" content="0-1" />');
    expect(ofRun).toContain('3 of 10');
    expect(components).toMatchObject([{ kind: 'progress', value: 10, of: 10 }, { kind: 'lineChart' }]);
    const task = view.steps[0]?.tasks[0];
    expect(task && (await readCard(store, task))).toMatch(/work · done[\s\S]*10 of 10/);
    expect(task && JSON.parse((await store.cards.data(task.path)) ?? '')).toMatchObject({ reload_token: 'final' });
  });

  it('is seen although the body computes without a pause', async () => {
    const store = inMemoryRunStore();
    let during = '';
    await run(
      (_, { card, pathspec }) => {
        const bar = card.progress('p', { of: 1e9 });
        const until = performance.now() + 1300;
        for (let i = 0; performance.now() < until; i += 1) bar.update(i);
        void store.cards.data(pathOf(pathspec)).then((text) => (during = text ?? ''));
        return {};
      },
      {},
      store,
    );
    expect(readLiveData(during)?.components).toMatchObject([{ kind: 'progress' }]);
  });

  it('is written nowhere in between, where the task is soon done', async () => {
    const store = inMemoryRunStore();
    const { view } = await run(
      (_, { card }) => {
        card.text('quick');
        return {};
      },
      {},
      store,
    );
    const task = view.steps[0]?.tasks[0];
    expect(task && (await store.cards.data(task.path))).toBeUndefined();
    expect(await listCards(store, view)).toMatchObject([{ type: 'default', name: 'work', bytes: expect.any(Number) }]);
  });
});

describe('a card never fails its task', () => {
  it('that cannot be stored: it is said there and in the log', async () => {
    const { components, log, view } = await run((_, { card }) => {
      card({ kind: 'json', value: () => 1 });
      return { a: 1 };
    });
    expect(view.state).toBe('done');
    expect(components).toMatchObject([
      { kind: 'error', title: 'This card could not be stored', code: 'VALUE_NOT_STORABLE' },
    ]);
    expect(log).toMatch(/The card cannot be stored/);
  });

  it('whose page cannot be kept', async () => {
    const store = inMemoryRunStore();
    const cards = { ...store.cards, save: async () => Promise.reject(new Error('disk full')) };
    const { components, log, view } = await run(
      async (_, { card }) => {
        card.text('kept');
        await card.refresh();
        await card.refresh();
        return {};
      },
      {},
      changedStore(store, { cards }),
    );
    expect(view.state).toBe('done');
    expect(components).toEqual([{ kind: 'text', text: 'kept' }]);
    expect(log.match(/cannot be shown while the task runs: disk full/g)).toHaveLength(1);
    expect(log).toContain('cannot be kept as a page: disk full');
  });

  it('that is broken beyond drawing', async () => {
    const { view, store } = await run((_, { card }) => {
      card({ kind: 'table' } as never);
      return {};
    });
    expect(view.state).toBe('done');
    expect(await runCardPage({ store, flow: 'One', run: view.info.run })).toContain('cannot be shown');
  });
});

describe('a step with a card of its own', () => {
  it('makes it of inputs, results and what the body put there', async () => {
    const { components } = await run(
      (_, { card }) => {
        card.text('by the body');
        return { score: 3 };
      },
      {
        card: ({ name, made, components: put }) => [{ kind: 'text', text: `${name} ${JSON.stringify(made)}` }, ...put],
      },
    );
    expect(components).toEqual([
      { kind: 'text', text: 'work {"score":3}' },
      { kind: 'text', text: 'by the body' },
    ]);
  });

  it('makes it of a failure too', async () => {
    const { components, view } = await run(
      () => {
        throw new Error('no');
      },
      { card: ({ made, failure }) => [{ kind: 'text', text: `${typeof made} ${failure?.kind} ${failure?.message}` }] },
    );
    expect(view.state).toBe('failed');
    expect(components).toEqual([{ kind: 'text', text: 'undefined threw no' }]);
  });

  it('may give a whole page, which stands beside what the body put there', async () => {
    const { components, view, store } = await run(
      (_, { card }) => {
        card.text('by the body');
        return {};
      },
      { card: () => '<!doctype html><p>mine</p>' },
    );
    expect(components).toEqual([{ kind: 'text', text: 'by the body' }]);
    const task = view.steps[0]?.tasks[0];
    expect(task && (await readCard(store, task))).toBe('<!doctype html><p>mine</p>');
  });

  it.each([
    ['throws', () => Promise.reject(new Error('oops')), /The own card of step &#39;work&#39; failed[\s\S]*oops/],
    ['gives neither', () => 7 as never, /it gave neither components nor a page, but number/],
  ])('that %s fails nothing', async (_, card, words) => {
    const { view, store, log } = await run(
      (_given, { card: own }) => {
        own.text('by the body');
        return {};
      },
      { card },
    );
    expect(view.state).toBe('done');
    const task = view.steps[0]?.tasks[0];
    expect(task && (await readCard(store, task))).toMatch(words);
    expect(task && (await readCard(store, task))).toContain('by the body');
    expect(log).toContain('The card that the step makes itself failed');
  });
});

describe('a flow with a card of its own', () => {
  const wiring = () => step('work', { run: () => ({ score: 3 }) })({});

  it('shows it in place of the default one, which can be had too', async () => {
    const store = inMemoryRunStore();
    const own = flow('Own', {}, wiring, {
      card: async ({ flow: name, state, result, part }) => [
        { kind: 'text', text: `${name} ${state} ${JSON.stringify(await result())}` },
        { kind: 'code', text: String(await part('figures')).slice(0, 2) },
      ],
    });
    const made = await runFlow(own, { module, store });
    const page = await runCardPage({ store, flow: 'Own', run: made.run });
    expect(page).toContain('Own done {&quot;score&quot;:3}');
    expect(page).not.toContain('How it was made');
    expect(await runCardPage({ store, flow: 'Own', run: made.run, isDefault: true })).toContain('How it was made');
    const template = (): string => '<p>by hand</p>';
    expect(await runCardPage({ store, flow: 'Own', run: made.run, template })).toBe('<p>by hand</p>');
    const listed = await listCards(store, await readRun(store, { flow: 'Own', run: made.run }));
    expect(listed.map(({ type, id, name }) => [type, id, name])).toEqual([
      ['custom', 'run', 'Own'],
      ['default', 'run', 'Own'],
    ]);
  });

  it('that goes wrong is told, and changes nothing', async () => {
    const events: unknown[] = [];
    const own = flow('Own', {}, wiring, {
      card: () => {
        throw new Error('oops');
      },
    });
    await runFlow(own, { module, store: inMemoryRunStore(), onEvent: (event) => void events.push(event) });
    expect(events).toContainEqual({
      kind: 'hookFailed',
      hook: 'card',
      error: expect.objectContaining({ message: 'oops' }),
    });
  });
});
