import { describe, expect, it } from 'vitest';
import { deck } from './deck.ts';

it('keeps what is put on it in order, by the call and by its methods', () => {
  const { card, components } = deck();
  card({ kind: 'text', text: 'a' }, { kind: 'text', text: 'b' });
  card.heading('c');
  card.value('AUC', 0.8, { tone: 'good' });
  expect(components()).toEqual([
    { kind: 'text', text: 'a' },
    { kind: 'text', text: 'b' },
    { kind: 'heading', text: 'c', level: 2 },
    { kind: 'value', label: 'AUC', value: 0.8, tone: 'good' },
  ]);
});

describe('a component on a card', () => {
  it('changes where it stands, and what was read before does not', () => {
    const { card, components } = deck();
    const figure = card.value('AUC', 0.5);
    card.text('after');
    const before = components();
    figure.update({ value: 0.8, tone: 'good' });
    expect(components()[0]).toEqual({ kind: 'value', label: 'AUC', value: 0.8, tone: 'good' });
    expect(before[0]).toEqual({ kind: 'value', label: 'AUC', value: 0.5 });
    figure.remove();
    expect(components()).toEqual([{ kind: 'text', text: 'after' }]);
    figure.update({ value: 1 });
    expect(components()).toHaveLength(1);
  });

  it('is a bar that takes a number', () => {
    const { card, components } = deck();
    const bar = card.progress('Epochs', { of: 10 });
    bar.update(3, 'third');
    expect(components()).toEqual([{ kind: 'progress', label: 'Epochs', value: 3, of: 10, note: 'third' }]);
    bar.update({ of: 20 });
    expect(components()).toMatchObject([{ value: 3, of: 20 }]);
  });

  it('is a table that grows, and can be filled anew', () => {
    const { card, components } = deck();
    const table = card.table(['a'], [[1]], { caption: 'c' });
    table.add([2], [3]);
    expect(components()).toEqual([{ kind: 'table', columns: ['a'], rows: [[1], [2], [3]], caption: 'c' }]);
    table.update({ rows: [[9]] });
    table.add([10]);
    expect(components()).toMatchObject([{ rows: [[9], [10]] }]);
  });

  it('is a chart whose lines grow, each from its first point', () => {
    const { card, components } = deck();
    const chart = card.lineChart({ title: 't', xLabel: 'x', yLabel: 'y' });
    chart.add('a', 0, 1);
    chart.add('b', 0, 2);
    const before = components();
    chart.add('a', 1, 3);
    expect(components()).toMatchObject([
      {
        series: [
          {
            name: 'a',
            points: [
              [0, 1],
              [1, 3],
            ],
          },
          { name: 'b', points: [[0, 2]] },
        ],
      },
    ]);
    expect(before).toMatchObject([{ series: [{ points: [[0, 1]] }, {}] }]);
  });

  it('costs as much to add to when there is much as when there is little', () => {
    const { card, components } = deck();
    const chart = card.lineChart({ title: 't', xLabel: 'x', yLabel: 'y' });
    const started = performance.now();
    for (let i = 0; i < 200_000; i += 1) chart.add('a', i, i);
    expect(performance.now() - started).toBeLessThan(2000);
    expect(components()).toMatchObject([{ series: [{ points: { length: 200_000 } }] }]);
  });

  it('is a list of events with their time', () => {
    const { card, components } = deck({ now: () => 7 });
    const events = card.events('What happened');
    events.add('begin');
    events.add('late', { at: 9, tone: 'warn', note: 'n' });
    expect(components()).toEqual([
      {
        kind: 'events',
        title: 'What happened',
        events: [
          { at: 7, title: 'begin' },
          { at: 9, title: 'late', tone: 'warn', note: 'n' },
        ],
      },
    ]);
  });

  it('is data as it was when it was put there', () => {
    const { card, components } = deck();
    const value = { list: [1], run: () => 1 };
    card.json(value, 'v');
    value.list.push(2);
    expect(components()).toEqual([{ kind: 'json', title: 'v', value: { list: [1], run: 'function' } }]);
  });
});

it('puts sections into sections', () => {
  const { card, components } = deck();
  const outer = card.section('outer', { isOpen: true });
  outer.text('a');
  const bar = outer.section('inner').progress('p');
  bar.update(1);
  expect(components()).toEqual([
    {
      kind: 'section',
      title: 'outer',
      isOpen: true,
      components: [
        { kind: 'text', text: 'a' },
        { kind: 'section', title: 'inner', components: [{ kind: 'progress', label: 'p', value: 1 }] },
      ],
    },
  ]);
  card.clear();
  expect(components()).toEqual([]);
});

it('fails nobody for what cannot be shown, and says it on the card', () => {
  const { card, components } = deck();
  card.image(Buffer.from('no picture'), { alt: 'a cat' });
  const loop: { self?: object } = {};
  loop.self = loop;
  card.chart('Chart', loop);
  card.error('a text that was thrown');
  card.json(loop);
  expect(components()).toMatchObject([
    { kind: 'error', title: 'a cat', code: 'IMAGE_UNKNOWN' },
    { kind: 'vegaChart', problem: expect.stringContaining('could not be drawn') },
    { kind: 'error', message: 'a text that was thrown' },
    { kind: 'json', value: { self: '…' } },
  ]);
});

it('tells of every change', () => {
  let changes = 0;
  const { card } = deck({ onChange: () => (changes += 1) });
  card({ kind: 'text', text: 'a' });
  const bar = card.progress('p');
  bar.update(1);
  card.lineChart({ title: 't', xLabel: 'x', yLabel: 'y' }).add('a', 1, 1);
  card.section('s').text('t');
  bar.remove();
  card.clear();
  expect(changes).toBe(9);
});
