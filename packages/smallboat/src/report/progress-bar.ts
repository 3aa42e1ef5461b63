import type { ProgressComponent } from './components.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { formatNumber } from './number.ts';

/** How far something has come, as a bar with its numbers. */
export function renderProgress({ label, value, of = 1, note }: Omit<ProgressComponent, 'kind'>): Html {
  const all = Number.isFinite(of) && of > 0 ? of : 1;
  const done = Number.isFinite(value) ? Math.min(all, Math.max(0, value)) : 0;
  const words = all === 1 ? `${Math.round(done * 100)} %` : `${formatNumber(done)} of ${formatNumber(all)}`;
  return html`<div class="progress">
    <span class="label">${label}</span>
    <progress value="${done}" max="${all}" aria-label="${label}">${words}</progress>
    <span class="amount">${words}${note === undefined ? '' : html` <span class="note">${note}</span>`}</span>
  </div> `;
}
