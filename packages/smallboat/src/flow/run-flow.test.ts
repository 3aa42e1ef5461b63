import { describe, expect, expectTypeOf, it } from 'vitest';
import * as z from 'zod';
import { each } from './compose/each.ts';
import { flow } from './compose/flow.ts';
import { step } from './compose/step.ts';
import { env } from './options.ts';
import type { RunEvent } from './engine/events.ts';
import { resumeFlow, runFlow } from './run-flow.ts';
import { inMemoryRunStore } from './store-in-memory.ts';

const module = import.meta.url;
const count = step('count', { run: ({ to }: { to: number }) => ({ xs: Array.from({ length: to }, (_, i) => i + 1) }) });
const square = step('square', { run: ({ x }: { x: number }) => ({ y: x * x }) });
const sum = step('sum', {
  run: ({ ys }: { ys: readonly { y: number }[] }) => ({ total: ys.reduce((a, b) => a + b.y, 0) }),
});
const squares = flow('squares', { to: z.number().int().default(3) }, ({ to }) =>
  sum({ ys: each(count({ to }).xs, (x) => square({ x })) }),
);

describe('a run', () => {
  it('fans out, gathers in the order of the list, and is read by step', async () => {
    const run = await runFlow(squares, { module, store: inMemoryRunStore(), params: { to: 4 } });
    const result = await run.result();
    expectTypeOf(result).toEqualTypeOf<{ total: number }>();
    expect(result).toEqual({ total: 30 });
    const made = await run.read(square);
    expectTypeOf(made).toEqualTypeOf<readonly { y: number }[]>();
    expect(made).toEqual([{ y: 1 }, { y: 4 }, { y: 9 }, { y: 16 }]);
  });

  it.each([0, 1, 200])('fans out over %i elements', async (to) => {
    const run = await runFlow(squares, { module, store: inMemoryRunStore(), params: { to } });
    expect(await run.result()).toEqual({ total: (to * (to + 1) * (2 * to + 1)) / 6 });
  });

  it('nests each in each, over parameters, artifacts, elements and constants', async () => {
    const pair = step('pair', { run: ({ a, b }: { a: number; b: number }) => ({ y: a * b }) });
    const outer = step('outer', {
      run: ({ ss }: { ss: readonly { total: number }[] }) => ({ s: ss.map((x) => x.total) }),
    });
    const overParams = flow('f', { as: z.array(z.number()), bs: z.array(z.number()) }, ({ as, bs }) =>
      outer({ ss: each(as, (a) => sum({ ys: each(bs, (b) => pair({ a, b })) })) }),
    );
    const store = inMemoryRunStore();
    const first = await runFlow(overParams, { module, store, params: { as: [1, 2], bs: [10, 20] } });
    expect(await first.result()).toEqual({ s: [30, 60] });

    const overElements = flow('g', { rows: z.array(z.array(z.number())) }, ({ rows }) =>
      outer({ ss: each(rows, (row) => sum({ ys: each(row, (x) => square({ x })) })) }),
    );
    const second = await runFlow(overElements, { module, store, params: { rows: [[1, 2], [], [3]] } });
    expect(await second.result()).toEqual({ s: [5, 0, 9] });

    const overConstants = flow('h', {}, () =>
      outer({ ss: each([2, 3], (to) => sum({ ys: each(count({ to }).xs, (x) => square({ x })) })) }),
    );
    expect(await (await runFlow(overConstants, { module, store })).result()).toEqual({ s: [5, 14] });
  });

  it('goes through an each that goes on from what another gave, and gives lists as a result', async () => {
    const twice = step('twice', { run: ({ made }: { made: { y: number } }) => ({ y: 2 * made.y }) });
    const f = flow('f', {}, () => {
      const first = each([1, 2, 3], (x) => square({ x }));
      return each(first, (made) => twice({ made }));
    });
    const run = await runFlow(f, { module, store: inMemoryRunStore() });
    expect(await run.result()).toEqual([{ y: 2 }, { y: 8 }, { y: 18 }]);
  });

  it('keeps chains inside an each independent of each other', async () => {
    const order: string[] = [];
    const slow = step('slow', {
      run: async ({ x }: { x: number }) => {
        if (x === 1) while (!order.includes('next 2')) await new Promise((r) => setImmediate(r));
        return { y: x };
      },
    });
    const next = step('next', {
      run: ({ y }: { y: number }) => {
        order.push(`next ${y}`);
        return { y };
      },
    });
    const f = flow('f', {}, () => sum({ ys: each([1, 2], (x) => next({ y: slow({ x }).y })) }));
    await runFlow(f, { module, store: inMemoryRunStore(), maxWorkers: 2 });
    expect(order).toEqual(['next 2', 'next 1']);
  });

  it('waits for a step of which it reads nothing', async () => {
    const order: string[] = [];
    const mark = step('mark', {
      run: ({ name }: { name: string }) => {
        order.push(name);
        return { name };
      },
    });
    const f = flow('f', {}, () => {
      const a = mark.as('a')({ name: 'a' });
      const b = mark.as('b')({ name: 'b' }, { after: [a] });
      return mark.as('c')({ name: 'c' }, { after: [b] });
    });
    await runFlow(f, { module, store: inMemoryRunStore(), maxWorkers: 8 });
    expect(order).toEqual(['a', 'b', 'c']);
  });

  it('has the tasks that Metaflow looks for, with the parameters at its head and the result at its end', async () => {
    const store = inMemoryRunStore();
    const { run } = await runFlow(squares, { module, store, params: { to: 2 }, tags: ['nightly'] });
    const tasks = await store.tasks('squares', run);
    expect(tasks.map((t) => t.path.step)).toEqual(['_parameters', 'start', 'count', 'square', 'square', 'sum', 'end']);
    const end = tasks.at(-1)?.ended?.artifacts['total'];
    expect(end).toBe(tasks.at(-2)?.ended?.artifacts['total']);
    expect(await store.load('squares', tasks[1]?.ended?.artifacts['to'] ?? ('' as never))).toBe(2);
    expect((await store.runs('squares'))[0]?.tags).toEqual(['nightly']);
  });

  it('gives steps their context: log, progress, card, attempt', async () => {
    const talks = step('talks', {
      run: ({ x }: { x: number }, { log, progress, card, step: name, runId, attempt }) => {
        log('trained', { f1: 0.5, note: 'two words' });
        progress(0.5, 'half');
        card({ kind: 'text', text: name });
        return { x, runId, attempt };
      },
    });
    const store = inMemoryRunStore();
    const events: RunEvent[] = [];
    const run = await runFlow(
      flow('f', {}, () => each([7], (x) => talks({ x }))),
      { module, store, onEvent: (e) => events.push(e) },
    );
    const task = (await store.tasks('f', run.run)).find((t) => t.path.step === 'talks');
    if (!task?.ended) throw new Error('not ended');
    expect(await store.readLog(task.path, 0, 'stdout')).toBe("trained f1=0.5 note='two words'\n");
    expect(await store.load('f', task.ended.artifacts['_card'] ?? ('' as never))).toEqual([
      { kind: 'text', text: 'talks[0]' },
    ]);
    expect(await run.result()).toEqual([{ x: 7, runId: run.run, attempt: 0 }]);
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'taskProgress', progress: { fraction: 0.5, message: 'half' } }),
    );
  });

  it('shares inputs between tasks without letting one change them for another', async () => {
    const spoil = step('spoil', { run: ({ xs }: { xs: number[] }) => ({ xs: xs.reverse() }) });
    const f = flow('f', {}, () => spoil({ xs: count({ to: 3 }).xs }));
    await expect(runFlow(f, { module, store: inMemoryRunStore() })).rejects.toThrow('copy first, as in [...list]');
  });
});

