import { expect, it } from 'vitest';
import { chartSvg } from './chart-svg.ts';

it('is a file that stands alone, with the title and text escaped', () => {
  const svg = chartSvg({
    kind: 'lineChart',
    title: 'Loss <of & all>',
    xLabel: 'epoch',
    yLabel: 'nats',
    series: [
      {
        name: 'gru',
        points: [
          [1, 0.6],
          [2, 0.5],
        ],
      },
    ],
  });
  expect(svg).toMatch(/^<\?xml [^>]*>\n<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  expect(svg).toContain('Loss &lt;of &amp; all&gt;');
  expect(svg).toContain('class="line s0"');
  expect(svg).not.toContain('var(--');
});

it('draws bars, and nothing where there is nothing', () => {
  const bars = { kind: 'barChart', title: 'Lift', yLabel: 'times', labels: ['10 %'] } as const;
  expect(chartSvg({ ...bars, series: [{ name: 'gru', values: [2] }] })).toContain('class="bar s0"');
  expect(chartSvg({ ...bars, series: [{ name: 'gru', values: [Number.NaN] }] })).toBeUndefined();
});
