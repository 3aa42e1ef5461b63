import type { Box } from './chart.ts';
import { HEIGHT, WIDTH, chartFrame, emptyChart, labelWidth, seriesStyle, shorten, yAxis } from './chart.ts';
import type { LineChartComponent, Series } from './components.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { formatNumber } from './number.ts';
import { niceTicks, px, scaleOf } from './scale.ts';
import { renderTable } from './table.ts';

type Point = readonly [x: number, y: number];

/** Beyond this the width of a range overflows. */
const LARGEST = 1e300;
/** Most rows of the table under a chart. */
const TABLE_ROWS = 60;
/** Points of a line beyond which only the lowest and highest of each stretch are drawn. */
const DRAWN_POINTS = 1200;

/**
 * A line chart. A point with a y that is no finite number leaves a gap in its line; a point alone is drawn as a dot; a
 * point whose x is no finite number is left out. Each line is named at its end and has a dash of its own.
 */
export function renderLineChart(chart: Omit<LineChartComponent, 'kind'>): Html {
  const { title, xLabel, yLabel } = chart;
  const series = chart.series.map((s) => ({ ...s, points: s.points.filter(([x]) => Math.abs(x) <= LARGEST) }));
  const drawn = series.flatMap((s) => s.points.filter(isDrawn));
  if (drawn.length === 0) return emptyChart(title);
  const [xs, ys] = [extent(drawn.map(([x]) => x)), extent(drawn.map(([, y]) => y))];
  const yTicks = niceTicks(ys.low, ys.high);
  const xTicks = niceTicks(xs.low, xs.high, { count: 8, isWhole: drawn.every(([x]) => Number.isInteger(x)) });
  const names = series.map((s) => shorten(s.name, 22));
  const box: Box = {
    left: labelWidth(yTicks.labels) + 14,
    right: WIDTH - labelWidth(names) - 18,
    top: 28,
    bottom: HEIGHT - 42,
  };
  // The x axis ends where the data does: half-empty charts come of rounding its range up.
  const xRange = xs.low < xs.high ? { from: xs.low, to: xs.high } : xTicks;
  const x = scaleOf(xRange, box.left, box.right);
  const y = scaleOf(yTicks, box.bottom, box.top);
  const ticks = xTicks.values.flatMap((value, i) =>
    value < xRange.from - 1e-9 || value > xRange.to + 1e-9
      ? []
      : [
          html`<line
              class="mark"
              x1="${px(x(value))}"
              x2="${px(x(value))}"
              y1="${px(box.bottom)}"
              y2="${px(box.bottom + 4)}"
            /><text class="tick" x="${px(x(value))}" y="${px(box.bottom + 17)}" text-anchor="middle"
              >${xTicks.labels[i]}</text
            >`,
        ],
  );
  const lines = series.map((s, i) => line(s, i, ([a, b]) => [x(a), y(b)]));
  const ends = endLabels(series, y, box).map(
    ({ i, at }) =>
      html`<text class="end ${seriesStyle(i).name}" x="${px(box.right + 8)}" y="${px(at + 4)}">${names[i]}</text>`,
  );
  return chartFrame({
    title,
    description: describe(chart, series),
    height: HEIGHT,
    legend: html``,
    drawing: html`${yAxis(yTicks, y, box, yLabel)}${ticks}<text
        class="axis"
        x="${px((box.left + box.right) / 2)}"
        y="${HEIGHT - 6}"
        text-anchor="middle"
        >${xLabel}</text
      >
      ${lines}${ends}`,
    ...table(chart, series),
  });
}

function line(series: Series, i: number, at: (point: Point) => Point): Html {
  const { name, dash } = seriesStyle(i);
  const pieces = piecesOf(series.points);
  const path = pieces
    .filter((piece) => piece.length > 1)
    .map(
      (piece) =>
        `M${thin(piece)
          .map((p) => at(p).map(px).join(' '))
          .join('L')}`,
    )
    .join('');
  const isSparse = series.points.length <= 40;
  const dots = (isSparse ? pieces.flat() : pieces.filter((piece) => piece.length === 1).flat()).map((point) => {
    const [cx, cy] = at(point);
    return html`<circle
      class="dot ${name}"
      cx="${px(cx)}"
      cy="${px(cy)}"
      r="${isSparse && pieces.flat().length > 1 ? 2.6 : 3.5}"
      ><title>${series.name}: ${formatNumber(point[1])} at ${formatNumber(point[0])}</title></circle
    >`;
  });
  return html`<path class="line ${name}" d="${path}" stroke-dasharray="${dash}" />${dots} `;
}

