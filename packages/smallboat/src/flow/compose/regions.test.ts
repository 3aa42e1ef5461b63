import { describe, expect, expectTypeOf, it } from 'vitest';
import * as z from 'zod';
import { describeDag } from '../definition.ts';
import { runFlow } from '../run-flow.ts';
import { inMemoryRunStore } from '../store-in-memory.ts';
import { match, when } from './choice.ts';
import { each } from './each.ts';
import { flow } from './flow.ts';
import { merge } from './merge.ts';
import type { Ref } from './ref.ts';
import { repeat } from './repeat.ts';
import { step, wrap } from './step.ts';

const module = import.meta.url;
const size = step('size', {
  run: ({ n }: { n: number }) => ({
    isBig: n > 10,
    kind: n > 100 ? ('huge' as const) : n > 10 ? ('large' as const) : ('small' as const),
  }),
});
const big = step('big', { run: ({ n }: { n: number }) => ({ model: `big ${n}`, layers: 3 }) });
const small = step('small', { run: ({ n }: { n: number }) => ({ model: `small ${n}` }) });
const show = step('show', { run: ({ model }: { model: string | undefined }) => ({ shown: model ?? 'nothing' }) });
const list = step('list', { run: ({ n }: { n: number }) => ({ xs: Array.from({ length: n }, (_, i) => i) }) });
const grow = step('grow', {
  run: ({ total, round }: { total: number; round: number }) => ({
    total: total + round,
    round: round + 1,
    goesOn: round < 3,
  }),
});
const params = { n: z.number() };

async function resultOf<R>(f: ReturnType<typeof flow<typeof params, R>>, n: number): Promise<R> {
  const run = await runFlow(f, { module, store: inMemoryRunStore(), params: { n } });
  return run.result();
}

describe('when', () => {
  const f = flow('F', params, ({ n }) => {
    const { isBig } = size({ n });
    const { model } = when(
      isBig,
      () => big({ n }),
      () => small({ n }),
    );
    return show({ model });
  });

  it.each([
    [5, 'small 5'],
    [50, 'big 50'],
  ])('runs the part that %i asks for, and no other', async (n, shown) => {
    expect(await resultOf(f, n)).toEqual({ shown });
    const run = await runFlow(f, { module, store: inMemoryRunStore(), params: { n } });
    expect([(await run.read(big)).length, (await run.read(small)).length]).toEqual(n > 10 ? [1, 0] : [0, 1]);
  });

  it('gives nothing where it does not hold and there is no second part', async () => {
    const one = flow('F', params, ({ n }) => show({ model: when(size({ n }).isBig, () => big({ n })).model }));
    expect([await resultOf(one, 5), await resultOf(one, 50)]).toEqual([{ shown: 'nothing' }, { shown: 'big 50' }]);
  });

  it('knows what either part makes', () => {
    flow('F', params, ({ n }) => {
      const { isBig } = size({ n });
      const made = when(
        isBig,
        () => big({ n }),
        () => small({ n }),
      );
      expectTypeOf(made.model).toEqualTypeOf<Ref<string>>();
      expectTypeOf(made.layers).toEqualTypeOf<Ref<number | undefined>>();
      const perhaps = when(isBig, () => big.as('b')({ n }));
      expectTypeOf(perhaps.layers).toEqualTypeOf<Ref<number | undefined>>();
      const misuse = (): void => {
        // @ts-expect-error A condition is a yes or no.
        when(n, () => big({ n }));
        // @ts-expect-error What may be missing is no number.
        list({ n: perhaps.layers });
      };
      void misuse;
      return show({ model: made.model });
    });
  });

  it('names what decides in the graph', () => {
    expect(describeDag(f.dag())).toBe(
      [
        'size <- (start)',
        'big[size.isBig?=yes] <- size',
        'small[size.isBig?=otherwise] <- size',
        'show <- big, small',
      ].join('\n'),
    );
  });

  it('fails where the condition is no yes or no', async () => {
    const odd = step('odd', { run: () => ({ isBig: 'perhaps' as unknown as boolean }) });
    const g = flow('F', params, ({ n }) => show({ model: when(odd({}).isBig, () => big({ n })).model }));
    await expect(resultOf(g, 1)).rejects.toMatchObject({ code: 'CHOICE_NOT_COVERED', facts: { value: '"perhaps"' } });
  });
});