describe('parameters', () => {
  it.each([
    [{ to: 1.5 }, 'PARAM_INVALID', '--to'],
    [{ too: 1 }, 'PARAM_UNKNOWN', 'It has: to.'],
  ])('%j is refused before anything is written', async (params, code, words) => {
    const store = inMemoryRunStore();
    await expect(runFlow(squares, { module, store, params: params as { to: number } })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words),
    });
    expect(await store.flows()).toEqual([]);
  });

  it('names all environment variables that are missing', async () => {
    const s = step('s', { environment: { A: env('NOT_SET_A'), B: env('NOT_SET_B') }, run: () => ({}) });
    await expect(
      runFlow(
        flow('f', {}, () => s({})),
        { module, store: inMemoryRunStore() },
      ),
    ).rejects.toMatchObject({
      code: 'ENVIRONMENT_MISSING',
      message: expect.stringContaining('NOT_SET_A, NOT_SET_B'),
    });
  });
});

describe('a failure', () => {
  const failing = (fail: (x: number, calls: number) => boolean, retry?: { times: number; backoffSeconds: number }) => {
    const calls = { count: 0, square: 0, sum: 0 };
    const list = step('list', { run: () => ({ xs: [1, 2, 3] }) });
    const work = step('work', {
      ...(retry ? { retry } : {}),
      run: ({ x }: { x: number }) => {
        calls.square += 1;
        if (fail(x, calls.square)) throw Object.assign(new Error(`machine ${x} lost`), { code: 'MACHINE_LOST' });
        return { y: x * x };
      },
    });
    const last = step('last', {
      run: ({ ys }: { ys: readonly { y: number }[] }) => {
        calls.sum += 1;
        return { total: ys.reduce((a, b) => a + b.y, 0) };
      },
    });
    const f = flow('f', {}, () => last({ ys: each(list({}).xs, (x) => work({ x })) }));
    return { f, calls, work, last };
  };

  it('is told with the step, the code, the log and how to go on', async () => {
    const { f } = failing((x) => x === 2);
    const store = inMemoryRunStore();
    const failed: unknown = await runFlow(f, { module, store }).catch((e: unknown) => e);
    const [run] = await store.runs('f');
    expect(failed).toMatchObject({ code: 'STEP_FAILED', facts: { step: 'work', task: 'work[1]', attempts: 1 } });
    const { message } = failed as Error;
    expect(message).toContain('MACHINE_LOST: machine 2 lost');
    expect(message).toMatch(/smallboat logs f\/\d+\/work\/\d+/);
    expect(message).toContain(`smallboat resume --run ${run?.run ?? ''}`);
  });

  it('lets the others that run end, begins nothing new, and is resumed without repeating them', async () => {
    const { f, calls, work } = failing((x, n) => x === 2 && n < 4);
    const store = inMemoryRunStore();
    await expect(runFlow(f, { module, store, maxWorkers: 3 })).rejects.toThrow('machine 2 lost');
    expect(calls).toMatchObject({ square: 3, sum: 0 });
    const run = await resumeFlow(f, { module, store });
    expect(await run.result()).toEqual({ total: 14 });
    expect(calls).toMatchObject({ square: 4, sum: 1 });
    expect(await run.read(work)).toEqual([{ y: 1 }, { y: 4 }, { y: 9 }]);
    expect((await store.runs('f'))[0]?.origin).toBe((await store.runs('f'))[1]?.run);
  });

  it('is tried again as often as the step says', async () => {
    const { f, calls } = failing((x, n) => x === 1 && n <= 4, { times: 2, backoffSeconds: 0 });
    const store = inMemoryRunStore();
    const events: RunEvent[] = [];
    await runFlow(f, { module, store, maxWorkers: 1, onEvent: (e) => events.push(e) });
    expect(calls.square).toBe(5);
    expect(events.filter((e) => e.kind === 'taskRetried').map((e) => e.attempt)).toEqual([0, 1]);
  });

  it('waits longer before each retry', async () => {
    const { f } = failing((x) => x === 1, { times: 3, backoffSeconds: 0.001 });
    const waits: number[] = [];
    const onEvent = (e: RunEvent): void => void (e.kind === 'taskRetried' && waits.push(e.afterSeconds));
    await expect(runFlow(f, { module, store: inMemoryRunStore(), onEvent })).rejects.toThrow('after 4 attempts');
    expect(waits).toEqual([0.001, 0.002, 0.004]);
  });

  it('comes of an attempt that takes too long, whose signal aborts', async () => {
    let sawAbort = false;
    const slow = step('slow', {
      timeoutSeconds: 0.02,
      run: (_: object, { signal }) =>
        new Promise<{ n: number }>((_resolve, reject) =>
          signal.addEventListener('abort', () => {
            sawAbort = true;
            reject(new Error('aborted'));
          }),
        ),
    });
    await expect(
      runFlow(
        flow('f', {}, () => slow({})),
        { module, store: inMemoryRunStore() },
      ),
    ).rejects.toMatchObject({
      facts: { error: { code: 'STEP_TIMED_OUT' } },
    });
    expect(sawAbort).toBe(true);
  });

  it.each([
    ['a list', (): object => [1], 'STEP_RESULT_INVALID'],
    ['nothing', (): object => undefined as never, 'STEP_RESULT_INVALID'],
    ['a hidden artifact', (): object => ({ _card: 1 }), 'ARTIFACT_NAME_INVALID'],
    ['an artifact with a slash in its name', (): object => ({ 'a/b': 1 }), 'ARTIFACT_NAME_INVALID'],
  ])('comes of a step that returns %s', async (_, body, code) => {
    const f = flow('f', {}, () => step('s', { run: body })({}));
    await expect(runFlow(f, { module, store: inMemoryRunStore() })).rejects.toMatchObject({
      facts: { error: { code } },
    });
  });

  it('comes of an each over what is no list', async () => {
    const wrong = step('wrong', { run: () => ({ xs: 5 as unknown as number[] }) });
    const f = flow('f', {}, () => sum({ ys: each(wrong({}).xs, (x) => square({ x })) }));
    await expect(runFlow(f, { module, store: inMemoryRunStore() })).rejects.toMatchObject({ code: 'NOT_A_LIST' });
  });
});

