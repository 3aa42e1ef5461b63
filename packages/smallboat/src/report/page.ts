import { sha256 } from '../kernel/index.ts';
import { Html, html } from './html.ts';
import { LIVE_SCRIPT } from './live-script.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

export interface PageOptions {
  readonly title: string;
  /** One line under the title: which run, when, of what. */
  readonly subtitle?: string;
  readonly body: Html;
  /** Tables can be sorted, and links open the section that they lead to: by a script inside. Default false: the page runs none. */
  readonly isInteractive?: boolean;
  /**
   * The page is shown by a server that has it at the same address: it looks there every so many milliseconds, and takes over what is new, until
   * the server says that nothing will change any more.
   */
  readonly refreshEvery?: number;
  /** For Metaflow's viewer: it loads an interactive card again when this changes, until it is `final`. */
  readonly reloadToken?: string;
}

/**
 * A whole page in one file: style inside, light and dark as the reader's system has it, fit for paper and a phone. It
 * loads nothing, and tells the browser to run and to style by nothing but what is made here.
 */
export function page({ title, subtitle, body, isInteractive = false, refreshEvery, reloadToken }: PageOptions): string {
  const scripts = [...(isInteractive ? [SCRIPT] : []), ...(refreshEvery === undefined ? [] : [LIVE_SCRIPT])];
  return `<!doctype html>\n${html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta http-equiv="Content-Security-Policy" content="${policy(scripts, refreshEvery !== undefined)}" />
      <meta name="color-scheme" content="light dark" />
      <meta name="referrer" content="no-referrer" />
      <meta name="generator" content="Smallboat" />
      ${refreshEvery === undefined ? '' : html`<meta name="refresh-every" content="${refreshEvery}" />`}
      ${reloadToken === undefined ? '' : html`<meta name="metaflow-reload-token" content="${reloadToken}" />`}
      <title>${title}</title>
      <link rel="icon" href="data:," />
      ${element('style', STYLE)}
    </head>
    <body>
      <a class="skip" href="#content">To the content</a>
      <header>
        <h1>${title}</h1>
        ${subtitle === undefined ? '' : html`<p class="subtitle">${subtitle}</p>`}
      </header>
      <main id="content" tabindex="-1">${body}</main>
      <footer>Made by Smallboat</footer>
      ${scripts.map((script) => element('script', script))}
    </body>
  </html>`.toString()}\n`;
}

/** With exactly this text between its tags, as its hash has it. */
function element(name: 'style' | 'script', text: string): Html {
  return Html.trusted(`<${name}>${text}</${name}>`);
}

const hashes = new Map<string, string>();

/** What the page may do, as its own `Content-Security-Policy`: nothing from elsewhere, and inside only what has these hashes. */
export function policy(scripts: readonly string[], isLive: boolean): string {
  const parts = [
    `default-src 'none'`,
    `style-src ${hashOf(STYLE)}`,
    ...(scripts.length === 0 ? [] : [`script-src ${scripts.map(hashOf).join(' ')}`]),
    'img-src data:',
    ...(isLive ? [`connect-src 'self'`] : []),
    `base-uri 'none'`,
    `form-action 'none'`,
  ];
  return parts.join('; ');
}

function hashOf(text: string): string {
  const hash = hashes.get(text) ?? `'sha256-${Buffer.from(sha256(text), 'hex').toString('base64')}'`;
  hashes.set(text, hash);
  return hash;
}
