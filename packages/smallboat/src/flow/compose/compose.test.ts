import { describe, expect, expectTypeOf, it } from 'vitest';
import * as z from 'zod';
import { each } from './each.ts';
import { flow, isFlow } from './flow.ts';
import type { Outputs, Ref } from './ref.ts';
import { step } from './step.ts';
import { describeDag } from '../definition.ts';
import { env } from '../options.ts';

interface Point {
  readonly rate: number;
}

const load = step('load', { run: ({ table }: { table: string }) => ({ rows: [table, table] }) });
const grid = step('grid', {
  run: ({ rates }: { rates: readonly number[] }) => ({ points: rates.map((rate) => ({ rate })) }),
});
const train = step('train', {
  retry: { times: 2 },
  resources: { gpu: 1 },
  environment: { KEY: env('KEY') },
  run: async ({ point, rows }: { point: Point; rows: readonly string[] }) => ({ score: point.rate * rows.length }),
});
const select = step('select', {
  run: ({ trials }: { trials: readonly { score: number }[] }) => ({ best: Math.max(...trials.map((t) => t.score)) }),
});

const intent = flow(
  'intent',
  { table: z.string().default('events'), rates: z.array(z.coerce.number()).default([1, 2]) },
  ({ table, rates }) => {
    const { rows } = load({ table });
    const { points } = grid({ rates });
    return select({ trials: each(points, (point) => train({ point, rows })) });
  },
);

const one = step('one', { run: () => ({ n: 1 }) });

describe('a flow', () => {
  it('is known without running a body', () => {
    const never = step('never', {
      run: (): { n: number } => {
        throw new Error('ran');
      },
    });
    expect(flow('f', {}, () => never({})).dag().steps).toHaveLength(1);
  });

  it('knows what each step waits for, and the lists around it', () => {
    expect(describeDag(intent.dag())).toBe(
      ['load <- (start)', 'grid <- (start)', 'train[grid.points] <- grid, load gpu=1 retry=2', 'select <- train'].join(
        '\n',
      ),
    );
  });

  it('is recognised among the exports of a module', () => {
    expect([intent, load, {}, null].map(isFlow)).toEqual([true, false, false, false]);
  });

  it('names two passes over one list apart, the same at each import', () => {
    const twice = flow('f', { xs: z.array(z.number()) }, ({ xs }) => {
      const first = each(xs, (rate) => train.as('a')({ point: { rate: 1 }, rows: [] }, { after: [rate] }));
      const second = each(xs, () => train.as('b')({ point: { rate: 1 }, rows: [] }));
      select({ trials: first });
      return select.as('select_2')({ trials: second });
    });
    expect(twice.dag().regions.map((f) => f.id)).toEqual(['xs', 'xs#2']);
  });

  it('waits for a list of its region although it reads nothing of it', () => {
    const f = flow('f', {}, () => {
      const { points } = grid({ rates: [1] });
      return select({ trials: each(points, () => train({ point: { rate: 1 }, rows: [] })) });
    });
    expect(f.dag().steps[1]?.after).toEqual(['grid']);
  });
});

