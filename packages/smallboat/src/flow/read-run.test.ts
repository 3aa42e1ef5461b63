import { expect, it } from 'vitest';
import * as z from 'zod';
import { flow, inMemoryRunStore, readRun, runFlow, step, when } from './index.ts';

const size = step('size', { run: () => ({ isBig: false }) });
const big = step('big', { run: () => ({ said: 'big' }) });
const small = step('small', {
  run: ({ fails }: { fails: boolean }) => {
    if (fails) throw new Error('no');
    return { said: 'small' };
  },
});
const choice = flow('Choice', { fails: z.boolean() }, ({ fails }) =>
  when(
    size({}).isBig,
    () => big({}),
    () => small({ fails }),
  ),
);

it.each([
  [false, 'done', 'skipped', 'done'],
  [true, 'failed', 'waiting', 'failed'],
])('tells a step that had nothing to do from one that waits (fails: %s)', async (fails, state, ofBig, ofSmall) => {
  await using store = inMemoryRunStore();
  await runFlow(choice, { module: import.meta.url, store, params: { fails } }).catch(() => undefined);
  const run = (await store.runs('Choice'))[0]?.run ?? '';
  const view = await readRun(store, { flow: 'Choice', run });
  expect([view.state, ...view.steps.map((s) => s.state)]).toEqual([state, 'done', ofBig, ofSmall]);
});
