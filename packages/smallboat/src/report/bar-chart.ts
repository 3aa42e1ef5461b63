import type { Box } from './chart.ts';
import { CHARACTER, HEIGHT, WIDTH, chartFrame, emptyChart, labelWidth, seriesStyle, shorten, yAxis } from './chart.ts';
import type { BarChartComponent } from './components.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { formatNumber } from './number.ts';
import type { Ticks } from './scale.ts';
import { niceTicks, px, scaleOf } from './scale.ts';
import { renderTable } from './table.ts';

/** Bars beyond which no number is written on them. */
const NUMBERED_BARS = 14;

/** Bars in groups, one a series for each label, from zero. A value that is no finite number has no bar. */
export function renderBarChart({ title, yLabel, labels, series }: Omit<BarChartComponent, 'kind'>): Html {
  const values = series.flatMap((s) => labels.map((_, i) => s.values[i] ?? Number.NaN)).filter(isDrawn);
  if (values.length === 0) return emptyChart(title);
  const ticks = niceTicks(Math.min(0, lowest(values)), Math.max(0, -lowest(values.map((v) => -v))) || 1);
  const narrow = labelWidth(ticks.labels) + 14;
  const isSlanted = labels.some((label) => label.length * CHARACTER > (WIDTH - narrow) / labels.length - 6);
  const longest = Math.max(...labels.map((label) => shorten(label, 22).length));
  // A slanted name reaches left of its bar: the first one needs room there.
  const left = isSlanted ? Math.max(narrow, longest * CHARACTER * 0.82 - WIDTH / labels.length / 2 + 6) : narrow;
  const band = (WIDTH - left) / labels.length;
  const deepest = isSlanted ? longest * 4.2 : 0;
  const box: Box = { left, right: WIDTH, top: 28, bottom: HEIGHT - 30 };
  const y = scaleOf(ticks, box.bottom, box.top);
  const inner = band * 0.76;
  const bar = inner / series.length;
  const bars = labels.map((label, i) =>
    series.map(({ name, values: own }, j) => {
      const value = own[i] ?? Number.NaN;
      if (!isDrawn(value)) return '';
      const x = left + i * band + (band - inner) / 2 + j * bar;
      const [top, bottom] = [Math.min(y(value), y(0)), Math.max(y(value), y(0))];
      const rect = html`<rect
        class="bar ${seriesStyle(j).name}"
        x="${px(x + 0.5)}"
        y="${px(top)}"
        width="${px(Math.max(0.5, bar - 1))}"
        height="${px(bottom - top)}"
        ><title>${label}, ${name}: ${formatNumber(value)}</title></rect
      >`;
      if (labels.length * series.length > NUMBERED_BARS) return rect;
      return html`${rect}<text
          class="tick"
          x="${px(x + bar / 2)}"
          y="${px(value < 0 ? bottom + 13 : top - 5)}"
          text-anchor="middle"
          >${short(value)}</text
        >`;
    }),
  );
  const names = labels.map((label, i) => {
    const x = left + (i + 0.5) * band;
    return isSlanted
      ? html`<text class="tick" transform="translate(${px(x + 4)} ${px(box.bottom + 16)}) rotate(-35)" text-anchor="end"
          >${shorten(label, 22)}<title>${label}</title></text
        >`
      : html`<text class="tick" x="${px(x)}" y="${px(box.bottom + 18)}" text-anchor="middle">${label}</text>`;
  });
  // With a hundred labels and more, every n-th is enough.
  const every = Math.ceil((labels.length * 14) / (WIDTH - left));
  return chartFrame({
    title,
    description: describe(yLabel, labels, series),
    height: HEIGHT + deepest,
    legend: legend(series.map((s) => s.name)),
    drawing: html`${yAxis(ticks, y, box, yLabel)}${bars}${names.filter((_, i) => i % every === 0)}${baseline(ticks, y, box)}`,
    ...(labels.length > 60
      ? {}
      : {
          data: renderTable({
            columns: ['', ...series.map((s) => s.name)],
            rows: labels.map((label, i) => [label, ...series.map((s) => s.values[i] ?? null)]),
          }),
        }),
  });
}

function baseline(ticks: Ticks, y: (value: number) => number, box: Box): Html {
  if (ticks.from > 0 || ticks.to < 0) return html``;
  return html`<line class="mark" x1="${px(box.left)}" x2="${px(box.right)}" y1="${px(y(0))}" y2="${px(y(0))}" />`;
}

function legend(names: readonly string[]): Html {
  if (names.length < 2) return html``;
  const items = names.map((name, i) => html`<li><span class="swatch ${seriesStyle(i).name}"></span>${name}</li>`);
  return html`<ul class="legend">
    ${items}
  </ul>`;
}

function describe(yLabel: string, labels: readonly string[], series: BarChartComponent['series']): string {
  const each = series.map(({ name, values }) => {
    const shown = labels.slice(0, 12).map((label, i) => `${label} ${formatNumber(values[i] ?? Number.NaN)}`);
    return `${name}: ${shown.join(', ')}${labels.length > 12 ? ', and so on' : ''}`;
  });
  return `${yLabel}. ${each.join('; ')}.`;
}

function short(value: number): string {
  if (Math.abs(value) < 10_000)
    return formatNumber(Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
  return new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 }).format(value);
}

function lowest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

function isDrawn(value: number): boolean {
  return Math.abs(value) <= 1e300;
}
