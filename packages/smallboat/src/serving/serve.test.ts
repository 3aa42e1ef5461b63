import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Predictor } from './predictor.ts';
import { serve, serveErrors } from './serve.ts';

const model: Predictor = {
  version: 'm-1',
  rule: {},
  predict: (sessions) => Float32Array.from(sessions, ({ tokens }) => tokens.length / 128),
};

/** Sends bytes as they are and gives all that comes back until the other side closes. */
async function raw(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let back = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.on('data', (part) => (back += part.toString()));
    socket.on('close', () => resolve(back)).on('error', reject);
  });
}

const postJson = (body: string): RequestInit => ({
  method: 'POST',
  body,
  headers: { 'content-type': 'application/json' },
});

describe('serve', () => {
  it('answers over HTTP on a free port of this machine', async () => {
    await using endpoint = await serve({ model, endpointName: 'intent-test' });
    expect(endpoint.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const response = await fetch(`${endpoint.url}/predict?session=view,detail,add`);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.json()).toMatchObject({
      prediction: 4 / 128,
      endpoint: 'intent-test',
      time: expect.any(Number),
    });
  });

  it('takes a batch, and gives ids that differ', async () => {
    await using endpoint = await serve({ model });
    const instances = Array.from({ length: 1000 }, () => ['view', 'add']);
    const response = await fetch(`${endpoint.url}/invocations`, postJson(JSON.stringify({ instances })));
    const body = (await response.json()) as { predictions: number[][]; ids: string[] };
    expect([body.predictions.length, new Set(body.ids).size]).toEqual([1000, 1000]);
  });

  it('answers HEAD and GET /ping without a body where there shall be none', async () => {
    await using endpoint = await serve({ model });
    const response = await fetch(`${endpoint.url}/ping`, { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
  });

  it.each([1_000_001, 5_000_000])('refuses a body of %i bytes and lets the client read why', async (size) => {
    await using endpoint = await serve({ model, limits: { bodyBytes: 1_000_000 } });
    const response = await fetch(`${endpoint.url}/invocations`, postJson('x'.repeat(size)));
    expect([response.status, await response.json()]).toEqual([
      413,
      expect.objectContaining({ error: 'BODY_TOO_LARGE' }),
    ]);
  });

  it('refuses a body that grows too large without saying so before', async () => {
    await using endpoint = await serve({ model, limits: { bodyBytes: 1000 } });
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(600).fill(32));
        if (++pulls === 4) controller.close();
      },
    });
    let pulls = 0;
    const init = { method: 'POST', body, duplex: 'half', headers: { 'content-type': 'application/json' } } as const;
    expect((await fetch(`${endpoint.url}/invocations`, init)).status).toBe(413);
  });

  it('tells a client that asks first not to send a body that is too large', async () => {
    await using endpoint = await serve({ model, limits: { bodyBytes: 1000 } });
    const asking = request(`${endpoint.url}/invocations`, {
      method: 'POST',
      headers: { expect: '100-continue', 'content-length': 5000 },
    });
    const answer = await new Promise<string | number | undefined>((resolve) => {
      asking
        .on('continue', () => resolve('continue'))
        .on('response', ({ statusCode }) => resolve(statusCode))
        .on('error', ({ message }) => resolve(message));
      asking.flushHeaders();
    });
    asking.destroy();
    expect(answer).toBe(413);
  });

  it('lets a client that asks first send a body that is small enough', async () => {
    await using endpoint = await serve({ model });
    const body = '{"instances":[["add"]]}';
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const asking = request(`${endpoint.url}/invocations`, {
        method: 'POST',
        headers: { expect: '100-continue', 'content-length': body.length, 'content-type': 'application/json' },
      });
      asking.on('continue', () => asking.end(body)).on('error', reject);
      asking.on('response', (response) => resolve(response.resume().statusCode));
      asking.flushHeaders();
    });
    expect(status).toBe(200);
  });

  it('refuses headers that are too large, and what is no HTTP', async () => {
    await using endpoint = await serve({ model, limits: { headerBytes: 2000 } });
    const large = await raw(endpoint.url, `GET /ping HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(5000)}\r\n\r\n`);
    expect(large).toMatch(/^HTTP\/1\.1 431 [\s\S]*HEADERS_TOO_LARGE/);
    expect(await raw(endpoint.url, 'What is this?\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [\s\S]*BAD_REQUEST/);
  });

  it('gives up on a request that does not arrive', async () => {
    await using endpoint = await serve({ model, limits: { requestSeconds: 0.2 } });
    expect(await raw(endpoint.url, 'GET /ping HTTP/1.1\r\nHo')).toMatch(/^HTTP\/1\.1 408 [\s\S]*REQUEST_TIMEOUT/);
  });

  it('outlives a client that hangs up in the middle', async () => {
    const errors: unknown[] = [];
    await using endpoint = await serve({ model, onError: (error) => void errors.push(error) });
    const { port } = new URL(endpoint.url);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => {
        socket.write('POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"inst', () =>
          socket.resetAndDestroy(),
        );
      });
      socket.on('close', () => resolve()).on('error', () => undefined);
    });
    expect((await fetch(`${endpoint.url}/ping`)).status).toBe(200);
    expect(errors).toEqual([]);
  });

  it('closes a connection beyond the limit at once', async () => {
    await using endpoint = await serve({ model, limits: { connections: 1, drainSeconds: 0.1 } });
    const port = Number(new URL(endpoint.url).port);
    const first = connect(port, '127.0.0.1', () => first.write('GET /ping HTTP/1.1\r\nHost: x\r\n\r\n'));
    await once(first, 'data');
    const second = connect(port, '127.0.0.1');
    await once(second, 'close');
    first.destroy();
  });

  it('names a port that is taken', async () => {
    await using endpoint = await serve({ model });
    const port = Number(new URL(endpoint.url).port);
    await expect(serve({ model, port })).rejects.toMatchObject({
      code: serveErrors.PORT_TAKEN.code,
      facts: { host: '127.0.0.1', port },
    });
  });

  it.each([{ port: 70_000 }, { host: '192.0.2.1' }])('cannot listen on %j, and says so', async (address) => {
    await expect(serve({ model, ...address })).rejects.toMatchObject({ code: serveErrors.ADDRESS_UNUSABLE.code });
  });
});

