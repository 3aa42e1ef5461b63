import { renderBarChart } from './bar-chart.ts';
import type { Figure, ReportComponent, Tone } from './components.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { renderLineChart } from './line-chart.ts';
import { renderTable } from './table.ts';
import { sign } from './tone.ts';

/** Components as markup, in their order, for the body of a `page`. */
export function renderComponents(components: readonly ReportComponent[]): Html {
  return html`${components.map(render)}`;
}

function render(component: ReportComponent): Html {
  switch (component.kind) {
    case 'heading':
      return component.level === 3 ? html`<h3>${component.text}</h3> ` : html`<h2>${component.text}</h2> `;
    case 'text':
      return paragraphs(component.text);
    case 'callout':
      return callout(component.tone, component.text);
    case 'figures':
      return figures(component.figures);
    case 'table':
      return renderTable(component);
    case 'lineChart':
      return renderLineChart(component);
    case 'barChart':
    default:
      return renderBarChart(component);
  }
}

// An empty line parts paragraphs; a single break stays a break.
function paragraphs(text: string): Html {
  return html`${text.split(/\n{2,}/).map((part) => html`<p>${part.split('\n').map((line, i) => (i === 0 ? line : html`<br />${line}`))}</p> `)}`;
}

function callout(tone: Tone, text: string): Html {
  return html`<div class="callout ${tone}" role="note">
    ${sign(tone)}
    <div>${paragraphs(text)}</div>
  </div> `;
}

function figures(list: readonly Figure[]): Html {
  const items = list.map(
    ({ label, value, note, tone = 'plain' }) =>
      html`<div class="figure ${tone}">
        <dt>${label}</dt>
        <dd class="value">${sign(tone)}${value}</dd>
        ${note === undefined ? '' : html`<dd class="note">${note}</dd>`}
      </div>`,
  );
  return html`<dl class="figures">${items}</dl> `;
}
