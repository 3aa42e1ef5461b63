import { beforeAll, describe, expect, it } from 'vitest';
import { PAYLOADS } from '../../report/testing/payloads.ts';
import { dangersOf } from '../../report/testing/markup.ts';
import { type RunView, type TaskView, inMemoryRunStore, readRun, runFlow } from '../index.ts';
import type { ArtifactKey, RunStore } from '../store/run-store.ts';
import { cardFlow } from '../testing/card-flow.ts';
import { renderRunPage } from './run-page.ts';

const module = new URL('../testing/card-flow.ts', import.meta.url);

async function pageOf(params: { count: number; name: string }): Promise<{ page: string; run: string }> {
  const store = inMemoryRunStore();
  await runFlow(cardFlow, { module, store, params, tags: ['night'] }).catch(() => undefined);
  const [info] = await store.runs('CardFlow');
  if (!info) throw new Error('no run');
  return { page: await renderRunPage(store, await readRun(store, info)), run: info.run };
}

/** The text of a page, without its tags. */
const textOf = (page: string): string =>
  page
    .replace(/<(style|script)>.*?<\/\1>/gs, '')
    .replace(/<title>.*?<\/title>/gs, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

describe('the card of a run', () => {
  let page = '';
  let text = '';
  beforeAll(async () => {
    ({ page } = await pageOf({ count: 3, name: '<b>night</b>' }));
    text = textOf(page);
  });

  it('says how it ended, what was caught and retried, by whom and with what', () => {
    expect(text).toMatch(/State ✓ done/);
    expect(text).toMatch(/Tasks done 11 of 11/);
    expect(text).toMatch(/Caught ! 1 .*Retried 1/);
    expect(text).toContain('fit[1] failed, and its catch stepped in: point 1 is no good');
    expect(text).toMatch(/tags night/);
    expect(text).toContain(`Node ${process.version}`);
    expect(text).toMatch(/code \(SHA-256\) [0-9a-f]{64}/);
    expect(text).toContain('Shows what a card can show.');
  });

  it('tells which cases were taken, and how often what is repeated ran', () => {
    expect(text).toContain('load.size? large · taken');
    expect(text).toContain('load.size? small · not taken');
    expect(text).toContain('load.isBig? yes · taken');
    expect(text).toContain('load.isBig? otherwise · not taken');
    expect(text).toContain('each of load.points · 3');
    expect(text).toContain('repeat · 4 iterations');
    expect(page).toMatch(/class="node plain faint"[\s\S]{0,400}small/);
  });

  it('shows what the steps put there, in the order of the graph', () => {
    expect(text.indexOf('All of them.')).toBeGreaterThan(0);
    expect(page.indexOf('<strong>All</strong>')).toBeLessThan(page.indexOf('<td class="number">0.2</td>'));
  });

  it('has a line of time for each task, with what came of it', () => {
    const names = [...page.matchAll(/<text[^>]*class="label"[^>]*>\s*([^<]+)/g)].map(([, name]) => name?.trim());
    expect(names).toEqual([
      'load',
      'large',
      'big',
      'fit[0]',
      'fit[1]',
      'fit[2]',
      ...[0, 1, 2, 3].map((i) => `improve[${i}]`),
      'report',
    ]);
    expect(text).toMatch(/done after 2 attempts/);
    expect(page).toMatch(/class="span before"/);
  });

  it('tells of every artifact: its type, its size, how it begins', () => {
    expect(text).toMatch(/rows Float32Array\(1,000\) 4 KiB \[0, 0, 0, 0, 0, 0, … 994 more\]/);
    expect(text).toMatch(/points list of 3 \d+ B \[0, 1, 2\]/);
    expect(text).toContain('read by small, large');
  });

  it('has the parameters and the result', () => {
    expect(text).toMatch(/Parameters parameter type value count number 3 name string &lt;b&gt;night&lt;\/b&gt;/);
    expect(text).toMatch(/Result artifact type value best number 0.2/);
  });

  it('has the end of what every attempt logged', () => {
    expect(text).toContain('reading rows=3');
    expect(text).toMatch(
      /large: stdout, attempt 1 .*the first time never works.*large: stdout, attempt 2 trying attempt=1/,
    );
  });

  it('links to nothing that is not there', () => {
    const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(links.length).toBeGreaterThan(20);
    expect(links.filter((id) => !ids.has(id))).toEqual([]);
    expect(page.match(/ id="/g)).toHaveLength(ids.size);
  });
});

it('says what failed first, and how to go on', async () => {
  const { page, run } = await pageOf({ count: 1, name: 'broken' });
  const text = textOf(page);
  expect(text).toMatch(/CardFlow · failed/);
  expect(text).toMatch(/report failed told to fail Where/);
  expect(text).toContain(`smallboat resume --run ${run}`);
  expect(text).toContain('load.size? small · taken');
  expect(text).not.toContain('Result artifact');
});

const key = 'a'.repeat(40) as ArtifactKey;

/** A run with one step of many tasks, as its store would tell it, without the store. */
function wide(tasks: readonly Partial<TaskView>[], words: Partial<RunView['info']> = {}): RunView {
  const path = { flow: 'f', run: '1', step: 'fit', task: '1' };
  const shared = {
    path,
    state: 'done',
    isCaught: false,
    attempts: 1,
    attempt: 0,
    artifacts: { score: key },
    lengths: {},
  } as const;
  const info = { flow: 'f', run: '1', createdAt: 1e12, user: 'ada', tags: [], systemTags: [], ...words };
  const views = tasks.map((task, i): TaskView => ({
    ...shared,
    name: `fit[${i}]`,
    index: [i],
    createdAt: 1e12 + i,
    startedAt: 1e12 + i,
    endedAt: 1e12 + i + 50,
    briefs: { score: { type: 'number', text: String(i), bytes: 12 } },
    ...task,
    path: { ...path, task: String(i) },
  }));
  const graph = {
    flow: 'f',
    regions: [{ id: 'x', kind: 'each', scope: [] }],
    steps: [{ name: 'fit', scope: ['x'], after: [], inputs: {} }],
  } as const;
  return {
    info,
    state: 'done',
    record: { kind: 'run', module: 'file:///f.ts', pid: 1, host: 'h', graph, params: [] },
    params: {},
    steps: [{ name: 'fit', state: 'done', tasks: views }],
    result: {},
  };
}

/** A store that has a log for every task, and `value` for every key. */
function stub(log: string, value: unknown = 1): RunStore {
  const cards = {
    isImmediate: true,
    save: async () => undefined,
    list: async () => [],
    html: async () => undefined,
    data: async () => undefined,
  };
  return { cards, readLog: async () => log, load: async () => value, size: async () => 1 } as unknown as RunStore;
}

describe('a step of ten thousand tasks', () => {
  const tasks = Array.from({ length: 10_000 }, (_, i): Partial<TaskView> =>
    i === 7777 ? { state: 'failed', error: { kind: 'threw', message: 'unlucky' } } : { card: key },
  );

  it('makes a page that is small and soon there, with the task that failed first', async () => {
    const started = performance.now();
    const page = await renderRunPage(stub('line\n'.repeat(1000)), wide(tasks));
    expect(performance.now() - started).toBeLessThan(3000);
    expect(page.length).toBeLessThan(200_000);
    const text = textOf(page);
    expect(text).toMatch(/fit\[7777\] failed unlucky/);
    expect(text).toContain('60 of 10000 are listed');
    expect(text).toContain('each of x · 10000');
    expect(text).toContain('half of them took at most 50 ms');
    expect(page.match(/<path[^>]*class="span bad"/g)).toHaveLength(1);
  });

  it('shows some of their cards, and says where the others are', async () => {
    const page = await renderRunPage(stub('', [{ kind: 'text', text: 'a card' }]), wide(tasks));
    expect(page.match(/<p>a card<\/p>/g)).toHaveLength(40);
    expect(textOf(page)).toContain('9959 more tasks have a card');
    expect(page.length).toBeLessThan(250_000);
  });
});

it('makes every payload inert wherever a run can hold one', async () => {
  for (const payload of PAYLOADS.filter((_, i) => i % 9 === 0)) {
    const view = wide(
      [
        {
          name: payload,
          card: key,
          briefs: { score: { type: payload, text: payload } },
          error: { kind: 'threw', message: payload, code: payload, stack: payload },
        },
        { state: 'failed', name: payload, error: { kind: 'threw', message: payload, code: payload, stack: payload } },
        { state: 'failed', artifacts: { [payload]: key }, from: payload },
      ],
      { user: payload, tags: [payload], systemTags: [payload], origin: payload },
    );
    const { record } = view;
    const steps = [
      {
        name: payload,
        scope: [payload, `${payload}=${payload}`],
        after: [],
        inputs: { [payload]: payload },
        about: payload,
      },
    ];
    const graph = {
      flow: payload,
      steps,
      regions: [{ id: payload, kind: 'choice', scope: [] }],
      about: payload,
      owner: payload,
    } as const;
    const hostile: RunView = {
      ...view,
      ...(record
        ? {
            record: {
              ...record,
              graph,
              host: payload,
              module: payload,
              environment: { node: payload, platform: payload, commit: payload },
            },
          }
        : {}),
      params: { [payload]: key },
      result: { [payload]: key },
      steps: [...view.steps.map((step) => ({ ...step, name: payload })), ...view.steps],
    };
    const page = await renderRunPage(stub(payload, [{ kind: payload, text: payload }]), hostile);
    expect(dangersOf(page), payload).toEqual([]);
  }
});

it('tells what cannot be read instead of failing', async () => {
  const broken = {
    ...stub(''),
    load: async () => Promise.reject(new Error('the artifact is damaged')),
    size: async () => 1,
  };
  const page = await renderRunPage(broken, { ...wide([{ card: key, briefs: {} }]), params: { rate: key } });
  expect(textOf(page).match(/the artifact is damaged/g)?.length).toBeGreaterThanOrEqual(3);
});
