import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { newKey } from '../keys.ts';
import { serveContainer } from '../sagemaker/serve-container.ts';
import { writeTestModel } from '../testing/test-model.ts';
import { requestOfEvent } from './api-event.ts';
import type { LambdaHandler } from './lambda-handler.ts';
import { lambdaHandler } from './lambda-handler.ts';
import { lambdaSettings } from './lambda-settings.ts';

let model = '';

beforeAll(async () => {
  model = await writeTestModel(join(await mkdtemp(join(tmpdir(), 'smallboat-')), 'model'));
});
afterEach(() => vi.unstubAllEnvs());

interface Result {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const v2 = (method: string, rawPath: string, more: object = {}): object => ({
  version: '2.0',
  routeKey: '$default',
  rawPath,
  rawQueryString: '',
  headers: {},
  requestContext: { http: { method, path: rawPath }, stage: '$default', requestId: 'aws-1' },
  isBase64Encoded: false,
  ...more,
});
const v1 = (httpMethod: string, path: string, more: object = {}): object => ({
  resource: '/{proxy+}',
  path,
  httpMethod,
  headers: null,
  multiValueHeaders: null,
  queryStringParameters: null,
  multiValueQueryStringParameters: null,
  requestContext: { requestId: 'aws-1', stage: 'prod' },
  body: null,
  isBase64Encoded: false,
  ...more,
});

async function start(env: Record<string, string> = {}): Promise<{ handler: LambdaHandler; lines: string[] }> {
  const lines: string[] = [];
  const settings = lambdaSettings({ SMALLBOAT_MODEL_FOLDER: model, ...env }, '.');
  return { handler: await lambdaHandler({ ...settings, write: (line) => void lines.push(line) }), lines };
}

describe('events', () => {
  it.each([
    ['2.0', v2('GET', '/predict', { rawQueryString: 'session=view%2Cadd' })],
    [
      '2.0 of a stage',
      v2('GET', '/prod/predict', {
        rawQueryString: 'session=view,add',
        requestContext: { http: { method: 'GET' }, stage: 'prod' },
      }),
    ],
    [
      '1.0',
      v1('GET', '/predict', {
        queryStringParameters: { session: 'view,add' },
        multiValueQueryStringParameters: { session: ['view,add'] },
      }),
    ],
    [
      'a load balancer',
      {
        httpMethod: 'GET',
        path: '/predict',
        queryStringParameters: { session: 'view,add' },
        headers: {},
        body: '',
        isBase64Encoded: false,
        requestContext: { elb: {} },
      },
    ],
  ])('of %s are answered as the original project answered', async (_, event) => {
    const { handler } = await start();
    const { statusCode, headers, body } = (await handler(event)) as Result;
    expect([statusCode, headers['access-control-allow-origin']]).toEqual([200, '*']);
    expect(JSON.parse(body)).toMatchObject({
      prediction: expect.any(Number),
      time: expect.any(Number),
      endpoint: 'intent',
    });
  });

  it('may have a body in base64, and headers in any case', async () => {
    const { handler } = await start();
    const body = Buffer.from('view,add\nadd').toString('base64');
    const event = v1('POST', '/invocations', { headers: { 'Content-Type': 'text/csv' }, body, isBase64Encoded: true });
    const result = (await handler(event)) as Result;
    expect([result.statusCode, result.body.split('\n').length]).toEqual([200, 2]);
    expect(result.headers['x-request-id']).toBe('aws-1');
  });

  it.each([undefined, null, 5, 'x', {}, { httpMethod: 'GET' }, { version: '2.0' }, { Records: [] }])(
    'that are none of API Gateway are known as such: %j',
    async (event) => {
      expect(requestOfEvent(event)).toBeUndefined();
      const { handler } = await start();
      await expect(handler(event)).rejects.toMatchObject({ code: 'LAMBDA_EVENT_UNKNOWN' });
    },
  );

  it('keep a query with two sessions as two', () => {
    const event = v1('GET', '/predict', { multiValueQueryStringParameters: { session: ['a', 'b&c'] } });
    expect(requestOfEvent(event)?.url).toBe('/predict?session=a&session=b%26c');
  });
});

it('may be invoked without HTTP, and then throws what it refuses', async () => {
  const { handler } = await start();
  expect(await handler({ session: 'view,add' })).toMatchObject({ prediction: expect.any(Number) });
  expect(await handler({ instances: [['add'], ['view']] })).toMatchObject({
    predictions: [[expect.any(Number)], [expect.any(Number)]],
  });
  await expect(handler({ session: 'buy' })).rejects.toThrow("'buy'");
});

it('logs predictions as lines, opens itself to the origins it is told, and asks for keys', async () => {
  const { key, entry } = newKey({ name: 'shop', scopes: ['predict'] }, randomBytes);
  const { handler, lines } = await start({
    SMALLBOAT_CORS: 'https://shop.example, https://www.shop.example',
    SMALLBOAT_KEYS: JSON.stringify([entry]),
  });
  const get = (headers: object): object => v2('GET', '/predict', { rawQueryString: 'session=view,add', headers });
  expect(((await handler(get({}))) as Result).statusCode).toBe(401);
  const { headers, statusCode } = (await handler(
    get({ 'x-api-key': key, origin: 'https://www.shop.example' }),
  )) as Result;
  expect([statusCode, headers['access-control-allow-origin']]).toEqual([200, 'https://www.shop.example']);
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    expect.objectContaining({ kind: 'prediction', session: 'view,add', modelVersion: 'm-1' }),
  ]);
});