describe('match', () => {
  const f = flow('F', params, ({ n }) => {
    const { kind } = size({ n });
    const made = match(kind, {
      huge: () => big({ n }),
      large: () => big.as('medium')({ n }),
      small: () => small({ n }),
    });
    return show({ model: made.model });
  });

  it.each([
    [1, 'small 1'],
    [11, 'big 11'],
    [101, 'big 101'],
  ])('takes the case that the value of %i names', async (n, shown) => {
    expect(await resultOf(f, n)).toEqual({ shown });
  });

  it('takes otherwise for what has no case', async () => {
    const g = flow('F', params, ({ n }) => {
      const { kind } = size({ n });
      return show({ model: match(kind, { small: () => small({ n }), otherwise: () => big({ n }) }).model });
    });
    expect(await resultOf(g, 500)).toEqual({ shown: 'big 500' });
  });

  it('fails where a value has no case, with the cases', async () => {
    const odd = step('odd', { run: () => ({ kind: 'tiny' as unknown as 'small' }) });
    const g = flow('F', params, ({ n }) => show({ model: match(odd({}).kind, { small: () => small({ n }) }).model }));
    await expect(resultOf(g, 1)).rejects.toMatchObject({
      code: 'CHOICE_NOT_COVERED',
      facts: { value: '"tiny"', cases: 'small' },
    });
  });

  it('is held by the compiler to all cases', () => {
    const misuse = (kind: Ref<'a' | 'b'>, text: Ref<string>, n: Ref<number>): void => {
      // @ts-expect-error match() has no case for 'b'. Add it, or add 'otherwise'.
      match(kind, { a: () => small({ n }) });
      // @ts-expect-error match() on any text needs the case 'otherwise'.
      match(text, { a: () => small({ n }) });
      const made = match(kind, { a: () => small({ n }), b: () => big({ n }) });
      expectTypeOf(made.model).toEqualTypeOf<Ref<string>>();
      expectTypeOf(made.layers).toEqualTypeOf<Ref<number | undefined>>();
    };
    expect(misuse).toBeTypeOf('function');
  });
});

