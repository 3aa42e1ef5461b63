import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { EndpointResponse } from './exchange.ts';
import { apiKeys, newKey } from './keys.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { Predictor } from './predictor.ts';
import type { AccessEntry, Service, ServiceOptions, ServiceRequest } from './service.ts';
import { makeService } from './service.ts';

const modelOf = (version: string, p = 0.5): Predictor => ({
  version,
  rule: {},
  predict: (sequences) => Float32Array.from(sequences, () => p),
});

interface Bench {
  readonly service: Service;
  readonly errors: unknown[];
  readonly entries: AccessEntry[];
}

function bench(over: Partial<ServiceOptions> = {}): Bench {
  const errors: unknown[] = [];
  const entries: AccessEntry[] = [];
  let ids = 0;
  let time = 0;
  const service = makeService({
    model: modelOf('m-1'),
    endpoint: 'intent',
    limits: DEFAULT_LIMITS,
    clock: () => 1_700_000_000_000,
    timer: () => (time += 0.5),
    newId: () => `id-${++ids}`,
    onError: (error) => void errors.push(error),
    onRequest: (entry) => void entries.push(entry),
    ...over,
  });
  return { service, errors, entries };
}

type Asked = Partial<Omit<ServiceRequest, 'body'>> & { readonly body?: string };

async function ask(service: Service, url: string, { body = '', ...request }: Asked = {}): Promise<EndpointResponse> {
  const method = request.method ?? (body === '' ? 'GET' : 'POST');
  return service.answer({ headers: {}, ...request, method, url, body: Buffer.from(body) });
}

describe('request ids', () => {
  it('takes the one of the client, and hands it back', async () => {
    const { service, entries } = bench();
    const { headers } = await ask(service, '/predict?session=add', { headers: { 'x-request-id': 'shop-7.a' } });
    expect(headers['x-request-id']).toBe('shop-7.a');
    expect(entries).toEqual([
      { id: 'shop-7.a', method: 'GET', path: '/predict', status: 200, milliseconds: expect.any(Number), model: 'm-1' },
    ]);
  });

  it.each([undefined, '', 'a b', 'x\r\nset-cookie: a', 'x'.repeat(129)])('makes one in place of %j', async (given) => {
    const { service } = bench();
    const { headers } = await ask(service, '/ping', { headers: { 'x-request-id': given } });
    expect(headers['x-request-id']).toMatch(/^id-\d$/);
  });
});

describe('keys', () => {
  const shop = newKey({ name: 'shop', scopes: ['predict'] }, randomBytes);
  const old = newKey({ name: 'old', scopes: ['predict'], expiresAt: '2020-01-01T00:00:00Z' }, randomBytes);
  const keys = apiKeys([shop.entry, old.entry]);

  it.each([
    ['/predict?session=add', {}, 401, 'KEY_MISSING'],
    ['/predict?session=add', { authorization: 'Bearer sb_nobody' }, 401, 'KEY_UNKNOWN'],
    ['/predict?session=add', { authorization: `Bearer ${old.key}` }, 401, 'KEY_UNKNOWN'],
    ['/predict?session=add', { authorization: `Bearer ${'x'.repeat(5000)}` }, 401, 'KEY_UNKNOWN'],
    ['/metrics', { authorization: `Bearer ${shop.key}` }, 403, 'KEY_SCOPE_MISSING'],
    ['/admin/model', { 'x-api-key': shop.key }, 403, 'KEY_SCOPE_MISSING'],
  ])('%s with %j is %i', async (url, headers, status, code) => {
    const { service } = bench({ keys, loadModel: () => Promise.resolve(modelOf('m-2')) });
    const answer = await ask(service, url, { headers });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([status, expect.objectContaining({ error: code })]);
    expect(answer.body).not.toContain(shop.key);
    expect(answer.headers['www-authenticate']).toBe(status === 401 ? 'Bearer' : undefined);
  });

  it('lets a good one in by either header, and asks for none at /ping and in the documents', async () => {
    const { service } = bench({ keys });
    const statuses = [
      await ask(service, '/predict?session=add', { headers: { authorization: `Bearer ${shop.key}` } }),
      await ask(service, '/predict?session=add', { headers: { 'x-api-key': shop.key } }),
      await ask(service, '/ping'),
      await ask(service, '/openapi.json'),
      await ask(service, '/docs'),
    ].map(({ status }) => status);
    expect(statuses).toEqual([200, 200, 200, 200, 200]);
  });
});