describe('in front of SageMaker', () => {
  /** SageMaker's runtime as far as it matters: it hands the request to the container, and 424 where that fails. */
  async function sagemaker(
    behind: (body: string) => Promise<Response>,
  ): Promise<Disposable & { asked: string[]; url: string }> {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const body = Buffer.concat(parts).toString();
        asked.push(`${request.url} ${body}`);
        void behind(body).then(async (answer) => {
          const isOk = answer.status === 200;
          response.writeHead(isOk ? 200 : 424, {
            'content-type': 'application/json',
            ...(isOk ? {} : { 'x-amzn-errortype': 'ModelError' }),
          });
          response.end(
            isOk ? await answer.text() : '{"Message":"arn:aws:sagemaker:us-east-1:123456789012:endpoint/x failed"}',
          );
        });
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    vi.stubEnv('AWS_ENDPOINT_URL', url);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'nobody');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'nothing');
    return { asked, url, [Symbol.dispose]: () => server.close(() => undefined).closeAllConnections() };
  }
  const event = v2('GET', '/predict', { rawQueryString: 'session=view,add' });

  it('asks the endpoint in the form of TensorFlow Serving, and gives its answer', async () => {
    await using container = await serveContainer({
      modelFolder: model,
      port: 0,
      host: '127.0.0.1',
      endpointName: 'c',
      bodyBytes: 1 << 20,
      instances: 10,
      logsToOutput: false,
      write: () => undefined,
    });
    using aws = await sagemaker((body) =>
      fetch(`${container.url}/invocations`, { method: 'POST', body, headers: { 'content-type': 'application/json' } }),
    );
    const { handler } = await start({ SAGEMAKER_ENDPOINT_NAME: 'intent-7', AWS_REGION: 'us-east-1' });
    const { statusCode, body } = (await handler(event)) as Result;
    const alone = (await (await start()).handler(event)) as Result;
    const answer = JSON.parse(body) as { prediction: number; endpoint: string; time: number };
    expect([statusCode, answer.endpoint, answer.time > 0]).toEqual([200, 'intent-7', true]);
    expect(answer.prediction).toBe((JSON.parse(alone.body) as { prediction: number }).prediction);
    expect(aws.asked).toEqual([
      '/endpoints/intent-7/invocations {"instances":[[[1,0,0,0,0,0,0],[0,0,0,0,0,0,1],[0,0,1,0,0,0,0],[0,1,0,0,0,0,0]]]}',
    ]);
    expect(((await handler(v2('GET', '/predict', { rawQueryString: 'session=buy' }))) as Result).statusCode).toBe(400);
    expect(((await handler(v2('GET', '/ping'))) as Result).statusCode).toBe(200);
    expect(aws.asked).toHaveLength(1);
    // What an event says beside its action is handed on.
    await handler({ instances: [[{ action: 'add', url: 'basket' }]] });
    expect(aws.asked[1]).toContain('{"instances":[[{"action":"add","url":"basket"}]]}');
  });

  it('answers 502 where that fails, with the cause in the log and not in the answer', async () => {
    using _ = await sagemaker(() => Promise.resolve(new Response('', { status: 500 })));
    const { handler, lines } = await start({ SAGEMAKER_ENDPOINT_NAME: 'intent-7', AWS_REGION: 'us-east-1' });
    const { statusCode, body } = (await handler(event)) as Result;
    expect([statusCode, JSON.parse(body)]).toEqual([502, expect.objectContaining({ error: 'UPSTREAM_FAILED' })]);
    expect(body).not.toContain('123456789012');
    expect(lines.join()).toContain('UPSTREAM_FAILED');
  });

  it.each(['{"predictions":[]}', '{"predictions":[["x"]]}', 'no'])('answers no prediction for %s', async (answer) => {
    using _ = await sagemaker(() => Promise.resolve(new Response(answer)));
    const { handler } = await start({ SAGEMAKER_ENDPOINT_NAME: 'intent-7', AWS_REGION: 'us-east-1' });
    expect(((await handler(event)) as Result).statusCode).toBe(502);
  });
});
