import { request } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunStore, flow, inMemoryRunStore, runFlow, serveCards, step } from '../index.ts';
import { changedStore } from '../testing/changed-store.ts';
import type { CardServer } from './serve-cards.ts';

let server: CardServer;
let store: RunStore;
let run = '';

beforeAll(async () => {
  store = inMemoryRunStore();
  const served = flow('Served', {}, () => step('work', { run: (_, { card }) => (card.text('on the card'), {}) })({}));
  ({ run } = await runFlow(served, { module: import.meta.url, store }));
  server = await serveCards({ store, refreshEvery: 500 });
});
afterAll(() => server[Symbol.asyncDispose]());

/** A request as a program of any kind could send it. */
async function ask(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const { hostname, port } = new URL(server.url);
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
    const sent = request(
      { hostname, port, path, method, headers: { host: `127.0.0.1:${port}`, ...headers } },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

it('listens on this machine only', () => {
  expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
});

it('lists runs, shows each, and each task that has a card', async () => {
  const list = await ask('/');
  expect(list.status).toBe(200);
  expect(list.body).toContain(`<a href="/Served/${run}">`);
  const page = await ask(`/Served/${run}`);
  expect(page.body).toContain('on the card');
  const task = (await store.tasks('Served', run)).find(({ path }) => path.step === 'work')?.path.task;
  expect((await ask(`/Served/${run}/work/${task}`)).body).toContain('work · done');
});

it('says when nothing will change any more, and answers shortly where nothing has', async () => {
  const first = await ask(`/Served/${run}`);
  expect(first.headers).toMatchObject({ 'x-run-over': 'yes', 'cache-control': 'no-store' });
  const again = await ask(`/Served/${run}`, { 'if-none-match': String(first.headers['etag']) });
  expect(again).toMatchObject({ status: 304, body: '' });
});

it('lets no other site read, frame or embed its pages', async () => {
  const { port } = new URL(server.url);
  const statusOf = async (headers: Record<string, string>): Promise<number> => (await ask('/', headers)).status;
  expect(await statusOf({ host: `localhost:${port}` })).toBe(200);
  expect(await statusOf({ host: 'evil.example' })).toBe(403);
  expect(await statusOf({ host: `evil.example:${port}` })).toBe(403);
  expect(await statusOf({ host: '127.0.0.1:1' })).toBe(403);
  expect(await statusOf({ origin: 'https://evil.example' })).toBe(403);
  expect(await statusOf({ origin: 'null' })).toBe(403);
  expect(await statusOf({ origin: server.url })).toBe(200);
  expect(await statusOf({ 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'iframe' })).toBe(403);
  expect(await statusOf({ 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'empty' })).toBe(403);
  expect(await statusOf({ 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' })).toBe(200);
  const { headers } = await ask('/');
  expect(headers).toMatchObject({
    'x-frame-options': 'DENY',
    'content-security-policy': "frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  });
  expect(headers).not.toHaveProperty('access-control-allow-origin');
});

it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('answers no %s', async (method) => {
  expect((await ask('/', {}, method)).status).toBe(405);
});

it('sends the head alone where it is asked for', async () => {
  expect(await ask('/', {}, 'HEAD')).toMatchObject({ status: 200, body: '' });
});

it.each([
  '/nobody/1',
  '/Served/1',
  '/Served',
  '/Served/x/y/z/a',
  '/../../etc/passwd',
  '/..%2f..%2fetc%2fpasswd/1',
  '/%00/1',
  '/%/1',
  '/_meta/1',
  '/.runs/1',
  '/mf.cards/Served',
  '/Served/..',
  '/Served/%2e%2e',
  '/constructor/__proto__',
])('finds nothing at %s', async (path) => {
  expect((await ask(path)).status).toBe(404);
});

it('makes a page once for all who ask for it at about the same time', async () => {
  let reads = 0;
  const counted = changedStore(store, {
    tasks: async (...args: Parameters<RunStore['tasks']>) => {
      reads += 1;
      return store.tasks(...args);
    },
  });
  await using own = await serveCards({ store: counted });
  const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`${own.url}/Served/${run}`)));
  expect(answers.every(({ ok }) => ok)).toBe(true);
  expect(reads).toBe(1);
});

it('says in one line that a port is taken', async () => {
  await expect(serveCards({ store, port: Number(new URL(server.url).port) })).rejects.toMatchObject({
    code: 'CARD_PORT_UNUSABLE',
  });
});
