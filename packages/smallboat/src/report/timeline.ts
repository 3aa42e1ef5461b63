import { CHARACTER, WIDTH, chartFigure, shorten } from './chart.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { niceTicks, px, scaleOf } from './scale.ts';
import { displayWidth } from './text-table.ts';

/** How a bar is drawn: by a tone, as what is going on, as what was not done anew, or as what came before. */
export type BarStyle = 'good' | 'bad' | 'warn' | 'plain' | 'over' | 'before';

export interface TimelineBar {
  /** Milliseconds, from any beginning. */
  readonly start: number;
  readonly end: number;
  readonly style: BarStyle;
  /** What it is, in words. */
  readonly title: string;
}

/** A line of a timeline. */
export interface TimelineRow {
  readonly label: string;
  /** The part of the page that it leads to: the id that it has. */
  readonly to?: string;
  readonly bars: readonly TimelineBar[];
  /** In place of bars, how much went on at once in equal parts of the time, drawn as an area. */
  readonly density?: { readonly parts: readonly number[]; readonly style: BarStyle; readonly title: string };
  /** Behind the last bar: how long it took. */
  readonly note: string;
}

export interface Timeline {
  readonly title: string;
  readonly start: number;
  readonly end: number;
  readonly rows: readonly TimelineRow[];
  /** What the styles mean that are in it, in the order of the legend. */
  readonly legend: readonly { readonly style: BarStyle; readonly text: string }[];
  /** The same as a table. */
  readonly data: Html;
}

const ROW = 24;
const TOP = 26;

/** Bars beside their names, along one axis of time that begins with the first. */
export function timelinePicture({ title, start, end, rows, legend, data }: Timeline): Html {
  const left = Math.min(
    190,
    Math.max(60, ...rows.map(({ label }) => displayWidth(shorten(label, 26)) * CHARACTER + 14)),
  );
  const right = WIDTH - 4;
  const seconds = Math.max(0.001, (end - start) / 1000);
  const [unit, name] =
    seconds > 7200 ? [3600, 'h'] : seconds > 120 ? [60, 'min'] : seconds < 1 ? [0.001, 'ms'] : [1, 's'];
  const ticks = niceTicks(0, seconds / unit, { count: 6 });
  const x = scaleOf({ from: 0, to: seconds }, left, right - 62);
  const height = TOP + rows.length * ROW + 6;
  const grid = ticks.values.flatMap((value, i) =>
    value * unit > seconds * 1.001
      ? []
      : [
          html`<line
              class="grid"
              x1="${px(x(value * unit))}"
              x2="${px(x(value * unit))}"
              y1="${TOP - 4}"
              y2="${height - 4}"
            /><text class="tick" x="${px(x(value * unit))}" y="13" text-anchor="middle"
              >${ticks.labels[i]}${i === 0 ? '' : ` ${name}`}</text
            >`,
        ],
  );
  const axis = { left, from: x(0), to: x(seconds), at: (time: number) => x((time - start) / 1000) };
  const lines = rows.map((row, i) => line(row, TOP + i * ROW, axis));
  const words = rows.map(({ label, note }) => `${label} ${note}`).slice(0, 40);
  return chartFigure({
    title,
    className: 'chart timeline',
    label: title,
    legend: html`<ul class="legend">
      ${legend.map(({ style, text }) => html`<li><span class="swatch ${style}"></span>${text}</li> `)}
    </ul>`,
    drawing: html`<svg
      viewBox="0 0 ${WIDTH} ${px(height)}"
      role="group"
      aria-label="${title}: ${words.join(', ')}${rows.length > 40 ? ', and so on' : ''}."
    >
      ${grid}${lines}
    </svg>`,
    data,
  });
}

interface Axis {
  readonly left: number;
  /** Where the time begins and ends. */
  readonly from: number;
  readonly to: number;
  readonly at: (time: number) => number;
}

function line({ label, to, bars, density, note }: TimelineRow, top: number, axis: Axis): Html {
  const { left, at } = axis;
  const shown = shorten(label, 26);
  const text = html`<text class="label" x="${px(left - 8)}" y="${px(top + 16)}" text-anchor="end"
    >${shown}${shown === label ? '' : html`<title>${label}</title>`}</text
  >`;
  const name = to !== undefined && /^[\w-]+$/.test(to) ? html`<a href="#${to}">${text}</a>` : text;
  const drawn = bars.map(({ start, end, style, title }) => {
    const width = Math.max(2, at(end) - at(start));
    return html`<rect
      class="span ${style}"
      x="${px(at(start))}"
      y="${px(top + 5)}"
      width="${px(width)}"
      height="14"
      rx="2"
      ><title>${title}</title></rect
    >`;
  });
  const last = bars.at(-1);
  const ends = last ? Math.max(at(last.end), at(last.start) + 2) : left;
  const area = density ? areaOf(density, top, axis) : undefined;
  return html`${name}${drawn}${area?.drawing}<text class="tick" x="${px((area?.ends ?? ends) + 6)}" y="${px(top + 16)}"
      >${note}</text
    > `;
}

/** An area as high as much goes on, the most of it as high as a bar; and where it ends. */
function areaOf(
  { parts, style, title }: NonNullable<TimelineRow['density']>,
  top: number,
  { from, to }: Axis,
): { readonly drawing: Html; readonly ends: number } {
  const most = Math.max(1, ...parts);
  const width = (to - from) / Math.max(1, parts.length);
  const bottom = top + 19;
  let way = '';
  let before = 0;
  parts.forEach((count, i) => {
    if (count === before) return;
    const y = count === 0 ? bottom : bottom - Math.max(2, (count / most) * 14);
    way += `${before === 0 ? `M${px(from + i * width)} ${px(bottom)}` : `H${px(from + i * width)}`}V${px(y)}`;
    if (count === 0) way += 'Z';
    before = count;
  });
  const ends = from + (parts.findLastIndex((count) => count > 0) + 1) * width;
  if (before !== 0) way += `H${px(ends)}V${px(bottom)}Z`;
  return { drawing: html`<path class="span ${style}" d="${way}"><title>${title}</title></path>`, ends };
}
