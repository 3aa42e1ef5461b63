import { describe, expect, expectTypeOf, it } from 'vitest';
import * as z from 'zod';
import { openClient } from './client.ts';
import { each } from './compose/each.ts';
import { flow } from './compose/flow.ts';
import { step } from './compose/step.ts';
import { runFlow } from './run-flow.ts';
import { inMemoryRunStore } from './store-in-memory.ts';

const module = import.meta.url;
const list = step('list', { run: ({ n }: { n: number }) => ({ xs: Array.from({ length: n }, (_, i) => i) }) });
const square = step('square', {
  run: ({ x }: { x: number }, { log }) => {
    log('squaring', { x });
    if (x === 9) throw new Error('too large');
    return { y: x * x };
  },
});
const sum = step('sum', {
  run: ({ ys }: { ys: readonly { y: number }[] }) => ({ total: ys.reduce((a, { y }) => a + y, 0) }),
});
const squares = flow('Squares', { n: z.number().default(3) }, ({ n }) =>
  sum({ ys: each(list({ n }).xs, (x) => square({ x })) }),
);

async function someRuns() {
  const store = inMemoryRunStore();
  for (const n of [2, 3]) await runFlow(squares, { module, store, params: { n }, tags: [`size:${n}`] });
  await expect(runFlow(squares, { module, store, params: { n: 10 } })).rejects.toThrow('too large');
  return openClient(store);
}

describe('a client', () => {
  it('walks from flows to artifacts, with the types of the definition', async () => {
    const client = await someRuns();
    expect(await client.flows()).toEqual(['Squares']);
    const run = await client.flow(squares).latestSuccessful();
    if (!run) throw new Error('there is one');
    expectTypeOf(await run.params()).toEqualTypeOf<{ readonly n: number }>();
    expect(await run.params()).toEqual({ n: 3 });
    expectTypeOf(await run.result()).toEqualTypeOf<{ total: number }>();
    expect(await run.result()).toEqual({ total: 5 });
    expect(await run.steps()).toEqual(['list', 'square', 'sum']);
    const made = await run.read(square);
    expectTypeOf(made).toEqualTypeOf<readonly { y: number }[]>();
    expect(made).toEqual([{ y: 0 }, { y: 1 }, { y: 4 }]);
    const task = await run.task(square, [2]);
    const y = await task.artifact('y');
    expectTypeOf(y).toEqualTypeOf<number>();
    expect([y, task.name, task.state, await task.log()]).toEqual([4, 'square[2]', 'done', 'squaring x=2\n']);
  });

  it('lists runs newest first, by tag, state and number', async () => {
    const runs = (await someRuns()).flow(squares);
    const states: string[] = [];
    for await (const run of runs.runs()) states.push(await run.state());
    expect(states).toEqual(['failed', 'done', 'done']);
    const tagged = await runs.latest({ tags: ['size:2'] });
    expect(await tagged?.params()).toEqual({ n: 2 });
    const two: string[] = [];
    for await (const run of runs.runs({ limit: 2 })) two.push(run.id);
    expect(two).toHaveLength(2);
    expect(await runs.latest({ tags: ['none'] })).toBeUndefined();
  });

  it('knows a flow by its name alone', async () => {
    const client = await someRuns();
    const run = await client.flow('Squares').latest();
    const tasks = await run?.tasks('square');
    const failed = tasks?.find(({ state }) => state === 'failed');
    expect(failed).toMatchObject({ name: 'square[9]', error: { message: 'too large' }, artifacts: [] });
    await expect(failed?.artifact('y')).rejects.toMatchObject({ code: 'TASK_MADE_NOTHING' });
  });

  it('changes tags', async () => {
    const client = await someRuns();
    const run = await client.flow(squares).latest();
    expect(await run?.changeTags({ add: ['bad'] })).toEqual(['bad']);
    expect((await client.flow(squares).latest({ tags: ['bad'] }))?.id).toBe(run?.id);
  });

  it.each([
    ['a run', (c: Awaited<ReturnType<typeof someRuns>>) => c.flow(squares).run('1'), 'RUN_NOT_FOUND'],
    [
      'a task',
      async (c: Awaited<ReturnType<typeof someRuns>>) => (await c.flow(squares).latest())?.task(square, [99]),
      'NO_SUCH_TASK',
    ],
  ])('says so where there is no such thing: %s', async (_, ask, code) => {
    await expect(ask(await someRuns())).rejects.toMatchObject({ code });
  });
});