describe('close', () => {
  it('answers what is under way, then takes nothing more', async () => {
    const endpoint = await serve({ model });
    const { hostname, port } = new URL(endpoint.url);
    const body = '{"instances":[["add"]]}';
    const head = `POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    const answer = new Promise<string>((resolve, reject) => {
      let back = '';
      const socket = connect(Number(port), hostname, () => {
        // A first request on the connection proves that the server has it.
        socket.write(`GET /ping HTTP/1.1\r\nHost: x\r\n\r\n${head}${body.slice(0, 5)}`);
      });
      socket.once('data', () => {
        closing = endpoint.close();
        socket.write(body.slice(5));
      });
      socket.on('data', (part) => (back += part.toString()));
      socket.on('close', () => resolve(back)).on('error', reject);
    });
    let closing: Promise<void> | undefined;
    expect(await answer).toMatch(/predictions/);
    await closing;
    await expect(fetch(`${endpoint.url}/ping`)).rejects.toThrow('fetch failed');
  });

  it('does not wait for a client that keeps its connection', async () => {
    const endpoint = await serve({ model });
    await (await fetch(`${endpoint.url}/ping`)).text();
    await endpoint.close();
    await endpoint.close();
  });

  it('cuts off a request that never ends', async () => {
    const endpoint = await serve({ model, limits: { drainSeconds: 0.1 } });
    const slow = raw(endpoint.url, 'POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{');
    await (await fetch(`${endpoint.url}/ping`)).text();
    await endpoint.close();
    await slow;
  });

  it('happens when the signal fires', async () => {
    const stop = new AbortController();
    const endpoint = await serve({ model, signal: stop.signal });
    stop.abort();
    await endpoint.close();
    await expect(fetch(`${endpoint.url}/ping`)).rejects.toThrow('fetch failed');
    await expect(serve({ model, signal: stop.signal })).rejects.toThrow('aborted');
  });
});
