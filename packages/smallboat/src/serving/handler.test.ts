import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SessionExamples, columnsOf, sequenceAt, sessionEncoder, tokenOf } from '../features/index.ts';
import type { EndpointRequest } from './exchange.ts';
import type { Handler, HandlerOptions } from './handler.ts';
import { makeHandler } from './handler.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { PredictionSink, Predictor } from './predictor.ts';

/** Says how long the sequence was, and keeps what it was asked. */
function modelOf(seen: Uint8Array[] = []): Predictor {
  return {
    version: 'm-1',
    rule: { protocol: 'decision-points', maxEvents: 50 },
    predict(sessions) {
      seen.push(...sessions.map(({ tokens }) => tokens));
      return Float32Array.from(sessions, ({ tokens }) => tokens.length / 128);
    },
  };
}

type Logged = Parameters<PredictionSink['append']>[0];

function endpoint(over: Partial<HandlerOptions> = {}): {
  handler: Handler;
  log: Logged[];
  feedback: unknown[];
  errors: unknown[];
  seen: Uint8Array[];
} {
  const log: Logged[] = [];
  const feedback: unknown[] = [];
  const errors: unknown[] = [];
  const seen: Uint8Array[] = [];
  let ids = 0;
  let time = 0;
  const handler = makeHandler({
    model: modelOf(seen),
    endpoint: 'intent',
    limits: { ...DEFAULT_LIMITS, events: 60, instances: 3, bodyBytes: 1000, urlLength: 500 },
    log: { append: (record) => void log.push(record), feedback: (record) => void feedback.push(record) },
    clock: () => 1_700_000_000_000,
    timer: () => (time += 2),
    newId: () => `id-${++ids}`,
    onError: (error, id) => void errors.push([error, id]),
    ...over,
  });
  return { handler, log, feedback, errors, seen };
}

const get = (url: string): EndpointRequest => ({ method: 'GET', url, body: new Uint8Array() });
const post = (url: string, body: unknown, contentType = 'application/json'): EndpointRequest => ({
  method: 'POST',
  url,
  contentType,
  body: new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)),
});
const ask = (
  handler: Handler,
  request: EndpointRequest,
): { status: number; body: unknown; headers: Readonly<Record<string, string>> } => {
  const { status, body, headers } = handler(request);
  return { status, headers, body: body === '' ? '' : (JSON.parse(body) as unknown) };
};

describe('an event with more than its action', () => {
  const features = {
    names: ['page', 'price', 'gap'],
    columns: columnsOf(['page', 'price', 'gap'], 1),
    pages: ['basket'],
    products: { sku: [7, 0] },
  } as const;
  const rule = { protocol: 'decision-points', maxEvents: 50 } as const;

  it('reaches the model as the rows of its features, in a list or under events', () => {
    const rows: unknown[] = [];
    const model: Predictor = {
      version: 'm-2',
      rule,
      encoder: sessionEncoder(rule, features),
      predict(sessions) {
        rows.push(...sessions.map((session) => Array.from(session.rows ?? [])));
        return Float32Array.from(sessions, () => 0.5);
      },
    };
    const { handler } = endpoint({ model });
    const at = 1_477_029_466_000;
    const events = [
      { action: 'view', at, url: 'elsewhere' },
      { action: 'add', at: at + 1000, url: 'basket', product: 'sku' },
    ];
    const { status } = ask(handler, post('/invocations', { instances: [events, { events }, ['view']] }));
    expect(status).toBe(200);
    // Pages: 1 any other, 2 the basket. The gap of a second is ln 2 of 12.
    const gap = 1 + Math.round((Math.log(2) / 12) * 254);
    expect(rows).toEqual([
      [1, 0, 1, 2, 7, gap],
      [1, 0, 1, 2, 7, gap],
      [0, 0, 0],
    ]);
  });

  it.each([
    [{ action: 5 }, '5 for its action'],
    [{ action: 'add', at: '2016-10-21' }, "for 'at', which is not in ms"],
    [{ action: 'add', at: 3 }, "3 for 'at', which is not in ms"],
    [{ action: 'add', url: 5 }, "5 for 'url'"],
    [{ action: 'add', product: 'x'.repeat(600) }, "for 'product'"],
    [{ action: 'add', prodct: 'x' }, "a field 'prodct'"],
  ])('is refused as %j', (event, reason) => {
    const { status, body } = ask(endpoint().handler, post('/invocations', { instances: [[event]] }));
    expect(status).toBe(400);
    expect(body).toMatchObject({ error: 'BODY_INVALID', reason: expect.stringContaining(reason) });
  });
});

