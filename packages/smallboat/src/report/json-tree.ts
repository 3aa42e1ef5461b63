import { briefOf } from './brief.ts';
import type { JsonComponent } from './components.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';

/** Entries that a tree shows in all, and of one list or object: the page stays small. */
const MOST = { all: 2000, level: 200, depth: 12 } as const;

/** Plain data as a tree that opens level by level, its first level open. */
export function renderJson({ value, title }: Omit<JsonComponent, 'kind'>): Html {
  const budget = { left: MOST.all };
  return html`<figure class="json">
    ${title === undefined ? '' : html`<figcaption>${title}</figcaption>`}
    <div class="tree">${tree(value, 0, budget)}</div>
  </figure> `;
}

function tree(value: unknown, depth: number, budget: { left: number }): Html {
  const entries = entriesOf(value);
  if (entries === undefined) return leaf(value);
  const { type, text } = briefOf(value);
  if (entries.length === 0 || depth >= MOST.depth) return html`<span class="none">${text}</span>`;
  const shown: Html[] = [];
  for (const [key, inner] of entries.slice(0, MOST.level)) {
    if (budget.left <= 0) break;
    budget.left -= 1;
    shown.push(html`<li><span class="key">${key}</span> ${tree(inner, depth + 1, budget)}</li> `);
  }
  const hidden = entries.length - shown.length;
  return html`<details ${depth === 0 ? html`open` : ''}>
    <summary>${type}</summary>
    <ul>
      ${shown}${hidden > 0 ? html`<li class="none">… ${hidden} more</li>` : ''}
    </ul>
  </details>`;
}

/** What is inside a value, if something can be; keys of a list are its places. */
function entriesOf(value: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (Array.isArray(value)) return value.slice(0, MOST.level + 1).map((inner, i) => [String(i), inner]);
  if (typeof value !== 'object' || value === null) return undefined;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? Object.entries(value) : undefined;
}

function leaf(value: unknown): Html {
  const { type, text } = briefOf(value);
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 1000)) : text;
  return html`<span class="leaf ${typeof value}">${shown === '' ? type : shown}</span>`;
}
