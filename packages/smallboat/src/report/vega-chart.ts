import { sha256 } from '../kernel/index.ts';
import { chartFigure } from './chart.ts';
import type { ReportCell, VegaChartComponent } from './components.ts';
import type { Html } from './html.ts';
import { Html as Markup, html } from './html.ts';
import { safeSvg } from './safe-svg.ts';
import { renderTable } from './table.ts';

/** Rows up to which the numbers of a chart are written out too. */
const MOST_ROWS = 60;

/** A drawn chart as markup; where it is not drawn, why, and its data. */
export function renderVegaChart({ title, description, spec, svg, problem }: Omit<VegaChartComponent, 'kind'>): Html {
  const words = description ?? textOf(spec, 'description') ?? '';
  // Charts of one page must not share ids; the same chart twice may.
  const idPrefix = `v${sha256(svg ?? '').slice(0, 8)}-`;
  const safe = svg === undefined ? undefined : safeSvg(svg, { idPrefix });
  const data = dataOf(spec);
  const table = data === undefined ? {} : { data };
  if (safe === undefined) {
    return html`<figure class="chart">
      <figcaption>${title}</figcaption>
      <p class="none">${problem ?? 'This chart was not drawn.'}</p>
      ${data}
    </figure> `;
  }
  return chartFigure({
    title,
    className: 'chart vega',
    label: words === '' ? title : `${title}. ${words}`,
    drawing: Markup.trusted(safe),
    ...table,
  });
}

/** The rows that a specification has inside, as a table. */
function dataOf(spec: unknown): Html | undefined {
  const data = propertyOf(spec, 'data');
  const values = propertyOf(data, 'values');
  if (!Array.isArray(values) || values.length === 0 || values.length > MOST_ROWS) return undefined;
  const rows = values.filter((row) => typeof row === 'object' && row !== null) as Record<string, unknown>[]; // Just checked.
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].slice(0, 12);
  if (columns.length === 0) return undefined;
  return renderTable({ columns, rows: rows.map((row) => columns.map((column) => cellOf(row[column]))) });
}

function cellOf(value: unknown): ReportCell {
  if (value === null || value === undefined) return null;
  return typeof value === 'number' || typeof value === 'string' ? value : JSON.stringify(value);
}

function textOf(of: unknown, key: string): string | undefined {
  const found = propertyOf(of, key);
  return typeof found === 'string' ? found : undefined;
}

function propertyOf(of: unknown, key: string): unknown {
  return typeof of === 'object' && of !== null ? (Reflect.get(of, key) as unknown) : undefined;
}