describe('GET /predict', () => {
  it('answers as the original project, and with an id and the model beside it', () => {
    const { handler, seen } = endpoint();
    const { status, body, headers } = ask(handler, get('/predict?session=view,detail,add'));
    expect(status).toBe(200);
    expect(body).toEqual({ prediction: 4 / 128, time: 0.006, endpoint: 'intent', id: 'id-1', model: 'm-1' });
    expect(headers['access-control-allow-origin']).toBe('*');
    expect(seen.map((s) => [...s])).toEqual([[0, 6, 5, 2]]);
  });

  it('forgives spaces and escapes', () => {
    const { handler, seen } = endpoint();
    expect(ask(handler, get('/predict?session=view%2C+detail,%20add')).status).toBe(200);
    expect([...(seen[0] ?? [])]).toEqual([0, 6, 5, 2]);
  });

  it('logs what it answered, under the id it gave', () => {
    const { handler, log } = endpoint();
    const { body } = ask(handler, get('/predict?session=add'));
    expect(log).toEqual([
      {
        id: 'id-1',
        at: 1_700_000_000_000,
        endpoint: 'intent',
        modelVersion: 'm-1',
        tokens: Uint8Array.of(0, 2),
        latencyMs: 2,
        prediction: 2 / 128,
      },
    ]);
    expect(body).toMatchObject({ id: 'id-1' });
  });

  it('keeps the last events of a session that is longer than the model looks back', () => {
    const { handler, seen } = endpoint();
    ask(handler, get(`/predict?session=add${',view'.repeat(55)}`));
    expect(seen[0]).toEqual(Uint8Array.from({ length: 51 }, (_, i) => (i === 0 ? 0 : 6)));
  });

  it.each([
    ['/predict?session=view,shout', 400, 'UNKNOWN_ACTION', "'shout' (event 2)"],
    ['/predict?session=view,,add', 400, 'UNKNOWN_ACTION', "'' (event 2)"],
    ['/predict?session=empty', 400, 'UNKNOWN_ACTION', 'add, remove, purchase, detail, view'],
    ['/predict?session=%FF', 400, 'UNKNOWN_ACTION', '(event 1)'],
    ['/predict?session=', 400, 'SESSION_EMPTY', 'at least one'],
    ['/predict', 400, 'QUERY_INVALID', 'no session'],
    ['/predict?x=view', 400, 'QUERY_INVALID', '/predict?session=view,detail,add'],
    ['/predict?session=add&session=view', 400, 'QUERY_INVALID', '2 sessions'],
    [`/predict?session=add${',view'.repeat(60)}`, 413, 'SESSION_TOO_LONG', 'has 61 events; at most 60'],
    [`/predict?session=${'x'.repeat(600)}`, 414, 'URL_TOO_LONG', 'POST /invocations'],
    ['/predict/', 404, 'PATH_UNKNOWN', '/predict/'],
    ['/constructor', 404, 'PATH_UNKNOWN', '/invocations'],
    ['', 404, 'PATH_UNKNOWN', '/predict'],
  ])('refuses %s with %i %s', (url, status, code, reason) => {
    const { handler, log } = endpoint();
    const answer = ask(handler, get(url));
    expect(answer).toMatchObject({ status, body: { error: code, reason: expect.stringContaining(reason) } });
    expect(answer.headers['access-control-allow-origin']).toBe('*');
    expect(log).toEqual([]);
  });
});