describe('CORS', () => {
  const cors = { origins: ['https://shop.example'] };

  it('lets the pages that are named read, and no others', async () => {
    const { service } = bench({ cors });
    const from = async (origin: string): Promise<unknown> => {
      const { headers } = await ask(service, '/predict?session=add', { headers: { origin } });
      return [headers['access-control-allow-origin'], headers['vary']];
    };
    expect(await from('https://shop.example')).toEqual(['https://shop.example', 'origin']);
    expect(await from('https://shop.example.evil')).toEqual([undefined, 'origin']);
  });

  it('answers what a browser asks before it posts, without a key', async () => {
    const { service } = bench({ cors, keys: apiKeys([]) });
    const { status, headers } = await ask(service, '/invocations', {
      method: 'OPTIONS',
      headers: { origin: 'https://shop.example', 'access-control-request-method': 'POST' },
    });
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      'access-control-allow-methods': 'POST, OPTIONS',
      'access-control-allow-headers': 'content-type, authorization, x-api-key, x-request-id',
    });
  });
});

it('refuses predictions while it is behind, says when to come back, and answers /ping', async () => {
  let behind = 900;
  const { service } = bench({ behindMs: () => behind });
  const refused = await ask(service, '/predict?session=add');
  expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
  expect((await ask(service, '/ping')).status).toBe(200);
  behind = 0;
  expect((await ask(service, '/predict?session=add')).status).toBe(200);
});

