import { expect, it } from 'vitest';
import { PAYLOADS } from '../../report/testing/payloads.ts';
import { dangersOf } from '../../report/testing/markup.ts';
import { env, flow, inMemoryRunStore, readRun, runFlow, step } from '../index.ts';
import { cardFlow } from '../testing/card-flow.ts';
import { renderFlowPage } from './flow-page.ts';

const shared = { runs: [], file: 'flow.ts', environment: {} };
const textOf = (page: string): string =>
  page
    .replace(/<(style|script)>.*?<\/\1>/gs, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

it('says what a flow is for, what data, what checks, whom to ask', () => {
  const params = [
    { name: 'count', flag: 'count', type: 'number', about: 'how many points', default: '3' },
    { name: 'name', flag: 'name', type: 'string', about: '' },
  ];
  const text = textOf(renderFlowPage({ ...shared, flow: cardFlow, params }));
  expect(text).toContain('Shows what a card can show.');
  expect(text).toContain('Who to ask: data team');
  expect(text).toMatch(/Data reads cart_sessions Checks scores are not negative/);
  expect(text).toMatch(/count --count number 3 how many points name --name string ! required/);
  expect(text).toContain('smallboat run flow.ts --name …');
  expect(text).toContain('load.size? small');
  expect(text).toContain('each of load.points');
  expect(text).not.toMatch(/not taken|· 0/);
});

it('says what each step asks for, secrets and variables by name only', () => {
  const need = step('need', {
    about: 'Needs much.',
    resources: { cpu: 2, gpu: 1, memoryMiB: 4096 },
    retry: { times: 2, backoffSeconds: 5 },
    timeoutSeconds: 90,
    compute: 'batch',
    image: 'registry/image:1',
    secrets: ['aws-secrets-manager.db'],
    environment: { TOKEN: env('HIDDEN'), MODE: 'very-private' },
    run: () => ({}),
    catch: () => ({}),
    card: () => [],
  });
  const page = renderFlowPage({ ...shared, flow: flow('Needy', {}, () => need({})), params: [] });
  const text = textOf(page);
  expect(text).toContain('need Needs much.');
  expect(text).toMatch(
    /needs 2 CPU, 1 GPU, 4096 MiB memory attempts up to 3, first again after 5 s time limit 1 min 30 s/,
  );
  expect(text).toMatch(
    /its catch gives what takes its place runs on batch image registry\/image:1 secrets aws-secrets-manager.db environment TOKEN, MODE card makes its own/,
  );
  expect(page).not.toMatch(/very-private|HIDDEN/);
});

it('shows the last runs with their states', async () => {
  const store = inMemoryRunStore();
  const { run } = await runFlow(cardFlow, { module: import.meta.url, store, params: { count: 1, name: 'x' } });
  const runs = [await readRun(store, { flow: 'CardFlow', run })];
  const text = textOf(renderFlowPage({ ...shared, flow: cardFlow, params: [], runs }));
  expect(text).toMatch(new RegExp(`Last runs .*${run} ✓ done`));
  expect(text).toMatch(/Last run ✓ done/);
});

it('makes every payload inert', () => {
  for (const payload of PAYLOADS.filter((_, i) => i % 5 === 2)) {
    const options = { about: payload, owner: payload, data: [payload], checks: [payload] };
    const own = flow(
      'Own',
      {},
      () =>
        step('work', { about: payload, image: `${payload}x`, environment: { [payload]: payload }, run: () => ({}) })(
          {},
        ),
      options,
    );
    const params = [{ name: payload, flag: payload, type: payload, about: payload, default: payload }];
    expect(
      dangersOf(renderFlowPage({ flow: own, params, runs: [], file: payload, environment: { code: payload } })),
      payload,
    ).toEqual([]);
  }
});