describe('POST /invocations', () => {
  it('answers in the shape of SageMaker and TensorFlow Serving, with ids beside it', () => {
    const { handler, log } = endpoint();
    const { status, body } = ask(handler, post('/invocations', { instances: [['view', 'detail', 'add'], ['add']] }));
    expect(status).toBe(200);
    expect(body).toEqual({ predictions: [[4 / 128], [2 / 128]], ids: ['id-1', 'id-2'], model: 'm-1' });
    expect(log.map(({ id }) => id)).toEqual(['id-1', 'id-2']);
  });

  it('reads the one-hot rows that the original project sent, without start, end and padding', () => {
    const { handler, seen } = endpoint();
    const row = (token: number): number[] => Array.from({ length: 7 }, (_, i) => (i === token ? 1 : 0));
    ask(handler, post('/invocations', { instances: [[row(0), row(6), row(5), row(2), row(1), row(7)]] }));
    expect([...(seen[0] ?? [])]).toEqual([0, 6, 5, 2]);
  });

  const refused: readonly (readonly [what: string, body: unknown, status: number, facts: readonly [string, string]])[] =
    [
      ['not JSON', '{"instances":', 400, ['BODY_NOT_JSON', 'The body is not JSON']],
      ['an empty body', '', 400, ['BODY_NOT_JSON', 'it is empty']],
      ['no instances', { sessions: [] }, 400, ['BODY_INVALID', '"instances"']],
      ['a list', [['add']], 400, ['BODY_INVALID', '"instances"']],
      ['null', null, 400, ['BODY_INVALID', '"instances"']],
      ['nothing to answer', { instances: [] }, 400, ['BODY_INVALID', 'empty']],
      ['text for a list', { instances: ['add,view'] }, 400, ['BODY_INVALID', 'instance 1 is "add,view", not a list']],
      ['a number for an event', { instances: [['add'], [5]] }, 400, ['BODY_INVALID', 'event 1 of instance 2 is 5']],
      ['two ones in a row', { instances: [[[0, 1, 1, 0, 0, 0, 0]]] }, 400, ['BODY_INVALID', 'not one-hot over 7']],
      ['a row too wide', { instances: [[[0, 0, 1, 0, 0, 0, 0, 0]]] }, 400, ['BODY_INVALID', 'not one-hot']],
      ['an empty session', { instances: [['add'], []] }, 400, ['SESSION_EMPTY', 'Instance 2 has no action']],
      ['an unknown action', { instances: [['add', 'buy']] }, 400, ['UNKNOWN_ACTION', "'buy' (event 2)"]],
      [
        'too many',
        { instances: Array.from({ length: 4 }, () => ['add']) },
        413,
        ['TOO_MANY_INSTANCES', '4 instances; at most 3'],
      ],
      [
        'too long',
        { instances: [Array.from({ length: 61 }, () => 'add')] },
        413,
        ['SESSION_TOO_LONG', 'Instance 1 has 61'],
      ],
      ['too large a body', 'x'.repeat(1001), 413, ['BODY_TOO_LARGE', '1000 bytes']],
    ];

  it.each(refused)('refuses %s', (_, body, status, [code, reason]) => {
    const { handler, log, seen } = endpoint();
    expect(ask(handler, post('/invocations', body))).toMatchObject({
      status,
      body: { error: code, reason: expect.stringContaining(reason) },
    });
    expect([log, seen]).toEqual([[], []]);
  });

  it('logs how long a request took and what the shop calls its sessions', () => {
    const { handler, log } = endpoint();
    const named = { events: ['view', 'add'], sessionId: 'session-7' };
    expect(ask(handler, post('/invocations', { instances: [named, ['add']] })).status).toBe(200);
    expect(ask(handler, get('/predict?session=view&sessionId=session-8')).status).toBe(200);
    expect(log.map(({ session }) => session)).toEqual(['session-7', undefined, 'session-8']);
    expect(log.every(({ latencyMs }) => latencyMs >= 0)).toBe(true);
    expect(ask(handler, post('/invocations', { instances: [{ events: ['add'], sessionId: 7 }] })).body).toMatchObject({
      reason: expect.stringContaining("'sessionId' of instance 1 is 7"),
    });
  });

  it('refuses bytes that are not UTF-8', () => {
    const { handler } = endpoint();
    const body = Uint8Array.of(0x7b, 0xff, 0x7d);
    expect(ask(handler, { method: 'POST', url: '/invocations', contentType: 'application/json', body })).toMatchObject({
      status: 400,
      body: { error: 'BODY_NOT_JSON' },
    });
  });

  it.each(['text/xml', 'application/x-www-form-urlencoded', 'application/x-npy'])(
    'refuses the content type %s',
    (type) => {
      const { handler } = endpoint();
      expect(ask(handler, post('/invocations', { instances: [['add']] }, type))).toMatchObject({
        status: 415,
        body: { error: 'CONTENT_TYPE_UNSUPPORTED', reason: expect.stringContaining(type) },
      });
    },
  );

  it.each(['application/json; charset=utf-8', 'Application/JSON', 'application/vnd.api+json'])('takes %s', (type) => {
    expect(ask(endpoint().handler, post('/invocations', { instances: [['add']] }, type)).status).toBe(200);
  });
});