it('counts what it does in the form that Prometheus reads', async () => {
  const { service } = bench();
  await ask(service, '/predict?session=add');
  await ask(service, '/invocations', { body: '{"instances":[["add"],["view"]]}' });
  await ask(service, `/${'"\n'.repeat(5)}`);
  const { body, headers } = await ask(service, '/metrics');
  expect(headers['content-type']).toContain('version=0.0.4');
  expect(body).toContain('smallboat_predictions_total{model="m-1"} 3\n');
  expect(body).toContain('smallboat_requests_total{route="/predict",method="GET",status="200"} 1\n');
  expect(body).toContain('smallboat_requests_total{route="other",method="GET",status="404"} 1\n');
  expect(body).toContain('smallboat_request_seconds_bucket{route="/predict",le="+Inf"} 1\n');
  const line = /^(#.*|[a-z_]+(\{[a-z]+="[^"\n]*"(,[a-z]+="[^"\n]*")*\})? [\d.e+-]+)$/;
  expect(
    body
      .trimEnd()
      .split('\n')
      .filter((text) => !line.test(text)),
  ).toEqual([]);
});

it('describes every route that it has, and no other', async () => {
  const { service } = bench({ keys: apiKeys([]) });
  const { paths } = JSON.parse((await ask(service, '/openapi.json')).body) as { paths: Record<string, object> };
  expect(Object.keys(paths)).toEqual(['/predict', '/invocations', '/feedback', '/ping', '/metrics']);
  for (const [path, methods] of Object.entries(paths)) {
    const method = Object.keys(methods)[0]?.toUpperCase() ?? '';
    const answer = await ask(service, path, { method });
    expect([path, answer.status]).not.toEqual([path, 404]);
    expect([path, answer.status]).not.toEqual([path, 405]);
  }
});

describe('forms of /invocations', () => {
  it.each([
    ['text/csv', 'view,add\n"detail,add"\r\n', undefined, 'text/csv; charset=utf-8', '0.5\n0.5'],
    [
      'application/jsonlines',
      '["view"]\n["add"]\n',
      undefined,
      'application/jsonlines',
      '{"prediction":0.5}\n{"prediction":0.5}',
    ],
    ['application/json', '{"instances":[["add"]]}', 'text/csv', 'text/csv; charset=utf-8', '0.5'],
    [
      'text/csv',
      'add',
      'application/json',
      'application/json; charset=utf-8',
      '{"predictions":[[0.5]],"ids":["id-2"],"model":"m-1"}',
    ],
  ] as const)('%s %j, accepting %s', async (...row) => {
    const [contentType, body, accept, type, answer] = row;
    const { service } = bench();
    const got = await ask(service, '/invocations', { body, contentType, ...(accept === undefined ? {} : { accept }) });
    expect([got.status, got.headers['content-type'], got.body]).toEqual([200, type, answer]);
  });

  it.each([
    ['text/csv', 'view,buy', 'UNKNOWN_ACTION'],
    ['text/csv', '', 'BODY_INVALID'],
    ['application/jsonlines', '["add"]\n[', 'BODY_NOT_JSON'],
  ])('refuses %s %j', async (contentType, body, code) => {
    const { service } = bench();
    const got = await ask(service, '/invocations', { method: 'POST', body, contentType });
    expect([got.status, JSON.parse(got.body)]).toEqual([400, expect.objectContaining({ error: code })]);
  });
});

describe('a change of the model', () => {
  const admin = newKey({ name: 'ops', scopes: ['admin', 'predict'] }, randomBytes);
  const headers = { 'x-api-key': admin.key };
  const folders: Record<string, Predictor> = {
    good: modelOf('m-2', 0.6),
    nan: modelOf('m-nan', Number.NaN),
    shifted: modelOf('m-shift', 0.95),
    flaky: { ...modelOf('m-flaky'), predict: flaky() },
  };
  const loadModel = (folder: string): Promise<Predictor> => {
    const found = folders[folder];
    return found ? Promise.resolve(found) : Promise.reject(new Error(`there is no ${folder}`));
  };
  const started = (): Bench => bench({ keys: apiKeys([admin.entry]), loadModel });
  const change = (service: Service, order: object): Promise<EndpointResponse> =>
    ask(service, '/admin/model', { headers, body: JSON.stringify(order) });
  const state = async (service: Service): Promise<unknown> =>
    JSON.parse((await ask(service, '/admin/model', { headers })).body);

  function flaky(): Predictor['predict'] {
    let asked = 0;
    return (sequences) => {
      asked++;
      if (asked > 1 && asked % 20 === 0) throw new Error('five in a hundred');
      return Float32Array.from(sequences, () => 0.5);
    };
  }

  it('happens at once, and back', async () => {
    const { service } = started();
    expect((await change(service, { folder: 'good' })).status).toBe(200);
    expect(await state(service)).toEqual({ model: 'm-2', previous: 'm-1' });
    const { body } = await ask(service, '/predict?session=add', { headers });
    expect(JSON.parse(body)).toMatchObject({ model: 'm-2', prediction: Math.fround(0.6) });
    await change(service, { rollback: true });
    expect(await state(service)).toEqual({ model: 'm-1' });
    expect((await change(service, { rollback: true })).status).toBe(409);
  });

  it.each([{ folder: 'nowhere' }, { folder: 'nan' }, { folder: 'good', canary: { share: 2 } }])(
    'is refused for %j, and the model in use goes on',
    async (order) => {
      const { service } = started();
      expect((await change(service, order)).status).toBe(409);
      expect(await state(service)).toEqual({ model: 'm-1' });
    },
  );

  it.each([{}, { folder: 3 }, { folder: 'good', canary: 'x' }, []])('is refused for %j', async (order) => {
    const { service } = started();
    expect((await change(service, order)).status).toBe(400);
  });

  it('is not there without keys', async () => {
    const { service } = bench({ loadModel });
    expect((await ask(service, '/admin/model')).status).toBe(404);
  });

  const traffic = async (service: Service, requests: number): Promise<readonly number[]> => {
    const statuses: number[] = [];
    for (let i = 0; i < requests; i++) {
      statuses.push((await ask(service, '/predict?session=view,add', { headers })).status);
    }
    return statuses;
  };

  it('may be a trial, which takes over when it answered well', async () => {
    const { service } = started();
    await change(service, { folder: 'good', canary: { share: 0.2, requests: 40 } });
    await traffic(service, 100);
    expect(await state(service)).toMatchObject({ model: 'm-1', canary: { model: 'm-2', answered: 20, failed: 0 } });
    await traffic(service, 100);
    expect(await state(service)).toEqual({
      model: 'm-2',
      previous: 'm-1',
      lastTrial: { model: 'm-2', end: 'promoted' },
    });
  });

  it.each([
    ['flaky', 'failed'],
    ['shifted', 'mean prediction is 0.950, not 0.500'],
  ])('drops a %s model on trial without a failed request', async (folder, reason) => {
    const { service, errors } = started();
    await change(service, { folder, canary: { share: 0.5, requests: 1000 } });
    expect(new Set(await traffic(service, 200))).toEqual(new Set([200]));
    expect(await state(service)).toMatchObject({
      model: 'm-1',
      lastTrial: { end: 'rolled back', reason: expect.stringContaining(reason) },
    });
    expect(errors).toHaveLength(folder === 'flaky' ? 3 : 0);
  });

  it('drops a slow one', async () => {
    let time = 0;
    const slow: Predictor = {
      ...modelOf('m-slow'),
      predict: (sequences) => {
        time += 100;
        return Float32Array.from(sequences, () => 0.5);
      },
    };
    const { service } = bench({ timer: () => (time += 0.1) });
    service.models.tryOut(slow, { share: 0.5, requests: 1000 });
    await traffic(service, 120);
    expect(service.models.state.lastTrial).toMatchObject({ end: 'rolled back', reason: expect.stringContaining('ms') });
  });

  it('meets 1,000 swaps without a failed request', async () => {
    const { service } = started();
    for (let i = 0; i < 1000; i++) {
      service.models.swap(modelOf(`m-${i}`));
      const { status, body } = await ask(service, '/predict?session=add', { headers });
      expect([status, (JSON.parse(body) as { model: string }).model]).toEqual([200, `m-${i}`]);
    }
  });
});
