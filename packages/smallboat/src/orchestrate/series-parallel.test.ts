import { expect, it } from 'vitest';
import { flow, step } from '../flow/index.ts';
import { programOf } from './program.ts';
import { type Plan, seriesParallel } from './series-parallel.ts';

const made = (name: string) =>
  step(name, { run: ({ a = 0, b = 0 }: { readonly a?: number; readonly b?: number }) => ({ v: a + b }) });

function drawn(plan: Plan): string {
  if (plan.kind === 'part') return plan.part.key;
  return `(${plan.of.map(drawn).join(plan.kind === 'series' ? ' ' : ' | ')})`;
}

it('keeps chains side by side where that is all there is', () => {
  const f = flow('f', {}, () => {
    const one = made('one')({});
    const left = made('left2')({ a: made('left1')({ a: one.v }).v });
    const right = made('right2')({ a: made('right1')({ a: one.v }).v });
    return made('last')({ a: left.v, b: right.v });
  });
  expect(drawn(seriesParallel(programOf(f.dag())))).toBe('(one ((left1 left2) | (right1 right2)) last)');
});

it('waits for more than it has to, and never for less, where a graph is no series of parallels', () => {
  // d waits for a and b, and e for b alone.
  const f = flow('f', {}, () => {
    const a = made('a')({});
    const b = made('b')({});
    const d = made('d')({ a: a.v, b: b.v });
    const e = made('e')({ a: b.v });
    return made('last')({ a: d.v, b: e.v });
  });
  expect(drawn(seriesParallel(programOf(f.dag())))).toBe('((a | b) (d | e) last)');
});
