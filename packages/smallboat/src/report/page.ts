import { Html, html } from './html.ts';
import { STYLE } from './style.ts';

export interface PageOptions {
  readonly title: string;
  /** One line under the title: which run, when, of what. */
  readonly subtitle?: string;
  readonly body: Html;
}

/**
 * A whole page in one file: style inside, light and dark as the reader's system has it, fit for paper and a phone. It
 * loads nothing and runs no script, and says so to the browser.
 */
export function page({ title, subtitle, body }: PageOptions): string {
  return `<!doctype html>\n${html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta
        http-equiv="Content-Security-Policy"
        content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"
      />
      <meta name="color-scheme" content="light dark" />
      <meta name="referrer" content="no-referrer" />
      <meta name="generator" content="Smallboat" />
      <title>${title}</title>
      <link rel="icon" href="data:," />
      <style>
        ${Html.trusted(STYLE)}
      </style>
    </head>
    <body>
      <header>
        <h1>${title}</h1>
        ${subtitle === undefined ? '' : html`<p class="subtitle">${subtitle}</p>`}
      </header>
      <main>${body}</main>
      <footer>Made by Smallboat</footer>
    </body>
  </html>`.toString()}\n`;
}
