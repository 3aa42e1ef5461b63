import { describe, expect, it } from 'vitest';
import type { ReportComponent } from './components.ts';
import { page } from './page.ts';
import { renderComponents } from './render.ts';

const evil = `"><script>alert('x')</script><img src=x onerror=alert(1)>`;

const every = (text: string): readonly ReportComponent[] => [
  { kind: 'heading', text },
  { kind: 'heading', level: 3, text },
  { kind: 'text', text: `${text}\n${text}\n\n${text}` },
  { kind: 'callout', tone: 'bad', text },
  { kind: 'figures', figures: [{ label: text, value: text, note: text, tone: 'warn' }] },
  { kind: 'table', caption: text, columns: [text, text], rows: [[text, { value: text, tone: 'good' }]] },
  {
    kind: 'lineChart',
    title: text,
    xLabel: text,
    yLabel: text,
    series: [
      {
        name: text,
        points: [
          [0, 1],
          [1, 2],
        ],
      },
    ],
  },
  { kind: 'barChart', title: text, yLabel: text, labels: [text], series: [{ name: text, values: [3] }] },
];

/** Names of elements in the order that they open and close; fails on one that does not close. */
function wellFormed(markup: string): void {
  const VOID = new Set(['meta', 'link', 'br', 'line', 'rect', 'circle', 'path']);
  const open: string[] = [];
  for (const [tag, close, name = ''] of markup.matchAll(
    /<(\/?)([a-z0-9]+)(?:\s+[a-z-]+(?::[a-z]+)?="[^"<]*")*\s*\/?>/gi,
  )) {
    if (VOID.has(name.toLowerCase())) continue;
    if (close === '/') expect(open.pop(), tag).toBe(name);
    else open.push(name);
  }
  expect(open).toEqual([]);
}

describe('a page of every component', () => {
  const whole = page({ title: evil, subtitle: evil, body: renderComponents(every(evil)) });

  it('lets no data become markup', () => {
    expect(whole).not.toMatch(/<script|<img|onerror=alert\(1\)>/);
  });

  it('closes what it opens', () => {
    expect(whole).toMatch(/^<!doctype html>\n<html lang="en">/);
    wellFormed(whole.replace(/<style>.*<\/style>/s, ''));
  });

  it('loads nothing from anywhere', () => {
    const loads = /(?:src|href)="(?!data:,"|#)|url\(|@import|https?:/;
    expect(page({ title: 't', body: renderComponents(every('plain')) })).not.toMatch(loads);
  });

  it('heads its tables and names its pictures', () => {
    expect(whole).toContain('<th scope="col"');
    expect(whole).toContain('<th scope="row"');
    for (const [svg] of whole.matchAll(/<svg[^>]*>.*?<\/desc>/gs)) expect(svg).toMatch(/role="img" aria-label="[^"]+"/);
    expect(whole.match(/<svg/g)).toHaveLength(2);
  });
});

describe('a line chart', () => {
  const chart = (points: readonly (readonly [number, number])[]): string =>
    String(
      renderComponents([{ kind: 'lineChart', title: 't', xLabel: 'x', yLabel: 'y', series: [{ name: 's', points }] }]),
    );

  it.each([
    ['no point', []],
    ['only NaN', [[0, Number.NaN]]],
    [
      'only infinities',
      [
        [0, Number.POSITIVE_INFINITY],
        [Number.NaN, 1],
      ],
    ],
  ] as const)('says that it has no data: %s', (_, points) => {
    expect(chart(points)).toContain('No data to draw.');
  });

  it('draws one point as a dot', () => {
    expect(chart([[3, 7]]).match(/<circle/g)).toHaveLength(1);
  });

  it('leaves a gap where a value is missing', () => {
    const d =
      / d="([^"]*)"/.exec(
        chart([
          [0, 1],
          [1, 2],
          [2, Number.NaN],
          [3, 4],
          [4, 5],
        ]),
      )?.[1] ?? '';
    expect(d.match(/M/g)).toHaveLength(2);
  });

  it.each([1e-12, 1, 1e9, 1e300, 1e300])('holds values of the size of %s', (size) => {
    const drawn = chart([
      [0, -size],
      [1, 0],
      [2, size],
    ]);
    expect(drawn).not.toMatch(/="[^"]*(?:NaN|Infinity)/);
    expect(drawn.match(/<circle/g)).toHaveLength(3);
  });

  it('draws a hundred thousand points without keeping them all, and keeps the peak', () => {
    const drawn = chart(Array.from({ length: 100_000 }, (_, i) => [i, i === 77_777 ? 10 : Math.sin(i)] as const));
    expect(drawn.length).toBeLessThan(60_000);
    const ys = [...(/ d="M([^"]*)"/.exec(drawn)?.[1]?.matchAll(/ ([\d.]+)/g) ?? [])].map((m) => Number(m[1]));
    expect(Math.min(...ys)).toBeLessThan(Math.max(...ys) / 2);
  });

  it('gives its numbers as a table too', () => {
    expect(
      chart([
        [1, 0.5],
        [2, 0.25],
      ]),
    ).toMatch(/<details>.*0\.50.*0\.25/s);
  });
});

describe('a bar chart', () => {
  const chart = (labels: readonly string[], values: readonly number[]): string =>
    String(renderComponents([{ kind: 'barChart', title: 't', yLabel: 'y', labels, series: [{ name: 's', values }] }]));

  it('says that it has no data', () => {
    expect(chart([], [])).toContain('No data to draw.');
    expect(chart(['a'], [Number.NaN])).toContain('No data to draw.');
  });

  it('leaves out the bar of a missing value', () => {
    expect(chart(['a', 'b', 'c'], [1, Number.NaN]).match(/<rect/g)).toHaveLength(1);
  });

  it('draws negative values below zero, and zeros', () => {
    const drawn = chart(['a', 'b', 'c'], [-2, 0, 1e12]);
    expect(drawn.match(/<rect/g)).toHaveLength(3);
    expect(drawn).not.toMatch(/height="-|="[^"]*(?:NaN|Infinity)/);
  });

  it('names at most as many labels as have room', () => {
    const labels = Array.from({ length: 500 }, (_, i) => `label ${i}`);
    expect(
      chart(
        labels,
        labels.map((_, i) => i),
      ).match(/rotate\(/g)?.length,
    ).toBeLessThan(60);
  });
});

it('writes null cells as a dash and empty tables as such', () => {
  const drawn = String(renderComponents([{ kind: 'table', columns: ['a', 'b'], rows: [[1, null]] }]));
  expect(drawn).toContain('<span class="none">–</span>');
  expect(String(renderComponents([{ kind: 'table', columns: ['a'], rows: [] }]))).toContain('No rows');
});
