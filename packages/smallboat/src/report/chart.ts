import type { Html } from './html.ts';
import { html } from './html.ts';
import type { Ticks } from './scale.ts';
import { px } from './scale.ts';

/** Size of a chart in its own units; it is scaled to the width of the page. */
export const WIDTH = 720;
export const HEIGHT = 300;

/** Number of colours in the style; a series beyond takes the first again, with another dash. */
export const COLOURS = 6;

/** Class and dash of series `i`. Each has its own dash or mark, so that lines are told apart without colour. */
export function seriesStyle(i: number): { readonly name: string; readonly dash: string } {
  const dashes = ['', '6 3', '2 3', '9 3 2 3', '12 4', '4 2 1 2'];
  return { name: `s${i % COLOURS}`, dash: dashes[i % dashes.length] ?? '' };
}

export interface ChartFrame {
  readonly title: string;
  /** What a reader who cannot see the picture should know of it. */
  readonly description: string;
  readonly height: number;
  readonly drawing: Html;
  readonly legend: Html;
  /** The numbers as a table, folded away; left out when there are too many. */
  readonly data?: Html;
}

/** A picture with its title, its legend and its numbers. */
export function chartFrame({ title, description, height, drawing, legend, data }: ChartFrame): Html {
  return chartFigure({
    title,
    label: title,
    legend,
    drawing: html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}. ${description}">
      <title>${title}</title>
      <desc>${description}</desc>
      ${drawing}
    </svg>`,
    ...(data === undefined ? {} : { data }),
  });
}

export interface ChartFigure {
  readonly title: string;
  /** What the region of the picture is called. */
  readonly label: string;
  readonly drawing: Html;
  readonly className?: string;
  readonly legend?: Html;
  readonly data?: Html;
}

/** A drawing, wide ones in a region that scrolls by itself, with what belongs to it. */
export function chartFigure({ title, label, drawing, className = 'chart', legend, data }: ChartFigure): Html {
  return html`<figure class="${className}">
    <figcaption>${title}</figcaption>
    ${legend}
    <div class="scroll" role="group" tabindex="0" aria-label="${label}">${drawing}</div>
    ${
      data === undefined
        ? ''
        : html`<details>
            <summary>Numbers</summary>
            ${data}
          </details>`
    }
  </figure> `;
}

/** What stands in for a chart that has nothing to show. */
export function emptyChart(title: string): Html {
  return html`<figure class="chart">
    <figcaption>${title}</figcaption>
    <p class="none">No data to draw.</p>
  </figure> `;
}

export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Horizontal lines at the ticks with their labels, and the name of the axis above them. */
export function yAxis(ticks: Ticks, y: (value: number) => number, box: Box, label: string): Html {
  const lines = ticks.values.map(
    (value, i) =>
      html`<line
          class="grid${value === 0 ? ' zero' : ''}"
          x1="${px(box.left)}"
          x2="${px(box.right)}"
          y1="${px(y(value))}"
          y2="${px(y(value))}"
        /><text class="tick" x="${px(box.left - 8)}" y="${px(y(value) + 4)}" text-anchor="end"
          >${ticks.labels[i]}</text
        >`,
  );
  return html`${lines}<text class="axis" x="0" y="12">${label}</text> `;
}

/** Room that tick labels need, in units of the chart. */
export function labelWidth(labels: readonly string[]): number {
  return Math.max(0, ...labels.map((text) => text.length)) * CHARACTER;
}

/** Mean width of a character of the chart's 12-unit type, in its units. */
export const CHARACTER = 6.6;

/** A label cut to a number of characters. */
export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, Math.max(1, length - 1))}…`;
}
