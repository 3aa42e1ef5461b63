import type { EventsComponent } from './components.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { sign } from './tone.ts';

/** Events of which a page shows the last ones. */
const MOST = 500;

/** What happened when, the earliest first, with the time since the one before. */
export function renderEvents({ title, events }: Omit<EventsComponent, 'kind'>): Html {
  const all = events.toSorted((a, b) => a.at - b.at);
  const shown = all.slice(-MOST);
  const items = shown.map((event, i) => {
    const { at, title: what, note, tone = 'plain' } = event;
    const before = shown[i - 1];
    const since = before === undefined ? '' : sinceOf(at - before.at);
    return html`<li class="${tone}">
      <time datetime="${isoOf(at)}">${isoOf(at).slice(11, 19)}</time>
      <span class="since">${since}</span>
      <div>${sign(tone)}<strong>${what}</strong>${note === undefined ? '' : html`<p class="note">${note}</p>`}</div>
    </li> `;
  });
  const left = all.length - shown.length;
  return html`<figure class="events">
    ${title === undefined ? '' : html`<figcaption>${title}</figcaption>`}
    ${left > 0 ? html`<p class="none">${left} earlier ones are left out.</p>` : ''}
    ${
      items.length === 0
        ? html`<p class="none">Nothing has happened yet.</p>`
        : html`<ol>
            ${items}
          </ol>`
    }
  </figure> `;
}

function isoOf(at: number): string {
  return Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : '0000-00-00T00:00:00Z';
}

/** `+40 ms`, `+1.2 s`, `+3 min`, `+2 h`, `+5 d` */
function sinceOf(milliseconds: number): string {
  const steps = [
    [1000, 1, 'ms'],
    [60_000, 1000, 's'],
    [3_600_000, 60_000, 'min'],
    [86_400_000, 3_600_000, 'h'],
  ] as const;
  const [, unit, name] = steps.find(([below]) => milliseconds < below) ?? [0, 86_400_000, 'd'];
  const amount = milliseconds / unit;
  return `+${name === 'ms' || amount >= 10 ? Math.round(amount) : Math.round(amount * 10) / 10} ${name}`;
}