describe('POST /feedback', () => {
  it('hands on what came of predictions', () => {
    const { handler, feedback } = endpoint();
    expect(ask(handler, post('/feedback', { feedback: [{ id: 'id-1', label: 1 }] })).body).toEqual({ accepted: 1 });
    expect(feedback).toEqual([{ id: 'id-1', label: 1, at: 1_700_000_000_000 }]);
  });

  it.each([
    { feedback: [{ id: '', label: 1 }] },
    { feedback: [{ id: 'a', label: 2 }] },
    { feedback: [] },
    { feedback: [7] },
    {},
  ])('refuses %j', (body) => {
    const { handler, feedback } = endpoint();
    expect(ask(handler, post('/feedback', body))).toMatchObject({ status: 400, body: { error: 'BODY_INVALID' } });
    expect(feedback).toEqual([]);
  });

  it('says so where nothing keeps it', () => {
    const handler = makeHandler({
      model: modelOf(),
      endpoint: 'intent',
      limits: DEFAULT_LIMITS,
      clock: () => 0,
      timer: () => 0,
      newId: () => 'id',
      onError: () => undefined,
    });
    expect(ask(handler, post('/feedback', { feedback: [{ id: 'a', label: 1 }] }))).toMatchObject({
      status: 404,
      body: { error: 'FEEDBACK_NOT_KEPT' },
    });
  });
});

