import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  openRunStore,
  runFlow,
  serveCards,
  writeFlowCard,
  writeRunCard,
} from '../../packages/smallboat/src/flow/index.ts';
import { page as pageOf, renderComponents } from '../../packages/smallboat/src/report/index.ts';
import { PAYLOADS, everyComponent } from '../../packages/smallboat/src/report/testing/payloads.ts';
import { showcase } from './showcase.ts';

const module = new URL('./showcase.ts', import.meta.url);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let folder = '';
let browser: Browser;
const file = (name: string): string => pathToFileURL(join(folder, name)).href;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smallboat-cards-'));
  await using run = await runFlow(showcase, { module, store: { folder } });
  const { store } = run;
  await writeRunCard({ store, flow: 'Showcase', run: run.run, path: join(folder, 'run.html') });
  const params = [{ name: 'name', flag: 'name', type: 'string', about: 'what to call it', default: 'night' }];
  await writeFlowCard({
    flow: showcase,
    module: module.href,
    params,
    store,
    file: 'showcase.ts',
    path: join(folder, 'flow.html'),
  });
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

/** What a page does that a card must not: faults, requests, dialogs. */
function watched(page: Page): string[] {
  const faults: string[] = [];
  page.on('console', (message) => faults.push(`says ${message.text()}`));
  page.on('pageerror', (error) => faults.push(`throws ${error.message}`));
  page.on('dialog', (dialog) => void dialog.dismiss().then(() => faults.push(`asks ${dialog.message()}`)));
  page.on('request', (request) => {
    if (!request.isNavigationRequest() && !request.url().startsWith('data:')) faults.push(`fetches ${request.url()}`);
  });
  page.on('framenavigated', (frame) => {
    if (!frame.url().startsWith('file:') && frame.url() !== 'about:blank') faults.push(`goes to ${frame.url()}`);
  });
  return faults;
}

describe('five hundred payloads in every place of every component', () => {
  it.each([
    ['by the policy of the page', false],
    ['by what is written alone, with no policy', true],
  ])('do nothing, %s', async (_, bypassCSP) => {
    // Several pages: one of all would be too large to be sure that it was laid out.
    const chunk = 75;
    const faults: string[] = [];
    const context = await browser.newContext({ bypassCSP });
    for (let i = 0; i < PAYLOADS.length; i += chunk) {
      const body = renderComponents(PAYLOADS.slice(i, i + chunk).flatMap(everyComponent));
      const title = PAYLOADS[i] ?? '';
      await writeFile(join(folder, 'hostile.html'), pageOf({ title, subtitle: title, body, isInteractive: true }));
      const page = await context.newPage();
      const seen = watched(page);
      await page.goto(file('hostile.html'));
      // What waits for the reader: open what is folded, move over, focus and press what can be.
      await page.evaluate(`document.querySelectorAll('details').forEach((d) => { d.open = true; })`);
      await page.evaluate(`document.querySelectorAll('*').forEach((e) => {
        for (const kind of ['mouseover', 'focus', 'load', 'error']) e.dispatchEvent(new Event(kind));
        if (e.tagName === 'TH') e.click();
      })`);
      const [pwned, heading] = await page.evaluate<[unknown, string]>('[window.pwned, document.title]');
      faults.push(...seen, ...(pwned === undefined ? [] : ['ran']), ...(heading === 'pwned' ? ['took the title'] : []));
      await page.close();
    }
    await context.close();
    expect(faults).toEqual([]);
  });
});