describe('repeat', () => {
  const f = flow('F', params, ({ n }) => {
    const { total } = repeat({ total: n, round: 1 }, (state) => grow(state), { while: (made) => made.goesOn });
    return show({ model: step('text', { run: ({ t }: { t: number }) => ({ t: String(t) }) })({ t: total }).t });
  });

  it('runs its body with what it made before, until it is told to end', async () => {
    const run = await runFlow(f, { module, store: inMemoryRunStore(), params: { n: 10 } });
    expect(await run.result()).toEqual({ shown: '16' });
    expect((await run.read(grow)).map(({ total }) => total)).toEqual([11, 13, 16]);
  });

  it('is started with all that a step made', async () => {
    const handedOn = flow('F', params, ({ n }) =>
      repeat(grow.as('first')({ total: n, round: 0 }), (state) => grow(state), { while: (made) => made.goesOn }),
    );
    expect(await resultOf(handedOn, 10)).toEqual({ total: 16, round: 4, goesOn: false });
  });

  it('runs at least once, and fails after its limit', async () => {
    const once = step('once', { run: ({ x }: { x: number }) => ({ x: x + 1, goesOn: false }) });
    const g = flow('F', params, ({ n }) => repeat({ x: n }, (s) => once(s), { while: (made) => made.goesOn }));
    expect(await resultOf(g, 1)).toMatchObject({ x: 2 });
    const ever = flow('F', params, ({ n }) =>
      repeat({ total: n, round: -9 }, (s) => grow(s), { while: (made) => made.goesOn, atMost: 3 }),
    );
    await expect(resultOf(ever, 1)).rejects.toMatchObject({ code: 'REPEAT_TOO_LONG', facts: { atMost: 3 } });
  });

  it('holds each, choices and other repeats, and is held by them', async () => {
    const add = step('add', { run: ({ x, y }: { x: number; y: number }) => ({ z: x + y }) });
    const sum = step('sum', {
      run: ({ zs, round }: { zs: readonly { z: number }[]; round: number }) => ({
        x: zs.reduce((all, { z }) => all + z, 0),
        round: round + 1,
        goesOn: round < 2,
        isOdd: round % 2 === 1,
      }),
    });
    const halve = step('halve', { run: ({ x }: { x: number }) => ({ x: Math.floor(x / 2) }) });
    const keep = step('keep', { run: ({ x }: { x: number }) => ({ x }) });
    const next = step('next', {
      run: ({ x, round, goesOn }: { x: number | undefined; round: number; goesOn: boolean }) => ({
        x: x ?? 0,
        round,
        goesOn,
      }),
    });
    const g = flow('F', params, ({ n }) =>
      each(list({ n }).xs, (start) =>
        repeat(
          { x: start, round: 0 },
          (state) => {
            const made = sum({ zs: each([1, 2, 3], (y) => add({ x: state.x, y })), round: state.round });
            const chosen = when(
              made.isOdd,
              () => halve({ x: made.x }),
              () => keep({ x: made.x }),
            );
            return next({ x: chosen.x, round: made.round, goesOn: made.goesOn });
          },
          { while: (made) => made.goesOn },
        ),
      ),
    );
    const expected = [0, 1, 2, 3].map((start) => {
      let x = start;
      for (let round = 0; round <= 2; round += 1) {
        x = 3 * x + 6;
        if (round % 2 === 1) x = Math.floor(x / 2);
      }
      return { x, round: 3, goesOn: false };
    });
    expect(await resultOf(g, 4)).toEqual(expected);
  });

  it('takes its state from what it was started with, as a type', () => {
    const misuse = (n: Ref<number>): void => {
      // @ts-expect-error The body makes no `other`, which the next iteration would need.
      repeat({ total: n, round: 1, other: 'x' }, (s) => grow({ total: s.total, round: s.round }), {
        while: (made: { goesOn: Ref<boolean> }) => made.goesOn,
      });
      // @ts-expect-error What decides is a yes or no.
      repeat({ total: n, round: 1 }, (s) => grow(s), { while: (made) => made.total });
    };
    expect(misuse).toBeTypeOf('function');
  });
});

describe('merge', () => {
  const a = step('a', { run: ({ n }: { n: number }) => ({ rows: [n], seed: 1, log: 'a' }) });
  const b = step('b', { run: ({ n }: { n: number }) => ({ model: n * 2, seed: 1, log: 'b' }) });
  const use = step('use', {
    run: (x: { rows: readonly number[]; model: number; seed: number }) => ({ all: [...x.rows, x.model, x.seed] }),
  });

  it('brings the artifacts of branches together', async () => {
    const f = flow('F', params, ({ n }) => {
      const together = merge([a({ n }), b({ n })], { exclude: ['log'] });
      expectTypeOf(together.model).toEqualTypeOf<Ref<number>>();
      return use({ rows: together.rows, model: together.model, seed: together.seed });
    });
    expect(await resultOf(f, 4)).toEqual({ all: [4, 8, 1] });
  });

  it('names an artifact that differs, and where it comes from', async () => {
    const f = flow('F', params, ({ n }) => merge([a({ n }), b({ n })]));
    await expect(resultOf(f, 1)).rejects.toMatchObject({
      code: 'MERGE_CONFLICT',
      facts: { artifact: 'log', sources: "step 'a' and step 'b'" },
    });
  });

  it('takes what all elements of an each agree on, and reads of what it reads only', async () => {
    const f = flow('F', params, ({ n }) => {
      const all = each(list({ n }).xs, (x) => a({ n: x }));
      return show({ model: merge([all], { include: ['seed', 'log'] }).log });
    });
    expect(await resultOf(f, 3)).toEqual({ shown: 'a' });
  });
});

