import type { ReportCell, TableComponent, Tone } from './components.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { columnFormat } from './number.ts';
import { chip } from './tone.ts';

/** A table as markup: the first column heads its rows, numbers are right-aligned and written alike down a column. */
export function renderTable({
  caption,
  columns,
  rows,
  isSortable = rows.length > 2,
}: Omit<TableComponent, 'kind'>): Html {
  const styles = columns.map((_, i) => columnStyle(rows.map((row) => row[i] ?? null)));
  // A heading without words heads nothing.
  const head = columns.map((name, i) =>
    name === '' ? html`<td></td>` : html`<th scope="col" class="${styles[i]?.align}">${name}</th>`,
  );
  const body = rows.map((row) => {
    const cells = columns.map((_, i) => {
      const { value, tone, to } = partsOf(row[i] ?? null);
      const text = textOf(value, styles[i]?.format ?? String);
      const plain =
        text === '' ? html`<span class="none">–</span>` : tone === 'plain' ? html`${text}` : chip(text, tone);
      const href = hrefOf(to);
      const shown = href === undefined ? plain : html`<a href="${href}">${plain}</a>`;
      return i === 0 && columns.length > 1
        ? html`<th scope="row" class="${styles[i]?.align}">${shown}</th>`
        : html`<td class="${styles[i]?.align}">${shown}</td>`;
    });
    return html`<tr>
      ${cells}
    </tr>`;
  });
  const empty = html`<tr>
    <td class="none" colspan="${Math.max(1, columns.length)}">No rows</td>
  </tr>`;
  // Wide tables scroll inside their own region, which the keyboard can reach.
  return html`<div class="scroll" role="group" tabindex="0" aria-label="${caption ?? columns.join(', ')}">
    <table${isSortable ? html` class="sortable"` : ''}>
      ${
        caption === undefined
          ? ''
          : html`<caption>
              <span>${caption}</span>
            </caption>`
      }
      <thead>
        <tr>
          ${head}
        </tr>
      </thead>
      <tbody>
        ${rows.length > 0 ? body : empty}
      </tbody>
    </table>
  </div> `;
}

/** A part of the page, or a path of its own server; undefined for all else. */
function hrefOf(to: string | undefined): string | undefined {
  if (to === undefined) return undefined;
  return /^[\w-]+$/.test(to) ? `#${to}` : /^(?:\/\w[\w.-]*)+$/.test(to) ? to : undefined;
}

/** The value of a cell, its tone, and where it leads. */
export function partsOf(cell: ReportCell): {
  readonly value: string | number | null;
  readonly tone: Tone;
  readonly to?: string;
} {
  return typeof cell === 'object' && cell !== null
    ? { ...cell, tone: cell.tone ?? 'plain' }
    : { value: cell, tone: 'plain' };
}

/** How a column is set: right-aligned when all it holds is numbers. */
export function columnStyle(cells: readonly ReportCell[]): {
  readonly align: 'number' | 'text';
  readonly format: (value: number) => string;
} {
  const values = cells.map((cell) => partsOf(cell).value).filter((value) => value !== null);
  const numbers = values.filter((value) => typeof value === 'number');
  const align = numbers.length > 0 && numbers.length === values.length ? 'number' : 'text';
  return { align, format: columnFormat(numbers) };
}

/** The text of a cell; empty for null. */
export function textOf(value: string | number | null, format: (value: number) => string): string {
  return value === null ? '' : typeof value === 'number' ? format(value) : value;
}
