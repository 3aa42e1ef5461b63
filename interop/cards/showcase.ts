import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import * as z from 'zod';
import { each, flow, repeat, step, when } from '../../packages/smallboat/src/flow/index.ts';
import type { ReportComponent } from '../../packages/smallboat/src/report/index.ts';

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64',
);

const points = step('points', {
  about: 'Makes the list that the flow fans out over.',
  run: (_: object, { log }) => {
    for (let i = 0; i < 60; i += 1) log('line', { i });
    return { list: [0, 1, 2, 3, 4, 5], isLarge: true, rows: new Float32Array(10_000) };
  },
});
const fit = step('fit', {
  retry: { times: 1, backoffSeconds: 0.01 },
  run: ({ point }: { point: number }, { card, attempt }) => {
    if (point === 2 && attempt === 0) throw new Error('not at once');
    if (point === 3) throw new Error('point 3 is no good');
    card.value('score', point / 10, { tone: point > 3 ? 'good' : 'plain' });
    const losses = card.lineChart({ title: 'Loss', xLabel: 'epoch', yLabel: 'loss' });
    for (let epoch = 1; epoch < 20; epoch += 1) losses.add('training', epoch, 1 / epoch);
    return { score: point / 10 };
  },
  catch: () => ({ score: 0 }),
});
const big = step('big', { run: () => ({ note: 'big' }) });
const improve = step('improve', { run: ({ round }: { round: number }) => ({ round: round + 1, goesOn: round < 2 }) });

const parts: readonly ReportComponent[] = [
  { kind: 'heading', text: 'A heading' },
  { kind: 'text', text: 'A paragraph.\n\nAnd another.' },
  {
    kind: 'markdown',
    text: '# Title\n\n**bold** `code` [link](https://example.org)\n\n- [x] done\n- [ ] not yet\n\n| a | b |\n|---|--:|\n| x | 1 |\n\n> quoted',
  },
  { kind: 'callout', tone: 'good', text: 'Fine.' },
  { kind: 'callout', tone: 'warn', text: 'Look out.' },
  { kind: 'callout', tone: 'bad', text: 'No.' },
  { kind: 'callout', tone: 'plain', text: 'So.' },
  {
    kind: 'table',
    caption: 'Sorted by a click',
    columns: ['name', 'rows', 'took', 'state'],
    rows: [
      ['b', 1200, '2.1 s', { value: 'ok', tone: 'good' }],
      ['a', 30, '1 min 5 s', { value: 'bad', tone: 'bad' }],
      ['c', null, '40 ms', null],
    ],
  },
  {
    kind: 'barChart',
    title: 'Bars',
    yLabel: 'n',
    labels: ['a', 'b'],
    series: [
      { name: 'one', values: [1, 2] },
      { name: 'two', values: [2, 1] },
    ],
  },
  { kind: 'progress', label: 'Done', value: 3, of: 10, note: 'third' },
  { kind: 'code', text: 'select 1', language: 'sql' },
  { kind: 'error', message: 'it broke', code: 'E_BROKE', stack: 'Error: it broke\n  at x' },
  { kind: 'json', value: { a: [1, { b: true }], text: '<b>' }, title: 'Settings' },
  {
    kind: 'events',
    title: 'Events',
    events: [
      { at: 1e12, title: 'begin' },
      { at: 1e12 + 65_000, title: 'end', tone: 'good', note: 'all of it' },
    ],
  },
  { kind: 'artifact', name: 'weights', type: 'Float32Array(3)', text: '[1, 2, 3]', bytes: 24 },
  { kind: 'section', title: 'Folded', note: 'a note', components: [{ kind: 'text', text: 'inside' }] },
];

const report = step('report', {
  run: ({ scores, note }: { scores: readonly { readonly score: number }[]; note: string | undefined }, { card }) => {
    card(...parts);
    card.image(png, { alt: 'One dot', caption: 'A dot' });
    card.image(
      '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="30"><circle cx="15" cy="15" r="12" style="fill:#c33"/></svg>',
      { alt: 'A red circle' },
    );
    card.chart(
      'By Vega-Lite',
      {
        data: { values: scores.map(({ score }, i) => ({ point: i, score, kind: i % 2 === 0 ? 'even' : 'odd' })) },
        mark: 'bar',
        encoding: {
          x: { field: 'point', type: 'ordinal' },
          y: { field: 'score', type: 'quantitative' },
          color: { field: 'kind' },
        },
      },
      { description: 'Scores by point.' },
    );
    return { best: Math.max(...scores.map(({ score }) => score)), note };
  },
});

/** Everything that a card can show. */
export const showcase = flow(
  'Showcase',
  { name: z.string().default('night').describe('what to call it') },
  () => {
    const { list, isLarge } = points({});
    const { note } = when(
      isLarge,
      () => big({}),
      () => big.as('tiny')({}),
    );
    const scores = each(list, (point) => fit({ point }));
    const { round } = repeat({ round: 0 }, (state) => improve(state), { while: (made) => made.goesOn });
    return report({ scores, note }, { after: [round] });
  },
  {
    about: 'Shows everything that a card can show.',
    owner: 'the data team',
    data: ['reads nothing'],
    checks: ['none'],
  },
);

/** Goes on until a file is there, with a card that changes; then fails where another file is there. */
export const slow = flow('Slow', { folder: z.string() }, ({ folder }) =>
  step('work', {
    run: async ({ folder }: { folder: string }, { card }) => {
      const bar = card.progress('Epochs', { of: 1000 });
      const table = card.table(['epoch'], [[3], [1], [2]]);
      const more = card.section('More');
      more.text('opened by the reader');
      for (let epoch = 1; epoch < 1000 && !existsSync(`${folder}/enough`); epoch += 1) {
        bar.update(epoch);
        table.update({ rows: [[3], [1], [2], [epoch + 10]] });
        await wait(100);
      }
      if (existsSync(`${folder}/fail`)) throw new Error('told to fail');
      bar.update(1000, 'whole');
      return { done: true };
    },
  })({ folder }),
);
