import { expect, it } from 'vitest';
import * as z from 'zod';
import { each } from './compose/each.ts';
import { flow } from './compose/flow.ts';
import { step } from './compose/step.ts';
import { when } from './compose/choice.ts';
import { dotOf } from './dot.ts';

it('draws lists, choices and what waits for what', () => {
  const list = step('list', { about: 'Says "which"', run: () => ({ xs: [1, 2], isBig: true }) });
  const square = step('square', { run: ({ x }: { x: number }) => ({ y: x * x }) });
  const big = step('big', { run: ({ ys }: { ys: readonly { y: number }[] }) => ({ sum: ys.length }) });
  const f = flow('Squares', { n: z.number().default(1) }, () => {
    const { xs, isBig } = list({});
    const ys = each(xs, (x) => square({ x }));
    return when(isBig, () => big({ ys }));
  });
  expect(dotOf(f.dag())).toBe(
    [
      'digraph "Squares" {',
      '  rankdir=LR;',
      '  node [shape=box, style=rounded];',
      '  "list" [tooltip="Says \\"which\\""];',
      '  subgraph "cluster_list.xs" {',
      '    label="each list.xs";',
      '    "square";',
      '  }',
      '  subgraph "cluster_list.isBig?=yes" {',
      '    label="list.isBig? yes";',
      '    "big";',
      '  }',
      '  "list" -> "square";',
      '  "square" -> "big";',
      '  "list" -> "big";',
      '}',
    ].join('\n'),
  );
});
