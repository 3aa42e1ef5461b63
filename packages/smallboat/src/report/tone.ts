import type { Tone } from './components.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';

/** The sign and the word of a tone: colour alone would be lost on paper and on many readers. */
export const TONES: Readonly<Record<Tone, { readonly sign: string; readonly word: string }>> = {
  good: { sign: '✓', word: 'good' },
  bad: { sign: '✕', word: 'bad' },
  warn: { sign: '!', word: 'warning' },
  plain: { sign: '', word: '' },
};

/** A few words on a coloured ground, with the sign of their tone. */
export function chip(text: string, tone: Tone): Html {
  return html`<span class="chip ${tone}">${sign(tone)}${text}</span>`;
}

/** The sign of a tone, with its name for those who listen; nothing for `plain`. */
export function sign(tone: Tone): Html {
  const { sign: mark, word } = TONES[tone];
  return mark === '' ? html`` : html`<span class="sign" role="img" aria-label="${word}">${mark}</span>`;
}
