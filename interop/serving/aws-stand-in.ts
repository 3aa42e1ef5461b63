import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unzipSync } from 'fflate';
import { imageFiles } from '../../packages/smallboat/src/serving/deploy/package.ts';
import type { RunningContainer } from '../../packages/smallboat/src/serving/sagemaker/conformance.ts';
import { unpackModel } from '../../packages/smallboat/src/serving/sagemaker/unpack-model.ts';
import type { RunningFunction } from '../../packages/smallboat/src/serving/testing/lambda-runtime.ts';
import { runFunction } from '../../packages/smallboat/src/serving/testing/lambda-runtime.ts';
import { startContainer } from '../../packages/smallboat/src/serving/testing/start-container.ts';
import { startFakeAws } from '../moto.ts';

/** AWS as far as deployments need it. */
export interface AwsStandIn extends AsyncDisposable {
  readonly endpoint: string;
  /** moto's own server, for what needs nothing of the stand-in: S3. */
  readonly moto: string;
  readonly role: string;
  /** Bodies of `UpdateEndpoint`, as they came. */
  readonly updates: readonly Readonly<Record<string, unknown>>[];
}

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const client = fileURLToPath(
  new URL('../../packages/smallboat/src/serving/testing/lambda-client.mjs', import.meta.url),
);

/**
 * moto's server, and before it what moto does not do: it runs no code. Here an invocation of an endpoint starts the program of our container on the model that
 * was uploaded; that of a function unpacks the ZIP that was sent, and runs it by the runtime API. `UpdateEndpoint`, which moto lacks, is a
 * deletion and a creation there.
 */
