import type { BarChartComponent, LineChartComponent } from './components.ts';
import { renderBarChart } from './bar-chart.ts';
import { renderLineChart } from './line-chart.ts';

/** The page's style for charts, with colours that read on white. */
const COLOURS = ['#2b6cb5', '#bd5312', '#22804f', '#8247a8', '#a62c46', '#59616a'];
const STYLE = `text{fill:#1d2125;font:13px system-ui,sans-serif}.tick,.axis{fill:#5b626a;font-size:12px}.grid{stroke:#e2e4e7}.mark,.grid.zero{stroke:#b9bec4}.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}.end{font-weight:600}.dot{stroke:#fff}${COLOURS.map((colour, i) => `.line.s${i}{stroke:${colour}}.dot.s${i},.bar.s${i},.end.s${i}{fill:${colour}}`).join('')}`;

/** A chart as an SVG file that stands alone: for a tracker, a document, a pull request. Undefined where there is nothing to draw. */
export function chartSvg(chart: LineChartComponent | BarChartComponent): string | undefined {
  const figure = (chart.kind === 'lineChart' ? renderLineChart(chart) : renderBarChart(chart)).toString();
  const [, box = '', inner] = /<svg viewBox="([^"]*)"[^>]*>([\s\S]*)<\/svg>/.exec(figure) ?? [];
  if (inner === undefined) return undefined;
  const [, , width = '720', height = '300'] = box.split(' ');
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="${box}" width="${width}" height="${height}"><style>${STYLE}</style><rect width="100%" height="100%" fill="#fff"/>${inner}</svg>
`;
}
