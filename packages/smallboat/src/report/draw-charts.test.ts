import { expect, it } from 'vitest';
import type { ReportComponent } from './components.ts';
import { drawCharts } from './draw-charts.ts';
import { renderComponents } from './render.ts';

const bars = {
  description: 'Two bars.',
  data: {
    values: [
      { a: 'x', b: 1 },
      { a: '<y>', b: 2 },
    ],
  },
  mark: 'bar',
  encoding: { x: { field: 'a' }, y: { field: 'b', type: 'quantitative' }, href: { value: 'javascript:alert(1)' } },
};
const chart = (spec: object): ReportComponent => ({ kind: 'vegaChart', title: 'T', spec });
const draw = async (spec: object): Promise<string> => renderComponents(await drawCharts([chart(spec)])).toString();

it('draws a Vega-Lite chart in the colours of the page, with its numbers', async () => {
  const drawn = await draw(bars);
  expect(drawn).toMatch(/<svg [^>]*viewBox=/);
  expect(drawn).toContain('fill="var(--s0)"');
  expect(drawn).toContain('aria-label="T. Two bars."');
  expect(drawn).toContain('&lt;y&gt;');
  expect(drawn).toMatch(/<details>.*<th scope="col" class="text">a<\/th>/s);
  expect(drawn).not.toMatch(/href|javascript/);
});

it('leaves the specification as it was', async () => {
  const spec = structuredClone(bars);
  await drawCharts([chart(spec)]);
  expect(spec).toEqual(bars);
  expect(Reflect.ownKeys(spec.data.values[0] ?? {})).toEqual(['a', 'b']);
});

it('draws what is in a section, and what is drawn already not again', async () => {
  const first = chart(bars);
  const [section] = await drawCharts([{ kind: 'section', title: 's', components: [first] }]);
  expect(
    section?.kind === 'section' && section.components[0]?.kind === 'vegaChart' && section.components[0].svg,
  ).toContain('<svg');
  const done = await drawCharts([first]);
  expect(await drawCharts(done)).toBe(done);
});

it.each([
  ['loads nothing', { ...bars, data: { url: 'https://example.org/data.csv' } }, 'a card loads nothing'],
  ['is no chart', { nonsense: true }, 'could not be drawn'],
])('says why there is no drawing of what %s', async (_, spec, words) => {
  expect(await draw(spec)).toContain(words);
});