describe('a run that is stopped', () => {
  it('says how to go on, and goes on', async () => {
    const stop = new AbortController();
    const calls = { first: 0, second: 0 };
    const first = step('first', { run: () => ({ n: (calls.first += 1) }) });
    const second = step('second', {
      run: ({ n }: { n: number }) => {
        calls.second += 1;
        if (calls.second === 1) {
          stop.abort();
          return new Promise<{ n: number }>(() => undefined);
        }
        return { n: n + 1 };
      },
    });
    const f = flow('f', {}, () => second({ n: first({}).n }));
    const store = inMemoryRunStore();
    await expect(runFlow(f, { module, store, signal: stop.signal })).rejects.toMatchObject({
      code: 'RUN_INTERRUPTED',
      facts: { done: 1, steps: 2 },
    });
    expect(await (await resumeFlow(f, { module, store })).result()).toEqual({ n: 2 });
    expect(calls).toEqual({ first: 1, second: 2 });
  });
});

describe('resume', () => {
  it('refuses changed parameters, and takes the same ones', async () => {
    let isBroken = true;
    const s = step('s', {
      run: ({ n }: { n: number }) => {
        if (isBroken) throw new Error('no');
        return { n };
      },
    });
    const f = flow('f', { n: z.coerce.number().default(1) }, ({ n }) => s({ n }));
    const store = inMemoryRunStore();
    await expect(runFlow(f, { module, store, params: { n: 5 } })).rejects.toThrow();
    isBroken = false;
    await expect(resumeFlow(f, { module, store, params: { n: 6 } })).rejects.toMatchObject({
      code: 'PARAMS_CHANGED',
      facts: { was: 5, now: 6 },
    });
    expect(await (await resumeFlow(f, { module, store, params: { n: '5' } })).result()).toEqual({ n: 5 });
  });

  it('runs a step and all after it again with `from`, and nothing else', async () => {
    const calls: string[] = [];
    const mark = step('mark', {
      run: ({ name, n }: { name: string; n: number }) => {
        calls.push(name);
        return { n: n + 1 };
      },
    });
    const f = flow('f', {}, () => {
      const a = mark.as('a')({ name: 'a', n: 0 });
      const b = mark.as('b')({ name: 'b', n: a.n });
      const c = mark.as('c')({ name: 'c', n: a.n });
      return mark.as('d')({ name: 'd', n: b.n }, { after: [c] });
    });
    const store = inMemoryRunStore();
    await runFlow(f, { module, store, maxWorkers: 1 });
    await expect(resumeFlow(f, { module, store })).rejects.toMatchObject({ code: 'RUN_NOT_RESUMABLE' });
    await expect(resumeFlow(f, { module, store, from: 'x' })).rejects.toMatchObject({ code: 'STEP_NOT_IN_FLOW' });
    calls.length = 0;
    await resumeFlow(f, { module, store, from: 'b' });
    expect(calls).toEqual(['b', 'd']);
  });

  it('finds what earlier runs did behind a resumed run that was stopped at once', async () => {
    const calls: string[] = [];
    let isBroken = true;
    const a = step('a', {
      run: () => {
        calls.push('a');
        return { n: 1 };
      },
    });
    const b = step('b', {
      run: ({ n }: { n: number }) => {
        calls.push('b');
        if (isBroken) throw new Error('no');
        return { n };
      },
    });
    const f = flow('f', {}, () => b({ n: a({}).n }));
    const store = inMemoryRunStore();
    await expect(runFlow(f, { module, store })).rejects.toThrow();
    await expect(resumeFlow(f, { module, store, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'RUN_INTERRUPTED',
    });
    // Killed between its first file and its parameters.
    const [latest] = await store.runs('f');
    await store.createRun('f', { origin: latest?.run ?? '' });
    isBroken = false;
    await resumeFlow(f, { module, store });
    expect(calls).toEqual(['a', 'b', 'b']);
  });

  it('does not go back to another run behind one that was stopped before it began', async () => {
    const f = flow('f', {}, () =>
      step('a', {
        run: () => {
          throw new Error('no');
        },
      })({}),
    );
    const store = inMemoryRunStore();
    await expect(runFlow(f, { module, store })).rejects.toThrow();
    await store.createRun('f');
    await expect(resumeFlow(f, { module, store })).rejects.toThrow(/stopped before it began.*start a new run/);
  });
});