describe.each([
  { name: 'light, wide', colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  { name: 'dark, on a phone', colorScheme: 'dark', viewport: { width: 390, height: 800 } },
] as const)('$name', ({ colorScheme, viewport }) => {
  it.each(['run.html', 'flow.html'])(
    '%s shows itself without a fault, in the width there is, offline',
    async (name) => {
      const context = await browser.newContext({ colorScheme, viewport, offline: true });
      const page = await context.newPage();
      const faults = watched(page);
      await page.goto(file(name));
      await page.evaluate(`document.querySelectorAll('details').forEach((d) => { d.open = true; })`);
      const [scrolled, shown] = await page.evaluate<[number, number]>(
        '[document.documentElement.scrollWidth, innerWidth]',
      );
      expect(scrolled).toBeLessThanOrEqual(shown);
      expect(faults).toEqual([]);
      await context.close();
    },
  );

  it.each(['run.html', 'flow.html'])('%s can be used by all: roles, names, contrast', async (name) => {
    const context = await browser.newContext({ colorScheme, viewport, bypassCSP: true });
    const page = await context.newPage();
    await page.goto(file(name));
    await page.evaluate(`document.querySelectorAll('details').forEach((d) => { d.open = true; })`);
    await page.evaluate(axe);
    const found = await page.evaluate<{ id: string; nodes: { html: string; failureSummary: string }[] }[]>(
      `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] }).then(({ violations }) => violations)`,
    );
    expect(
      found.map(
        ({ id, nodes }) =>
          `${id}: ${nodes
            .slice(0, 3)
            .map((n) => `${n.html} ${n.failureSummary}`)
            .join(' | ')}`,
      ),
    ).toEqual([]);
    await context.close();
  });
});

describe('a reader with a keyboard', () => {
  it('sorts a table, and comes from a step in the graph to what is told of it', async () => {
    const page = await browser.newPage();
    await page.goto(file('run.html'));
    const table = page.locator('table', { hasText: 'Sorted by a click' });
    const column = (): Promise<string[]> => table.locator('tbody tr > :first-child').allTextContents();
    await table.locator('th button', { hasText: 'took' }).focus();
    await page.keyboard.press('Enter');
    expect(await column()).toEqual(['c', 'b', 'a']);
    expect(await table.locator('th', { hasText: 'took' }).getAttribute('aria-sort')).toBe('ascending');
    await page.keyboard.press('Enter');
    expect(await column()).toEqual(['a', 'b', 'c']);
    await table.locator('th button', { hasText: 'rows' }).focus();
    await page.keyboard.press('Space');
    expect(await column()).toEqual(['a', 'b', 'c']);
    await page.locator('.dag a[href="#step-fit"]').focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('#step-fit').getAttribute('open')).toBe('');
    await page.close();
  });

  it('begins with a link to the content', async () => {
    const page = await browser.newPage();
    await page.goto(file('run.html'));
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('To the content');
    await page.close();
  });
});

it('tells Metaflow’s viewer that it will not change any more', async () => {
  const page = await browser.newPage();
  await writeFile(
    join(folder, 'task.html'),
    pageOf({ title: 't', body: renderComponents([]), isInteractive: true, reloadToken: 'final' }),
  );
  await page.goto(file('task.html'));
  expect(await page.evaluate('[window.METAFLOW_RELOAD_TOKEN, typeof window.metaflow_card_update]')).toEqual([
    'final',
    'function',
  ]);
  await page.close();
});

it('shows a run as it goes on, and leaves as it is what the reader has opened and sorted', async () => {
  const bin = new URL('../../packages/smallboat/bin/smallboat.js', import.meta.url).pathname;
  const args = [bin, 'run', `${module.pathname}#Slow`, '--folder', folder, '--home', folder];
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await using store = await openRunStore({ folder });
  await using server = await serveCards({ store, refreshEvery: 300 });
  const page = await browser.newPage();
  const faults: string[] = [];
  page.on('console', (message) => faults.push(message.text()));
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(`${server.url}/`);
  const link = page.locator('a', { hasText: 'Slow/' });
  await link.waitFor({ timeout: 30_000 });
  await link.click();
  const bar = page.locator('progress');
  await bar.waitFor({ timeout: 30_000 });
  await page.locator('details', { hasText: 'opened by the reader' }).locator('summary').first().click();
  await page.locator('table.sortable th button', { hasText: 'epoch' }).click();
  const value = async (): Promise<number> => Number(await bar.getAttribute('value'));
  const before = await value();
  await expect.poll(value, { timeout: 20_000 }).toBeGreaterThan(before + 5);
  expect(await page.locator('.live').textContent()).toBe('Live');
  expect(await page.locator('text=opened by the reader').isVisible()).toBe(true);
  const cells = await page.locator('table.sortable', { hasText: 'epoch' }).locator('tbody tr').allTextContents();
  expect(cells.slice(0, 3).map((text) => text.trim())).toEqual(['1', '2', '3']);
  await writeFile(join(folder, 'enough'), '');
  await ended;
  await expect.poll(() => page.locator('h1').textContent(), { timeout: 20_000 }).toBe('Slow · done');
  await expect.poll(() => page.locator('.live').textContent()).toBe('The run is over');
  expect(await page.locator('text=whole').count()).toBe(1);
  expect(faults).toEqual([]);
  await page.close();
});