export async function startAwsStandIn(): Promise<AwsStandIn> {
  const moto = await startFakeAws();
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-aws-'));
  const updates: Record<string, unknown>[] = [];
  const containers = new Map<string, Promise<RunningContainer>>();
  const functions = new Map<string, Promise<RunningFunction>>();
  /** The ZIP that a function has now, and that of each version. */
  const code = new Map<string, Buffer>();
  let calls = 0;
  let functionCount = 0;
  let image: Promise<string> | undefined;

  const forward = async ({ method, url, headers, body }: Asked): Promise<Answer> => {
    const {
      host: _,
      connection: __,
      'content-length': ___,
      'transfer-encoding': ____,
      expect: _____,
      ...rest
    } = headers;
    const hasBody = method !== 'GET' && method !== 'HEAD';
    const response = await fetch(`${moto.endpoint}${url}`, {
      method,
      headers: rest,
      ...(hasBody ? { body: new Uint8Array(body) } : {}),
    });
    const kept = [...response.headers].filter(
      ([name]) => !['content-length', 'transfer-encoding', 'connection', 'content-encoding'].includes(name),
    );
    return {
      status: response.status,
      headers: Object.fromEntries(kept),
      body: new Uint8Array(await response.arrayBuffer()),
    };
  };
  const signed = (service: string): Record<string, string> => ({
    authorization: `AWS4-HMAC-SHA256 Credential=nobody/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
  });
  const sagemaker = async (operation: string, input: object): Promise<Answer> =>
    forward({
      method: 'POST',
      url: '/',
      headers: {
        ...signed('sagemaker'),
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `SageMaker.${operation}`,
      },
      body: Buffer.from(JSON.stringify(input)),
    });
  const parsed = ({ body }: Answer): unknown => JSON.parse(new TextDecoder().decode(body));
  const json = (status: number, value: unknown): Answer => ({
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(value)),
  });

  /** Puts lines where the service would log them. */
  const log = async (logGroupName: string, logStreamName: string, lines: readonly string[]): Promise<void> => {
    const ask = async (operation: string, input: object): Promise<Answer> =>
      forward({
        method: 'POST',
        url: '/',
        headers: {
          ...signed('logs'),
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': `Logs_20140328.${operation}`,
        },
        body: Buffer.from(JSON.stringify(input)),
      });
    await ask('CreateLogGroup', { logGroupName });
    await ask('CreateLogStream', { logGroupName, logStreamName });
    const logEvents = lines.map((message) => ({ timestamp: Date.now(), message }));
    await ask('PutLogEvents', { logGroupName, logStreamName, logEvents });
  };

  const write = async (files: Iterable<readonly [string, Uint8Array]>, to: string): Promise<string> => {
    for (const [path, bytes] of files) {
      await mkdir(dirname(join(to, path)), { recursive: true });
      await writeFile(join(to, path), bytes);
    }
    return to;
  };

  const containerOf = async (endpoint: string): Promise<RunningContainer> => {
    const { EndpointConfigName } = parsed(await sagemaker('DescribeEndpoint', { EndpointName: endpoint })) as {
      EndpointConfigName: string;
    };
    const config = parsed(await sagemaker('DescribeEndpointConfig', { EndpointConfigName })) as {
      ProductionVariants: readonly [{ ModelName: string }];
    };
    const { PrimaryContainer } = parsed(
      await sagemaker('DescribeModel', { ModelName: config.ProductionVariants[0].ModelName }),
    ) as {
      PrimaryContainer: { ModelDataUrl: string; Environment: Record<string, string> };
    };
    const { ModelDataUrl: url, Environment } = PrimaryContainer;
    let running = containers.get(url);
    if (!running) {
      running = (async () => {
        image ??= imageFiles().then((files) => write(files, join(folder, 'image')));
        const main = join(await image, 'program/run/endpoint.js');
        const archive = await forward({
          method: 'GET',
          url: url.slice('s3:/'.length),
          headers: signed('s3'),
          body: Buffer.alloc(0),
        });
        const model = join(folder, `model-${containers.size}`);
        await unpackModel(archive.body, model);
        const started = await startContainer([process.execPath, main, 'serve'], {
          ...Environment,
          SM_MODEL_DIR: model,
        });
        for (let isUp = false; !isUp;) {
          isUp = await fetch(`${started.url}/ping`).then(
            (response) => response.ok,
            () => false,
          );
        }
        await log(`/aws/sagemaker/Endpoints/${endpoint}`, 'all/i-1', [`up with ${url}`]);
        return started;
      })();
      containers.set(url, running);
    }
    return running;
  };

  const functionOf = async (name: string, alias: string): Promise<{ running: RunningFunction; version: string }> => {
    const asked = { method: 'GET', headers: signed('lambda'), body: Buffer.alloc(0) };
    const { FunctionVersion, RoutingConfig } = parsed(
      await forward({ ...asked, url: `/2015-03-31/functions/${name}/aliases/${alias}` }),
    ) as {
      FunctionVersion: string;
      RoutingConfig?: { AdditionalVersionWeights?: Record<string, number> };
    };
    const [other] = Object.entries(RoutingConfig?.AdditionalVersionWeights ?? {});
    const version = other !== undefined && calls++ % Math.round(1 / other[1]) === 0 ? other[0] : FunctionVersion;
    const key = `${name}:${version}`;
    let running = functions.get(key);
    if (!running) {
      running = (async () => {
        const zip = code.get(key);
        if (!zip) throw new Error(`no code of ${key} was published`);
        const root = await write(Object.entries(unzipSync(zip)), join(folder, `function-${functionCount++}`));
        return runFunction({ command: [process.execPath, client, 'run/function.handler'], folder: root, env: {} });
      })();
      functions.set(key, running);
    }
    return { running: await running, version };
  };

  const answer = async (asked: Asked): Promise<Answer> => {
    const { method, url, headers, body } = asked;
    if (headers['x-amz-target'] === 'SageMaker.UpdateEndpoint') {
      const update = JSON.parse(body.toString()) as { EndpointName: string; EndpointConfigName: string };
      updates.push({ ...update });
      await sagemaker('DeleteEndpoint', { EndpointName: update.EndpointName });
      const { EndpointName, EndpointConfigName } = update;
      return sagemaker('CreateEndpoint', { EndpointName, EndpointConfigName });
    }
    const [, endpoint] = /^\/endpoints\/([^/]+)\/invocations$/.exec(url) ?? [];
    if (endpoint !== undefined) {
      const { url: at } = await containerOf(endpoint);
      const type = headers['content-type'] ?? 'application/json';
      const response = await fetch(`${at}/invocations`, {
        method,
        headers: { 'content-type': type },
        body: new Uint8Array(body),
      });
      return {
        status: response.status,
        headers: { 'content-type': type },
        body: new Uint8Array(await response.arrayBuffer()),
      };
    }
    const [, invoked, alias = ''] = /^\/2015-03-31\/functions\/([^/]+)\/invocations\?Qualifier=(\w+)$/.exec(url) ?? [];
    if (invoked !== undefined) {
      const { running, version } = await functionOf(invoked, alias);
      const before = running.said().length;
      const began = performance.now();
      const { payload, hasFailed } = await running.invoke(JSON.parse(body.toString()));
      const took = (performance.now() - began).toFixed(2);
      const said = running.said().slice(before).split('\n').filter(Boolean);
      const report = `REPORT RequestId: ${randomUUID()}\tDuration: ${took} ms\tBilled Duration: ${Math.ceil(Number(took))} ms`;
      await log(`/aws/lambda/${invoked}`, `2026/11/26/[${version}]f00`, [...said, report]);
      const done = json(200, payload);
      return { ...done, headers: { ...done.headers, ...(hasFailed ? { 'x-amz-function-error': 'Unhandled' } : {}) } };
    }
    const given = await forward(asked);
    const [, name = '', part] = /^\/2015-03-31\/functions(?:\/([^/?]+))?(?:\/(code|versions))?\/?$/.exec(url) ?? [];
    if (given.status < 300 && method === 'POST' && /^\/2015-03-31\/functions\/?$/.test(url)) {
      const made = JSON.parse(body.toString()) as { FunctionName: string; Code: { ZipFile: string } };
      code.set(made.FunctionName, Buffer.from(made.Code.ZipFile, 'base64'));
    } else if (given.status < 300 && method === 'PUT' && part === 'code') {
      code.set(name, Buffer.from((JSON.parse(body.toString()) as { ZipFile: string }).ZipFile, 'base64'));
    } else if (given.status < 300 && method === 'POST' && part === 'versions') {
      const { Version } = parsed(given) as { Version: string };
      // moto gives a number again once its version is deleted; Lambda never does.
      await (await functions.get(`${name}:${Version}`))?.[Symbol.asyncDispose]();
      functions.delete(`${name}:${Version}`);
      code.set(`${name}:${Version}`, code.get(name) ?? Buffer.alloc(0));
    }
    return given;
  };

  const server = createServer((request, response) => {
    void read(request)
      .then(answer)
      .catch((error: unknown) => json(500, { message: String(error) }))
      .then(({ status, headers, body }) => response.writeHead(status, headers).end(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');

  const trust = encodeURIComponent('{"Version":"2012-10-17","Statement":[]}');
  await forward({
    method: 'POST',
    url: '/',
    headers: { ...signed('iam'), 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(`Action=CreateRole&Version=2010-05-08&RoleName=endpoint&AssumeRolePolicyDocument=${trust}`),
  });
  await forward({ method: 'PUT', url: '/models', headers: signed('s3'), body: Buffer.alloc(0) });
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    moto: moto.endpoint,
    role: 'arn:aws:iam::123456789012:role/endpoint',
    updates,
    async [Symbol.asyncDispose]() {
      for (const running of [...containers.values(), ...functions.values()])
        await (await running)[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
      await moto[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function read(request: IncomingMessage): Promise<Asked> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const { method = '', url = '', headers } = request;
  return { method, url, headers: headers as Record<string, string>, body: Buffer.concat(parts) };
}
