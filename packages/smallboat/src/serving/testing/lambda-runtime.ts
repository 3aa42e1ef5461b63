import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a function answered to one invocation. */
export interface Invoked {
  readonly payload: unknown;
  /** It threw. */
  readonly hasFailed: boolean;
}

/** A function that runs as Lambda runs it. */
export interface RunningFunction extends AsyncDisposable {
  invoke(event: unknown): Promise<Invoked>;
  /** All that the function has written. */
  said(): string;
}

export interface RunFunctionOptions {
  /** The program that takes invocations from the runtime API: AWS's own client, or ours for tests. */
  readonly command: readonly [string, ...string[]];
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * A stand-in for Lambda's runtime API (version 2018-06-01), as AWS documents it for custom runtimes: `GET /runtime/invocation/next`, `POST …/response`, `…/error`,
 * `/runtime/init/error`. It starts the function's process and hands it one event after another.
 */
export async function runFunction({ command, folder, env }: RunFunctionOptions): Promise<RunningFunction> {
  const waiting: ServerResponse[] = [];
  const queue: { readonly id: string; readonly event: string }[] = [];
  const pending = new Map<string, { resolve: (done: Invoked) => void; reject: (error: Error) => void }>();
  let problem: Error | undefined;
  const fail = (error: Error): void => {
    problem ??= error;
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  };
  const hand = (): void => {
    while (waiting.length > 0 && queue.length > 0) {
      const [to, next] = [waiting.shift(), queue.shift()];
      to?.writeHead(200, {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': next?.id ?? '',
        'lambda-runtime-deadline-ms': String(Date.now() + 10_000),
        'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:us-east-1:123456789012:function:intent',
      });
      to?.end(next?.event);
    }
  };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { url = '' } = request;
      const text = Buffer.concat(parts).toString();
      if (url === '/2018-06-01/runtime/invocation/next') {
        waiting.push(response);
        return hand();
      }
      const [, id = '', kind] = /^\/2018-06-01\/runtime\/invocation\/([\w-]+)\/(response|error)$/.exec(url) ?? [];
      const asked = pending.get(id);
      if (asked && kind !== undefined) {
        pending.delete(id);
        asked.resolve({ payload: text === '' ? null : (JSON.parse(text) as unknown), hasFailed: kind === 'error' });
      } else if (url === '/2018-06-01/runtime/init/error') fail(new Error(`The function did not start: ${text}`));
      response.writeHead(asked || url.endsWith('/init/error') ? 202 : 404, { 'content-type': 'application/json' });
      response.end('{"status":"OK"}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // A TCP server that listens has one.
  const [program, ...args] = command;
  const child = spawn(program, args, {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      LAMBDA_TASK_ROOT: folder,
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
      AWS_LAMBDA_FUNCTION_NAME: 'intent',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/intent',
      AWS_LAMBDA_LOG_STREAM_NAME: 'test',
      AWS_REGION: 'us-east-1',
      _HANDLER: args.at(-1),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (said += part.toString()));
  const gone = once(child, 'exit').then(() => fail(new Error(`The function's process ended: ${said}`)));
  return {
    said: () => said,
    async invoke(event) {
      if (problem) throw problem;
      const id = randomUUID();
      const done = new Promise<Invoked>((resolve, reject) => pending.set(id, { resolve, reject }));
      queue.push({ id, event: JSON.stringify(event) });
      hand();
      return done;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await gone;
      server.closeAllConnections();
      server.close();
    },
  };
}
