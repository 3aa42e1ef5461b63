import { createServer } from 'node:http';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { call, postJson, withoutSecrets } from './http.ts';

/** A server that gives one answer; its address. */
async function answering(
  status: number,
  text = '',
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer((_, response) => response.writeHead(status, headers).end(text)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}/api/runs`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

it.each([
  [400, 'DESTINATION_REFUSED'],
  [404, 'DESTINATION_REFUSED'],
  [401, 'DESTINATION_DENIED'],
  [403, 'DESTINATION_DENIED'],
  [429, 'DESTINATION_UNREACHABLE'],
  [500, 'DESTINATION_UNREACHABLE'],
  [503, 'DESTINATION_UNREACHABLE'],
])('takes an answer %d for %s', async (status, code) => {
  await using server = await answering(status, 'no\n  way', { 'retry-after': '7' });
  const error: unknown = await call('x:', server.url, { headers: { authorization: 'secret' } }).catch(
    (e: unknown) => e,
  );
  expect(error).toMatchObject({ code, facts: { location: 'x:', problem: `GET /api/runs answered ${status} no way` } });
  if (code === 'DESTINATION_UNREACHABLE') expect(error).toMatchObject({ facts: { retryAfterSeconds: 7 } });
});

it('says that nobody answers, and why', async () => {
  const gone = await answering(200);
  await gone[Symbol.asyncDispose]();
  await expect(call('x:', gone.url)).rejects.toMatchObject({
    code: 'DESTINATION_UNREACHABLE',
    facts: { problem: expect.stringContaining('ECONNREFUSED') },
  });
});

it('takes what is not JSON for another server', async () => {
  await using server = await answering(200, '<html>');
  await expect(postJson('x:', server.url, { body: {} })).rejects.toMatchObject({ code: 'DESTINATION_UNREACHABLE' });
});

it('names an address without what is secret in it', () => {
  expect(withoutSecrets('https://me:pass@host:5000/mlflow/?token=1')).toBe('https://host:5000/mlflow');
});
