import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { page } from './page.ts';
import { renderComponents } from './render.ts';
import { everyComponent } from './testing/payloads.ts';

/** Names of elements in the order that they open and close; fails on one that does not close. */
function wellFormed(markup: string): void {
  const VOID = new Set(['meta', 'link', 'br', 'hr', 'img', 'line', 'rect', 'circle', 'path']);
  const open: string[] = [];
  for (const [tag, close, name = ''] of markup.matchAll(
    /<(\/?)([a-z0-9]+)(?:\s+[a-z-]+(?::[a-z]+)?(?:="[^"<]*")?)*\s*\/?>/gi,
  )) {
    if (VOID.has(name.toLowerCase())) continue;
    if (close === '/') expect(open.pop(), tag).toBe(name);
    else open.push(name);
  }
  expect(open).toEqual([]);
}

describe('a page of every component', () => {
  const evil = `"><script>alert('x')</script><img src=x onerror=alert(1)>`;
  const body = renderComponents(everyComponent(evil));
  const whole = page({ title: evil, subtitle: evil, body, isInteractive: true });

  it('closes what it opens', () => {
    expect(whole).toMatch(/^<!doctype html>\n<html lang="en">/);
    wellFormed(whole.replace(/<(style|script)>.*?<\/\1>/gs, ''));
  });

  it('loads nothing from anywhere', () => {
    const loads = /(?:src|href)="(?!data:,"|data:image\/|#)|url\((?!#)|@import|https?:/;
    const plain = page({ title: 't', body: renderComponents(everyComponent('plain')) });
    expect(plain.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(loads);
  });

  it('lets run and style only what is made here: the policy names the hash of each', () => {
    const live = page({ title: 't', body: renderComponents([]), isInteractive: true, refreshEvery: 1000 });
    const still = page({ title: 't', body: renderComponents([]) });
    for (const made of [whole, live, still]) {
      const policy = /Content-Security-Policy"\s+content="([^"]*)"/.exec(made)?.[1]?.replaceAll('&#39;', "'") ?? '';
      const inside = [...made.matchAll(/<(style|script)>(.*?)<\/\1>(?=\s*<(?:\/head|\/body|script|\/html|body))/gs)];
      const scripts = made === live ? ['script', 'script'] : made === still ? [] : ['script'];
      expect(inside.map(([, name]) => name)).toEqual(['style', ...scripts]);
      for (const [, , text = ''] of inside) {
        expect(policy).toContain(`'sha256-${createHash('sha256').update(text).digest('base64')}'`);
      }
      expect(policy).toMatch(/^default-src 'none';/);
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
      expect(policy.includes('connect-src')).toBe(made === live);
    }
  });

  it('heads its tables and names its pictures', () => {
    expect(whole).toContain('<th scope="col"');
    expect(whole).toContain('<th scope="row"');
    const pictures = whole.match(/<svg\s[^>]*viewBox="0 0 720[^>]*>/g) ?? [];
    expect(pictures).toHaveLength(2);
    for (const svg of pictures) expect(svg).toMatch(/role="img"\s+aria-label="[^"]+"/);
    for (const [picture] of whole.matchAll(/<img[^>]*>/g)) expect(picture).toMatch(/alt="[^"]+"/);
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

it('sets figures that follow each other side by side', () => {
  const value = { kind: 'value', label: 'l', value: 1234.5 } as const;
  const drawn = String(renderComponents([value, { ...value, value: 'x' }, { kind: 'text', text: 't' }, value]));
  expect(drawn.match(/<dl class="figures">/g)).toHaveLength(2);
  expect(drawn).toContain('1,234.5');
});

it('says what of a card it cannot show, and shows the rest', () => {
  const broken = [{ kind: 'table' }, { kind: 'text', text: 'after' }, { kind: 'hologram' }, null];
  const drawn = String(renderComponents(broken as never));
  expect(drawn).toContain('A part of kind &#39;table&#39; cannot be shown');
  expect(drawn).toContain('<p>after</p>');
  expect(drawn).toContain('knows no &#39;hologram&#39;');
});

it('leads from a cell to a part of the page, and nowhere else', () => {
  const drawn = (to: string): string =>
    String(renderComponents([{ kind: 'table', columns: ['a'], rows: [[{ value: 'x', to }]] }]));
  expect(drawn('step-load')).toContain('<a href="#step-load">x</a>');
  expect(drawn('x" onclick="y')).not.toContain('<a');
});

it('shows how far something is as a bar with its numbers', () => {
  const drawn = String(renderComponents([{ kind: 'progress', label: 'Epochs', value: 3, of: 12, note: 'soon' }]));
  expect(drawn).toMatch(/<progress value="3" max="12" aria-label="Epochs">/);
  expect(drawn).toContain('3 of 12');
  expect(String(renderComponents([{ kind: 'progress', label: 'x', value: NaN, of: 0 }]))).toContain(
    'value="0" max="1"',
  );
});