// A line is cut wherever it has no value.
function piecesOf(points: readonly Point[]): readonly (readonly Point[])[] {
  const pieces: Point[][] = [[]];
  for (const point of points) {
    if (isDrawn(point)) pieces.at(-1)?.push(point);
    else if (pieces.at(-1)?.length !== 0) pieces.push([]);
  }
  return pieces.filter((piece) => piece.length > 0);
}

function thin(points: readonly Point[]): readonly Point[] {
  if (points.length <= DRAWN_POINTS) return points;
  const width = Math.ceil(points.length / (DRAWN_POINTS / 2));
  const kept: Point[] = [];
  for (let start = 0; start < points.length; start += width) {
    const stretch = points.slice(start, start + width);
    const byHeight = stretch.map((_, i) => i).sort((a, b) => (stretch[a]?.[1] ?? 0) - (stretch[b]?.[1] ?? 0));
    const ends = [byHeight[0] ?? 0, byHeight.at(-1) ?? 0].sort((a, b) => a - b);
    for (const i of ends) kept.push(stretch[i] ?? [0, 0]);
  }
  return kept;
}

// Names stand at the height of their line's end, pushed apart where they would cover each other.
function endLabels(
  series: readonly Series[],
  y: (value: number) => number,
  box: Box,
): readonly { i: number; at: number }[] {
  const labels = series
    .flatMap((s, i) => {
      const last = s.points.findLast(isDrawn);
      return last === undefined ? [] : [{ i, at: y(last[1]) }];
    })
    .sort((a, b) => a.at - b.at);
  const apart = 15;
  const top = Math.min(labels[0]?.at ?? 0, box.bottom - apart * (labels.length - 1));
  const placed: { i: number; at: number }[] = [];
  for (const { i, at } of labels) placed.push({ i, at: Math.max(at, (placed.at(-1)?.at ?? top - apart) + apart) });
  let floor = box.bottom;
  return placed.reverse().map(({ i, at }) => {
    const lowered = Math.min(at, floor);
    floor = lowered - apart;
    return { i, at: lowered };
  });
}

function table(
  chart: Pick<LineChartComponent, 'title' | 'xLabel'>,
  series: readonly Series[],
): { readonly data?: Html } {
  const rows = new Map<number, Map<number, number>>();
  series.forEach((s, i) => {
    for (const [x, y] of s.points) rows.set(x, (rows.get(x) ?? new Map<number, number>()).set(i, y));
  });
  if (rows.size > TABLE_ROWS) return {};
  const sorted = [...rows].sort(([a], [b]) => a - b);
  return {
    data: renderTable({
      columns: [chart.xLabel, ...series.map((s) => s.name)],
      rows: sorted.map(([x, values]) => [x, ...series.map((_, i) => values.get(i) ?? null)]),
    }),
  };
}

function describe(
  { xLabel, yLabel }: Pick<LineChartComponent, 'xLabel' | 'yLabel'>,
  series: readonly Series[],
): string {
  const each = series.map(({ name, points }) => {
    const shown = points.filter(isDrawn);
    const { low, high } = extent(shown.map(([, y]) => y));
    const last = shown.at(-1);
    if (last === undefined) return `${name}: no values`;
    return `${name}: ${formatNumber(low)} to ${formatNumber(high)}, at the end ${formatNumber(last[1])}`;
  });
  return `${yLabel} by ${xLabel}. ${each.join('; ')}.`;
}

function isDrawn([, y]: Point): boolean {
  return Math.abs(y) <= LARGEST;
}

function extent(values: readonly number[]): { readonly low: number; readonly high: number } {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return { low, high };
}