describe('catch', () => {
  const fails = step('fails', {
    run: ({ n }: { n: number }): { score: number } => {
      throw new Error(`no luck with ${n}`);
    },
    retry: { times: 1, backoffSeconds: 0 },
    catch: ({ kind, message, attempts }) => ({ reason: `${kind} after ${attempts}: ${message}` }),
  });

  it('gives artifacts in place of those of a task that failed for good', async () => {
    const tell = step('tell', {
      run: (x: { score: number | undefined; reason: string | undefined }) => ({ said: x.reason ?? x.score }),
    });
    const f = flow('F', params, ({ n }) => {
      const { score, reason } = fails({ n });
      expectTypeOf(score).toEqualTypeOf<Ref<number | undefined>>();
      expectTypeOf(reason).toEqualTypeOf<Ref<string | undefined>>();
      return tell({ score, reason });
    });
    expect(await resultOf(f, 7)).toEqual({ said: 'threw after 2: no luck with 7' });
  });

  it('fails the run where it fails itself', async () => {
    const worse = step('worse', {
      run: (): { x: number } => {
        throw new Error('first');
      },
      catch: (): { x: number } => {
        throw new Error('second');
      },
    });
    const f = flow('F', params, () => worse({}));
    await expect(resultOf(f, 1)).rejects.toMatchObject({ facts: { attempts: 2, error: { message: 'second' } } });
  });
});

describe('all that a step made', () => {
  const point = step('point', { run: ({ n }: { n: number }) => ({ x: n, y: n + 1, label: undefined }) });
  const norm = step('norm', {
    run: ({ x, y, label = 'none' }: { x: number; y: number; label?: string | undefined }) => ({ sum: x + y, label }),
  });

  it('goes on as inputs of the same names', async () => {
    const f = flow('F', params, ({ n }) => norm(point({ n })));
    expect(describeDag(f.dag())).toBe('point <- (start)\nnorm <- point');
    expect(await resultOf(f, 2)).toEqual({ sum: 5, label: 'none' });
  });

  it('is checked by the compiler, and one value is refused', () => {
    // @ts-expect-error It makes no x and y.
    expect(() => flow('F', params, ({ n }) => norm(n))).toThrow(expect.objectContaining({ code: 'INPUTS_INVALID' }));
  });
});

describe('wrap', () => {
  it('stands before, after and in place of a body, under the same name and types', async () => {
    const said: string[] = [];
    const loud = wrap(small, async (body, inputs, { step: name }) => {
      said.push(`before ${name}`);
      if (inputs.n < 0) return { model: 'none' };
      const made = await body({ n: inputs.n + 1 });
      said.push(`after ${made.model}`);
      return made;
    });
    const f = flow('F', params, ({ n }) => show({ model: loud({ n }).model }));
    expect([await resultOf(f, 1), await resultOf(f, -1)]).toEqual([{ shown: 'small 2' }, { shown: 'none' }]);
    expect(said).toEqual(['before small', 'after small 2', 'before small']);
  });
});

describe('a reference out of its region', () => {
  it.each([
    [
      'of a case',
      (n: Ref<number>) => {
        let kept: Ref<string> | undefined;
        when(size({ n }).isBig, () => {
          const made = big({ n });
          kept = made.model;
          return made;
        });
        return show({ model: kept });
      },
      'REF_OUT_OF_CASE',
      'read what when() gives',
    ],
    [
      'of a repeat',
      (n: Ref<number>) => {
        let kept: Ref<number> | undefined;
        repeat(
          { total: n, round: 0 },
          (state) => {
            kept = state.total;
            return grow(state);
          },
          { while: (made) => made.goesOn },
        );
        return list({ n: kept as Ref<number> });
      },
      'REF_OUT_OF_REPEAT',
      'read what that gives',
    ],
    [
      'in a choice without a case',
      (n: Ref<number>) => match(size({ n }).kind, {} as never),
      'CHOICE_INVALID',
      'no case',
    ],
    [
      'in a case that returns one value',
      (n: Ref<number>) => when(size({ n }).isBig, () => big({ n }).model as never),
      'CHOICE_INVALID',
      'returned one value',
    ],
    [
      'in a repeat whose end never changes',
      (n: Ref<number>) => {
        const { isBig } = size({ n });
        return repeat({ total: n, round: 0 }, (state) => grow(state), { while: () => isBig });
      },
      'REPEAT_INVALID',
      'would never change',
    ],
    ['in a merge of one value', (n: Ref<number>) => merge([big({ n }).model as never]), 'MERGE_INVALID', 'one value'],
  ])('%s is refused at import', (_, wiring, code, words) => {
    expect(() => flow('F', params, ({ n }) => wiring(n) as Ref<unknown>)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(words) }),
    );
  });
});