describe('a mistake in the wiring has a code and says what to do', () => {
  const wired =
    (wiring: () => Ref<unknown>): (() => unknown) =>
    () =>
      flow('f', {}, wiring);
  it.each([
    ['a step outside a flow', () => one({}), 'WIRED_OUTSIDE_FLOW', 'to run its body, call `.run()`'],
    ['each outside a flow', () => each([1], () => one({})), 'WIRED_OUTSIDE_FLOW', 'each()'],
    ['a step wired twice', wired(() => (one({}), one({}))), 'STEP_WIRED_TWICE', "step.as('one_2')"],
    ['a reference in a text', wired(() => (Number(one({}).n), one({}))), 'REF_USED_AS_VALUE', 'hand it to a step'],
    [
      'a reference in JSON',
      wired(() => (JSON.stringify(one({}).n), one.as('two')({}))),
      'REF_USED_AS_VALUE',
      'no value',
    ],
    [
      'a reference inside a value',
      wired(() => train({ point: { rate: one({}).n as never }, rows: [] })),
      'REF_NESTED',
      "Input 'point'",
    ],
    ['an async wiring', wired((async () => one({})) as never), 'WIRING_RESULT_INVALID', 'a promise'],
    ['a wiring that returns nothing', wired((() => void one({})) as never), 'WIRING_RESULT_INVALID', 'nothing'],
    ['a flow in a flow', wired(() => (flow('g', {}, () => one({})), one({}))), 'FLOW_IN_FLOW', "'g'"],
    [
      'an element used outside its each',
      wired(() => {
        let kept: Outputs<{ score: number }> | undefined;
        each([{ rate: 1 }], (point) => (kept = train({ point, rows: [] })));
        return select({ trials: kept ? [{ score: kept.score as never }] : [] }, { after: kept ? [kept] : [] });
      }),
      'REF_NESTED',
      'trials',
    ],
    [
      'a step waited for outside its each',
      wired(() => {
        let kept: Ref<unknown> = one({});
        each([{ rate: 1 }], (point) => {
          const made = train({ point, rows: [] });
          kept = made;
          return made;
        });
        return select({ trials: [] }, { after: [kept] });
      }),
      'REF_OUT_OF_EACH',
      "step 'train'",
    ],
    [
      'an each that returns a step from outside',
      wired(() => {
        const outer = one({});
        each([1, 2], () => outer);
        return outer;
      }),
      'EACH_RESULT_INVALID',
      "'list'",
    ],
    [
      'an each over no list',
      wired(() => (each({} as never, () => one({})), one({}))),
      'EACH_NOT_A_LIST',
      'type object',
    ],
    [
      'a reference of another flow',
      () => {
        let kept: Ref<number> | undefined;
        flow('a', {}, () => {
          const made = one({});
          kept = made.n;
          return made;
        });
        return flow('b', {}, () => grid({ rates: kept as never }));
      },
      'REF_OF_ANOTHER_FLOW',
      "step 'one'",
    ],
    ['a reserved step name', () => step('start', { run: () => ({}) }), 'NAME_RESERVED', "'start'"],
    ['a step name that Metaflow refuses', () => step('a-b', { run: () => ({}) }), 'NAME_INVALID', 'underscores'],
    ['a flow name that Metaflow refuses', () => flow('a/b', {}, () => one({})), 'NAME_INVALID', 'a/b'],
    ['a parameter that is a flag already', () => flow('f', { tag: z.string() }, () => one({})), 'NAME_RESERVED', 'tag'],
    [
      'half a retry',
      () => step('s', { retry: { times: 0.5 }, run: () => ({}) }),
      'STEP_OPTION_INVALID',
      'retry.times 0.5',
    ],
    ['no time at all', () => step('s', { timeoutSeconds: 0, run: () => ({}) }), 'STEP_OPTION_INVALID', 'above 0'],
  ])('%s', (_, mistake, code, words) => {
    expect(mistake).toThrow(expect.objectContaining({ code, message: expect.stringContaining(words) }));
  });

  it('leaves no flow half open behind it', () => {
    expect(() =>
      flow('f', {}, () => {
        throw new Error('mine');
      }),
    ).toThrow('mine');
    expect(flow('f', {}, () => one({})).name).toBe('f');
  });
});

describe('a step', () => {
  it('runs alone, as a function', async () => {
    expect(await train.run({ point: { rate: 2 }, rows: ['a', 'b'] })).toEqual({ score: 4 });
  });

  it('gets what context the test hands in', async () => {
    const said: string[] = [];
    const talks = step('talks', {
      run: (_: object, { log, attempt }) => {
        log('hello');
        return { attempt };
      },
    });
    expect(await talks.run({}, { attempt: 3, log: (m) => said.push(m) })).toEqual({ attempt: 3 });
    expect(said).toEqual(['hello']);
  });
});

describe('types', () => {
  it('follow from the bodies', () => {
    flow('f', { table: z.string() }, ({ table }) => {
      expectTypeOf(table).toEqualTypeOf<Ref<string>>();
      const { rows } = load({ table });
      expectTypeOf(rows).toEqualTypeOf<Ref<string[]>>();
      const { points } = grid({ rates: [1] });
      const trials = each(points, (point) => train({ point, rows }));
      expectTypeOf(trials).toEqualTypeOf<Ref<readonly { score: number }[]>>();
      return select({ trials });
    });
  });

  it('refuse misuse', () => {
    const misuse = (table: Ref<string>): void => {
      const { rows } = load({ table });
      // @ts-expect-error An artifact of another type.
      select({ trials: rows });
      // @ts-expect-error A misspelled input.
      load({ tabel: table });
      // @ts-expect-error An artifact that the step does not make.
      void load({ table }).row;
      // @ts-expect-error Not a list.
      each(table, (t) => load.as('again')({ table: t }));
      // @ts-expect-error A function cannot be stored.
      step('f', { run: () => ({ predict: () => 1 }) });
      // @ts-expect-error A promise cannot be stored.
      step('p', { run: () => ({ later: Promise.resolve(1) }) });
      // @ts-expect-error An option that does not exist.
      step('o', { retries: 3, run: () => ({}) });
      // @ts-expect-error Wiring cannot be async.
      flow('a', {}, async () => one({}));
      // @ts-expect-error A parameter that the flow does not have.
      flow('u', { table: z.string() }, ({ tables }) => load({ table: tables }));
      // @ts-expect-error A missing input.
      train({ point: { rate: 1 } });
    };
    expect(misuse).toBeTypeOf('function');
  });
});