describe('the rest', () => {
  it('says that it is up, and what it answers', () => {
    const { handler } = endpoint();
    expect(ask(handler, get('/ping'))).toMatchObject({
      status: 200,
      body: { status: 'ok', endpoint: 'intent', model: 'm-1' },
    });
    expect(JSON.stringify(ask(handler, get('/')).body)).toContain('/predict?session=');
  });

  it('shows at /ping what became of the log', () => {
    const stats = { written: 7, dropped: 2, problem: 'no space left on device' };
    const { handler } = endpoint({ log: { append: () => undefined, feedback: () => undefined, stats } });
    expect(ask(handler, get('/ping')).body).toMatchObject({ status: 'ok', log: stats });
  });

  it.each([
    ['POST', '/predict', 'GET, HEAD, OPTIONS'],
    ['GET', '/invocations', 'POST, OPTIONS'],
    ['DELETE', '/ping', 'GET, HEAD, OPTIONS'],
    ['constructor', '/ping', 'GET, HEAD, OPTIONS'],
  ])('refuses %s %s and says what is allowed', (method, url, allow) => {
    const { status, headers, body } = ask(endpoint().handler, { ...get(url), method });
    expect([status, headers['allow']]).toEqual([405, allow]);
    expect(body).toMatchObject({ error: 'METHOD_NOT_ALLOWED' });
  });

  it('answers a preflight', () => {
    const { status, headers } = endpoint().handler({ ...get('/predict'), method: 'OPTIONS' });
    expect([status, headers['access-control-allow-origin'], headers['access-control-allow-methods']]).toEqual([
      204,
      '*',
      'GET, HEAD, OPTIONS',
    ]);
  });

  it('hides a fault of the model behind an id, and reports it', () => {
    const broken: Predictor = {
      ...modelOf(),
      predict: () => {
        throw new Error('secret path /home/me');
      },
    };
    const { handler, errors } = endpoint({ model: broken });
    const { status, body } = ask(handler, get('/predict?session=add'));
    expect([status, body]).toEqual([
      500,
      { error: 'INTERNAL', reason: expect.not.stringContaining('secret'), id: 'id-1' },
    ]);
    expect(errors).toEqual([[expect.objectContaining({ message: 'secret path /home/me' }), 'id-1']]);
  });

  it.each([[[Number.NaN]], [[1.5]], [[]]])('answers 500 when the model predicts %j', (predictions) => {
    const { handler, log } = endpoint({ model: { ...modelOf(), predict: () => predictions } });
    expect(ask(handler, get('/predict?session=add')).status).toBe(500);
    expect(log).toEqual([]);
  });

  it('answers although the log is broken', () => {
    const log: PredictionSink = {
      append: () => {
        throw new Error('disk full');
      },
      feedback: () => undefined,
    };
    const { handler, errors } = endpoint({ log });
    expect(ask(handler, get('/predict?session=add')).status).toBe(200);
    expect(errors).toHaveLength(1);
  });

  it('never answers 500 to what a client sends', () => {
    const { handler } = endpoint();
    const url = fc.oneof(
      fc.string(),
      fc.webPath(),
      fc.string().map((s) => `/predict?${s}`),
      fc.string().map((s) => `/predict?session=${s}`),
      fc.constant('/invocations'),
      fc.constant('/feedback'),
    );
    const body = fc.oneof(
      fc.uint8Array(),
      fc.json().map((json) => new TextEncoder().encode(json)),
      fc.jsonValue().map((instances) => new TextEncoder().encode(JSON.stringify({ instances: [instances] }))),
    );
    const type = fc.oneof(fc.constant('application/json'), fc.string());
    fc.assert(
      fc.property(
        fc.oneof(fc.constantFrom('GET', 'POST', 'PUT'), fc.string()),
        url,
        type,
        body,
        (method, url, contentType, body) => {
          const answer = handler({ method, url, contentType, body });
          expect(answer.status).not.toBe(500);
          if (answer.body !== '') JSON.parse(answer.body);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

it('shows the model the same sequence as training did for the same events', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('add', 'remove', 'detail', 'view'), { maxLength: 40 }), (before) => {
      const actions = [...before, 'add'];
      const rule = { protocol: 'decision-points', maxEvents: 20 } as const;
      const collector = new SessionExamples(rule);
      for (const action of actions) collector.event(tokenOf(action), 0);
      collector.endSession();
      const { examples } = collector.finish();
      const first = actions.indexOf('add');
      const served: Uint8Array[] = [];
      const { handler } = endpoint({ model: { ...modelOf(served), rule } });
      ask(handler, get(`/predict?session=${actions.slice(0, first + 1).join(',')}`));
      expect([...(served[0] ?? [])]).toEqual([...sequenceAt(examples, 0)]);
    }),
  );
});
