import { createHash } from 'node:crypto';
import { Html, html } from '../../report/index.ts';
import type { SiteData } from './site-data.ts';
import { SCRIPT } from './site-script.ts';
import { STYLE } from './site-style.ts';

/**
 * The documentation of a project in one file: it loads nothing and opens without a server. The browser is told which script may run,
 * and that nothing may be fetched.
 */
export function sitePage(data: SiteData): string {
  // In a script element nothing but its end tag, and what looks like a comment, means anything to HTML.
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  const hash = createHash('sha256').update(SCRIPT).digest('base64');
  const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-${hash}'`;
  const elements = `<script type="application/json" id="data">${json}</script><script>${SCRIPT}</script>`;
  return `<!doctype html>\n${html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta http-equiv="Content-Security-Policy" content="${policy}" />
      <meta name="color-scheme" content="light dark" />
      <meta name="referrer" content="no-referrer" />
      <meta name="generator" content="Smallboat" />
      <title>${data.project}</title>
      <link rel="icon" href="data:," />
      <style>
        ${Html.trusted(STYLE)}
      </style>
    </head>
    <body>
      <nav aria-label="Nodes">
        <a class="home" href="#">${data.project}</a>
        <input type="search" id="search" placeholder="Search names, columns, descriptions" aria-label="Search" />
        <div id="tree"></div>
      </nav>
      <main id="main" tabindex="-1"><noscript>This page shows its content with a script.</noscript></main>
      ${Html.trusted(elements)}
    </body>
  </html>`.toString()}\n`;
}
