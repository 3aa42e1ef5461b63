import { expect, it } from 'vitest';
import { grids, loops, squares, troubles } from '../testing/flows.ts';
import { programOf } from '../program.ts';
import { inputFor } from './deployments.ts';
import { planOf } from './plan.ts';

it('is plain data: a workflow gets it as JSON', () => {
  for (const flow of [grids, loops, squares, troubles]) {
    const plan = planOf(programOf(flow.dag()));
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  }
});

it('has lists in lists, and the cases of a choice by name', () => {
  expect(planOf(programOf(squares.dag()))).toMatchObject([
    { kind: 'work', work: { kind: 'step', step: 'numbers' } },
    { kind: 'each', body: [{ key: 'square' }, { kind: 'choice', cases: { otherwise: [{ key: 'odd' }] } }] },
    { kind: 'work', key: 'told' },
  ]);
});

it('counts the attempts of a body and its catch', () => {
  const attempts = planOf(programOf(troubles.dag())).flatMap((part) =>
    part.kind === 'work' ? [[part.key, part.attempts]] : [],
  );
  expect(Object.fromEntries(attempts)).toEqual({ flaky: 3, hopeless: 3, slow: 2, after: 1 });
});

it('waits for flows of the same project and branch', () => {
  const flow = { ...grids, options: { trigger: { onFinishOf: ['Ingest'] } } };
  const isolation = { name: 'shop.prod.Grids', project: 'shop', branch: 'prod' };
  const { said, systemTags } = inputFor({ flow, isolation, token: 'production-token-0-abcd', owner: 'ada', tags: [] });
  expect(said.onFinishOf).toEqual(['shop.prod.Ingest']);
  expect(systemTags).toEqual(['production:production-token-0-abcd', 'project:shop', 'project_branch:prod']);
});
