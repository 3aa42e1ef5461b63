import { messageOf } from '../kernel/index.ts';
import { renderBarChart } from './bar-chart.ts';
import type {
  ArtifactComponent,
  CodeComponent,
  Figure,
  ReportComponent,
  SectionComponent,
  Tone,
} from './components.ts';
import { renderError } from './error-box.ts';
import { renderEvents } from './events.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { renderJson } from './json-tree.ts';
import { renderLineChart } from './line-chart.ts';
import { renderMarkdown } from './markdown.ts';
import { formatBytes, formatNumber } from './number.ts';
import { renderPicture } from './picture.ts';
import { renderProgress } from './progress-bar.ts';
import { renderTable } from './table.ts';
import { sign } from './tone.ts';
import { renderVegaChart } from './vega-chart.ts';

/**
 * Components as markup, in their order, for the body of a `page`. Nothing of them can become markup, script or a request; one that
 * is not as its type says, as what a store holds may be, is said to be so.
 */
export function renderComponents(components: readonly ReportComponent[]): Html {
  const parts: Html[] = [];
  for (let i = 0; i < components.length; i += 1) {
    const first = components[i];
    if (!first) continue;
    if (first.kind !== 'value') {
      parts.push(rendered(() => render(first), first));
      continue;
    }
    // Figures that follow each other stand side by side.
    const end = components.findIndex((next, j) => j > i && next.kind !== 'value');
    const row = components.slice(i, end < 0 ? undefined : end).filter((next) => next.kind === 'value');
    parts.push(
      rendered(
        () => figures(row.map((v) => ({ ...v, value: typeof v.value === 'number' ? formatNumber(v.value) : v.value }))),
        first,
      ),
    );
    i += row.length - 1;
  }
  return html`${parts}`;
}

function rendered(make: () => Html, { kind }: { readonly kind: unknown }): Html {
  try {
    return make();
  } catch (error) {
    const reason = messageOf(error);
    return callout('warn', `A part of kind '${String(kind)}' cannot be shown: ${reason}`);
  }
}

function render(component: ReportComponent): Html {
  switch (component.kind) {
    case 'heading':
      return component.level === 3 ? html`<h3>${component.text}</h3> ` : html`<h2>${component.text}</h2> `;
    case 'text':
      return paragraphs(component.text);
    case 'markdown':
      return renderMarkdown(component.text);
    case 'callout':
      return callout(component.tone, component.text);
    case 'figures':
      return figures(component.figures);
    case 'value':
      return figures([{ ...component, value: String(component.value) }]);
    case 'table':
      return renderTable(component);
    case 'lineChart':
      return renderLineChart(component);
    case 'barChart':
      return renderBarChart(component);
    case 'vegaChart':
      return renderVegaChart(component);
    case 'image':
      return renderPicture(component);
    case 'progress':
      return renderProgress(component);
    case 'code':
      return code(component);
    case 'error':
      return renderError(component);
    case 'json':
      return renderJson(component);
    case 'events':
      return renderEvents(component);
    case 'artifact':
      return artifactBox(component);
    case 'section':
      return section(component);
    default:
      return callout(
        'plain',
        `This page was made by a version that knows no '${String(Reflect.get(component, 'kind'))}'.`,
      );
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

function code({ text, language, caption }: CodeComponent): Html {
  const name = caption ?? language;
  return html`<figure class="code">
    ${name === undefined ? '' : html`<figcaption>${name}</figcaption>`}
    <pre tabindex="0" aria-label="${name ?? 'Code'}"><code>${text}</code></pre>
  </figure> `;
}

function artifactBox({ name, type, text, bytes }: ArtifactComponent): Html {
  return html`<div class="artifact">
    <p>
      <strong>${name}</strong> <span class="none">${type}${bytes === undefined ? '' : `, ${formatBytes(bytes)}`}</span>
    </p>
    ${text === '' ? '' : html`<pre>${text}</pre>`}
  </div> `;
}

function section({ title, note, tone = 'plain', isOpen = false, id, components }: SectionComponent): Html {
  const place = id !== undefined && /^[\w-]+$/.test(id) ? html` id="${id}"` : html``;
  return html`<details class="section" ${place}${isOpen ? html` open` : ''}>
    <summary>
      ${sign(tone)}<strong>${title}</strong>${note === undefined ? '' : html` <span class="note">${note}</span>`}
    </summary>
    <div class="inside">${renderComponents(components)}</div>
  </details> `;
}
