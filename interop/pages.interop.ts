import { execFile } from 'node:child_process';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const app = join(import.meta.dirname, '../apps/intent');
const run = promisify(execFile);
let browser: Browser;
let home = '';

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'smallboat-pages-'));
  await run(process.execPath, [join(app, 'start.ts'), '--rows', '30000', '--epochs', '3', '--home', home], {
    cwd: app,
  });
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
});
afterAll(() => browser?.close());

/** The pages that a run writes for people. */
async function pages(): Promise<readonly string[]> {
  const files = await readdir(home, { recursive: true });
  return files.filter((file) => file.endsWith('.html')).toSorted();
}

it('writes a card, data docs and a monitoring page', async () => {
  const names = await pages();
  for (const name of ['cards/', 'data-docs/index.html', 'data-docs/validations/', 'monitoring/report.html']) {
    expect(names.some((file) => file.startsWith(name))).toBe(true);
  }
});

describe.each([
  { name: 'light, wide', colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  { name: 'dark, on a phone', colorScheme: 'dark', viewport: { width: 390, height: 800 } },
] as const)('$name', ({ colorScheme, viewport }) => {
  it('shows every page by itself, without a fault, in the width there is', async () => {
    const faults: string[] = [];
    for (const file of await pages()) {
      const page = await browser.newPage({ colorScheme, viewport });
      page.on('console', (message) => faults.push(`${file}: ${message.text()}`));
      page.on('pageerror', (error) => faults.push(`${file}: ${error.message}`));
      page.on('request', (request) => {
        if (!request.url().startsWith('file:') || !request.isNavigationRequest())
          faults.push(`${file} asks for ${request.url()}`);
      });
      await page.goto(pathToFileURL(join(home, file)).href);
      const [scrolled, shown, heading] = await page.evaluate<[number, number, string]>(
        '[document.documentElement.scrollWidth, window.innerWidth, document.querySelector("h1")?.textContent ?? ""]',
      );
      if (scrolled > shown) faults.push(`${file} is ${scrolled} wide on a screen of ${shown}`);
      if (heading === '') faults.push(`${file} has no heading`);
      // Cells so narrow that words break letter by letter cannot be read; what is folded away has no width.
      const narrow = await page.evaluate<number>(
        '[...document.querySelectorAll("td:not(.number)")].filter((cell) => cell.offsetWidth > 0 && cell.offsetWidth < 60).length',
      );
      if (narrow > 0) faults.push(`${file} has ${narrow} cells that are too narrow to read`);
      await page.close();
    }
    expect(faults).toEqual([]);
  });
});
