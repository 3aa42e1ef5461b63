import { createRequire } from 'node:module';
import type { MarkedToken, Token, Tokens, lexer } from 'marked';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { safeLink, safePicture } from './link.ts';

// Loaded when the first Markdown is drawn: a page without any should not pay for it.
const load = createRequire(import.meta.url);

/**
 * Markdown as markup. The text is parsed by marked; the markup is made here, with `html`, so that nothing in the text
 * can become markup that is not one of the elements below. HTML in it is shown as text.
 */
export function renderMarkdown(text: string): Html {
  const marked = load('marked') as { readonly lexer: typeof lexer }; // Its own types.
  return html`<div class="markdown">${marked.lexer(text, { gfm: true }).map(block)}</div> `;
}

function block(token: Token): Html {
  const made = token as MarkedToken; // No extension adds kinds of its own.
  switch (made.type) {
    case 'space':
    case 'def':
      return html``;
    case 'heading':
      return heading(made);
    case 'paragraph':
      return html`<p>${spans(made.tokens)}</p> `;
    case 'text':
      return html`${made.tokens ? spans(made.tokens) : decoded(made.text)}`;
    case 'list':
      return list(made);
    case 'blockquote':
      return html`<blockquote>${made.tokens.map(block)}</blockquote> `;
    case 'code':
      return html`<pre><code>${made.text}</code></pre>`;
    case 'hr':
      return html`<hr /> `;
    case 'table':
      return table(made);
    case 'html':
      return html`<p>${made.text}</p> `;
    case 'br':
    case 'checkbox':
    case 'codespan':
    case 'del':
    case 'em':
    case 'escape':
    case 'image':
    case 'link':
    case 'list_item':
    case 'strong':
      break;
  }
  return span(made);
}

/** The page has its own first and second level. */
function heading({ depth, tokens }: Tokens.Heading): Html {
  if (depth === 1) return html`<h3>${spans(tokens)}</h3> `;
  return depth === 2 ? html`<h4>${spans(tokens)}</h4> ` : html`<h5>${spans(tokens)}</h5> `;
}

function list({ ordered, start, items }: Tokens.List): Html {
  const entries = items.map(({ tokens }) => html`<li>${tokens.map(block)}</li> `);
  if (!ordered) {
    return html`<ul>
      ${entries}
    </ul> `;
  }
  return html`<ol start="${start === '' ? 1 : start}">
    ${entries}
  </ol> `;
}

function table({ header, rows }: Tokens.Table): Html {
  const cells = (row: readonly Tokens.TableCell[], isHead: boolean): readonly Html[] =>
    row.map(({ tokens, align }) => {
      const side = align === 'right' ? 'number' : align === 'center' ? 'middle' : 'text';
      return isHead
        ? html`<th scope="col" class="${side}">${spans(tokens)}</th>`
        : html`<td class="${side}">${spans(tokens)}</td>`;
    });
  return html`<div class="scroll" role="group" tabindex="0" aria-label="Table">
    <table>
      <thead>
        <tr>
          ${cells(header, true)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${cells(row, false)}
            </tr> `,
        )}
      </tbody>
    </table>
  </div> `;
}

function spans(tokens: readonly Token[]): readonly Html[] {
  return tokens.map((token) => span(token as MarkedToken)); // No extension adds kinds of its own.
}

function span(token: MarkedToken): Html {
  switch (token.type) {
    case 'strong':
      return html`<strong>${spans(token.tokens)}</strong>`;
    case 'em':
      return html`<em>${spans(token.tokens)}</em>`;
    case 'del':
      return html`<del>${spans(token.tokens)}</del>`;
    case 'codespan':
      return html`<code>${token.text}</code>`;
    case 'br':
      return html`<br />`;
    case 'checkbox':
      return html`<span role="img" aria-label="${token.checked ? 'done' : 'not done'}"
        >${token.checked ? '☑' : '☐'}</span
      > `;
    case 'link': {
      const to = safeLink(token.href);
      return to === undefined
        ? html`${spans(token.tokens)}`
        : html`<a href="${to}" rel="noreferrer noopener">${spans(token.tokens)}</a>`;
    }
    case 'image': {
      const picture = safePicture(token.href);
      if (picture !== undefined) return html`<img src="${picture}" alt="${token.text}" />`;
      const to = safeLink(token.href);
      return to === undefined
        ? html`${token.text}`
        : html`<a href="${to}" rel="noreferrer noopener">${token.text === '' ? to : token.text}</a>`;
    }
    case 'text':
      return token.tokens ? html`${spans(token.tokens)}` : html`${decoded(token.text)}`;
    case 'escape':
    case 'html':
      return html`${token.text}`;
    case 'blockquote':
    case 'code':
    case 'def':
    case 'heading':
    case 'hr':
    case 'list':
    case 'list_item':
    case 'paragraph':
    case 'space':
    case 'table':
      break;
  }
  return html`${token.raw}`;
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };

/** Character references as the characters that they stand for; `html` escapes what has to be. */
function decoded(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{2,8}));/gi, (whole, decimal, hex, name) => {
    if (typeof name === 'string') return NAMED[name] ?? whole;
    const code = typeof hex === 'string' ? Number.parseInt(hex, 16) : Number(decimal);
    return code > 0 && code <= 0x10_ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : whole;
  });
}
