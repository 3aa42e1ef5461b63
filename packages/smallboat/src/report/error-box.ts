import type { ErrorComponent } from './components.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { sign } from './tone.ts';

/** An error with its stack folded away. */
export function renderError({ title = 'Error', message, code, stack }: Omit<ErrorComponent, 'kind'>): Html {
  return html`<div class="callout bad" role="group" aria-label="${title}">
    ${sign('bad')}
    <div class="wide">
      <p><strong>${title}</strong>${code === undefined ? '' : html` <code>${code}</code>`}</p>
      <pre class="message">${message}</pre>
      ${
        stack === undefined || stack === message
          ? ''
          : html`<details>
              <summary>Where</summary>
              <pre>${stack}</pre>
            </details>`
      }
    </div>
  </div> `;
}
