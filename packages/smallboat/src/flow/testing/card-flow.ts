import * as z from 'zod';
import { each, flow, match, repeat, step, when } from '../index.ts';

const load = step('load', {
  about: 'Reads the rows.',
  run: ({ count }: { count: number }, { log, card }) => {
    log('reading', { rows: count });
    card.markdown('# Rows\n\n**All** of them.');
    return {
      rows: new Float32Array(1000),
      size: count > 2 ? ('large' as const) : ('small' as const),
      isBig: count > 2,
      points: Array.from({ length: count }, (_, i) => i),
    };
  },
});
const small = step('small', { run: ({ rows }: { rows: Float32Array }) => ({ model: rows.length }) });
const large = step('large', {
  retry: { times: 2, backoffSeconds: 0.001 },
  run: ({ rows }: { rows: Float32Array }, { attempt, log }) => {
    log('trying', { attempt });
    if (attempt === 0) throw new Error('the first time never works');
    return { model: rows.length };
  },
});
const big = step('big', { run: () => ({ note: 'big' }) });
const fit = step('fit', {
  run: ({ point }: { point: number }, { card }) => {
    card.value('score', point / 10);
    if (point === 1) throw new Error('point 1 is no good');
    return { score: point / 10 };
  },
  catch: (failure) => ({ score: 0, why: failure.message }),
});
const improve = step('improve', { run: ({ round }: { round: number }) => ({ round: round + 1, goesOn: round < 3 }) });
const report = step('report', {
  run: ({ scores, name }: { scores: readonly { readonly score: number }[]; name: string }, { card }) => {
    const table = card.table(['score'], []);
    for (const { score } of scores) table.add([score]);
    if (name === 'broken') throw new RangeError('told to fail');
    return { best: Math.max(...scores.map(({ score }) => score)), name };
  },
});

/** Has every kind of region, a retry, a caught failure, cards and logs; fails at its end where `name` is `broken`. */
export const cardFlow = flow(
  'CardFlow',
  { count: z.number().int().default(3).describe('how many points'), name: z.string() },
  ({ count, name }) => {
    const { rows, size, isBig, points } = load({ count });
    match(size, { small: () => small({ rows }), large: () => large({ rows }) });
    when(
      isBig,
      () => big({}),
      () => big.as('tiny')({}),
    );
    const scores = each(points, (point) => fit({ point }));
    const { round } = repeat({ round: 0 }, (state) => improve(state), { while: (made) => made.goesOn });
    return report({ scores, name }, { after: [round] });
  },
  {
    about: 'Shows what a card can show.',
    owner: 'data team',
    data: ['reads cart_sessions'],
    checks: ['scores are not negative'],
  },
);
