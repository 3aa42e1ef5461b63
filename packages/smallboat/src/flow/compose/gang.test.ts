import { expect, expectTypeOf, it } from 'vitest';
import * as z from 'zod';
import { describeDag } from '../definition.ts';
import { each } from './each.ts';
import { wiringErrors } from './errors.ts';
import { flow } from './flow.ts';
import { gang } from './gang.ts';
import type { Ref } from './ref.ts';
import { step } from './step.ts';

const fit = step('fit', { run: ({ x }: { x: number }) => ({ loss: x }) });
const join = step('join', { run: ({ parts }: { parts: readonly { loss: number }[] }) => ({ sum: parts.length }) });
const codeOf = (define: () => unknown): unknown => {
  try {
    define();
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
};

it('gives the list of what its tasks made', () => {
  const made = flow('Gang', { n: z.number().default(2) }, ({ n }) => {
    const parts = gang(n, () => fit({ x: 1 }));
    expectTypeOf(parts).toExtend<Ref<readonly { readonly loss: number }[]>>();
    return join({ parts });
  });
  expect(describeDag(made.dag())).toBe('fit[n] <- (start)\njoin <- fit');
});

it.each([0, -1, 1.5, Number.NaN])('has no %d tasks', (count) => {
  const define = () => flow('Gang', {}, () => join({ parts: gang(count, () => fit({ x: 1 })) }));
  expect(codeOf(define)).toBe(wiringErrors.GANG_INVALID.code);
});

it('holds one step', () => {
  const two = () => flow('Gang', {}, () => join({ parts: gang(2, () => fit.as('second')({ x: fit({ x: 1 }).loss })) }));
  const inner = () => flow('Gang', {}, () => join({ parts: gang(2, () => each([1], (x) => fit({ x }))) as never }));
  const outer = () =>
    flow('Gang', {}, () => {
      const made = fit({ x: 1 });
      return join({ parts: gang(2, () => made) });
    });
  for (const define of [two, inner, outer]) expect(codeOf(define)).toBe(wiringErrors.GANG_INVALID.code);
});

it('has a number of tasks', () => {
  const made = step('made', { run: () => ({ text: 'two' }) });
  flow('Gang', {}, () => {
    // @ts-expect-error a text is no number
    return join({ parts: gang(made({}).text, () => fit({ x: 1 })) });
  });
});
